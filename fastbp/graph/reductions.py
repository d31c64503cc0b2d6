"""Reductions over any axes, written with those over one axis."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastbp.graph import whole
from fastbp.graph.dtypes import summed
from fastbp.graph.in_place import copied
from fastbp.graph.local_gradients import choose
from fastbp.graph.moves import from_start, moved, moved_together, picked
from fastbp.graph.node import Node, apply


def axes_of(call: str, x: Node, axis: Any) -> list[int] | None:
    """The axes from 0 up, in order; None for all."""
    if axis is None:
        return None
    found = []
    for one in axis if isinstance(axis, tuple | list) else (axis,):
        if isinstance(one, bool | np.bool_) or not isinstance(one, int | np.integer):
            raise TypeError(f"{call}: axis must be whole numbers, got {axis!r}")
        if not -x.ndim <= one < x.ndim:
            raise ValueError(f"{call}: axis {one} of a Node of shape {x.shape}")
        found.append(operator.index(one) % x.ndim)
    if len(set(found)) != len(found):
        raise ValueError(f"{call}: axis {axis!r} names one axis twice")
    return None if len(found) == x.ndim else sorted(found)


def axis_of(call: str, x: Node, axis: Any) -> int:
    """The one axis, from 0 up."""
    if isinstance(axis, tuple | list):
        raise TypeError(f"{call}: axis must be one whole number, got {axis!r}")
    axes = axes_of(call, x, axis)
    return 0 if axes is None else axes[0]


def reduced(op: str, x: Node, axis: Any = None, keepdims: bool = False) -> Node:
    """`op` ("sum", "max", "min", "norm", "logsumexp") over axes, the last one first."""
    axes = axes_of(op, x, axis)
    if op in ("max", "min") and count(x, axis, op) == 0:
        raise ValueError(f"{op}: no elements in a Node of shape {x.shape}")
    if axes is None or len(axes) == 1:
        return apply(op, x, axis=None if axes is None else axes[0], keepdims=bool(keepdims))
    if op in ("norm", "logsumexp"):  # not the same over one axis after the other
        x, axes, shape = _together(x, axes, keepdims)
        return apply(op, x, axis=1, keepdims=False).reshape(shape)
    for one in reversed(axes):
        x = apply(op, x, axis=one, keepdims=bool(keepdims))
    return x if axes else copied(x, x)


def _together(x: Node, axes: list[int], keepdims: bool) -> tuple[Node, list[int], tuple[int, ...]]:
    """The axes that go as one, behind the others as one."""
    rest = [i for i in range(x.ndim) if i not in axes]
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i in rest)
    turned = moved(x, lambda p: p.transpose([*rest, *axes]))
    sizes = (math.prod(x.shape[i] for i in some) for some in (rest, axes))
    return turned.reshape(*sizes), axes, shape


def count(x: Node, axis: Any, call: str) -> int:
    """How many elements go into one of the results."""
    axes = axes_of(call, x, axis)
    n = 1
    for i in range(x.ndim) if axes is None else axes:
        n *= x.shape[i]
    return n


def mean(x: Node, axis: Any = None, keepdims: bool = False) -> Node:
    """The sum times the constant 1 / count."""
    n = count(x, axis, "mean")
    if n == 0:
        raise ValueError(f"mean: no elements to average in a Node of shape {x.shape}")
    total = reduced("sum", x, axis, keepdims)
    return x._apply("multiply", np.float64(1.0 / n) if x.dtype.kind != "f" else 1.0 / n, total)


def var(x: Node, axis: Any = None, ddof: Any = 0, keepdims: bool = False) -> Node:
    """The mean squared distance from the mean; the sum is divided by count - ddof."""
    n = count(x, axis, "var")
    if n - ddof <= 0:
        raise ValueError(f"var: {n} elements and ddof={ddof} leave nothing to divide by")
    distance = x - mean(x, axis, keepdims=True)
    return (1.0 / (n - ddof)) * reduced("sum", apply("square", distance), axis, keepdims)


def std(x: Node, axis: Any = None, ddof: Any = 0, keepdims: bool = False) -> Node:
    """The root of the variance, whose gradient is 0 where the variance is."""
    n = count(x, axis, "std")
    if n - ddof <= 0:
        raise ValueError(f"std: {n} elements and ddof={ddof} leave nothing to divide by")
    distance = x - mean(x, axis, keepdims=True)
    return (1.0 / (n - ddof)) ** 0.5 * reduced("norm", distance, axis, keepdims)


def prod(x: Node, axis: Any = None, keepdims: bool = False) -> Node:
    """The product, half by half: exact derivatives of any order, zeros or not."""
    if x.dtype.kind in "iub":
        x = x._declared(summed([x]))
    axes = axes_of("prod", x, axis)
    kept = [1 if axes is None or i in axes else n for i, n in enumerate(x.shape)]
    shape = (
        tuple(kept)
        if keepdims
        else tuple(n for i, n in enumerate(kept) if axes is not None and i not in axes)
    )
    axes = list(range(x.ndim)) if axes is None else axes
    rest = [i for i in range(x.ndim) if i not in axes]
    turned = moved(x, lambda p: p.transpose([*axes, *rest]))
    n = int(np.prod([x.shape[i] for i in axes], dtype=int))
    parts = turned.reshape(n, x.size // max(n, 1)) if n else None
    if parts is None:
        return x._operand(np.ones(shape, x.dtype))
    while len(parts) > 1:
        half = len(parts) // 2
        pairs = parts[:half] * parts[half : 2 * half]
        if len(parts) % 2:
            first = pairs[:1] * parts[2 * half :]
            pairs = first if half == 1 else _stacked(first, pairs[1:])
        parts = pairs
    return apply("reshape", parts, shape=shape)  # no view, where one number makes the product


def _stacked(a: Node, b: Node) -> Node:
    flat = apply("join_columns", a.reshape(1, a.size), b.reshape(1, b.size))
    return flat.reshape(len(a) + len(b), a.shape[1])


def cumsum(x: Node, axis: Any = None) -> Node:
    """Sums of the first elements."""
    if axis is None:
        return apply("cumsum", x.reshape(x.size), axis=0, reverse=False)
    return apply("cumsum", x, axis=axis_of("cumsum", x, axis), reverse=False)


def average(x: Node, axis: Any = None, weights: Any = None, keepdims: bool = False) -> Node:
    """The mean, or the sum of weights times x over the sum of weights."""
    if weights is None:
        return mean(x, axis, keepdims)
    w = x._operand(weights)
    if w.shape != x.shape:
        axes = axes_of("average", x, axis)
        if axes is None or w.shape != tuple(x.shape[i] for i in axes):
            raise ValueError(
                f"average: weights of shape {w.shape} for shape {x.shape}, axis {axis}"
            )
        w = w.reshape(*(n if i in axes else 1 for i, n in enumerate(x.shape)))
        w = apply("broadcast_to", w, shape=x.shape)
    return reduced("sum", w * x, axis, keepdims) / reduced("sum", w, axis, keepdims)


def in_order(x: Node, axis: Any = -1) -> tuple[Node, Node, Any]:
    """Rows along an axis, the order that sorts them, and the way back to the shape of `x`."""
    if axis is None:
        x, axis = x.reshape(x.size), 0
    last = axis_of("sort", x, axis)
    turned = moved(x, lambda p: np.moveaxis(p, last, -1))
    rows = turned.reshape(math.prod(turned.shape[:-1]), x.shape[last])
    order = apply("argsort", rows)
    return (
        rows,
        order,
        lambda node: moved(node.reshape(turned.shape), lambda p: np.moveaxis(p, -1, last)),
    )


def sort(x: Node, axis: Any = -1) -> Node:
    """The elements along an axis from the smallest up."""
    rows, order, back = in_order(x, axis)
    return back(apply("take_along", rows, order))


def argsort(x: Node, axis: Any = -1) -> Node:
    """The order that sorts the elements along an axis."""
    _, order, back = in_order(x, axis)
    return back(order)


def take_along_axis(x: Node, index: Node, axis: Any) -> Node:
    """Elements along an axis at computed places."""
    last = axis_of("take_along_axis", x, axis)
    if whole.is_whole(index):
        index = from_start(index, x.shape[last], whole.named(x, "an axis"))
    behind: Any = np.moveaxis  # its stubs do not know nodes
    turned = [behind(n, last, -1) for n in (x, index)]
    if turned[0].shape[:-1] != turned[1].shape[:-1]:
        raise ValueError(
            f"take_along_axis: index of shape {index.shape} for shape {x.shape}, axis {axis}"
        )
    rows, places = (n.reshape(math.prod(n.shape[:-1]), n.shape[-1]) for n in turned)
    if rows.shape == places.shape:
        taken = apply("take_along", rows, from_start(places, rows.shape[1], "an axis"))
    else:
        columns = [picked(rows, places[:, j]) for j in range(places.shape[1])]
        taken = moved_together(columns, lambda parts: np.stack(parts, axis=1))
    return moved(taken.reshape(turned[1].shape), lambda p: np.moveaxis(p, -1, last))


def diff(x: Node, n: int = 1, axis: int = -1) -> Node:
    """Differences of neighbours, n times."""
    along = axis_of("diff", x, axis)

    def part(positions: Any, which: slice) -> Any:
        return positions[(slice(None),) * along + (which,)]

    for _ in range(operator.index(n)):
        ahead = moved(x, lambda p: part(p, slice(1, None)))
        x = ahead - moved(x, lambda p: part(p, slice(None, -1)))
    return x


def median(x: Node, axis: Any = None, keepdims: bool = False) -> Node:
    """The element in the middle of the order, or the mean of the two."""
    axes = axes_of("median", x, axis)
    axes = list(range(x.ndim)) if axes is None else axes
    rows, _, shape = _together(x, axes, keepdims)
    if not rows.shape[1]:
        raise ValueError(f"median: no elements in a Node of shape {x.shape}")
    ordered = sort(rows, 1)
    low, high = (rows.shape[1] - 1) // 2, rows.shape[1] // 2
    middle, last = 0.5 * (ordered[:, low] + ordered[:, high]), ordered[:, -1]
    return choose(apply("equal", last, last), middle, last).reshape(
        shape
    )  # NaN is sorted to the end


def nodes_of(values: Sequence[Any]) -> list[Node]:
    """Values among which there is a node, as nodes."""
    node = next(v for v in values if isinstance(v, Node))
    return [node._operand(v) for v in values]
