"""A model as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np


class Summary(str):
    """Text that also Python's prompt and a notebook show as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


Row = tuple[str, int, Sequence[tuple[int, ...]] | None]


def table(layers: Sequence[Row], n_features: int | None, dtype: np.dtype[Any]) -> Summary:
    """The table of layers (text, units, shapes of the parameters if they are made)."""
    head = ("", "layer", "output", "parameters")
    rows, total = [], 0
    for i, (text, units, shapes) in enumerate(layers):
        count = None if shapes is None else sum(math.prod(shape) for shape in shapes)
        total += count or 0
        rows.append((str(i), text, f"(n, {units})", "?" if count is None else f"{count:,}"))
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [_line(head, widths), "-" * (sum(widths) + 2 * (len(widths) - 1))]
    lines += [_line(row, widths) for row in rows]
    lines.append(lines[1])
    if n_features is None:
        lines.append("not built yet: the first fit or predict, or model.build(n_features), does so")
    else:
        size = _size(total * dtype.itemsize)
        lines.append(f"{n_features} features, {total:,} parameters, {dtype.name}, {size}")
    return Summary("\n".join(lines))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    *texts, number = cells
    left = [cell.ljust(width) for cell, width in zip(texts, widths, strict=False)]
    return "  ".join([*left, number.rjust(widths[-1])])


def _size(n_bytes: int) -> str:
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} bytes"
