"""Random functions of rows, columns and numbers, which any library with NumPy's functions can compute.

A program is a list of instructions on what it has so far, the arguments first. It is drawn for a number of rows that
is the size of nothing else, and then runs for any number of them. Its operations are continuous, and their values
stay near 1, so that differences tell a gradient; no two equal numbers are compared, except copies of one.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

N = 37  # the rows that programs are drawn for
SMALL = (1, 3, 5, 8, 17), (1, 2, 7, 16)  # columns of X, and of what W makes of it
LARGE = (64, 200, 784), (16, 64, 128)  # with work for which some tens of rows are cut into blocks
CLASSES = 3  # labels are below: fewer than any width that is indexed by them
MOST = 1 << 16  # elements of a value, for N rows

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Instruction:
    """An operation on earlier values, by their places; `number` is one that it may use."""

    name: str
    operands: tuple[int, ...]
    axis: int | None
    keepdims: bool
    number: float


@dataclass(frozen=True)
class Program:
    """What a function does: `widths` are the columns of X and of what W makes of it."""

    widths: tuple[int, int]
    instructions: tuple[Instruction, ...]
    results: tuple[int, ...]
    linear: bool = False  # whether `number` is

    def arguments(self, rows: int, dtype: str, seed: int) -> dict[str, Any]:
        """X, a weight and a target for each row; parameters; a label for each row."""
        rng = np.random.default_rng([seed, rows])
        m, k = self.widths
        shapes = {"X": (rows, m), "a": (rows,), "y": (rows,), "W": (m, k), "b": (k,), "s": ()}
        found: dict[str, Any] = {
            name: np.asarray(rng.normal(size=shape), dtype) for name, shape in shapes.items()
        }
        return found | {"labels": rng.integers(0, CLASSES, rows)}

    def values(self, xp: Any, arguments: dict[str, Any]) -> list[Any]:
        """Every value, with the functions of `xp`."""
        known = [arguments[name] for name in ARGUMENTS]
        for one in self.instructions:
            operands = [known[i] for i in one.operands]
            known.append(OPERATIONS[one.name].call(xp, one, arguments["labels"], *operands))
        return known

    def __call__(self, xp: Any, arguments: dict[str, Any]) -> tuple[Any, ...]:
        """The results."""
        known = self.values(xp, arguments)
        return tuple(known[i] for i in self.results)

    def number(self, xp: Any, arguments: dict[str, Any]) -> Any:
        """One number of all results, which each element changes: a mean over rows where there are any."""
        total = 0.0
        for i, value in enumerate(self(xp, arguments)):
            total = total + (0.5 + 0.3 * i) * xp.mean(value if self.linear else xp.sin(value))
        return total

    def __str__(self) -> str:
        lines = [f"X: (n, {self.widths[0]}), W: {self.widths}"]
        for i, one in enumerate(self.instructions, len(ARGUMENTS)):
            names = [_name(place) for place in one.operands]
            lines.append(
                f"{_name(i)} = {one.name}({', '.join(names)}, {one.axis}, {one.keepdims}, {one.number:.3f})"
            )
        how = "linear" if self.linear else "of sines"
        return "\n".join([*lines, f"gives {', '.join(map(_name, self.results))}, {how}"])


ARGUMENTS = ("X", "a", "y", "W", "b", "s")


def _name(place: int) -> str:
    return ARGUMENTS[place] if place < len(ARGUMENTS) else f"v{place}"


# ---------------------------------------------------------------- operations


@dataclass(frozen=True)
class Operation:
    """What is computed, and which shapes it takes."""

    call: Callable[..., Any]
    takes: Callable[..., bool]
    count: int


OPERATIONS: dict[str, Operation] = {}


def of_one(takes: Callable[[Shape], bool] = lambda s: True) -> Callable[..., Any]:
    """An operation on one value."""
    return _operation(takes, 1)


def of_two(takes: Callable[[Shape, Shape], bool]) -> Callable[..., Any]:
    """An operation on two values."""
    return _operation(takes, 2)


def _operation(takes: Callable[..., bool], count: int) -> Callable[..., Any]:
    def enter(call: Callable[..., Any]) -> Callable[..., Any]:
        OPERATIONS[call.__name__] = Operation(call, takes, count)
        return call

    return enter


def is_matrix(s: Shape) -> bool:
    return len(s) == 2


def has_axes(s: Shape) -> bool:
    return len(s) > 0


def is_rows(s: Shape) -> bool:
    return s[:1] == (N,)


def is_row_matrix(s: Shape) -> bool:
    return is_rows(s) and is_matrix(s)


def together(a: Shape, b: Shape) -> bool:
    """Whether they broadcast, to something of a bearable size."""
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError:
        return False
    return len(shape) <= 3 and int(np.prod(shape)) <= MOST


def multiply_as_matrices(a: Shape, b: Shape) -> bool:
    return bool(a and b) and len(a) < 3 and len(b) < 3 and a[-1] == b[0]


# A constant of each place in a program: what was cut off at one is not compared with it again.


@of_one()
def tanh(xp, one, labels, x):
    return xp.tanh(x)


@of_one()
def sine(xp, one, labels, x):
    return xp.sin(x * one.number)


@of_one()
def exponential(xp, one, labels, x):
    return xp.exp(-xp.sqrt(x * x + 0.1))


@of_one()
def logistic(xp, one, labels, x):
    return 1 / (1 + xp.exp(-x))


@of_one()
def root(xp, one, labels, x):
    return xp.sqrt(x * x + 1) - one.number


@of_one()
def logarithm(xp, one, labels, x):
    return xp.log(xp.abs(x) + 1)


@of_one()
def log_one_more(xp, one, labels, x):
    return xp.log1p(xp.abs(x - one.number))


@of_one()
def quotient(xp, one, labels, x):
    return x / (1 + x**2)


@of_one()
def rectified(xp, one, labels, x):
    return xp.maximum(x, one.number)


@of_one()
def clipped(xp, one, labels, x):
    return xp.clip(x, -1 - one.number, 1 + one.number)


@of_one()
def leaky(xp, one, labels, x):
    return xp.where(x > one.number, x - one.number, 0.3 * (x - one.number))


@of_one()
def powered(xp, one, labels, x):
    return (x * x + 0.5) ** one.number


@of_one()
def angle(xp, one, labels, x):
    return xp.arctan(x) - one.number * x


@of_two(together)
def add(xp, one, labels, a, b):
    return a + one.number * b


@of_two(together)
def subtract(xp, one, labels, a, b):
    return a - b


@of_two(together)
def multiply(xp, one, labels, a, b):
    return a * xp.tanh(b)


@of_two(together)
def divide(xp, one, labels, a, b):
    return a / (1 + b * b)


@of_two(together)
def larger(xp, one, labels, a, b):
    return xp.maximum(a, b + one.number)


@of_two(together)
def smaller(xp, one, labels, a, b):
    return xp.minimum(a + one.number, b)


@of_two(together)
def angle_of(xp, one, labels, a, b):
    return xp.arctan2(a, 1 + b * b)


@of_two(together)
def log_add(xp, one, labels, a, b):
    return xp.logaddexp(a, b)


@of_two(together)
def length(xp, one, labels, a, b):
    return xp.sqrt(a**2 + b**2 + 0.1)


@of_two(multiply_as_matrices)
def product(xp, one, labels, a, b):
    return (a @ b) * (1 / a.shape[-1] ** 0.5)


@of_two(lambda a, b: is_matrix(a) and is_matrix(b) and a[0] == b[0] and a[1] * b[1] <= MOST)
def product_over_rows(xp, one, labels, a, b):
    return (xp.transpose(a) @ b) * (1 / a.shape[0] ** 0.5)


@of_two(lambda a, b: is_matrix(a) and is_matrix(b) and a[1] == b[1] and a[0] * b[0] <= MOST)
def product_of_columns(xp, one, labels, a, b):
    return xp.matmul(a, b.T) * (1 / a.shape[1] ** 0.5)


def _axis(one: Instruction, x: Any) -> int | None:
    return None if one.axis is None or not x.ndim else one.axis % x.ndim


def _count(one: Instruction, x: Any) -> int:
    axis = _axis(one, x)
    return x.size if axis is None else x.shape[axis]


@of_one(has_axes)
def summed(xp, one, labels, x):
    total = xp.sum(x, axis=_axis(one, x), keepdims=one.keepdims)
    return total * (1 / _count(one, x) ** 0.5)


@of_one(has_axes)
def mean(xp, one, labels, x):
    return xp.mean(x, axis=_axis(one, x), keepdims=one.keepdims)


@of_one(has_axes)
def largest(xp, one, labels, x):
    return xp.max(x, axis=_axis(one, x), keepdims=one.keepdims)


@of_one(has_axes)
def smallest(xp, one, labels, x):
    return xp.min(x, axis=_axis(one, x), keepdims=one.keepdims)


@of_one(has_axes)
def variance(xp, one, labels, x):
    return xp.var(x, axis=_axis(one, x), keepdims=one.keepdims)


@of_one(has_axes)
def deviation(xp, one, labels, x):
    return xp.sqrt(xp.var(x, axis=_axis(one, x), keepdims=one.keepdims) + 0.2)


@of_one(has_axes)
def log_sum_exp(xp, one, labels, x):
    total = xp.sum(xp.exp(xp.tanh(x)), axis=_axis(one, x), keepdims=one.keepdims)
    return xp.log(total * (1 / _count(one, x)))


@of_one(has_axes)
def multiplied(xp, one, labels, x):
    factors = 1 + xp.tanh(x) * (1 / _count(one, x))
    return xp.prod(factors, axis=_axis(one, x), keepdims=one.keepdims)


@of_one(has_axes)
def running(xp, one, labels, x):
    axis = _axis(one, x)
    return xp.cumsum(x, axis=axis) * (1 / _count(one, x) ** 0.5)


@of_one(has_axes)
def centred(xp, one, labels, x):
    return x - xp.mean(x, axis=_axis(one, x), keepdims=True)


@of_one(is_matrix)
def log_softmax(xp, one, labels, x):
    axis = _axis(one, x)
    return x - xp.log(xp.sum(xp.exp(x - 1), axis=axis, keepdims=True)) - 1


@of_one(is_matrix)
def softmax(xp, one, labels, x):
    e = xp.exp(xp.tanh(x))
    return e / xp.sum(e, axis=1, keepdims=True)


@of_one(has_axes)
def ordered(xp, one, labels, x):
    return xp.sort(x, axis=-1 if one.axis is None else _axis(one, x))


@of_one(is_matrix)
def by_order(xp, one, labels, x):
    axis = 1 if one.axis is None else _axis(one, x)
    return xp.take_along_axis(x * x, xp.argsort(x, axis=axis), axis=axis)


@of_one(has_axes)
def reversed_rows(xp, one, labels, x):
    return x[::-1]


@of_one(is_rows)
def shuffled_rows(xp, one, labels, x):
    places = np.random.default_rng(int(one.number * 1e6)).integers(0, len(x), len(x))
    return x[places]


@of_one(is_matrix)
def some_columns(xp, one, labels, x):
    m = x.shape[1]
    return x[:, np.arange(0, 2 * m, 2) % m]


@of_one(is_matrix)
def first_column(xp, one, labels, x):
    return x[:, 0]


@of_one(is_matrix)
def middle_columns(xp, one, labels, x):
    return x[:, x.shape[1] // 3 :]


@of_one(is_rows)
def first_row(xp, one, labels, x):
    return x[0]


@of_one(lambda s: len(s) == 1)
def as_column(xp, one, labels, x):
    return x[:, None]


@of_one(is_matrix)
def turned(xp, one, labels, x):
    return xp.transpose(x)


@of_one(has_axes)
def rolled(xp, one, labels, x):
    return xp.roll(x, 1, axis=_axis(one, x) or 0)


@of_one(is_row_matrix)
def flat_and_back(xp, one, labels, x):
    return xp.reshape(xp.reshape(x, (-1,)) * one.number, (len(x), -1))


@of_one(is_row_matrix)
def differences(xp, one, labels, x):
    return xp.concatenate([x[:, :1], x[:, 1:] - x[:, :-1]], axis=1)


@of_two(lambda a, b: is_row_matrix(a) and is_row_matrix(b) and a[1] + b[1] < 400)
def side_by_side(xp, one, labels, a, b):
    return xp.concatenate([a, xp.tanh(b)], axis=1)


@of_two(lambda a, b: is_matrix(a) and is_matrix(b) and a[1] == b[1])
def one_upon_the_other(xp, one, labels, a, b):
    return xp.concatenate([a, b], axis=0)


@of_two(lambda a, b: a == b and len(a) == 1)
def stacked(xp, one, labels, a, b):
    return xp.stack([a, b], axis=(one.axis or 0) % 2)


@of_one(lambda s: is_row_matrix(s) and s[1] >= CLASSES)
def at_labels(xp, one, labels, x):
    return x[np.arange(len(x)), labels]


@of_one(lambda s: len(s) > 0 and s[0] >= CLASSES and not is_rows(s))
def rows_at_labels(xp, one, labels, x):
    return x[labels]


@of_one(lambda s: is_row_matrix(s) and s[1] >= CLASSES)
def cross_entropy(xp, one, labels, x):
    shifted = x - xp.max(x, axis=1, keepdims=True)
    return xp.log(xp.sum(xp.exp(shifted), axis=1)) - shifted[np.arange(len(x)), labels]


# ---------------------------------------------------------------- drawing


def program(seed: int, length: int) -> Program:
    """The program of a seed, of up to so many operations; a longer one begins with the shorter one."""
    rng = random.Random(seed)
    columns, units = rng.choice((SMALL, LARGE))
    widths = rng.choice(columns), rng.choice(units)
    arguments = Program(widths, (), ()).arguments(N, "float64", 0)
    known = [arguments[name] for name in ARGUMENTS]
    found: list[Instruction] = []
    for place in range(length):
        own = random.Random(rng.random())  # so that what follows does not depend on it
        first = place == 0 and own.random() < 0.7  # most functions begin with a layer
        one = Instruction("product", (0, 3), None, False, 1.0) if first else _drawn(own, known)
        value = None if one is None else _value(one, arguments, known)
        if one is not None and value is not None:
            found.append(one)
            known.append(value)
    last = len(known) - 1
    results = [last, *(rng.randint(0, last) for _ in range(rng.choice((0, 0, 1, 2))))]
    return Program(widths, tuple(found), tuple(results), rng.random() < 0.5)


def _drawn(rng: random.Random, known: list[Any]) -> Instruction | None:
    name = rng.choice(sorted(OPERATIONS))
    operation = OPERATIONS[name]
    shapes = [value.shape for value in known]
    places = range(len(known))
    choices: list[tuple[int, ...]]
    if operation.count == 1:
        choices = [(i,) for i in places if operation.takes(shapes[i])]
    else:
        choices = [
            (i, j)
            for i in places
            for j in places
            if i != j and operation.takes(shapes[i], shapes[j])
        ]
    if not choices:
        return None
    newest = [one for one in choices if len(known) - 1 in one]
    operands = rng.choice(newest if newest and rng.random() < 0.7 else choices)
    # No two places have the same number, and none of them is 0 or 1.
    number = 0.137 + 0.0713 * len(known)
    return Instruction(name, operands, rng.choice((None, 0, 1)), rng.random() < 0.4, number)


def _value(one: Instruction, arguments: dict[str, Any], known: list[Any]) -> Any:
    """What it makes for N rows; None where that is too large, or has more axes than the operations take."""
    operands = [known[i] for i in one.operands]
    value = np.asarray(OPERATIONS[one.name].call(np, one, arguments["labels"], *operands))
    fits = value.ndim <= 3 and value.size <= MOST and np.isfinite(value).all()
    return value if fits and np.abs(value).max(initial=0) < 100 else None
