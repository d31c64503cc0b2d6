"""Random functions of whole numbers, and arrays at the ends of what dtypes and floats hold."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
POWERS = (0, 7, 8, 15, 16, 24, 31, 32, 53, 63)
EDGES = sorted({s * (2**k + d) for k in POWERS for d in (-2, -1, 0, 1) for s in (1, -1)})

Function = Callable[..., Any]

UNARY: tuple[Function, ...] = (
    operator.neg,
    operator.invert,
    abs,
    np.square,
    np.sign,
    np.logical_not,
    lambda a: a**2,
    lambda a: a**3,
    lambda a: a.astype(np.int8),
    lambda a: a.astype(np.uint16),
    lambda a: a.astype(bool),
    lambda a: a.sum(axis=1, keepdims=True),
    lambda a: np.cumsum(a, axis=1),
    lambda a: np.prod(a, axis=1, keepdims=True),
    lambda a: np.max(a, axis=1, keepdims=True),
    lambda a: np.sort(a, axis=1),
    lambda a: np.argsort(a, axis=1, kind="stable"),
    lambda a: a[:, ::-1],
    lambda a: a.reshape(len(a), -1),
    lambda a: np.flip(a, 1),
    lambda a: np.clip(a, 0, 100),
    lambda a: np.concatenate([a, a], axis=1)[:, :3],
    lambda a: np.any(a, axis=1, keepdims=True),
)
BINARY: tuple[Function, ...] = (
    operator.add,
    operator.sub,
    operator.mul,
    operator.mod,
    operator.floordiv,
    operator.and_,
    operator.or_,
    operator.xor,
    operator.gt,
    operator.ge,
    operator.lt,
    operator.eq,
    operator.ne,
    np.maximum,
    np.minimum,
    np.power,
    np.gcd,
    np.logical_and,
    np.logical_xor,
    lambda a, b: np.where(a > b, a, b),
    lambda a, b: a << (b & 7),
    lambda a, b: a >> (b & 7),
    lambda a, b: np.isin(a, [0, 1, 2**15]),
)
MIXING: tuple[Function, ...] = (
    lambda a: a.sum(),
    lambda a: a.max(axis=0),
    lambda a: a.T @ a,
    lambda a: np.sort(a, axis=0),
    lambda a: a[::-1],
    lambda a: a - a.min(),
    lambda a: np.cumsum(a, axis=0),
)


def array(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> Any:
    """Numbers at the ends of dtypes, and small ones."""
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    limits = np.iinfo(dtype)
    fit = [v for v in EDGES if limits.min <= v <= limits.max] + list(range(9))
    return np.array(fit, dtype=dtype)[rng.integers(0, len(fit), shape)]


def expression(
    rng: np.random.Generator, depth: int, leaves: int, unary: tuple[Function, ...] = UNARY
) -> Function:
    """A random function of some arrays."""
    if depth == 0:
        which = int(rng.integers(0, leaves))
        return lambda *args: args[which]
    kind = rng.random()
    first = expression(rng, depth - 1, leaves, unary)
    if kind < 0.4:
        one = unary[int(rng.integers(0, len(unary)))]
        return lambda *args: one(first(*args))
    two = BINARY[int(rng.integers(0, len(BINARY)))]
    if kind < 0.6:
        number = int(rng.choice([0, 1, 2, 3, 7, 300, 32768, 65536, 2**24 + 1, 2**53 + 1, 2**62]))
        if kind < 0.5:
            return lambda *args: two(first(*args), number)
        return lambda *args: two(number, first(*args))
    second = expression(rng, depth - 1, leaves, unary)
    return lambda *args: two(first(*args), second(*args))


def outcome(function: Function, *args: Any) -> Any:
    """What a function returns, or the kind of its error."""
    try:
        with np.errstate(all="ignore"):
            return function(*args)
    except (TypeError, ValueError, OverflowError, IndexError) as error:
        return type(error)
