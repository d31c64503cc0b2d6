"""The table of operations: one row each.

A row says how the operation is called, what it computes, which shape comes out, and which local
gradients, as nodes, its operands get from the gradient `g` of the result `out`. Formulas use
NumPy's names, with `max` for the larger of two numbers; `y` holds class indices, one a row, in
the row-wise operations. Every engine step, gradient check and reference belongs to one row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fastbp.graph import local_gradients as grad
from fastbp.graph import shapes
from fastbp.graph.node import OPS, Node, Op, apply

__all__ = ["BROADCASTING", "ELEMENTWISE", "OPS", "PAIRED", "UNARY", "Op", "apply"]


def _row(
    call: str,
    formula: str,
    shape: Callable[..., tuple[int, ...]],
    local: Callable[..., tuple[Node | None, ...]],
) -> Op:
    """A row from the call as it is written: operands, then fixed arguments behind a bar."""
    name, operands, fixed = re.fullmatch(r"(\w+)\(([^|)]*)\|?(.*)\)", call).groups()  # type: ignore[union-attr]
    return Op(name, _words(operands), formula, shape, local, _words(fixed))


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text))


def _nothing(out: Node, g: Node, *inputs: Node) -> tuple[None, ...]:
    """Piecewise constant: the gradient is zero wherever there is one."""
    return (None,) * len(inputs)


# fmt: off
_TABLE: tuple[Op, ...] = (
    # of one operand, element by element
    _row("negative(x)", "-x", shapes.unary, lambda out, g, x: (-g,)),
    _row("square(x)", "x * x", shapes.unary, lambda out, g, x: (grad.product(g, 2 * x),)),
    _row("sqrt(x)", "sqrt(x)", shapes.unary, lambda out, g, x: (grad.product(g, 0.5 / out),)),
    _row("exp(x)", "exp(x)", shapes.unary, lambda out, g, x: (g * out,)),
    _row("log(x)", "log(x)", shapes.unary, lambda out, g, x: (g / x,)),
    _row("reciprocal(x)", "1 / x", shapes.unary, lambda out, g, x: (-(g * out**2),)),
    _row("sigmoid(x)", "1 / (1 + exp(-x))", shapes.unary,
         lambda out, g, x: (apply("sigmoid_grad", g, out),)),
    _row("tanh(x)", "tanh(x)", shapes.unary, lambda out, g, x: (apply("tanh_grad", g, out),)),
    _row("relu(x)", "max(x, 0)", shapes.unary, lambda out, g, x: (apply("relu_grad", g, out),)),
    # of two operands, broadcast against each other
    _row("add(a, b)", "a + b", shapes.broadcasting,
         lambda out, g, a, b: (grad.unbroadcast(g, a), grad.unbroadcast(g, b))),
    _row("subtract(a, b)", "a - b", shapes.broadcasting,
         lambda out, g, a, b: (grad.unbroadcast(g, a), grad.unbroadcast(-g, b))),
    _row("multiply(a, b)", "a * b", shapes.broadcasting, grad.multiply),
    _row("divide(a, b)", "a / b", shapes.broadcasting, grad.divide),
    # of two operands of one shape
    _row("sigmoid_grad(g, y)", "g * y * (1 - y)", shapes.paired, grad.sigmoid_grad),
    _row("tanh_grad(g, y)", "g * (1 - y * y)", shapes.paired, grad.tanh_grad),
    _row("relu_grad(g, y)", "where(y > 0, g, 0)", shapes.paired,
         lambda out, u, g, y: (apply("relu_grad", u, y), None)),
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
    # of whole arrays
    _row("sum(x | axis, keepdims)", "sum(x, axis, keepdims)", shapes.reduced, grad.sum_),
    _row("matmul(a, b)", "a @ b", shapes.matmul, lambda out, g, a, b: (g @ b.T, a.T @ g)),
    _row("transpose(x)", "x.T", shapes.transposed, lambda out, g, x: (g.T,)),
    _row("reshape(x | shape)", "x.reshape(shape)", shapes.reshaped,
         lambda out, g, x: (g.reshape(x.shape),)),
    _row("broadcast_to(x | shape)", "broadcast_to(x, shape)", shapes.broadcasted,
         lambda out, g, x: (grad.unbroadcast(g, x),)),
)
# fmt: on

OPS.update((row.name, row) for row in _TABLE)


def _with_shape_rule(rule: Callable[[Any, Any], tuple[int, ...]]) -> frozenset[str]:
    return frozenset(row.name for row in _TABLE if row.shape is rule)


UNARY = _with_shape_rule(shapes.unary)
BROADCASTING = _with_shape_rule(shapes.broadcasting)
PAIRED = _with_shape_rule(shapes.paired)
ELEMENTWISE = UNARY | BROADCASTING | PAIRED
