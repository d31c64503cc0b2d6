"""Even powers of norms, deviations, hypot, abs and sqrt, and roots of even powers, are written without the root.

It is done before differentiation.
A norm has no second derivative at 0, its square has all: so have (norm(a - b) / l)**2 and what else is made of factors
and moved elements. Factors are not squared by themselves, as l * l may leave the range where norm / l does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from fastbp.graph.local_gradients import choose
from fastbp.graph.node import Node, apply, constant, scalar_value

MOVES = ("reshape", "transpose", "broadcast_to", "gather", "gather_columns")
DEEP = 4  # products and moves that are looked through, one in another
_ROOTS = {"norm", "hypot", "absolute", "sqrt", *MOVES}
Scale = Callable[[Node], Node]


def even_power(node: Node) -> Node | None:
    """norm(x)**2 -> sum(x * x), and its like; an odd power of a norm is one operation, norm_power."""
    power = _power_of(node)
    if power is None or power < 2:
        return None
    if power % 2 == 1:
        return _odd_power(node.inputs[0], power)
    found = _squared(node.inputs[0], _same, DEEP) if power % 2 == 0 else None
    return found if found is None or power == 2 else found ** (power / 2)


def square_of_root(node: Node) -> Node | None:
    """c * norm(x) * norm(x), written without brackets -> c * sum(x * x)."""
    if node.op != "multiply":
        return None
    factors = _factors(node, DEEP)
    roots = [x for below, x in factors if not below and x.op in _ROOTS]
    twice = next((x for i, x in enumerate(roots) if any(x is y for y in roots[:i])), None)
    found = None if twice is None else _squared(twice, _same, DEEP)
    if found is None:
        return None
    left = 2  # of the root, which goes as often
    for below, factor in factors:
        if factor is twice and not below and left:
            left -= 1
        else:
            found = found / factor if below else factor * found
    return found


def product_of_roots(node: Node) -> Node | None:
    """abs(x) @ abs(x) -> sum(x * x), and its like."""
    if node.size != 1:
        return None
    left, right = map(_in_line, node.inputs)
    found = _squared(left, _same, DEEP) if left is right else None
    if found is None:
        return None
    return apply("sum", found, axis=None, keepdims=False).reshape(node.shape)


def _in_line(vector: Node) -> Node:
    """A row or a column before it became one."""
    while vector.op in ("reshape", "transpose"):
        vector = vector.inputs[0]
    return vector


def root_of_power(base: Node, exponent: Node) -> Node | None:
    """sqrt(x**6) -> abs(x**3), and its like: the root has no slope at 0, and squares leave the range early."""
    power = scalar_value(exponent)
    if base.op == "square" and power is not None:
        return absolute(base.inputs[0]) ** power
    return absolute(base ** (power / 2)) if power and power % 2 == 0 else None


def absolute(node: Node) -> Node:
    """abs(x), which is x for even powers."""
    power = _power_of(node)
    even = power is not None and power % 2 == 0
    return node if even else apply("absolute", node)


def _power_of(node: Node) -> float | None:
    if node.op == "square":
        return 2.0
    return scalar_value(node.inputs[1]) if node.op == "power" else None


def _same(node: Node) -> Node:
    return node


def _squared(root: Node, scale: Scale, deep: int) -> Node | None:
    """scale(root)**2 without a root; None where there is none to be seen."""
    op, inputs = root.op, root.inputs
    if deep == 0:
        return None
    if op == "negative":
        return _squared(inputs[0], scale, deep - 1)
    if op in ("multiply", "divide"):
        return _product_squared(root, scale, deep - 1)
    if op == "absolute":
        return apply("square", scale(inputs[0]))
    if op == "hypot":
        return apply("square", scale(inputs[0])) + apply("square", scale(inputs[1]))
    if op == "norm":
        return scale(scale(apply("sum", apply("square", inputs[0]), **root.attrs)))
    if op == "sqrt":
        (x,) = inputs
        real = apply("greater_equal", x, constant(0.0, x.dtype))
        return scale(scale(x * choose(real, constant(1.0, x.dtype), math.nan)))
    if op in MOVES:
        inner = _squared(inputs[0], _same, deep - 1)
        return None if inner is None else scale(scale(apply(op, inner, **root.attrs)))
    if op == "join_columns":
        parts = [_squared(x, _same, deep - 1) for x in inputs]
        if all(part is None for part in parts):
            return None
        both = (apply("square", x) if s is None else s for x, s in zip(inputs, parts, strict=True))
        return scale(scale(apply(op, *both)))
    return None


def _product_squared(product: Node, scale: Scale, deep: int) -> Node | None:
    a, b = product.inputs
    if product.op == "divide":
        return _squared(a, lambda x: scale(x / b), deep)
    of_b = _squared(b, _same, deep)
    if of_b is None:
        return _squared(a, lambda x: scale(x * b), deep)
    of_a = _squared(a, _same, deep)
    if of_a is None:
        return _squared(b, lambda x: scale(a * x), deep)
    return scale(scale(of_a * of_b))


def _factors(node: Node, deep: int) -> list[tuple[bool, Node]]:
    """The factors of a product, each with whether it is divided by."""
    if node.op == "multiply" and deep:
        return [factor for operand in node.inputs for factor in _factors(operand, deep - 1)]
    if node.op == "divide" and deep:
        return [*_factors(node.inputs[0], deep - 1), (True, node.inputs[1])]
    return [(False, node)]


def _odd_power(base: Node, power: float) -> Node | None:
    """(c norm(x))**3 -> norm_power(c x, 3), which has a second derivative at 0: 0."""
    factor, root = _scaled(base)
    if root.op != "norm":
        return None
    (x,) = root.inputs
    x = x if abs(factor) == 1 else abs(factor) * x
    found = apply("norm_power", x, **root.attrs, power=power)
    return -found if factor < 0 else found


def _scaled(node: Node) -> tuple[float, Node]:
    """(c, x) for c * x, x / c and -x, else (1, node)."""
    factor = 1.0
    while True:
        left = scalar_value(node.inputs[0]) if node.op == "multiply" else None
        below = scalar_value(node.inputs[1]) if node.op == "divide" else None
        if node.op == "negative":
            factor, node = -factor, node.inputs[0]
        elif left is not None:
            factor, node = factor * left, node.inputs[1]
        elif below:
            factor, node = factor / below, node.inputs[0]
        else:
            return factor, node
