"""Local gradients that need more than one line in the table of operations.

Each takes the node of the operation, the gradient `g` of that node and the operands, and builds
the operands' gradients as nodes: they have rows of their own, so derivatives of any order exist.
Constants without axes come first in a product, where `simplify` can gather them.
"""

from __future__ import annotations

import math

from fastbp.graph.index_map import IndexMap
from fastbp.graph.node import Node, apply, constant, scalar_value
from fastbp.graph.signs import without_sign

Pair = tuple[Node | None, Node | None]


def full_like(node: Node, value: float) -> Node:
    """A constant in the shape of `node`."""
    return apply("broadcast_to", constant(value, node.dtype), shape=node.shape)


def unbroadcast(g: Node, operand: Node) -> Node:
    """Sum `g` over the axes along which `operand` was repeated."""
    if g.shape == operand.shape:
        return g
    if operand.ndim == 0:
        return g.sum()
    extra = g.ndim - operand.ndim
    if extra:
        rest = g.shape[extra:]
        g = g.reshape(math.prod(g.shape[:extra]), *rest).sum(axis=0)
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


def absolute(out: Node, g: Node, x: Node) -> tuple[Node]:
    """sign(x); where `g` has that as a factor already, both are 1, at 0 too.

    So the second derivative of what is smooth in x, such as max(x, 0) + log1p(exp(-|x|)), is right at 0, where sign(x)
    is 0. A kink there is not seen in it.
    """
    rest = without_sign(g, x)
    if rest is None:
        return (g * apply("sign", x),)
    number = apply("equal", x, x)  # NaN stays NaN
    return (rest * choose(number, constant(1.0, x.dtype), math.nan),)


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


def kept(reduced: Node, out: Node, x: Node) -> Node:
    """What has the shape of `out`, a reduction of `x`, in a shape that broadcasts to that of `x`."""
    axis = out.attrs["axis"]
    if axis is None and reduced.shape == ():
        return reduced
    shape = tuple(1 if axis in (None, i) else size for i, size in enumerate(x.shape))
    return reduced.reshape(shape)


def sum_(out: Node, g: Node, x: Node) -> tuple[Node | None, ...]:
    """`g` repeated along the axes that went."""
    return (apply("broadcast_to", kept(g, out, x), shape=x.shape),)


def extremum(out: Node, g: Node, x: Node) -> tuple[Node | None, ...]:
    """`g` where the largest (or smallest) is; several of them share it."""
    hits = as_number(apply("equal", x, kept(out, out, x)))
    share = hits / hits.sum(axis=out.attrs["axis"], keepdims=True)
    return (kept(g, out, x) * share,)


def norm(out: Node, g: Node, x: Node) -> tuple[Node | None, ...]:
    """x / norm(x), and 0 at 0, where a second derivative is NaN: there is none."""
    whole = kept(out, out, x)
    return (kept(g, out, x) * (x * unless_zero(whole, 1.0, whole)),)


def unless_zero(whole: Node, above: Node | float, below: Node) -> Node:
    """above / below, and 0 where `whole` is 0; its own gradient is NaN there."""
    zero = apply("equal", whole, constant(0.0, whole.dtype))
    return choose(zero, 0.0, above / below)


def norm_power(out: Node, g: Node, x: Node) -> tuple[Node | None, ...]:
    """p norm(x)^(p - 2) x."""
    attrs = {"axis": out.attrs["axis"], "keepdims": False}
    size = apply("norm", x, **attrs) ** (out.attrs["power"] - 2)
    return (kept(g, out, x) * (x * (out.attrs["power"] * kept(size, out, x))),)


def logsumexp(out: Node, g: Node, x: Node) -> tuple[Node | None, ...]:
    """The softmax of x along the axis."""
    return (kept(g, out, x) * apply("exp", x - kept(out, out, x)),)


def as_number(truth: Node) -> Node:
    """A comparison as 1.0 and 0.0."""
    return truth if truth.dtype.kind == "f" else 1.0 * truth


def choose(condition: Node, a: Node | float, b: Node | float) -> Node:
    """where(condition, a, b), broadcast."""
    like = a if isinstance(a, Node) else b if isinstance(b, Node) else condition
    numbers = [v if isinstance(v, Node) else like._operand(v) for v in (a, b)]
    shape = condition.shape
    for node in numbers:
        shape = (condition * node).shape if node.shape not in ((), shape) else shape
    full = [n if n.shape == shape else apply("broadcast_to", n, shape=shape)
            for n in (condition, *numbers)]  # fmt: skip
    return apply("where", *full)


def power(out: Node, g: Node, a: Node, b: Node) -> Pair:
    """b a^(b - 1), which is 0 for b = 0; a^b log a, taken as 0 where a is, and NaN where a is negative."""
    exponent = scalar_value(b)
    if exponent == 0:  # 1 everywhere, at 0 too
        return None, None
    if exponent is not None:
        return unbroadcast(g * (exponent * a ** (exponent - 1)), a), None
    zero = constant(0.0, b.dtype)
    slope = choose(apply("equal", b, zero), zero, b * apply("power", a, b - 1))
    nothing = apply("equal", a, zero)
    log = apply("log", choose(nothing, 1.0, a))
    return unbroadcast(g * slope, a), unbroadcast(g * (out * log), b)


def arctan2(out: Node, g: Node, y: Node, x: Node) -> Pair:
    """x / (x^2 + y^2) and -y / (x^2 + y^2)."""
    scaled = g / (x * x + y * y)
    return unbroadcast(scaled * x, y), unbroadcast(-(scaled * y), x)


def logaddexp(out: Node, g: Node, a: Node, b: Node) -> Pair:
    """sigmoid(a - b), and sigmoid(b - a)."""
    return (
        unbroadcast(g * apply("sigmoid", a - b), a),
        unbroadcast(g * apply("sigmoid", b - a), b),
    )


def hypot(out: Node, g: Node, a: Node, b: Node) -> Pair:
    """a / hypot(a, b) and b / hypot(a, b), and 0 at 0, where a second derivative is NaN."""
    slopes = (g * unless_zero(out, operand, out) for operand in (a, b))
    da, db = slopes
    return unbroadcast(da, a), unbroadcast(db, b)


def larger(out: Node, g: Node, a: Node, b: Node) -> Pair:
    """All to the larger (for minimum: smaller) operand, half to each where they are equal."""
    for x, other in ((a, b), (b, a)):
        if out.op == "maximum" and scalar_value(other) == 0 and x.dtype == out.dtype:
            dx = apply("ramp_grad", g, x)
            return (dx, None) if x is a else (None, dx)
    first, second = (a, b) if out.op == "maximum" else (b, a)
    half = 0.5 * apply("equal", a, b)
    return (
        unbroadcast(g * (apply("greater", first, second) + half), a),
        unbroadcast(g * (apply("greater", second, first) + half), b),
    )


def mod(out: Node, g: Node, a: Node, b: Node) -> Pair:
    """1, and -floor(a / b)."""
    return unbroadcast(g, a), unbroadcast(-(g * apply("floor", a / b)), b)


def where(out: Node, g: Node, c: Node, a: Node, b: Node) -> tuple[Node | None, ...]:
    """`g` to the operand that was chosen."""
    return None, choose(c, g, 0.0), choose(c, 0.0, g)


def joined(out: Node, g: Node, a: Node, b: Node) -> Pair:
    """The columns that came from each operand."""
    width, end = a.shape[1], out.shape[1]
    return (
        apply("gather_columns", g, index=IndexMap(range(width))),
        apply("gather_columns", g, index=IndexMap(range(width, end))),
    )
