"""Lower: what no kernel computes is written with what kernels compute.

It comes last of all rewriting, after differentiation: rules that would undo it have had their turn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastbp.compiler.groups import grid
from fastbp.compiler.simplify import Rules, rewrite
from fastbp.graph.moves import moved
from fastbp.graph.node import Node, apply, scalar_value
from fastbp.graph.ops import BROADCASTING, OPS


def lower(outputs: Sequence[Node]) -> list[Node]:
    """The same values from operations that have kernels."""
    return rewrite(outputs, RULES)


def _expanded(node: Node) -> Node | None:
    row = OPS.get(node.op)
    return row.expand(node, *node.inputs) if row is not None and row.expand is not None else None


def _positive(node: Node) -> Node | None:
    """max(x, 0) -> relu(x): their gradients differ, their values do not."""
    if node.op != "maximum":
        return None
    for x, other in (node.inputs, node.inputs[::-1]):
        if scalar_value(other) == 0 and (x.shape, x.dtype) == (node.shape, node.dtype):
            return apply("relu", x)
    return None


def _spread_operands(node: Node) -> Node | None:
    """Operands that are repeated along axes here and there are written out first."""
    if node.op not in BROADCASTING or grid(node.shape, [n.shape for n in node.inputs]) is not None:
        return None
    full = [
        n if n.shape == node.shape else apply("broadcast_to", n, shape=node.shape)
        for n in node.inputs
    ]
    return apply(node.op, *full)


def _spread(node: Node) -> Node | None:
    """A repetition along axes here and there is a gather."""
    if node.op != "broadcast_to" or grid(node.shape, [node.inputs[0].shape]) is not None:
        return None
    return moved(node.inputs[0], lambda positions: np.broadcast_to(positions, node.shape))


RULES = Rules(
    (" ".join(name for name, row in OPS.items() if row.expand is not None), _expanded),
    ("maximum", _positive),
    (" ".join(BROADCASTING), _spread_operands),
    ("broadcast_to", _spread),
)
