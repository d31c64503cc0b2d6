"""For each operation: points at which its gradients are checked.

Sizes come from `n`, so that 0, 1 and odd sizes are covered. Points keep away from kinks and
steps, which lie at 0, at 0.5, at whole numbers and, between operands and classes, at equal values.
"""

from __future__ import annotations

from dataclasses import replace

from case import (
    Case,
    along,
    apart,
    away_from_zero,
    between_whole,
    binary,
    build,
    distribution,
    few,
    labels,
    lower,
    near_one,
    normal,
    of_shapes,
    paired,
    positive,
    probability,
    reductions,
    row_wise,
    rows,
    truths,
    unary,
    upper,
)
from move_cases import MOVE_CASES

__all__ = ["CASES", "Case", "build"]

_CHOSEN = (truths, normal, normal)

CASES: dict[str, list[Case]] = {
    "negative": unary(normal, curved=False),
    "square": unary(normal),
    "absolute": unary(away_from_zero, curved=False),
    "sign": unary(away_from_zero, curved=False, flat=(0,)),
    "single": unary(
        lambda rng, *shape: normal(rng, *shape).astype("float32").astype(float), curved=False
    ),
    "floor": unary(between_whole, curved=False, flat=(0,)),
    "ceil": unary(between_whole, curved=False, flat=(0,)),
    "sqrt": unary(positive),
    "sinh": unary(away_from_zero),
    "cosh": unary(away_from_zero),
    "arcsinh": unary(away_from_zero),
    "hypot": binary(away_from_zero, curved=True),
    "logaddexp": binary(normal, curved=True),
    "exp": unary(normal),
    "expm1": unary(normal),
    "log": unary(positive),
    "log1p": unary(positive),
    "sin": unary(away_from_zero),
    "cos": unary(normal),
    "arctan": unary(away_from_zero),
    "erf": unary(away_from_zero),
    "reciprocal": unary(away_from_zero),
    "sigmoid": unary(away_from_zero),
    "tanh": unary(away_from_zero),
    "relu": [
        case
        for i, case in enumerate(
            unary(lambda rng, *shape: away_from_zero(rng, *shape) + 0.05, curved=False)
        )
        if i != 2
    ],
    "softplus": unary(normal),
    "identity": unary(normal, curved=False),
    "add": binary(normal, curved=False),
    "subtract": binary(normal, curved=False),
    "multiply": binary(away_from_zero, curved=True),
    "divide": binary(away_from_zero, curved=True),
    "power": binary(positive, away_from_zero, curved=True),
    "arctan2": binary(away_from_zero, curved=True),
    "maximum": binary(lower, upper, curved=False),
    "minimum": binary(lower, upper, curved=False),
    "mod": binary(between_whole, near_one, curved=False),
    "greater": binary(lower, upper, curved=False, flat=(0, 1)),
    "greater_equal": binary(lower, upper, curved=False, flat=(0, 1)),
    "equal": binary(few, curved=False, flat=(0, 1)),
    "not_equal": binary(few, curved=False, flat=(0, 1)),
    "where": [
        Case(lambda rng, n: of_shapes(_CHOSEN, lambda n: ((n, 3),) * 3, rng, n), (1, 2)),
        Case(lambda rng, n: of_shapes(_CHOSEN, lambda n: ((2, n, 3),) * 3, rng, n), (1, 2)),
        Case(lambda rng, n: [2.0 * truths(rng, n), normal(rng, n), normal(rng, n)], (1, 2)),
    ],
    "sigmoid_grad": paired(normal, probability),
    "tanh_grad": paired(normal, probability),
    "relu_grad": paired(normal, away_from_zero, curved=False, flat=(1,)),
    "ramp_grad": paired(normal, away_from_zero, curved=False, flat=(1,)),
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
    "sum": reductions(normal),
    "max": reductions(apart, least=1),
    "min": reductions(apart, least=1),
    "norm": reductions(away_from_zero, curved=True),
    "norm_power": [
        replace(one, fixed={**one.attrs(4), "power": 3.0})
        for one in reductions(away_from_zero, curved=True)
    ],
    "logsumexp": reductions(normal, curved=True, least=1),
    "cumsum": [
        along(normal, lambda n: (n, 3), axis=0, reverse=False),
        along(normal, lambda n: (n, 3), axis=0, reverse=True),
        along(normal, lambda n: (n, 3), axis=1, reverse=False),
        along(normal, lambda n: (n, 3), axis=1, reverse=True),
        along(normal, lambda n: (n,), axis=0, reverse=False),
        along(normal, lambda n: (2, n, 3), axis=1, reverse=False),
        along(normal, lambda n: (2, 3, n, 2), axis=2, reverse=True),
    ],
    **MOVE_CASES,
}
