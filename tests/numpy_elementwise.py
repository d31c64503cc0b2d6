"""Calls of NumPy's elementwise functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from case import apart, away_from_zero, between_whole, lower, near_one, positive, probability, upper
from numpy_call import Call, each, on, pairs

HALVES = (0.5, np.float32(0.25), np.array([0.25, 0.5, 0.75]))

UNARY: dict[Any, list[Call]] = {
    np.negative: each(np.negative),
    np.positive: each(np.positive),
    np.square: each(np.square),
    np.absolute: each(np.absolute),
    np.fabs: each(np.fabs),
    np.sign: each(np.sign),
    np.floor: each(np.floor, between_whole),
    np.ceil: each(np.ceil, between_whole),
    np.sqrt: each(np.sqrt, positive),
    np.reciprocal: each(np.reciprocal),
    np.exp: each(np.exp),
    np.exp2: each(np.exp2),
    np.expm1: each(np.expm1),
    np.log: each(np.log, positive),
    np.log2: each(np.log2, positive),
    np.log10: each(np.log10, positive),
    np.log1p: each(np.log1p, positive),
    np.sin: each(np.sin),
    np.cos: each(np.cos),
    np.tan: each(np.tan, probability),
    np.sinh: each(np.sinh),
    np.cosh: each(np.cosh),
    np.tanh: each(np.tanh),
    np.arcsin: each(np.arcsin, probability),
    np.arccos: each(np.arccos, probability),
    np.arctan: each(np.arctan),
    np.arcsinh: each(np.arcsinh),
    np.arccosh: each(lambda x: np.arccosh(x + 1), positive),
    np.arctanh: each(np.arctanh, probability),
    np.deg2rad: each(np.deg2rad),
    np.radians: each(np.radians),
    np.rad2deg: each(np.rad2deg),
    np.degrees: each(np.degrees),
    np.isnan: each(np.isnan),
    np.isfinite: each(np.isfinite),
    np.logical_not: each(np.logical_not),
}

BINARY: dict[Any, list[Call]] = {
    np.add: pairs(np.add),
    np.subtract: pairs(np.subtract),
    np.multiply: pairs(np.multiply),
    np.divide: pairs(np.divide),
    np.power: [
        *pairs(np.power, positive, away_from_zero),
        *on(
            lambda x: x**3 + x**-2 + x**0 + x**4.0 + np.power(x, np.array([1.0, 2.0, 3.0])),
            lambda x: np.power(x, 2) + np.power(np.sqrt(x * x), 0.5),
        ),
    ],
    np.float_power: [
        *pairs(np.float_power, positive, away_from_zero),
    ],
    np.arctan2: pairs(np.arctan2),
    np.hypot: pairs(np.hypot),
    np.logaddexp: pairs(np.logaddexp),
    np.maximum: [*pairs(np.maximum, lower, upper), *on(lambda x: np.maximum(x, 0))],
    np.minimum: [*pairs(np.minimum, lower, upper), *on(lambda x: np.minimum(0.0, x))],
    np.mod: pairs(np.mod, between_whole, near_one, numbers=()),
    np.floor_divide: pairs(np.floor_divide, between_whole, near_one, numbers=()),
    np.greater: pairs(np.greater, lower, upper, numbers=HALVES),
    np.greater_equal: pairs(np.greater_equal, lower, upper, numbers=HALVES),
    np.less: pairs(np.less, lower, upper, numbers=HALVES),
    np.less_equal: pairs(np.less_equal, lower, upper, numbers=HALVES),
    np.equal: pairs(np.equal, lower, upper, numbers=HALVES),
    np.not_equal: pairs(np.not_equal, lower, upper, numbers=HALVES),
    np.logical_and: [
        *pairs(np.logical_and),
        *on(lambda x: np.where((x > 0) & (x < 1), x, 0)),
    ],
    np.logical_or: [*pairs(np.logical_or), *on(lambda x: np.where((x < 0) | (x > 1), x, 2 * x))],
}

MASKS: dict[Any, list[Call]] = {
    np.invert: each(lambda x: ~(x > 0)),
    np.bitwise_and: on(lambda x: (x > 0) & (x < 1)),
    np.bitwise_or: on(lambda x: (x < 0) | (x > 1)),
    np.bitwise_xor: on(
        lambda x: (x < 1) ^ (x > 0), lambda x: np.array([True, False, True]) ^ (x > 0)
    ),
    np.logical_xor: pairs(np.logical_xor),
}

OTHER: dict[Any, list[Call]] = {
    np.where: [
        *on(
            lambda x, y: np.where(x > 0, x, y),
            lambda x, y: np.where(x > 0, x * y, -x) + np.where(y > 0, 1, 0),
            lambda x, y: np.where(np.array([True, False, True]), x, y),
            lambda x, y: np.where(x > y, 1.5, y),
            shapes=((4, 3), (3,)),
            points=apart,
        ),
        *on(lambda x, y: np.where(x[:, :1, None] > 0, y, 0.0), shapes=((2, 3), (2, 2, 3))),
    ],
    np.clip: [
        *on(
            lambda x: np.clip(x, -0.9, 1.1),
            lambda x: np.clip(x, None, 0.5),
            lambda x: np.clip(x, 0.25, None),
            lambda x: np.clip(x, np.array([-1.0, 0.0, 1.0]), 1.5),
            lambda x: x.clip(-1, 1),
        ),
        *on(lambda x, y: np.clip(x, y - 1, y + 1), shapes=((4, 3), (3,))),
    ],
    np.nan_to_num: on(np.nan_to_num, lambda x: np.nan_to_num(x, nan=1.0, posinf=2.0, neginf=-2.0)),
    np.copy: on(np.copy),
    np.real: on(np.real),
    np.astype: on(
        lambda x: np.astype(x, np.float64),
        lambda x: np.astype(x > 0, np.float32) * x,
        lambda x: (x > 0).astype(np.float64),
    ),
    np.result_type: on(lambda x: x * float(np.result_type(x, np.float32) == x.dtype)),
    np.shape: on(lambda x: x * np.shape(x)[0]),
    np.ndim: on(lambda x: x * np.ndim(x)),
    np.size: on(lambda x: x * np.size(x), lambda x: x * np.size(x, 1)),
    np.zeros_like: on(
        lambda x: x + np.zeros_like(x), lambda x: x[0] + np.zeros_like(x, shape=(3,))
    ),
    np.ones_like: on(lambda x: x + np.ones_like(x), lambda x: x + np.ones_like(x, np.float64)),
    np.full_like: on(lambda x: x * np.full_like(x, 2.5)),
    np.empty_like: on(lambda x: x * np.empty_like(x).ndim),
}
if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
    OTHER[np.clip] += on(lambda x: np.clip(x, min=-0.5, max=0.5))

ELEMENTWISE = UNARY | BINARY | OTHER | MASKS
