"""For each operation: points at which its gradients are checked.

Sizes come from `n`, so that 0, 1 and odd sizes are covered. Points keep away from kinks and
steps, which lie at 0, 0.5 and, between classes, at equal values.
"""

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


@dataclass(frozen=True)
class Case:
    """Operands of one operation.

    `wrt` are the operands that can be moved (class indices cannot), `flat` those of them on which
    the value depends in steps only, `curved` whether a second derivative is other than zero.
    """

    arrays: Arrays
    wrt: tuple[int, ...] = (0,)
    flat: tuple[int, ...] = ()
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


def unary(points: Points, curved: bool = True) -> list[Case]:
    """Two axes, one axis, and none."""
    return [
        Case(lambda rng, n: [points(rng, n, 3)], curved=curved),
        Case(lambda rng, n: [points(rng, n)], curved=curved),
        Case(lambda rng, n: [points(rng)], curved=curved),
    ]


def _of_shapes(
    points: Points, shapes: Callable[[int], tuple[Shape, Shape]], rng: Rng, n: int
) -> list[Any]:
    return [points(rng, *shape) for shape in shapes(n)]


def binary(points: Points, curved: bool) -> list[Case]:
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
    ]
    return [Case(partial(_of_shapes, points, shape), wrt=(0, 1), curved=curved) for shape in shapes]


def paired(
    left: Points, right: Points, curved: bool = True, flat: tuple[int, ...] = (), **fixed: Any
) -> list[Case]:
    """Equal shapes of two axes, and of one."""
    return [
        Case(lambda rng, n: [left(rng, n, 3), right(rng, n, 3)], (0, 1), flat, curved, fixed),
        Case(lambda rng, n: [left(rng, n), right(rng, n)], (0, 1), flat, curved, fixed),
    ]


def row_wise(points: Points, curved: bool = True, flat: tuple[int, ...] = ()) -> list[Case]:
    """Several classes, and one."""
    return [
        Case(lambda rng, n: [points(rng, n, 5), labels(rng, n, 5)], (0,), flat, curved),
        Case(lambda rng, n: [points(rng, n, 2), labels(rng, n, 2)], (0,), flat, curved),
    ]


def reduction(axis: int | None, keepdims: bool, ndim: int = 2) -> Case:
    return Case(
        lambda rng, n: [normal(rng, *(n, 3)[:ndim])], fixed={"axis": axis, "keepdims": keepdims}
    )


def reshaped(before: Callable[[int], Shape], after: Callable[[int], Shape]) -> Case:
    return Case(lambda rng, n: [normal(rng, *before(n))], fixed=lambda n: {"shape": after(n)})


CASES: dict[str, list[Case]] = {
    "negative": unary(normal, curved=False),
    "square": unary(normal),
    "sqrt": unary(positive),
    "exp": unary(normal),
    "log": unary(positive),
    "reciprocal": unary(away_from_zero),
    "sigmoid": unary(away_from_zero),
    "tanh": unary(away_from_zero),
    "relu": unary(lambda rng, *shape: away_from_zero(rng, *shape) + 0.05, curved=False)[:2],
    "add": binary(normal, curved=False),
    "subtract": binary(normal, curved=False),
    "multiply": binary(away_from_zero, curved=True),
    "divide": binary(away_from_zero, curved=True),
    "sigmoid_grad": paired(normal, probability),
    "tanh_grad": paired(normal, probability),
    "relu_grad": paired(normal, away_from_zero, curved=False, flat=(1,)),
    "squared_error": paired(normal, normal),
    "bce": paired(probability, probability),
    "bce_grad": paired(probability, probability),
    "bce_with_logits": paired(away_from_zero, probability),
    "binary_hits": paired(probability, probability, curved=False, flat=(0, 1), threshold=0.5),
    "softmax": [
        Case(lambda rng, n: [normal(rng, n, 5)], curved=True),
        Case(lambda rng, n: [normal(rng, n, 2)], curved=True),
    ],
    "cross_entropy": row_wise(distribution),
    "cross_entropy_with_logits": row_wise(normal),
    "one_hot": [Case(lambda rng, n: [labels(rng, n, 5)], wrt=(), fixed={"classes": 5})],
    "class_hits": row_wise(rows, curved=False, flat=(0,)),
    "sum": [
        reduction(None, False),
        reduction(None, True),
        reduction(0, False),
        reduction(0, True),
        reduction(1, False),
        reduction(1, True),
        reduction(0, False, ndim=1),
        reduction(None, True, ndim=1),
    ],
    "matmul": [
        Case(lambda rng, n: [normal(rng, n, 3), normal(rng, 3, 5)], (0, 1), curved=True),
        Case(lambda rng, n: [normal(rng, 5, n), normal(rng, n, 1)], (0, 1), curved=True),
        Case(lambda rng, n: [normal(rng, 1, 3), normal(rng, 3, n)], (0, 1), curved=True),
    ],
    "transpose": [
        Case(lambda rng, n: [normal(rng, n, 3)]),
        Case(lambda rng, n: [normal(rng, 1, n)]),
    ],
    "reshape": [
        reshaped(lambda n: (n,), lambda n: (n, 1)),
        reshaped(lambda n: (n, 6), lambda n: (2, 3 * n)),
        reshaped(lambda n: (1, 1), lambda n: ()),
    ],
    "broadcast_to": [
        reshaped(lambda n: (), lambda n: (n, 3)),
        reshaped(lambda n: (n, 1), lambda n: (n, 3)),
        reshaped(lambda n: (3,), lambda n: (n, 3)),
        reshaped(lambda n: (1,), lambda n: (n,)),
    ],
}
