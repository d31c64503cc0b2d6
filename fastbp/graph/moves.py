"""Elements that move: indexing, transposing, padding, joining, and whatever else NumPy only rearranges.

NumPy's own function is run on an array of positions; where they end up is the index of one gather, whose gradient is
one scatter. What turns out to be a reshape, a transpose or a choice of columns becomes just that.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp.graph import whole
from fastbp.graph.in_place import as_numpy, copied
from fastbp.graph.index_map import IndexMap
from fastbp.graph.local_gradients import choose
from fastbp.graph.node import Node, apply, constant

Positions = npt.NDArray[np.int64]


def moved(x: Node, move: Callable[[Positions], Any]) -> Node:
    """What `move`, a function of NumPy's that moves elements or fills in zeros, makes of `x`."""
    positions = np.arange(1, x.size + 1).reshape(x.shape)
    found = move(positions)
    made = from_positions(x, np.asarray(found, np.int64) - 1)
    return as_numpy(made, x, found, positions)


def moved_apart(x: Node, move: Callable[[Positions], Any]) -> list[Node]:
    """The same for a function that gives several arrays, such as np.split."""
    positions = np.arange(x.size).reshape(x.shape)
    return [as_numpy(from_positions(x, part), x, part, positions) for part in move(positions)]


def moved_together(nodes: Sequence[Node], move: Callable[[list[Positions]], Any]) -> Node:
    """The same for a function of several arrays, such as np.concatenate."""
    if len(nodes) == 1:
        return copied(from_positions(nodes[0], _moved_positions(nodes, move)), nodes[0])
    found = _moved_positions(nodes, move)
    rows = nodes[0].shape[0] if nodes[0].ndim else 0
    if rows > 1 and all(n.shape[:1] == (rows,) for n in nodes) and found.shape[:1] == (rows,):
        joined = _joined([n.reshape(rows, n.size // rows) for n in nodes])
        in_rows = _positions_in_rows(nodes, found, rows)
        if in_rows is not None:
            return from_positions(joined, in_rows)
    return from_positions(_joined([n.reshape(1, n.size) for n in nodes]), found)


def _moved_positions(nodes: Sequence[Node], move: Callable[[list[Positions]], Any]) -> Positions:
    """Where each element comes from, counted through all nodes; -1 where a zero is filled in."""
    arrays, start = [], 1
    for node in nodes:
        arrays.append(np.arange(start, start + node.size).reshape(node.shape))
        start += node.size
    return np.asarray(move(arrays), np.int64) - 1


def _joined(parts: list[Node]) -> Node:
    """(n, a), (n, b), ... side by side."""
    while len(parts) > 1:
        pairs = [apply("join_columns", *parts[i : i + 2]) for i in range(0, len(parts) - 1, 2)]
        parts = pairs + parts[2 * len(pairs) :]
    return parts[0]


def _positions_in_rows(nodes: Sequence[Node], found: Positions, rows: int) -> Positions | None:
    """The positions in the nodes' rows laid side by side, if each row comes from the same rows."""
    starts = np.cumsum([0] + [n.size for n in nodes])
    widths = np.array([n.size // rows for n in nodes])
    offsets = np.cumsum([0, *widths])
    which = np.searchsorted(starts, found, side="right") - 1
    filled = found < 0
    which = np.where(filled, 0, which)
    row, column = np.divmod(found - starts[which], np.maximum(widths, 1)[which])
    own = np.arange(rows).reshape(-1, *(1,) * (found.ndim - 1))
    if not (filled | (row == own)).all():
        return None
    placed: Positions = np.where(filled, -1, row * offsets[-1] + offsets[which] + column)
    return placed


def from_positions(x: Node, found: Positions) -> Node:
    """The elements of `x` at flat positions, in their shape; zeros at -1."""
    index, shape = IndexMap(found), found.shape
    if index.is_range(x.size):
        return x.reshape(shape)
    if x.ndim == 2 and shape == x.shape[::-1]:
        turned = np.arange(x.size).reshape(x.shape).T
        if np.array_equal(found, turned):
            return x.T
    rows = shape[0] if shape else 0
    if rows and x.ndim and x.shape[0] == rows:
        columns = _columns(found.reshape(rows, -1), x.size // rows)
        if columns is not None:
            x = x.reshape(rows, x.size // rows)
            return apply("gather_columns", x, index=IndexMap(columns)).reshape(shape)
    return apply("gather", x, index=index, shape=shape)


def _columns(found: Positions, width: int) -> Positions | None:
    """The columns that every row takes from its own row, or None."""
    first = found[0]
    if not ((first >= -1) & (first < width)).all():
        return None
    own = np.arange(len(found))[:, None] * width
    return first if (np.where(first < 0, -1, own + first) == found).all() else None


def getitem(x: Node, key: Any) -> Node:
    """`x[key]` by NumPy's rules; an integer node takes rows, or one element of each row."""
    parts = key if isinstance(key, tuple) else (key,)
    found = [part for part in parts if isinstance(part, Node)]
    if whole.alone(x, found) and all(part.dtype.kind != "b" for part in found):
        return whole.record(operator.getitem, x, key)  # type: ignore[no-any-return]
    if found:
        return _at_nodes(x, parts)
    if x.ndim > 1 and parts and isinstance(parts[0], slice) and parts[0] == slice(None):
        return _of_all_rows(x, key)
    return moved(x, lambda positions: positions[key])


def _of_all_rows(x: Node, key: tuple[Any, ...]) -> Node:
    """`x[:, ...]`: the positions in one row are enough, however many rows there are."""
    width = math.prod(x.shape[1:])
    positions = np.arange(width).reshape(1, *x.shape[1:])
    one = positions[key]
    flat = x.reshape(len(x), width)
    if one.shape[:1] != (1,):
        return moved(x, lambda positions: positions[key])
    shape = (len(x), *one.shape[1:])
    index = IndexMap(one)
    if index.is_range(width):
        return as_numpy(x.reshape(shape), x, one, positions)
    made = apply("gather_columns", flat, index=index).reshape(shape)
    return as_numpy(made, x, one, positions)


def _at_nodes(x: Node, parts: tuple[Any, ...]) -> Node:
    nodes = [part for part in parts if isinstance(part, Node)]
    if any(part.dtype.kind == "b" for part in nodes):
        raise TypeError(
            "x[mask]: a mask of computed values gives a shape that is not known beforehand. Write "
            "np.where(mask, x, 0), and divide a sum by mask.sum()"
        )
    if any(part.dtype.kind == "f" and part.op != "input" for part in nodes):
        raise TypeError(
            f"x[i]: an index must be whole numbers, got computed ones of {nodes[0].dtype}"
        )
    if len(parts) == 1:
        return take(x, nodes[0])
    if len(parts) == 2 and len(nodes) == 1 and x.ndim == 2 and parts[1] is nodes[0]:
        return _one_of_each_row(x, parts[0], nodes[0])
    raise TypeError(
        "x[...]: an index of computed values may take rows, x[i], or one element of each row, "
        "x[np.arange(len(i)), i]; write other choices with np.where or np.take_along_axis"
    )


def _one_of_each_row(x: Node, rows: Any, columns: Node) -> Node:
    """`x[rows, columns]`."""
    if rows != slice(None) if isinstance(rows, slice) else False:
        raise TypeError("x[a:b, i]: take the rows first, x[a:b], then one element of each")
    if isinstance(rows, slice) or columns.ndim != 1:
        raise TypeError("x[:, i]: columns at computed places; write x.T[i].T")
    chosen = x[np.asarray(rows)]
    if chosen.shape[:1] != columns.shape:
        raise IndexError(f"x[rows, i]: {chosen.shape[0]} rows and {columns.shape[0]} columns")
    return picked(chosen, columns)


def picked(rows: Node, columns: Node) -> Node:
    """One element of each row, columns counted from the end where they are negative; NaN where there is none."""
    width = rows.shape[1]
    columns = from_start(columns, width, "a row")
    hot = apply("one_hot", columns, classes=width)
    there = hot.sum(axis=1) - 1  # 0, or NaN
    return choose(hot, rows, 0.0).sum(axis=1) + there._declared(rows.dtype)


def from_start(index: Node, count: int, of: str) -> Node:
    """An index that may be negative, counted from the start; IndexError where it is known to be none."""
    if whole.is_whole(index):
        name = whole.named(index, "index")
        return whole.record(whole.in_range, index, count, name, of)  # type: ignore[no-any-return]
    before = apply("greater", constant(0, index.dtype), index)
    return choose(before, index + count, index)


def take(x: Node, index: Node) -> Node:
    """Rows of `x` by whole numbers, of any shape; where one that is computed is no row there is NaN."""
    if x.ndim == 0:
        raise TypeError("x[i] of a number, of shape ()")
    if whole.is_whole(index):
        index = from_start(index, len(x), whole.named(x, "an array"))
    width = math.prod(x.shape[1:])
    taken = apply("take_rows", x.reshape(len(x), width), index.reshape(index.size))
    return taken.reshape(*index.shape, *x.shape[1:])
