"""Operations that no kernel computes, written with simpler ones.

The compiler asks for them after differentiation: until then the operation is one node, with a local gradient that
holds where the simpler ones' would not (at 0, or where exp overflows).
"""

from __future__ import annotations

import math

from fastbp.graph.local_gradients import choose, kept
from fastbp.graph.node import Node, apply, constant


def norm(node: Node, x: Node) -> Node:
    """sqrt(sum(x * x))."""
    return apply("sqrt", apply("sum", apply("square", x), **node.attrs))


def norm_power(node: Node, x: Node) -> Node:
    """norm(x)^power."""
    attrs = {"axis": node.attrs["axis"], "keepdims": node.attrs["keepdims"]}
    found: Node = apply("norm", x, **attrs) ** node.attrs["power"]
    return found


def logsumexp(node: Node, x: Node) -> Node:
    """m + log(sum(exp(x - m))), m the maximum, or 0 where that is infinite."""
    axis = node.attrs["axis"]
    top = apply("max", x, axis=axis, keepdims=False)
    finite = apply("equal", top - top, constant(0.0, x.dtype))
    top = choose(finite, top, 0.0)
    inside = apply("exp", x - kept(top, node, x))
    summed = apply("log", apply("sum", inside, axis=axis, keepdims=False)) + top
    return summed.reshape(node.shape)


def capped(x: Node) -> Node:
    """x, at most 1e18: where x / (x + 1) has long been 1, and x * x is not infinite."""
    return apply("minimum", x, constant(1e18, x.dtype))


def sinh(node: Node, x: Node) -> Node:
    """(exp(x) - exp(-x)) / 2, of e = exp(|x|) - 1: (e + e / (e + 1)) / 2, where e = t (t + 2) of t = exp(|x| / 2) - 1.

    exp(|x|) is infinite where half of it is not yet.
    """
    t = apply("expm1", 0.5 * apply("absolute", x))
    most = capped(t * (t + 2))
    return apply("sign", x) * ((0.5 * t) * (t + 2) + 0.5 * (most / (most + 1)))


def cosh(node: Node, x: Node) -> Node:
    """(exp(x) + exp(-x)) / 2, of h = exp(|x| / 2): (h h + 1 / (h h)) / 2."""
    h = apply("exp", 0.5 * apply("absolute", x))
    return (0.5 * h) * h + 0.5 / (h * h)


def arcsinh(node: Node, x: Node) -> Node:
    """log(x + sqrt(x^2 + 1)), of a = |x|: log1p(a + a^2 / (1 + sqrt(a^2 + 1)))."""
    a = apply("absolute", x)
    most, (scale, lost) = capped(a), scaled_down(a)
    a = scale * a
    inner = a + a * (most / (1 + apply("sqrt", most * most + 1)))
    return apply("sign", x) * (apply("log1p", inner) + lost)


def scaled_down(x: Node) -> tuple[Node, Node]:
    """A factor for what is in a log1p, and what that takes from it: 1 and 0; from 1e18 on, where 1 is nothing, 1/4."""
    large = apply("greater", x, constant(1e18, x.dtype))
    return choose(large, constant(0.25, x.dtype), 1.0), choose(
        large, constant(math.log(4), x.dtype), 0.0
    )


def logaddexp(node: Node, a: Node, b: Node) -> Node:
    """max(a, b) + log1p(exp(-|a - b|)); equal infinities are themselves."""
    e = apply("exp", -apply("absolute", a - b))
    apart = apply("maximum", a, b) + apply("log1p", e)
    return choose(apply("equal", a, b), a + math.log(2), apart)


def hypot(node: Node, a: Node, b: Node) -> Node:
    """m sqrt(1 + (n / m)^2) of the larger and the smaller size; infinite where one is, even beside NaN."""
    a, b = apply("absolute", a), apply("absolute", b)
    m, n = apply("maximum", a, b), apply("minimum", a, b)
    zero, infinity = constant(0.0, m.dtype), constant(math.inf, m.dtype)
    ratio = n / choose(apply("equal", m, zero), 1.0, m)
    either = apply("maximum", apply("equal", a, infinity), apply("equal", b, infinity))
    return choose(either, infinity, m * apply("sqrt", 1 + ratio * ratio))
