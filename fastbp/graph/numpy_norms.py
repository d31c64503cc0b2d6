"""NumPy's norms of nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastbp.graph import reductions
from fastbp.graph.node import Node
from fastbp.graph.numpy_protocol import FUNCTIONS, refuse


def norm(node: Node, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Node:
    """np.linalg.norm."""
    x = node._operand(x)
    vectors = x.ndim == 1 if axis is None else isinstance(axis, int | np.integer)
    if not (axis is None or vectors or (isinstance(axis, tuple) and len(axis) in (1, 2))):
        raise ValueError(f"np.linalg.norm: axis must be one axis, two axes or None, got {axis!r}")
    if ord == "fro" and (vectors or (len(axis) if axis is not None else x.ndim) != 2):
        raise ValueError(
            f"np.linalg.norm: 'fro' is of matrices, got axis={axis!r} of shape {x.shape}"
        )
    if ord in (None, "fro") or (ord == 2 and vectors):
        return reductions.reduced("norm", x, axis, keepdims)
    if vectors and ord == 1:
        return reductions.reduced("sum", x._apply("absolute", x), axis, keepdims)
    if vectors and ord in (np.inf, -np.inf):
        return reductions.reduced(
            "max" if ord > 0 else "min", x._apply("absolute", x), axis, keepdims
        )
    refuse(f"np.linalg.norm with ord={ord!r}", "Orders 1, 2 and inf of vectors, and None, exist")


def vector_norm(
    node: Node,
    x: Any,
    *,
    axis: Any = None,
    keepdims: bool = False,
    ord: Any = 2,
) -> Node:
    """np.linalg.vector_norm."""
    x = node._operand(x)
    if ord == 2:
        return reductions.reduced("norm", x, axis, keepdims)
    if axis is None and not keepdims:
        return norm(node, x.reshape(x.size), ord)
    return norm(node, x, ord, axis, keepdims)


FUNCTIONS[np.linalg.norm] = norm
if hasattr(np.linalg, "vector_norm"):
    FUNCTIONS[np.linalg.vector_norm] = vector_norm
