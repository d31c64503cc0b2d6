"""What a case of an operation is, and the points that cases are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from fastbp.graph import Node, apply

Rng = np.random.Generator
Array = np.ndarray[Any, np.dtype[np.float64]]
Points = Callable[..., Array]
Shape = tuple[int, ...]
Arrays = Callable[[np.random.Generator, int], list[Any]]
Flat = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """Operands of one operation.

    `wrt` are the operands that can be moved (class indices cannot), `flat` those of them on which
    the value depends in steps only, `curved` whether a second derivative is other than zero.
    """

    arrays: Arrays
    wrt: tuple[int, ...] = (0,)
    flat: Flat = ()
    curved: bool = False
    fixed: Mapping[str, Any] | Callable[[int], Mapping[str, Any]] = field(default_factory=dict)

    @property
    def smooth(self) -> tuple[int, ...]:
        """The operands that have gradients."""
        return tuple(k for k in self.wrt if k not in self.flat)

    def attrs(self, n: int) -> dict[str, Any]:
        """The operation's fixed arguments."""
        return dict(self.fixed(n) if callable(self.fixed) else self.fixed)


def build(op: str, case: Case, n: int) -> Callable[..., Node]:
    """The builder of `op` for the gradient checker."""
    return lambda *nodes: apply(op, *nodes, **case.attrs(n))


def normal(rng: Rng, *shape: int) -> Array:
    return np.asarray(rng.normal(size=shape))


def positive(rng: Rng, *shape: int) -> Array:
    return np.asarray(rng.uniform(0.5, 2, shape))


def away_from_zero(rng: Rng, *shape: int) -> Array:
    return np.asarray(rng.uniform(0.3, 2, shape) * rng.choice([-1, 1], shape))


def between_whole(rng: Rng, *shape: int) -> Array:
    return np.asarray(rng.integers(-2, 2, shape) + rng.uniform(0.3, 0.7, shape))


def near_one(rng: Rng, *shape: int) -> Array:
    """1 or -1, up to 1/20: what lies well between whole numbers still does when divided by it."""
    return np.asarray(rng.uniform(1, 1.05, shape) * rng.choice([-1, 1], shape))


def few(rng: Rng, *shape: int) -> Array:
    """Whole numbers, so that many are equal."""
    return rng.integers(-1, 2, shape).astype(float)


def alternating(rng: Rng, *shape: int) -> Array:
    """1, -1, 1, ..., so that both are there where there are two."""
    return np.resize([1.0, -1.0], shape)


def truths(rng: Rng, *shape: int) -> Array:
    return np.maximum(alternating(rng, *shape), 0)


def lower(rng: Rng, *shape: int) -> Array:
    """On steps of 0.3, a single one at 0, with room for `upper` between: the two never are equal."""
    steps = rng.integers(0, 5 if np.prod(shape) > 1 else 1, shape) * alternating(rng, *shape)
    return np.asarray(0.3 * steps + rng.uniform(0, 0.1, shape))


def upper(rng: Rng, *shape: int) -> Array:
    return np.asarray(0.15 + lower(rng, *shape))


def apart(rng: Rng, *shape: int) -> Array:
    """Values of which no two are close, so that order and extremes are clear."""
    size = int(np.prod(shape, dtype=int))
    steps = rng.permutation(size) - size / 2
    return np.asarray((0.2 * steps + rng.uniform(0.02, 0.08, size)).reshape(shape))


def probability(rng: Rng, *shape: int) -> Array:
    return np.asarray(rng.uniform(0.05, 0.45, shape) + rng.choice([0, 0.5], shape))


def labels(rng: Rng, n: int, classes: int) -> Array:
    return rng.integers(0, classes, n).astype(float)


def rows(rng: Rng, n: int, classes: int) -> Array:
    """Rows of distinct values, so that the largest is clear."""
    return rng.permuted(np.tile(np.arange(classes) * 0.3, (n, 1)), axis=1) + 0.1 * rng.random(
        (n, 1)
    )


def distribution(rng: Rng, n: int, classes: int) -> Array:
    p = rng.uniform(0.5, 1.5, (n, classes))
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def of_shapes(
    points: tuple[Points, ...], shapes: Callable[[int], tuple[Shape, ...]], rng: Rng, n: int
) -> list[Any]:
    return [one(rng, *shape) for one, shape in zip(points, shapes(n), strict=True)]


def unary(points: Points, curved: bool = True, flat: Flat = ()) -> list[Case]:
    """Two axes, one axis, none, and three."""
    shapes: list[Callable[[int], tuple[Shape]]] = [
        lambda n: ((n, 3),),
        lambda n: ((n,),),
        lambda n: ((),),
        lambda n: ((2, n, 3),),
    ]
    return [Case(partial(of_shapes, (points,), s), flat=flat, curved=curved) for s in shapes]


def binary(
    left: Points, right: Points | None = None, *, curved: bool, flat: Flat = ()
) -> list[Case]:
    """Equal shapes, and every way to broadcast."""
    shapes: list[Callable[[int], tuple[Shape, Shape]]] = [
        lambda n: ((n, 3), (n, 3)),
        lambda n: ((n, 3), (3,)),
        lambda n: ((1, 3), (n, 1)),
        lambda n: ((n, 1), (3,)),
        lambda n: ((), (n, 3)),
        lambda n: ((n, 3), (1,)),
        lambda n: ((1, 1), (n,)),
        lambda n: ((n,), (n,)),
        lambda n: ((n, 1, 3), (1, 2, 1)),
        lambda n: ((2, n, 3), (3,)),
        lambda n: ((2, n, 3), (n, 1)),
        lambda n: ((2, 1, n), (2, 3, 1)),
        lambda n: ((2, 1, n, 1), (3, 1, 2)),
    ]
    points = (left, right or left)
    return [Case(partial(of_shapes, points, s), (0, 1), flat, curved) for s in shapes]


def paired(
    left: Points, right: Points, curved: bool = True, flat: Flat = (), **fixed: Any
) -> list[Case]:
    """Equal shapes of two axes, of one, and of three."""
    shapes: list[Callable[[int], tuple[Shape, Shape]]] = [
        lambda n: ((n, 3), (n, 3)),
        lambda n: ((n,), (n,)),
        lambda n: ((2, n, 3), (2, n, 3)),
    ]
    points = (left, right)
    return [Case(partial(of_shapes, points, s), (0, 1), flat, curved, fixed) for s in shapes]


def row_wise(points: Points, curved: bool = True, flat: Flat = ()) -> list[Case]:
    """Several classes, and two."""
    return [
        Case(lambda rng, n: [points(rng, n, 5), labels(rng, n, 5)], (0,), flat, curved),
        Case(lambda rng, n: [points(rng, n, 2), labels(rng, n, 2)], (0,), flat, curved),
    ]


def along(
    points: Points, shape: Callable[[int], Shape], curved: bool = False, **fixed: Any
) -> Case:
    """One operand of this shape, and fixed arguments."""
    return Case(lambda rng, n: [points(rng, *shape(n))], curved=curved, fixed=fixed)


def reductions(points: Points, curved: bool = False, least: int = 0) -> list[Case]:
    """Every axis of one, two and three, and all of them; `least` elements are needed."""
    shapes: list[tuple[Callable[[int], Shape], int | None, bool]] = [
        (lambda n: (max(n, least), 3), None, False),
        (lambda n: (max(n, least), 3), None, True),
        (lambda n: (max(n, least), 3), 0, False),
        (lambda n: (max(n, least), 3), 0, True),
        (lambda n: (n, 3), 1, False),
        (lambda n: (n, 3), 1, True),
        (lambda n: (max(n, least),), 0, False),
        (lambda n: (max(n, least),), None, True),
        (lambda n: (n, 4, 3), 1, False),
        (lambda n: (n, 4, 3), 1, True),
        (lambda n: (2, max(n, least), 3), 1, False),
        (lambda n: (max(n, least), 2, 3), 0, False),
        (lambda n: (2, n, 3), 2, True),
        (lambda n: (2, 1, max(n, least)), None, True),
        (lambda n: (2, max(n, least), 1, 3), 1, True),
    ]
    return [along(points, shape, curved, axis=a, keepdims=k) for shape, a, k in shapes]
