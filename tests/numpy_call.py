"""Calls of NumPy's functions, to be made with arrays and with nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from case import Points, Shape, away_from_zero

PAIRS = (
    ((4, 3), (4, 3)),
    ((4, 3), (3,)),
    ((4, 1), (2, 1, 3)),
    ((), (2, 2)),
)


@dataclass(frozen=True)
class Call:
    """A function of arrays, the shapes of these, and where its derivatives exist.

    `curved` says that second derivatives are checked as well.
    """

    function: Callable[..., Any]
    shapes: tuple[Shape, ...] = ((4, 3),)
    points: tuple[Points, ...] = (away_from_zero,)
    curved: bool = True

    def arrays(self, dtype: str, seed: int = 0) -> list[Any]:
        """Its arguments."""
        rng = np.random.default_rng(seed)
        points = self.points if len(self.points) > 1 else self.points * len(self.shapes)
        return [
            np.array(one(rng, *shape), dtype)
            for one, shape in zip(points, self.shapes, strict=True)
        ]


def each(
    function: Callable[..., Any], points: Points = away_from_zero, curved: bool = True
) -> list[Call]:
    """A function of one array: of two axes, of three, of none."""
    return [Call(function, (shape,), (points,), curved) for shape in ((4, 3), (2, 3, 2), ())]


def pairs(
    function: Callable[..., Any],
    left: Points = away_from_zero,
    right: Points | None = None,
    curved: bool = True,
    numbers: tuple[Any, ...] = (1.5, 2, np.float32(0.7), np.array([1, 2, 3])),
) -> list[Call]:
    """A function of two: arrays that broadcast, a number on either side."""
    points = (left, right or left)
    return [
        *(Call(function, shapes, points, curved) for shapes in PAIRS),
        *(Call(lambda x, c=c: function(x, c), points=(left,), curved=curved) for c in numbers),
        *(Call(lambda x, c=c: function(c, x), points=(points[1],), curved=curved) for c in numbers),
    ]


def on(
    *functions: Callable[..., Any],
    shapes: tuple[Shape, ...] = ((4, 3),),
    points: Points = away_from_zero,
    curved: bool = True,
) -> list[Call]:
    """Several calls with arrays of the same shapes."""
    return [Call(function, shapes, (points,), curved) for function in functions]
