"""Broadcasting as the kernels know it: two axes, along each of which an operand moves on or is repeated."""

import math
from collections.abc import Sequence
from typing import NamedTuple

Shape = tuple[int, ...]


class Grid(NamedTuple):
    """A result of n x m numbers, and how far each operand moves from row to row and from column to column."""

    n: int
    m: int
    strides: tuple[tuple[int, int], ...]


def grid(shape: Shape, operands: Sequence[Shape]) -> Grid | None:
    """Neighbouring axes that all operands treat alike become one; None where more than two are left."""
    if operands.count(shape) == len(operands):
        return Grid(1, math.prod(shape), ((0, 1),) * len(operands))
    padded = [(1,) * (len(shape) - len(one)) + tuple(one) for one in operands]
    groups: list[tuple[int, tuple[bool, ...]]] = []
    for axis, size in enumerate(shape):
        moves = tuple(one[axis] != 1 for one in padded)
        if size == 1:
            continue
        if groups and groups[-1][1] == moves:
            groups[-1] = (groups[-1][0] * size, moves)
        else:
            groups.append((size, moves))
    if len(groups) > 2:
        return None
    if len(groups) < 2:
        moves = groups[0][1] if groups else (True,) * len(operands)
        return Grid(1, math.prod(shape), tuple((0, int(one)) for one in moves))
    (n, down), (m, across) = groups
    strides = tuple((m if a else 1) * d for d, a in zip(down, across, strict=True))
    return Grid(n, m, tuple(zip(strides, map(int, across), strict=True)))
