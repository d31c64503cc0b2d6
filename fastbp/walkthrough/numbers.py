"""Numbers and arrays as lines of text, with four significant digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

ROWS, COLUMNS = 4, 4  # of an array that is shown in full


def number(value: float) -> str:
    """A number with four significant digits."""
    return "0" if value == 0 else f"{value:.4g}"


def is_small(array: Array, rows: int = ROWS, columns: int = COLUMNS) -> bool:
    """Whether an array is shown in full."""
    if array.ndim > 2 or array.size == 0:
        return False
    height, width = _as_rows(array).shape
    return bool(height <= rows and width <= columns)


def lines(array: Array) -> list[str]:
    """An array in full, a line a row."""
    if array.ndim == 0:
        return [number(float(array))]
    texts = [[number(float(value)) for value in row] for row in _as_rows(array)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    rows = [
        "[" + "  ".join(t.rjust(w) for t, w in zip(row, widths, strict=True)) + "]" for row in texts
    ]
    if array.ndim == 1:
        return rows
    opened = [("[" if i == 0 else " ") + row for i, row in enumerate(rows)]
    return [*opened[:-1], opened[-1] + "]"]


def summary(array: Array) -> list[str]:
    """An array by its shape and range, in two lines; a number as it is."""
    if array.ndim == 0:
        return lines(array)
    shape = f"{tuple(map(int, array.shape))}"
    if array.size == 0:
        return [shape, "no elements"]
    with np.errstate(invalid="ignore"):
        low, high = number(float(array.min())), number(float(array.max()))
    return [shape, f"all {low}" if low == high else f"{low} … {high}"]


def shown(array: Array, *, rows: int = ROWS, columns: int = COLUMNS) -> list[str]:
    """An array in full if it is small, else by its shape and range."""
    return lines(array) if is_small(array, rows, columns) else summary(array)


def _as_rows(array: Array) -> Array:
    return array.reshape(1, -1) if array.ndim < 2 else array
