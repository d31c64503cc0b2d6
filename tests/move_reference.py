"""The oracle for operations that move elements: loops over positions, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastbp.graph.index_map import IndexMap

Array = np.ndarray[Any, np.dtype[np.float64]]
Shape = tuple[int, ...]


def index_of(label: float, classes: int) -> int | None:
    """The label as an index, or None when it is none."""
    return int(label) if 0 <= label < classes else None


def _row(label: float, rows: int) -> int | None:
    """The same for rows, which count from the end as well."""
    return index_of(label + rows if label < 0 else label, rows)


def _gather(x: Array, index: IndexMap, shape: Shape) -> Array:
    flat = x.ravel().tolist()
    return np.array([0.0 if i < 0 else flat[i] for i in index.array]).reshape(shape)


def _scatter(g: Array, index: IndexMap, shape: Shape) -> Array:
    padded = np.zeros(int(np.prod(shape, dtype=int)) + 1)  # the last place takes what goes nowhere
    np.add.at(padded, index.array, g.ravel())
    return padded[:-1].reshape(shape)


def _gather_columns(x: Array, index: IndexMap) -> Array:
    return np.append(x, np.zeros((len(x), 1)), axis=1)[:, index.array]


def _scatter_columns(g: Array, index: IndexMap, width: int) -> Array:
    chosen = np.zeros((len(index), width))
    for k, column in enumerate(index.array):
        if column >= 0:
            chosen[k, column] = 1
    return g @ chosen


def _join_columns(a: Array, b: Array) -> Array:
    out = np.empty((len(a), a.shape[1] + b.shape[1]))
    out[:, : a.shape[1]], out[:, a.shape[1] :] = a, b
    return out


def _take_rows(x: Array, i: Array) -> Array:
    out = np.full((len(i), x.shape[1]), np.nan)
    for k, label in enumerate(i):
        row = _row(label, len(x))
        if row is not None:
            out[k] = x[row]
    return out


def _add_rows(g: Array, i: Array, rows: int) -> Array:
    out = np.zeros((rows, g.shape[1]))
    for part, label in zip(g, i, strict=True):
        row = _row(label, rows)
        if row is not None:
            out[row] += part
    return out


def _argsort(x: Array) -> Array:
    order = [sorted(range(len(row)), key=lambda j: (np.isnan(row[j]), row[j], j)) for row in x]
    return np.array(order, float).reshape(x.shape)


def _take_along(x: Array, i: Array) -> Array:
    found = [[row[int(j)] for j in places] for row, places in zip(x, i, strict=True)]
    return np.array(found).reshape(i.shape)


def _put_along(g: Array, i: Array) -> Array:
    out = np.zeros(g.shape)
    for r, row in enumerate(i):
        for j, place in enumerate(row):
            out[r, int(place)] = g[r, j]
    return out


MOVE_REFERENCE: dict[str, Callable[..., Array]] = {
    "transpose": lambda x: np.swapaxes(x, 0, 1),
    "reshape": lambda x, shape: x.reshape(shape),
    "broadcast_to": lambda x, shape: np.broadcast_to(x, shape).copy(),
    "gather": _gather,
    "scatter": _scatter,
    "gather_columns": _gather_columns,
    "scatter_columns": _scatter_columns,
    "join_columns": _join_columns,
    "take_rows": _take_rows,
    "add_rows": _add_rows,
    "argsort": _argsort,
    "take_along": _take_along,
    "put_along": _put_along,
}
