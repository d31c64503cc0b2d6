"""Stability rewrites: what overflows or loses digits as it is written becomes the operation that does not.

They come before differentiation, so gradients are those of the better form: at a logit of 1000, too.
"""

from __future__ import annotations

from collections.abc import Callable

from fastbp.compiler.roots import (
    MOVES,
    absolute,
    even_power,
    product_of_roots,
    root_of_power,
    square_of_root,
)
from fastbp.graph.node import Node, apply, scalar_value


def _one_plus(node: Node) -> Node | None:
    """x, of a node that is 1 + x or x + 1."""
    if node.op != "add":
        return None
    a, b = node.inputs
    if scalar_value(a) == 1:
        return b
    return a if scalar_value(b) == 1 else None


def _source(node: Node) -> Node:
    """What was moved, before the moves."""
    while node.op in MOVES:
        node = node.inputs[0]
    return node


def _of_one_class(total: Node, there: Node) -> Node | None:
    """log(sum(where(one_hot(y), softmax(z), 0), axis=1)), the probability at y -> -cross_entropy_with_logits(z, y).

    `there` is 0, or NaN where y is no class, as the loss is then.
    """
    condition, p, rest = total.inputs[0].inputs
    there = there.inputs[0] if there.op == "identity" else there
    if condition.op != "one_hot" or p.op != "softmax" or scalar_value(_source(rest)) != 0:
        return None
    if (
        there.op != "subtract"
        or there.inputs[0].op != "sum"
        or there.inputs[0].inputs[0] is not condition
    ):
        return None
    return -apply("cross_entropy_with_logits", p.inputs[0], condition.inputs[0])


def _log(node: Node) -> Node | None:
    """log(sigmoid(x)), log(1 - sigmoid(x)), log(softmax(z)), log(sum(exp(x))), log(1 + exp(x)), log(1 +- x)."""
    if node.op != "log":
        return None
    (inner,) = node.inputs
    if inner.op == "sigmoid":
        return -apply("softplus", -inner.inputs[0])
    if inner.op == "softmax":
        z = inner.inputs[0]
        return z - apply("logsumexp", z, axis=1, keepdims=True)
    if inner.op == "sum" and inner.inputs[0].op == "exp":
        return apply("logsumexp", inner.inputs[0].inputs[0], **inner.attrs)
    if inner.op in MOVES and _source(inner).op in ("softmax", "sigmoid", "exp"):
        moved = inner.inputs[0]
        if "index" not in inner.attrs or (inner.attrs["index"].array >= 0).all():
            return apply(inner.op, apply("log", moved), **inner.attrs)
    if (
        inner.op == "add"
        and inner.inputs[0].op == "sum"
        and inner.inputs[0].inputs[0].op == "where"
    ):
        return _of_one_class(*inner.inputs)
    if inner.op == "subtract" and scalar_value(inner.inputs[0]) == 1:
        return apply("log1p", -inner.inputs[1])
    x = _one_plus(inner)
    return None if x is None or x.shape != node.shape else apply("log1p", x)


def _log1p(node: Node) -> Node | None:
    """log1p(exp(x)) and log1p(-sigmoid(x))."""
    if node.op != "log1p":
        return None
    (inner,) = node.inputs
    if inner.op == "exp":
        return apply("softplus", inner.inputs[0])
    if inner.op == "negative" and inner.inputs[0].op == "sigmoid":
        return -apply("softplus", inner.inputs[0].inputs[0])
    return None


def _exp_less_one(node: Node) -> Node | None:
    """exp(x) - 1 -> expm1(x)."""
    if node.op == "subtract" and node.inputs[0].op == "exp" and scalar_value(node.inputs[1]) == 1:
        return apply("expm1", node.inputs[0].inputs[0])
    return None


def _sigmoid(node: Node) -> Node | None:
    """1 / (1 + exp(-x)) -> sigmoid(x)."""
    if node.op == "reciprocal":
        below = node.inputs[0]
    elif node.op == "divide" and scalar_value(node.inputs[0]) == 1:
        below = node.inputs[1]
    else:
        return None
    e = _one_plus(below)
    if e is None or e.op != "exp" or e.shape != node.shape:
        return None
    (x,) = e.inputs
    return apply("sigmoid", x.inputs[0] if x.op == "negative" else -x)


def _softmax(node: Node) -> Node | None:
    """exp(z) / sum(exp(z)) -> softmax(z) along rows, exp(z - logsumexp(z)) along other axes."""
    if node.op != "divide" or node.inputs[0].op != "exp":
        return None
    e, below = node.inputs
    total = below.inputs[0] if below.op == "reshape" else below
    if total.op != "sum" or total.inputs[0] is not e:
        return None
    z = e.inputs[0]
    if node.ndim == 2 and total.attrs["axis"] == 1 and below.shape == (node.shape[0], 1):
        return apply("softmax", z)
    return apply("exp", z - apply("logsumexp", z, **total.attrs).reshape(below.shape))


def _norm(node: Node) -> Node | None:
    """sqrt(sum(x * x)) -> norm(x), whose gradient at 0 is 0."""
    if node.op != "sqrt" or node.inputs[0].op != "sum":
        return None
    total = node.inputs[0]
    squares = total.inputs[0]
    if squares.op == "square":
        return apply("norm", squares.inputs[0], **total.attrs)
    if squares.op == "squared_error":
        p, y = squares.inputs
        return apply("norm", p - y, **total.attrs)
    return None


def _size(node: Node) -> Node | None:
    """sqrt(x * x) -> abs(x);  sqrt(x @ x) -> norm(x): with gradients of 0 at 0; other even powers alike."""
    if node.op != "sqrt":
        return None
    (inner,) = node.inputs
    if inner.op == "square":
        return absolute(inner.inputs[0])
    if inner.op == "power":
        return root_of_power(*inner.inputs)
    product = inner.inputs[0] if inner.op == "reshape" else inner
    if product.op != "matmul" or product.size != 1:
        return None
    left, right = (n.inputs[0] if n.op == "reshape" else n for n in product.inputs)
    if left is not right:
        return None
    return apply("norm", left, axis=None, keepdims=False).reshape(node.shape)


STABILITY: tuple[tuple[str, Callable[[Node], Node | None]], ...] = (
    ("log", _log),
    ("log1p", _log1p),
    ("subtract", _exp_less_one),
    ("reciprocal divide", _sigmoid),
    ("divide", _softmax),
    ("sqrt", _norm),
    ("sqrt", _size),
    ("square power", even_power),
    ("multiply", square_of_root),
    ("matmul", product_of_roots),
)
