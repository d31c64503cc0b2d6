"""A loss curve as text."""

from __future__ import annotations

import math
from collections.abc import Sequence

BRAILLE = 0x2800  # the empty pattern; each of its 2 x 4 dots is one bit
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # by column, from the top


def draw(losses: Sequence[float], *, width: int = 60, height: int = 8, unicode: bool = True) -> str:
    """Return a picture of one loss an epoch, on a logarithmic scale.

    Parameters
    ----------
    losses : sequence of float
        At least one. Those that are not positive and finite leave a gap.
    width, height : int
        Characters of the plane, without its axes; both at least 2.
    unicode : bool
        Braille patterns, eight dots a character; otherwise stars.

    Returns
    -------
    str
        The lines, joined by newlines.

    Examples
    --------
    >>> from fastbp.demo.curve import draw
    >>> print(draw([1.0, 0.1, 0.01], width=5, height=3, unicode=False))
            1 |**
              |  *
         0.01 |   **
              +-----
               1   3
    """
    logs = [math.log(v) if 0 < v < math.inf else math.nan for v in losses]
    known = [v for v in logs if not math.isnan(v)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    columns, rows = (2 * width, 4 * height) if unicode else (width, height)
    dots = set()
    for x in range(columns):
        value = _between(logs, x * (len(logs) - 1) / (columns - 1))
        if not math.isnan(value):
            share = (high - value) / (high - low) if high > low else 0.0
            dots.add((x, round(share * (rows - 1))))
    labels = [""] * height
    if known:
        labels[0] = f"{math.exp(high):.3g}"
    if high > low:
        labels[-1] = f"{math.exp(low):.3g}"
    cell = _braille if unicode else _star
    side, corner, floor = "│└─" if unicode else "|+-"
    lines = [
        f"{labels[row]:>9} {side}" + "".join(cell(dots, row, column) for column in range(width))
        for row in range(height)
    ]
    lines += [f"{'':9} {corner}{floor * width}", f"{'':9}  1{len(losses):>{width - 1}}"]
    return "\n".join(line.rstrip() for line in lines)


def _between(values: Sequence[float], position: float) -> float:
    """The value at a position between two epochs, on the line that joins them."""
    left = int(position)
    right = min(left + 1, len(values) - 1)
    return values[left] + (position - left) * (values[right] - values[left])


def _star(dots: set[tuple[int, int]], row: int, column: int) -> str:
    return "*" if (column, row) in dots else " "


def _braille(dots: set[tuple[int, int]], row: int, column: int) -> str:
    bits = 0
    for x in range(2):
        for y in range(4):
            if (2 * column + x, 4 * row + y) in dots:
                bits |= DOTS[x][y]
    return chr(BRAILLE + bits) if bits else " "
