"""Simplify: rewrite a graph into one that computes the same with better numerics and fewer nodes.

Nodes are rebuilt from the leaves up, and rules are tried on each until none applies. A rule looks
at one node, whose operands are simplified already, and gives a replacement or None. Equal nodes
become one; what no output needs is never rebuilt. Inputs, parameters and constant arrays keep
their identity.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from fastbp.compiler.stability import STABILITY
from fastbp.graph.node import Node, apply, constant, scalar_value, topological
from fastbp.graph.ops import BROADCASTING, UNARY
from fastbp.graph.shapes import broadcast_shapes

_ON_LOGITS = {
    ("bce", "sigmoid"): "bce_with_logits",
    ("cross_entropy", "softmax"): "cross_entropy_with_logits",
    ("class_hits", "softmax"): "class_hits",
}

Rule = Callable[[Node], Node | None]


class Rules:
    """Rules in their order, each with the names of the operations that it looks at."""

    def __init__(self, *rules: tuple[str, Rule]) -> None:
        self._rules = [(frozenset(names.split()), rule) for names, rule in rules]
        self._of: dict[str, tuple[Rule, ...]] = {}

    def of(self, op: str) -> tuple[Rule, ...]:
        """Those that look at an operation."""
        if op not in self._of:
            self._of[op] = tuple(rule for names, rule in self._rules if op in names)
        return self._of[op]


_FOLD: dict[str, Callable[..., float]] = {
    name: function
    for name in UNARY | BROADCASTING
    if isinstance(function := getattr(np, name, None), np.ufunc)
}


def simplify(outputs: Sequence[Node]) -> list[Node]:
    """Rewrite the graph of `outputs`.

    Parameters
    ----------
    outputs : sequence of Node
        The nodes to keep.

    Returns
    -------
    list of Node
        As many nodes, of the same shapes and dtypes, that compute the same values up to rounding.

    Examples
    --------
    >>> from fastbp.compiler.simplify import simplify
    >>> from fastbp.graph import apply, functions, input_node
    >>> z, y = input_node(0, (8, 1), "float32"), input_node(1, (8, 1), "float32")
    >>> simplify([apply("bce", functions.sigmoid(z), y)])
    [<Node bce_with_logits (8, 1) float32>]
    """
    return rewrite(outputs, RULES)


def stabilised(outputs: Sequence[Node]) -> list[Node]:
    """The same by the same rules, for a graph that is to be differentiated with respect to identity nodes.

    Those, and what is behind them, stay as they are.
    """
    done = {node: node for node in topological(outputs) if node.op == "identity"}
    return rewrite(outputs, RULES, done)


def rewrite(
    outputs: Sequence[Node], rules: Rules, done: dict[Node, Node] | None = None
) -> list[Node]:
    """Rebuild the graph of `outputs` with rules; each gives a better node, or None. What is in `done` is done."""
    done = {} if done is None else done
    known: dict[Hashable, Node] = {}
    for output in outputs:
        _rewrite_into(output, done, known, rules)
    return [done[output] for output in outputs]


def _rewrite_into(
    root: Node, done: dict[Node, Node], known: dict[Hashable, Node], rules: Rules
) -> None:
    """Add the rewritten form of `root` and of what it needs to `done`.

    The stack is explicit: a graph may be deeper than Python's recursion limit.
    """
    # A node that a rule made waits for the node it replaces: (node, whose form it will be).
    stack: list[tuple[Node, tuple[Node, ...]]] = [(root, ())]
    while stack:
        node, replaced = stack[-1]
        if node not in done:
            waiting = [operand for operand in node.inputs if operand not in done]
            if waiting:
                stack.extend((operand, ()) for operand in waiting)
                continue
            rebuilt = _rebuilt(node, done)
            same = known.setdefault(_key(rebuilt), rebuilt)
            better = None if same is not rebuilt else _better(rebuilt, rules)
            if better is not None:
                stack[-1] = (better, (*replaced, node, rebuilt))
                continue
            done[node] = done.setdefault(same, same)
        stack.pop()
        for earlier in replaced:
            done[earlier] = done[node]


def _rebuilt(node: Node, done: dict[Node, Node]) -> Node:
    """`node` on simplified operands; the node itself if they are its own."""
    inputs = tuple([done[operand] for operand in node.inputs])
    if all(map(operator.is_, inputs, node.inputs)):
        return node
    return Node(node.op, inputs, node.attrs, node.shape, node.dtype, node.name)


def _key(node: Node) -> Hashable:
    """Equal for nodes that compute the same: leaves by identity, numbers by their bytes."""
    if node.op == "constant" and not node.shape:
        return node.op, node.dtype.str, node.attrs["value"].tobytes()
    if not node.inputs:
        return node
    # By id, as == of nodes builds a node; `known` keeps them alive.
    attrs = tuple(sorted(node.attrs.items())) if node.attrs else ()
    return node.op, tuple(map(id, node.inputs)), attrs


def _better(node: Node, rules: Rules) -> Node | None:
    """The first replacement that a rule offers."""
    for rule in rules.of(node.op):
        replacement = rule(node)
        if replacement is not None:
            return replacement
    return None


def _on_logits(node: Node) -> Node | None:
    """bce(sigmoid(z), y) -> bce_with_logits(z, y), and the like: no log(0), no lost gradient."""
    if len(node.inputs) != 2:
        return None
    p, y = node.inputs
    shape = p.shape
    if p.op == "reshape" and p.inputs[0].op == "sigmoid":
        p = p.inputs[0]
    if (node.op, p.op) in _ON_LOGITS:
        return apply(_ON_LOGITS[node.op, p.op], p.inputs[0].reshape(shape), y)
    if node.op == "binary_hits" and p.op == "sigmoid" and node.attrs["threshold"] == 0.5:
        return apply("binary_hits", p.inputs[0].reshape(shape), y, threshold=0.0)
    return None


def _squared_error(node: Node) -> Node | None:
    """square(p - y) -> squared_error(p, y): one operation for the loss written either way."""
    if node.op == "multiply" and node.inputs[0] is node.inputs[1]:
        return apply("square", node.inputs[0])
    if node.op != "square" or node.inputs[0].op != "subtract":
        return None
    p, y = node.inputs[0].inputs
    return apply("squared_error", p, y) if p.shape == y.shape else None


def _fold_constants(node: Node) -> Node | None:
    """op(c, d) -> the number."""
    if node.op not in _FOLD:
        return None
    values = [scalar_value(operand) for operand in node.inputs]
    if None in values:
        return None
    with np.errstate(all="ignore"):
        return constant(_FOLD[node.op](*np.array(values, np.float64)), node.dtype)


def _constant_first(node: Node) -> Node | None:
    """Numbers first: x * c -> c * x."""
    if node.op != "multiply" or scalar_value(node.inputs[1]) is None:
        return None
    x, c = node.inputs
    return apply("multiply", c, x)


def _gather_factors(node: Node) -> Node | None:
    """Factors together: c * (d * x) -> (c d) * x; -x counts as -1 * x."""
    c, scaled = _as_scaled(node)
    d, x = _as_scaled(scaled)
    if c is None or d is None or node.dtype.kind != "f":
        return None
    limits = np.finfo(node.dtype)
    if c and d and not float(limits.tiny) <= abs(c * d) <= float(limits.max):
        return None  # c * d alone leaves the range in which d * x and c * (d * x) may well lie
    return apply("multiply", constant(c * d, node.dtype), x)


def _as_scaled(node: Node) -> tuple[float | None, Node]:
    """(c, x) for a node that is c * x or -x, else (None, node)."""
    if node.op == "negative":
        return -1.0, node.inputs[0]
    if node.op == "multiply":
        c = scalar_value(node.inputs[0])
        if c is not None:
            return c, node.inputs[1]
    return None, node


def _neutral(node: Node) -> Node | None:
    """1 * x, x + 0, 0 + x, x - 0, x / 1 -> x;  -1 * x, 0 - x -> -x."""
    if node.op not in BROADCASTING:
        return None
    a, b = node.inputs
    left, right = scalar_value(a), scalar_value(b)
    if (node.op, left) in (("multiply", 1.0), ("add", 0.0)):
        return b
    if (node.op, right) in (("divide", 1.0), ("add", 0.0), ("subtract", 0.0)):
        return a
    if (node.op, left) in (("multiply", -1.0), ("subtract", 0.0)):
        return apply("negative", b)
    return None


def _undone(node: Node) -> Node | None:
    """-(-x) -> x;  x.T.T -> x;  identity(x) -> x."""
    if node.op == "identity":
        return node.inputs[0]
    if node.op in ("negative", "transpose") and node.inputs[0].op == node.op:
        return node.inputs[0].inputs[0]
    return None


def _same_shape(node: Node) -> Node | None:
    """A reshape, broadcast_to or sum that changes nothing -> its operand."""
    if node.op in ("reshape", "broadcast_to") and node.shape == node.inputs[0].shape:
        return node.inputs[0]
    if node.op == "sum" and node.inputs[0].shape == ():
        return node.inputs[0]
    return None


def _move_twice(node: Node) -> Node | None:
    """A gather from a gather is one gather; columns alike."""
    if node.op not in ("gather", "gather_columns") or node.inputs[0].op != node.op:
        return None
    inner = node.inputs[0]
    index = inner.attrs["index"].then(node.attrs["index"])
    return apply(node.op, inner.inputs[0], **(node.attrs | {"index": index}))


def _reshape_twice(node: Node) -> Node | None:
    """reshape(reshape(x)) -> reshape(x);  broadcast_to(broadcast_to(x)) -> broadcast_to(x)."""
    if node.op in ("reshape", "broadcast_to") and node.inputs[0].op == node.op:
        return apply(node.op, node.inputs[0].inputs[0], shape=node.shape)
    return None


def _uniform_value(node: Node) -> Node | None:
    """The number that fills `node`, if it is one number everywhere."""
    if node.op == "broadcast_to" and node.inputs[0].shape == ():
        return node.inputs[0]
    return node if node.shape == () else None


def _uniform(node: Node) -> Node | None:
    """op(broadcast_to(u), broadcast_to(v)) -> broadcast_to(op(u, v)), for numbers u and v."""
    if all(operand.op != "broadcast_to" for operand in node.inputs):
        return None
    numbers = [u for u in map(_uniform_value, node.inputs) if u is not None]
    if len(numbers) != len(node.inputs):
        return None
    if node.op in UNARY or node.op in BROADCASTING:
        number = apply(node.op, *numbers)
    elif node.op in ("reshape", "transpose"):
        number = numbers[0]
    elif node.op == "sum":
        count = constant(node.inputs[0].size // max(node.size, 1), node.dtype)
        number = apply("multiply", count, numbers[0]) if scalar_value(count) else count
    else:
        return None
    return apply("broadcast_to", number, shape=node.shape)


def _without_broadcast(node: Node) -> Node | None:
    """broadcast_to(v) + x -> v + x, and alike, where the shape stays."""
    if node.op not in BROADCASTING:
        return None
    a, b = node.inputs
    if a.op == "broadcast_to" and broadcast_shapes(a.inputs[0].shape, b.shape) == node.shape:
        return apply(node.op, a.inputs[0], b)
    if b.op == "broadcast_to" and broadcast_shapes(a.shape, b.inputs[0].shape) == node.shape:
        return apply(node.op, a, b.inputs[0])
    return None


RULES = Rules(
    ("bce cross_entropy class_hits binary_hits", _on_logits),
    *STABILITY,
    ("multiply square", _squared_error),
    (" ".join(_FOLD), _fold_constants),
    ("multiply", _constant_first),
    ("identity negative transpose", _undone),
    ("multiply negative", _gather_factors),
    ("add subtract multiply divide", _neutral),
    ("reshape broadcast_to sum", _same_shape),
    ("reshape broadcast_to", _reshape_twice),
    ("gather gather_columns", _move_twice),
    (" ".join(UNARY | BROADCASTING | {"reshape", "transpose", "sum"}), _uniform),
    (" ".join(BROADCASTING), _without_broadcast),
)
