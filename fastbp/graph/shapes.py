"""Shape rules of the operations: from the operands' shapes to the result's, or a ValueError."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastbp.graph.node import Node

Shape = tuple[int, ...]
Inputs = Sequence["Node"]
Attrs = Mapping[str, Any]


def broadcast_shapes(a: Shape, b: Shape) -> Shape | None:
    """The shape to which `a` and `b` broadcast by NumPy's rule, or None."""
    ndim = max(len(a), len(b))
    padded_a, padded_b = (1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b
    if any(m != n and 1 not in (m, n) for m, n in zip(padded_a, padded_b, strict=True)):
        return None
    return tuple(n if m == 1 else m for m, n in zip(padded_a, padded_b, strict=True))


def unary(inputs: Inputs, attrs: Attrs) -> Shape:
    """The shape of the one operand."""
    return inputs[0].shape


def broadcasting(inputs: Inputs, attrs: Attrs) -> Shape:
    """Two operands, broadcast against each other."""
    a, b = inputs
    shape = broadcast_shapes(a.shape, b.shape)
    if shape is None:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not broadcast together")
    return shape


def paired(inputs: Inputs, attrs: Attrs) -> Shape:
    """Two operands of one shape; a mismatch is never broadcast away."""
    a, b = inputs
    if a.shape != b.shape:
        raise ValueError(f"expected two operands of one shape, got {a.shape} and {b.shape}")
    return a.shape


def matrix(inputs: Inputs, attrs: Attrs) -> Shape:
    """The shape of the one operand, which has rows and columns."""
    (z,) = inputs
    if z.ndim != 2:
        raise ValueError(f"expected shape (n, m), one row a sample, got {z.shape}")
    return z.shape


def per_row(inputs: Inputs, attrs: Attrs) -> Shape:
    """One number a row of an (n, m) operand, given (n,) class indices."""
    p, y = inputs
    if p.ndim != 2 or y.shape != p.shape[:1]:
        raise ValueError(
            f"expected shapes (n, m) and, for class indices, (n,), got {p.shape} and {y.shape}"
        )
    return y.shape


def one_hot(inputs: Inputs, attrs: Attrs) -> Shape:
    """(n,) class indices become (n, classes)."""
    (y,) = inputs
    if y.ndim != 1:
        raise ValueError(f"expected class indices of shape (n,), got {y.shape}")
    return (*y.shape, attrs["classes"])


def reduced(inputs: Inputs, attrs: Attrs) -> Shape:
    """All axes or one go; with `keepdims` they stay as 1."""
    (x,) = inputs
    axis, keepdims = attrs["axis"], attrs["keepdims"]
    if axis is not None and axis not in range(x.ndim):
        raise ValueError(f"axis {axis} of an operand of shape {x.shape}")
    gone = range(x.ndim) if axis is None else (axis,)
    if keepdims:
        return tuple(1 if i in gone else size for i, size in enumerate(x.shape))
    return tuple(size for i, size in enumerate(x.shape) if i not in gone)


def along(inputs: Inputs, attrs: Attrs) -> Shape:
    """The shape of the operand, which has the axis asked for."""
    (x,) = inputs
    if attrs["axis"] not in range(x.ndim):
        raise ValueError(f"axis {attrs['axis']} of an operand of shape {x.shape}")
    return x.shape


def chosen(inputs: Inputs, attrs: Attrs) -> Shape:
    """The shape of all three operands: condition, and what it chooses from."""
    c, a, b = inputs
    if not c.shape == a.shape == b.shape:
        raise ValueError(f"expected operands of one shape, got {c.shape}, {a.shape}, {b.shape}")
    return a.shape


def moved(inputs: Inputs, attrs: Attrs) -> Shape:
    """The shape asked for, of as many elements as the index has."""
    shape: Shape = attrs["shape"]
    if math.prod(shape) != len(attrs["index"]):
        raise ValueError(f"an index of {len(attrs['index'])} elements cannot fill shape {shape}")
    return shape


def scattered(inputs: Inputs, attrs: Attrs) -> Shape:
    """The shape asked for, for an index of as many elements as the operand has."""
    (g,) = inputs
    if g.size != len(attrs["index"]):
        raise ValueError(f"an index of {len(attrs['index'])} elements for shape {g.shape}")
    shape: Shape = attrs["shape"]
    return shape


def columns_moved(inputs: Inputs, attrs: Attrs) -> Shape:
    """(n, m) becomes (n, k), for an index of k columns."""
    return (matrix(inputs, attrs)[0], len(attrs["index"]))


def columns_returned(inputs: Inputs, attrs: Attrs) -> Shape:
    """(n, k) becomes (n, width), for an index of k columns."""
    (g,) = inputs
    if matrix(inputs, attrs)[1] != len(attrs["index"]):
        raise ValueError(f"an index of {len(attrs['index'])} columns for shape {g.shape}")
    return (g.shape[0], attrs["width"])


def joined(inputs: Inputs, attrs: Attrs) -> Shape:
    """(n, k) and (n, m) become (n, k + m)."""
    a, b = inputs
    if a.ndim != 2 or b.ndim != 2 or a.shape[0] != b.shape[0]:
        raise ValueError(f"expected shapes (n, k) and (n, m), got {a.shape} and {b.shape}")
    return (a.shape[0], a.shape[1] + b.shape[1])


def rows_taken(inputs: Inputs, attrs: Attrs) -> Shape:
    """Row indices of any shape, and an (n, m) operand: a row of m for each index."""
    x, i = inputs
    if x.ndim != 2 or i.ndim != 1:
        raise ValueError(f"expected shapes (n, m) and, for indices, (k,), got {x.shape}, {i.shape}")
    return (i.shape[0], x.shape[1])


def rows_added(inputs: Inputs, attrs: Attrs) -> Shape:
    """(k, m) summed into (rows, m)."""
    g, i = inputs
    if g.ndim != 2 or i.shape != g.shape[:1]:
        raise ValueError(f"expected shapes (k, m) and (k,), got {g.shape} and {i.shape}")
    return (attrs["rows"], g.shape[1])


def matmul(inputs: Inputs, attrs: Attrs) -> Shape:
    """(n, k) @ (k, m) is (n, m)."""
    a, b = inputs
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(f"expected shapes (n, k) and (k, m), got {a.shape} and {b.shape}")
    return (a.shape[0], b.shape[1])


def transposed(inputs: Inputs, attrs: Attrs) -> Shape:
    """(n, m) becomes (m, n)."""
    rows, columns = matrix(inputs, attrs)
    return (columns, rows)


def reshaped(inputs: Inputs, attrs: Attrs) -> Shape:
    """The shape asked for, of as many elements."""
    (x,) = inputs
    shape: Shape = attrs["shape"]
    if min(shape, default=0) < 0 or math.prod(shape) != x.size:
        raise ValueError(f"{x.shape} holds {x.size} elements and cannot become {shape}")
    return shape


def broadcasted(inputs: Inputs, attrs: Attrs) -> Shape:
    """The shape asked for, to which the operand broadcasts."""
    (x,) = inputs
    shape: Shape = attrs["shape"]
    if broadcast_shapes(x.shape, shape) != shape:
        raise ValueError(f"shape {x.shape} does not broadcast to {shape}")
    return shape
