"""Functions of elements that are written with the table's operations; so their derivatives exist to any order.

The forms are those that stay exact where the textbook's would lose digits: arccosh by log1p, ...
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastbp.graph.dtypes import promoted
from fastbp.graph.expansions import scaled_down
from fastbp.graph.local_gradients import choose
from fastbp.graph.node import Node, apply, constant
from fastbp.graph.numpy_protocol import refuse


def two(a: Any, b: Any) -> tuple[Node, Node]:
    """Both as nodes; one of them is."""
    if isinstance(a, Node):
        return a, a._operand(b)
    return b._operand(a), b


def tan(x: Node) -> Node:
    """sin / cos."""
    return apply("sin", x) / apply("cos", x)


def arcsin(x: Node) -> Node:
    """The angle whose sine is x."""
    return apply("arctan2", x, apply("sqrt", (1 - x) * (1 + x)))


def arccos(x: Node) -> Node:
    """The angle whose cosine is x."""
    return apply("arctan2", apply("sqrt", (1 - x) * (1 + x)), x)


def arccosh(x: Node) -> Node:
    """log(x + sqrt(x^2 - 1)), of t = x - 1."""
    t, (scale, lost) = x - 1, scaled_down(x)
    inner = scale * t + (scale * apply("sqrt", t)) * apply("sqrt", x + 1)
    return apply("log1p", inner) + lost


def arctanh(x: Node) -> Node:
    """log((1 + x) / (1 - x)) / 2."""
    return 0.5 * (apply("log1p", x) - apply("log1p", -x))


def exp2(x: Node) -> Node:
    """2^x."""
    return apply("power", *two(2.0, x))


def log2(x: Node) -> Node:
    """Logarithm to base 2."""
    return apply("log", x) * (1 / math.log(2))


def log10(x: Node) -> Node:
    """Logarithm to base 10."""
    return apply("log", x) * (1 / math.log(10))


def logaddexp(a: Any, b: Any) -> Node:
    """log(exp(a) + exp(b))."""
    return apply("logaddexp", *two(a, b))


def hypot(a: Any, b: Any) -> Node:
    """sqrt(a^2 + b^2), whose gradient at 0 is 0."""
    return apply("hypot", *two(a, b))


def float_power(a: Any, b: Any) -> Node:
    """a^b in float64."""
    base, exponent = two(a, b)
    return base.astype(np.float64) ** exponent.astype(np.float64)


def less(a: Any, b: Any) -> Node:
    """1 where a < b."""
    a, b = two(a, b)
    return apply("greater", b, a)


def less_equal(a: Any, b: Any) -> Node:
    """1 where a <= b."""
    a, b = two(a, b)
    return apply("greater_equal", b, a)


def floor_divide(a: Any, b: Any) -> Node:
    """The whole number below a / b; by 0 and by infinity as NumPy has it."""
    a, b = two(a, b)
    if a.dtype.kind == b.dtype.kind == "b":
        a, b = (n._declared(np.dtype(np.int8)) for n in (a, b))
    quotient = a / b
    real = quotient.dtype
    below = apply("floor", (a - apply("mod", a, b)) / b + 0.5)
    falls = apply("greater", constant(0, a.dtype), a * apply("sign", b))
    across = choose(falls, constant(-1.0, real), 0.0) + (a - a)  # NaN for an infinite a
    infinite = apply("equal", apply("absolute", b), constant(np.inf, real))
    found = choose(logical_not(b), quotient, choose(infinite, across, below))
    return found._declared(promoted((a, b)))


def _mask(x: Any) -> Node:
    return apply("not_equal", x, constant(0, x.dtype))


def logical_and(a: Any, b: Any) -> Node:
    """1 where both are other than 0."""
    a, b = two(a, b)
    return _mask(a) * _mask(b)


def logical_or(a: Any, b: Any) -> Node:
    """1 where one is other than 0."""
    a, b = two(a, b)
    return apply("maximum", _mask(a), _mask(b))


def logical_not(x: Node) -> Node:
    """1 where x is 0."""
    return apply("equal", x, constant(0, x.dtype))


def logical_xor(a: Any, b: Any) -> Node:
    """1 where one of both is other than 0."""
    a, b = two(a, b)
    return apply("not_equal", _mask(a), _mask(b))


def of_bits(name: str, of_masks: Callable[..., Node]) -> Callable[..., Node]:
    """A function of bits: of masks it is one of truths; whole numbers that follow from floats have no bits."""

    def call(*values: Any) -> Node:
        node = next(v for v in values if isinstance(v, Node))
        kinds = {node._operand(v).dtype.kind for v in values}
        if kinds == {"b"}:
            return of_masks(*values)
        if "f" in kinds:
            raise TypeError(f"np.{name}: floats have no bits; & | ^ ~ combine masks (comparisons)")
        way_out = "Compute it with NumPy beforehand, or write it with + - * // and %"
        refuse(f"np.{name} of whole numbers that follow from floats", way_out)

    return call


def isnan(x: Node) -> Node:
    """1 where x is not a number."""
    return apply("not_equal", x, x)


def isfinite(x: Node) -> Node:
    """1 where x is a number and not infinite."""
    return apply("equal", x - x, constant(0.0, x.dtype))


def nan_to_num(
    x: Node, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Node:
    """`nan` for NaN, the largest numbers (or what is given) for infinities."""
    limit = float(np.finfo(x.dtype if x.dtype.kind == "f" else np.float64).max)
    high, low = limit if posinf is None else posinf, -limit if neginf is None else neginf
    number = choose(isnan(x), float(nan), x)
    number = choose(apply("equal", x, constant(np.inf, x.dtype)), float(high), number)
    return choose(apply("equal", x, constant(-np.inf, x.dtype)), float(low), number)


def where(condition: Any, a: Any, b: Any) -> Node:
    """`a` where the condition holds, else `b`; broadcast."""
    node = next(v for v in (a, b, condition) if isinstance(v, Node))
    c, first, second = (node._operand(v) for v in (condition, a, b))
    shape = np.broadcast_shapes(c.shape, first.shape, second.shape)
    full = [
        n if n.shape == shape else apply("broadcast_to", n, shape=shape) for n in (c, first, second)
    ]
    return apply("where", *full)


def clip(x: Any, low: Any = None, high: Any = None) -> Node:
    """x, but at least `low` and at most `high`."""
    node = next(v for v in (x, low, high) if isinstance(v, Node))
    x = node._operand(x)
    if low is not None:
        x = apply("maximum", *two(x, low))
    if high is not None:
        x = apply("minimum", *two(x, high))
    return x
