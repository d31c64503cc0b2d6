"""Seeing it: a computational graph, node by node, forward and backward."""

from typing import TYPE_CHECKING

from fastbp._lazy import lazily

if TYPE_CHECKING:
    from fastbp.walkthrough.entry import trace
    from fastbp.walkthrough.record import Contribution, Trace, TracedNode
else:  # what is asked for is imported then
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "fastbp.walkthrough.entry": "trace",
            "fastbp.walkthrough.record": "Contribution Trace TracedNode",
        },
    )

__all__ = ["Contribution", "Trace", "TracedNode", "trace"]
