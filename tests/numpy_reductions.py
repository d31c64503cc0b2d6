"""Calls of NumPy's functions that reduce, add up, sort and multiply out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from case import Points, apart, away_from_zero, near_one
from numpy_call import Call, on

SUBSCRIPTS = {
    "ij,jk->ik": ((2, 3), (3, 4)),
    "ij,jk": ((2, 3), (3, 4)),
    "ij->ji": ((2, 3),),
    "ij->": ((2, 3),),
    "ij->j": ((2, 3),),
    "ii->i": ((3, 3),),
    "ii": ((3, 3),),
    "iij->j": ((3, 3, 2),),
    "i,j->ij": ((2,), (3,)),
    "i,i": ((3,), (3,)),
    "ij,ij->i": ((2, 3), (2, 3)),
    "bij,bjk->bik": ((2, 3, 4), (2, 4, 2)),
    "bij,bkj->kib": ((2, 3, 4), (2, 2, 4)),
    "...ij,...jk->...ik": ((2, 3, 4), (2, 4, 2)),
    "...i->...": ((2, 3, 4),),
    "...i,i": ((2, 3, 4), (4,)),
    "i...,i...": ((2, 3), (2, 3)),
    "ij,jk,kl->il": ((2, 3), (3, 4), (4, 2)),
    "ij,ik,il->jkl": ((2, 3), (2, 2), (2, 4)),
    "i,j,k->kj": ((2,), (3,), (4,)),
    " ij , jk -> ik ": ((2, 3), (3, 4)),
}


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
        *on(np.maximum.reduce, lambda x: x.max(axis=-1), np.amax, points=apart),
    ],
    np.min: [*_over(np.min, apart), *on(np.minimum.reduce, np.amin, points=apart)],
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

PRODUCTS: dict[Any, list[Call]] = {
    np.einsum: [
        *(
            Call(lambda *nodes, s=text: np.einsum(s, *nodes), shapes, (near_one,))
            for text, shapes in SUBSCRIPTS.items()
        ),
        *on(lambda x: np.einsum("ij,j->i", x, np.array([1.0, 2.0, 3.0])), curved=False),
        *on(lambda x: np.einsum("ij,ij->", x, x, optimize=True)),
    ],
    np.tensordot: [
        *on(np.tensordot, lambda a, b: np.tensordot(a, b, 2), shapes=((2, 3, 4), (3, 4, 2))),
        *on(lambda a, b: np.tensordot(a, b, 1), shapes=((2, 3), (3, 2, 2))),
        *on(lambda a, b: np.tensordot(a, b, 0), shapes=((2, 3), (2,))),
        *on(
            lambda a, b: np.tensordot(a, b, axes=([0, 1], [1, 0])),
            lambda a, b: np.tensordot(a, b, axes=(0, 1)),
            lambda a, b: np.tensordot(a, b, axes=((-2,), (0,))),
            shapes=((2, 3, 4), (3, 2)),
        )[:2],
        *on(lambda a, b: np.tensordot(a, b, axes=((-2,), (-2,))), shapes=((2, 3, 4), (3, 2))),
    ],
    np.kron: [
        *on(np.kron, shapes=((2, 3), (3, 2))),
        *on(np.kron, shapes=((3,), (2,))),
        *on(np.kron, shapes=((2, 3), (2,))),
        *on(np.kron, shapes=((2,), (2, 1, 3))),
        *on(lambda x: np.kron(np.eye(2), x), shapes=((2, 3),)),
    ],
    np.dot: [
        *on(np.dot, shapes=((2, 3), (3, 4))),
        *on(np.dot, lambda a, b: a.dot(b), shapes=((2, 3), (3,))),
        *on(np.dot, shapes=((3,), (3,))),
        *on(np.dot, shapes=((3,), (3, 2))),
        *on(np.dot, shapes=((2, 3, 4), (4, 2))),
        *on(np.dot, shapes=((2, 3, 4), (4,))),
        *on(np.dot, shapes=((2, 3), (2, 3, 2))),
        *on(np.dot, shapes=((), (2, 3))),
        *on(lambda x: np.dot(np.ones((2, 4)), x), lambda x: np.dot(x, 2.0)),
    ],
    np.vdot: [*on(np.vdot, shapes=((4,), (4,))), *on(np.vdot, shapes=((2, 3), (2, 3)))],
    np.inner: [
        *on(np.inner, shapes=((4,), (4,))),
        *on(np.inner, shapes=((2, 3), (4, 3))),
        *on(np.inner, shapes=((2, 2, 3), (3,))),
        *on(np.inner, shapes=((), (2, 3))),
    ],
    np.outer: [
        *on(np.outer, np.multiply.outer, np.add.outer, shapes=((2,), (3,))),
        *on(np.outer, shapes=((2, 2), (3,))),
        *on(np.multiply.outer, shapes=((2, 2), (3,))),
    ],
    np.matmul: [
        *on(np.matmul, lambda a, b: a @ b, shapes=((2, 3), (3, 4))),
        *on(np.matmul, shapes=((2, 3), (3,))),
        *on(np.matmul, shapes=((3,), (3, 2))),
        *on(np.matmul, shapes=((3,), (3,))),
        *on(np.matmul, shapes=((2, 3, 4), (4, 2))),
        *on(np.matmul, shapes=((2, 3, 4), (2, 4, 2))),
        *on(np.matmul, shapes=((3, 4), (2, 4, 2))),
        *on(np.matmul, shapes=((2, 3, 4), (4,))),
        *on(np.matmul, shapes=((4,), (2, 4, 2))),
        *on(np.matmul, shapes=((2, 1, 3, 4), (3, 4, 2))),
        *on(lambda x: np.ones((2, 4)) @ x, lambda x: x.T @ x),
    ],
    np.trace: [
        *on(np.trace, lambda x: np.trace(x, 1), lambda x: np.trace(x, offset=-1), lambda x: x.trace()),
        *on(np.trace, lambda x: np.trace(x, axis1=1, axis2=2), shapes=((2, 3, 4),)),
    ],
}
