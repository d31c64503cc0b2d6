"""Calls of NumPy's functions that reduce, add up and sort."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from case import Points, apart, away_from_zero
from numpy_call import Call, on


def _over(
    function: Callable[..., Any], points: Points = away_from_zero, tuples: bool = True
) -> list[Call]:
    """Every kind of axis."""
    two: list[Any] = [None, 0, 1, -1]
    three: list[Any] = [None, 1, -3] + ([(0, 2), (-1, 1), (0, 1, 2)] if tuples else [])
    return [
        Call(lambda x, a=axis, k=keep: function(x, axis=a, keepdims=k), (shape,), (points,))
        for shape, axes in (((4, 3), two), ((2, 3, 4), three), ((5,), [None, 0]))
        for axis in axes
        for keep in (False, True)
    ]


REDUCTIONS: dict[Any, list[Call]] = {
    np.sum: [
        *_over(np.sum),
        *on(np.add.reduce, lambda x: np.add.reduce(x, axis=1, keepdims=True), lambda x: x.sum()),
        *on(lambda x: np.sum(x > 0) * x, lambda x: (x > 0).sum(axis=0) * x),
    ],
    np.max: [
        *_over(np.max, apart),
        *on(np.maximum.reduce, lambda x: x.max(axis=-1), points=apart),
    ],
    np.min: [*_over(np.min, apart), *on(np.minimum.reduce, points=apart)],
    np.amax: on(np.amax, lambda x: np.amax(x, axis=1), points=apart),
    np.amin: on(np.amin, lambda x: np.amin(x, axis=0, keepdims=True), points=apart),
    np.any: _over(lambda x, **keywords: np.any(x > 0.5, **keywords)),
    np.all: [*_over(lambda x, **keywords: np.all(x > -1.5, **keywords)), *on(np.all, np.any)],
    np.mean: [*_over(np.mean), *on(lambda x: (x > 0).mean() * x, lambda x: x.mean(1))],
    np.var: [
        *_over(np.var),
        *_over(lambda x, **keywords: np.var(x, ddof=1, **keywords)),
        *on(lambda x: x.var(axis=0, ddof=0.5)),
    ],
    np.std: [*_over(np.std), *_over(lambda x, **keywords: np.std(x, ddof=1, **keywords))],
    np.prod: [*_over(np.prod), *on(np.multiply.reduce, lambda x: x.prod(axis=0))],
    np.cumsum: [
        *on(
            np.cumsum,
            lambda x: np.cumsum(x, axis=0),
            lambda x: np.cumsum(x, axis=-1),
            lambda x: x.cumsum(axis=1),
        ),
        *on(lambda x: np.cumsum(x, axis=1), shapes=((2, 3, 4),)),
        *on(np.cumsum, lambda x: np.cumsum(x, 0), shapes=((5,),)),
    ],
    np.average: [
        *_over(np.average),
        *on(
            lambda x: np.average(x, axis=0, weights=[1, 2, 3, 4.0]),
            lambda x: np.average(x, axis=1, weights=np.array([1.0, 2.0, 3.0])),
            lambda x: np.average(x, weights=x * x + 1),
            lambda x: np.average(x, axis=1, weights=x * x + 1, keepdims=True),
        ),
        *on(lambda x, w: np.average(x, axis=1, weights=w * w), shapes=((4, 3), (3,))),
    ],
    np.median: [*_over(np.median, apart), *on(np.median, shapes=((4, 4),), points=apart)],
    np.diff: [
        *on(np.diff, lambda x: np.diff(x, axis=0), lambda x: np.diff(x, n=2)),
        *on(lambda x: np.diff(x, 2, 1), lambda x: np.diff(x, n=0), shapes=((2, 4, 3),)),
        *on(np.diff, shapes=((5,),)),
    ],
    np.sort: [
        *on(np.sort, lambda x: np.sort(x, axis=0), lambda x: np.sort(x, axis=None), points=apart),
        *on(lambda x: np.sort(x, axis=1), np.sort, shapes=((2, 5, 3),), points=apart),
        *on(np.sort, shapes=((7,),), points=apart),
    ],
    np.argsort: [
        *on(
            np.argsort,
            lambda x: np.argsort(x, axis=0),
            lambda x: np.argsort(x, axis=None),
            lambda x: np.sort(x, axis=1) * (np.argsort(x) > 0),
            points=apart,
        ),
        *on(lambda x: np.argsort(x, axis=1), shapes=((2, 5, 3),), points=apart),
    ],
    np.partition: on(
        lambda x: np.partition(x, 1)[:, 1],
        lambda x: np.partition(x, 2, axis=0)[2],
        lambda x: np.partition(x, 5, axis=None)[5],
        points=apart,
    ),
    np.take_along_axis: [
        *on(
            lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1),
            lambda x: np.take_along_axis(x, np.argsort(-x, axis=0), axis=0),
            lambda x: np.take_along_axis(x, np.array([[2, 0], [1, 1], [0, 0], [2, 2]]), axis=1),
            lambda x: np.take_along_axis(x, np.array([[0, 0, -1]] * 4), axis=1),
            points=apart,
        ),
        *on(
            lambda x, y: np.take_along_axis(x, np.argsort(y, axis=1), 1),
            shapes=((2, 3, 2), (2, 3, 2)),
            points=apart,
        ),
    ],
    np.linalg.norm: [
        *on(
            np.linalg.norm,
            lambda x: np.linalg.norm(x, axis=0),
            lambda x: np.linalg.norm(x, axis=1, keepdims=True),
            lambda x: np.linalg.norm(x, "fro"),
            lambda x: np.linalg.norm(x, 1, axis=0),
            lambda x: np.linalg.norm(x, 2, axis=-1),
            lambda x: np.linalg.norm(x, np.inf, axis=1),
            lambda x: np.linalg.norm(x, -np.inf, axis=1, keepdims=True),
            lambda x: np.linalg.norm(x, axis=(0, 1)),
            points=apart,
        ),
        *on(
            np.linalg.norm,
            lambda x: np.linalg.norm(x, axis=1),
            lambda x: np.linalg.norm(x, axis=(0, 2)),
            lambda x: np.linalg.norm(x, axis=(2, 1), keepdims=True),
            shapes=((2, 3, 4),),
            points=apart,
        ),
        *on(
            np.linalg.norm,
            lambda x: np.linalg.norm(x, 1),
            lambda x: np.linalg.norm(x, np.inf),
            lambda x: np.linalg.norm(x, keepdims=True),
            shapes=((5,),),
            points=apart,
        ),
    ],
    np.linalg.vector_norm: [
        *on(
            np.linalg.vector_norm,
            lambda x: np.linalg.vector_norm(x, axis=1),
            lambda x: np.linalg.vector_norm(x, axis=0, ord=1),
            lambda x: np.linalg.vector_norm(x, ord=np.inf),
            lambda x: np.linalg.vector_norm(x, axis=(0, 1)),
            lambda x: np.linalg.vector_norm(x, keepdims=True),
            points=apart,
        ),
    ],
}
