"""Local gradients that need more than one line in the table of operations.

Each takes the node of the operation, the gradient `g` of that node and the operands, and builds
the operands' gradients as nodes: they have rows of their own, so derivatives of any order exist.
Constants without axes come first in a product, where `simplify` can gather them.
"""

from __future__ import annotations

from fastbp.graph.node import Node, apply, constant, scalar_value

Pair = tuple[Node | None, Node | None]


def full_like(node: Node, value: float) -> Node:
    """A constant in the shape of `node`."""
    return apply("broadcast_to", constant(value, node.dtype), shape=node.shape)


def unbroadcast(g: Node, operand: Node) -> Node:
    """Sum `g` over the axes along which `operand` was repeated."""
    if operand.ndim == 0 and g.ndim > 0:
        return g.sum()
    if g.ndim > operand.ndim:
        g = g.sum(axis=0)
    for axis, (repeated, size) in enumerate(zip(g.shape, operand.shape, strict=True)):
        if repeated != size:
            g = g.sum(axis=axis, keepdims=True)
    return g


def product(a: Node, b: Node) -> Node:
    """`a * b` with a constant without axes in front."""
    return b * a if scalar_value(b) is not None else a * b


def multiply(out: Node, g: Node, a: Node, b: Node) -> Pair:
    """Each operand gets `g` times the other."""
    return unbroadcast(product(g, b), a), unbroadcast(product(g, a), b)


def divide(out: Node, g: Node, a: Node, b: Node) -> Pair:
    """1 / b, and -(a / b) / b."""
    da = g / b
    return unbroadcast(da, a), unbroadcast(-(da * out), b)


def sigmoid_grad(out: Node, u: Node, g: Node, y: Node) -> Pair:
    """d(g y (1 - y)): y (1 - y) for g, g (1 - 2y) for y."""
    return apply("sigmoid_grad", u, y), product(u, g * (1 - 2 * y))


def tanh_grad(out: Node, u: Node, g: Node, y: Node) -> Pair:
    """d(g (1 - y^2)): 1 - y^2 for g, -2 g y for y."""
    return apply("tanh_grad", u, y), product(u, -2 * (g * y))


def squared_error(out: Node, g: Node, p: Node, y: Node) -> Pair:
    """2 (p - y), and its negative for the target."""
    dp = product(g, 2 * (p - y))
    return dp, -dp


def bce(out: Node, g: Node, p: Node, y: Node) -> Pair:
    """(p - y) / (p (1 - p)); for the target log(1 - p) - log(p), floored as the loss has it."""
    log_odds = apply("bce", p, full_like(p, 0)) - apply("bce", p, full_like(p, 1))
    return product(g, apply("bce_grad", p, y)), -product(g, log_odds)


def bce_grad(out: Node, g: Node, p: Node, y: Node) -> Pair:
    """With d = p (1 - p): (1 - out (1 - 2p)) / d for p, -1 / d for the target."""
    inverse = apply("bce_grad", p, p - 1)  # the numerator is 1, the floor under d the operation's
    dp = inverse * (1 - out * (1 - 2 * p))
    return product(g, dp), -product(g, inverse)


def bce_with_logits(out: Node, g: Node, z: Node, y: Node) -> Pair:
    """sigmoid(z) - y, and -z for the target."""
    return product(g, apply("sigmoid", z) - y), product(g, -z)


def softmax(out: Node, g: Node, z: Node) -> tuple[Node | None, ...]:
    """softmax(z) (g - <g, softmax(z)>), row by row."""
    return (out * (g - (g * out).sum(axis=1, keepdims=True)),)


def cross_entropy(out: Node, g: Node, p: Node, y: Node) -> Pair:
    """-1 / p at the target's column.

    The other columns divide 0 by p + 1 instead of by p: a probability that underflows to 0 would
    give 0 / 0 there.
    """
    hot = apply("one_hot", y, classes=p.shape[1])
    return -(g.reshape(len(g), 1) * (hot / (p + (1 - hot)))), None


def cross_entropy_with_logits(out: Node, g: Node, z: Node, y: Node) -> Pair:
    """softmax(z) - one_hot(y)."""
    hot = apply("one_hot", y, classes=z.shape[1])
    return g.reshape(len(g), 1) * (apply("softmax", z) - hot), None


def sum_(out: Node, g: Node, x: Node) -> tuple[Node | None, ...]:
    """`g` repeated along the axes that went."""
    if out.attrs["axis"] == 1 and not out.attrs["keepdims"]:
        g = g.reshape(len(g), 1)
    return (apply("broadcast_to", g, shape=x.shape),)
