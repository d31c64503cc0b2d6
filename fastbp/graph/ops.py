"""The table of operations: one row each.

A row says how the operation is called, what it computes, which shape comes out, and which local
gradients, as nodes, its operands get from the gradient `g` of the result `out`. Formulas use
NumPy's names, with `max` for the larger of two numbers; `y` holds class indices, one a row, in
the row-wise operations. Every engine step, gradient check and reference belongs to one row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fastbp.graph import expansions as expand
from fastbp.graph import local_gradients as grad
from fastbp.graph import shapes
from fastbp.graph.dtypes import (
    chosen_dtype,
    first_dtype,
    floating,
    narrow,
    promoted,
    signed,
    summed,
    truth,
    whole,
)
from fastbp.graph.node import OPS, Node, Op, apply, constant

__all__ = ["BROADCASTING", "ELEMENTWISE", "OPS", "PAIRED", "UNARY", "Op", "apply"]


def _row(
    call: str,
    formula: str,
    shape: Callable[..., tuple[int, ...]],
    local: Callable[..., tuple[Node | None, ...]],
    dtype: Callable[..., Any] = floating,
    expand: Callable[..., Node] | None = None,
) -> Op:
    """A row from the call as it is written: operands, then fixed arguments behind a bar."""
    name, _, inside = call.removesuffix(")").partition("(")
    operands, _, fixed = inside.partition("|")
    return Op(name, _words(operands), formula, shape, local, _words(fixed), dtype, expand)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _nothing(out: Node, g: Node, *inputs: Node) -> tuple[None, ...]:
    """Piecewise constant: the gradient is zero wherever there is one."""
    return (None,) * len(inputs)


def _gathered(out: Node, g: Node, x: Node) -> tuple[Node]:
    return (apply("scatter", g, index=out.attrs["index"], shape=x.shape),)


def _scattered(out: Node, u: Node, g: Node) -> tuple[Node]:
    return (apply("gather", u, index=out.attrs["index"], shape=g.shape),)


def _columns_gathered(out: Node, g: Node, x: Node) -> tuple[Node]:
    return (apply("scatter_columns", g, index=out.attrs["index"], width=x.shape[1]),)


def _columns_scattered(out: Node, u: Node, g: Node) -> tuple[Node]:
    return (apply("gather_columns", u, index=out.attrs["index"]),)


def _summed_up(out: Node, g: Node, x: Node) -> tuple[Node]:
    return (apply("cumsum", g, axis=out.attrs["axis"], reverse=not out.attrs["reverse"]),)


# fmt: off
_TABLE: tuple[Op, ...] = (
    # of one operand, element by element
    _row("negative(x)", "-x", shapes.unary, lambda out, g, x: (-g,), signed),
    _row("square(x)", "x * x", shapes.unary, lambda out, g, x: (grad.product(g, 2 * x),), promoted),
    _row("absolute(x)", "abs(x)", shapes.unary, grad.absolute, promoted),
    _row("sign(x)", "sign(x)", shapes.unary, _nothing, promoted),
    _row("floor(x)", "floor(x)", shapes.unary, _nothing, promoted),
    _row("ceil(x)", "ceil(x)", shapes.unary, _nothing, promoted),
    _row("sqrt(x)", "sqrt(x)", shapes.unary, lambda out, g, x: (grad.product(g, 0.5 / out),)),
    _row("reciprocal(x)", "1 / x", shapes.unary, lambda out, g, x: (-(g * out**2),)),
    _row("exp(x)", "exp(x)", shapes.unary, lambda out, g, x: (g * out,)),
    _row("expm1(x)", "exp(x) - 1", shapes.unary, lambda out, g, x: (g * (out + 1),)),
    _row("log(x)", "log(x)", shapes.unary, lambda out, g, x: (g / x,)),
    _row("log1p(x)", "log(1 + x)", shapes.unary, lambda out, g, x: (g / (1 + x),)),
    _row("sin(x)", "sin(x)", shapes.unary, lambda out, g, x: (g * apply("cos", x),)),
    _row("cos(x)", "cos(x)", shapes.unary, lambda out, g, x: (-(g * apply("sin", x)),)),
    _row("arctan(x)", "arctan(x)", shapes.unary, lambda out, g, x: (g / (1 + x * x),)),
    _row("sinh(x)", "(exp(x) - exp(-x)) / 2", shapes.unary, lambda out, g, x: (g * apply("cosh", x),),
         expand=expand.sinh),
    _row("cosh(x)", "(exp(x) + exp(-x)) / 2", shapes.unary, lambda out, g, x: (g * apply("sinh", x),),
         expand=expand.cosh),
    _row("arcsinh(x)", "log(x + sqrt(x * x + 1))", shapes.unary,
         lambda out, g, x: (g / apply("hypot", x, constant(1, x.dtype)),), expand=expand.arcsinh),
    _row("erf(x)", "2 / sqrt(pi) * integral of exp(-t * t) from 0 to x", shapes.unary,
         lambda out, g, x: (g * (2 / math.sqrt(math.pi) * apply("exp", -(x * x))),)),
    _row("sigmoid(x)", "1 / (1 + exp(-x))", shapes.unary,
         lambda out, g, x: (apply("sigmoid_grad", g, out),)),
    _row("tanh(x)", "tanh(x)", shapes.unary, lambda out, g, x: (apply("tanh_grad", g, out),)),
    _row("relu(x)", "max(x, 0)", shapes.unary, lambda out, g, x: (apply("relu_grad", g, out),), promoted),
    _row("softplus(x)", "log(1 + exp(x))", shapes.unary, lambda out, g, x: (g * apply("sigmoid", x),)),
    _row("single(x)", "x, rounded to float32", shapes.unary, lambda out, g, x: (g,), narrow),
    _row("identity(x)", "x", shapes.unary, lambda out, g, x: (g,), promoted),
    # of two operands, broadcast against each other
    _row("add(a, b)", "a + b", shapes.broadcasting,
         lambda out, g, a, b: (grad.unbroadcast(g, a), grad.unbroadcast(g, b)), promoted),
    _row("subtract(a, b)", "a - b", shapes.broadcasting,
         lambda out, g, a, b: (grad.unbroadcast(g, a), grad.unbroadcast(-g, b)), promoted),
    _row("multiply(a, b)", "a * b", shapes.broadcasting, grad.multiply, promoted),
    _row("divide(a, b)", "a / b", shapes.broadcasting, grad.divide),
    _row("power(a, b)", "a ** b", shapes.broadcasting, grad.power, promoted),
    _row("arctan2(y, x)", "arctan(y / x), in the quadrant of (x, y)", shapes.broadcasting, grad.arctan2),
    _row("logaddexp(a, b)", "log(exp(a) + exp(b))", shapes.broadcasting, grad.logaddexp,
         expand=expand.logaddexp),
    _row("hypot(a, b)", "sqrt(a * a + b * b)", shapes.broadcasting, grad.hypot, expand=expand.hypot),
    _row("maximum(a, b)", "max(a, b)", shapes.broadcasting, grad.larger, promoted),
    _row("minimum(a, b)", "min(a, b)", shapes.broadcasting, grad.larger, promoted),
    _row("mod(a, b)", "a - b * floor(a / b)", shapes.broadcasting, grad.mod, promoted),
    _row("greater(a, b)", "where(a > b, 1, 0)", shapes.broadcasting, _nothing, truth),
    _row("greater_equal(a, b)", "where(a >= b, 1, 0)", shapes.broadcasting, _nothing, truth),
    _row("equal(a, b)", "where(a == b, 1, 0)", shapes.broadcasting, _nothing, truth),
    _row("not_equal(a, b)", "where(a != b, 1, 0)", shapes.broadcasting, _nothing, truth),
    # of operands of one shape
    _row("where(c, a, b)", "where(c != 0, a, b)", shapes.chosen, grad.where, chosen_dtype),
    _row("sigmoid_grad(g, y)", "g * y * (1 - y)", shapes.paired, grad.sigmoid_grad),
    _row("tanh_grad(g, y)", "g * (1 - y * y)", shapes.paired, grad.tanh_grad),
    _row("relu_grad(g, y)", "where(y > 0, g, 0)", shapes.paired,
         lambda out, u, g, y: (apply("relu_grad", u, y), None)),
    _row("ramp_grad(g, x)", "where(x > 0, g, where(x == 0, 0.5 * g, 0))", shapes.paired,
         lambda out, u, g, x: (apply("ramp_grad", u, x), None)),
    _row("squared_error(p, y)", "(p - y) * (p - y)", shapes.paired, grad.squared_error),
    _row("bce(p, y)", "-(y * max(log(p), -100) + (1 - y) * max(log(1 - p), -100))",
         shapes.paired, grad.bce),
    _row("bce_grad(p, y)", "(p - y) / max(p * (1 - p), 1e-12)", shapes.paired, grad.bce_grad),
    _row("bce_with_logits(z, y)", "max(z, 0) - z * y + log1p(exp(-abs(z)))",
         shapes.paired, grad.bce_with_logits),
    _row("binary_hits(p, y | threshold)", "where((p > threshold) == (y > 0.5), 1, 0)",
         shapes.paired, _nothing),
    # row by row, on (n, m)
    _row("softmax(z)", "exp(z) / sum(exp(z), axis=1)", shapes.matrix, grad.softmax),
    _row("cross_entropy(p, y)", "-log(p[i, y[i]])", shapes.per_row, grad.cross_entropy),
    _row("cross_entropy_with_logits(z, y)", "log(sum(exp(z), axis=1)) - z[i, y[i]]",
         shapes.per_row, grad.cross_entropy_with_logits),
    _row("one_hot(y | classes)", "where(j == y[i], 1, 0)", shapes.one_hot, _nothing),
    _row("class_hits(p, y)", "where(argmax(p, axis=1) == y, 1, 0)", shapes.per_row, _nothing),
    # along one axis, or over all elements
    _row("sum(x | axis, keepdims)", "sum(x, axis, keepdims)", shapes.reduced, grad.sum_, summed),
    _row("max(x | axis, keepdims)", "max(x, axis, keepdims)", shapes.reduced, grad.extremum, promoted),
    _row("min(x | axis, keepdims)", "min(x, axis, keepdims)", shapes.reduced, grad.extremum, promoted),
    _row("norm(x | axis, keepdims)", "sqrt(sum(x * x, axis, keepdims))", shapes.reduced, grad.norm,
         expand=expand.norm),
    _row("norm_power(x | axis, keepdims, power)", "sum(x * x, axis, keepdims) ** (power / 2)", shapes.reduced,
         grad.norm_power, expand=expand.norm_power),
    _row("logsumexp(x | axis, keepdims)", "log(sum(exp(x), axis, keepdims))", shapes.reduced,
         grad.logsumexp, expand=expand.logsumexp),
    _row("cumsum(x | axis, reverse)", "cumsum(x, axis)", shapes.along, _summed_up, summed),
    # products, and other shapes
    _row("matmul(a, b)", "a @ b", shapes.matmul, lambda out, g, a, b: (g @ b.T, a.T @ g), promoted),
    _row("transpose(x)", "x.T", shapes.transposed, lambda out, g, x: (g.T,), promoted),
    _row("reshape(x | shape)", "x.reshape(shape)", shapes.reshaped,
         lambda out, g, x: (g.reshape(x.shape),), promoted),
    _row("broadcast_to(x | shape)", "broadcast_to(x, shape)", shapes.broadcasted,
         lambda out, g, x: (grad.unbroadcast(g, x),), promoted),
    # elements that move; an index of -1 stands for a zero
    _row("gather(x | index, shape)", "x.ravel()[index].reshape(shape)", shapes.moved, _gathered, promoted),
    _row("scatter(g | index, shape)", "zeros(shape), g added at index", shapes.scattered, _scattered, promoted),
    _row("gather_columns(x | index)", "x[:, index]", shapes.columns_moved, _columns_gathered, promoted),
    _row("scatter_columns(g | index, width)", "zeros((n, width)), g added at columns index",
         shapes.columns_returned, _columns_scattered, promoted),
    _row("join_columns(a, b)", "concatenate((a, b), axis=1)", shapes.joined, grad.joined, promoted),
    _row("take_rows(x, i)", "x[i]", shapes.rows_taken,
         lambda out, g, x, i: (apply("add_rows", g, i, rows=x.shape[0]), None), first_dtype),
    _row("add_rows(g, i | rows)", "zeros((rows, m)), g added at rows i", shapes.rows_added,
         lambda out, u, g, i: (apply("take_rows", u, i), None), first_dtype),
    # rows in their order
    _row("argsort(x)", "argsort(x, axis=1)", shapes.matrix, _nothing, whole),
    _row("take_along(x, i)", "x[r, i[r, j]]", shapes.paired,
         lambda out, g, x, i: (apply("put_along", g, i), None), first_dtype),
    _row("put_along(g, i)", "y with y[r, i[r, j]] = g[r, j]", shapes.paired,
         lambda out, u, g, i: (apply("take_along", u, i), None), first_dtype),
)
# fmt: on

OPS.update((row.name, row) for row in _TABLE)


def _with_shape_rule(rule: Callable[[Any, Any], tuple[int, ...]]) -> frozenset[str]:
    return frozenset(row.name for row in _TABLE if row.shape is rule) - {"take_along", "put_along"}


UNARY = _with_shape_rule(shapes.unary)
BROADCASTING = _with_shape_rule(shapes.broadcasting)
PAIRED = _with_shape_rule(shapes.paired)
ELEMENTWISE = UNARY | BROADCASTING | PAIRED
