"""Operations that no kernel computes, written with simpler ones.

The compiler asks for them after differentiation: until then the operation is one node, with a local gradient that
holds where the simpler ones' would not (at 0, or where exp overflows).
"""

from __future__ import annotations

from fastbp.graph.local_gradients import choose, kept
from fastbp.graph.node import Node, apply, constant


def norm(node: Node, x: Node) -> Node:
    """sqrt(sum(x * x))."""
    return apply("sqrt", apply("sum", apply("square", x), **node.attrs))


def logsumexp(node: Node, x: Node) -> Node:
    """m + log(sum(exp(x - m))), m the maximum, or 0 where that is infinite."""
    axis = node.attrs["axis"]
    top = apply("max", x, axis=axis, keepdims=False)
    finite = apply("equal", top - top, constant(0.0, x.dtype))
    top = choose(finite, top, 0.0)
    inside = apply("exp", x - kept(top, node, x))
    summed = apply("log", apply("sum", inside, axis=axis, keepdims=False)) + top
    return summed.reshape(node.shape)
