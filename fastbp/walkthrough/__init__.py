"""Seeing it: a computational graph, node by node, forward and backward."""

from fastbp.walkthrough.entry import trace
from fastbp.walkthrough.record import Contribution, Trace, TracedNode

__all__ = ["Contribution", "Trace", "TracedNode", "trace"]
