"""Whole numbers that follow from floats stay in the program: where they might not be exact, they are looked at.

The sizes of arrays and the ranges of dtypes prove most of them small. What is not proven gets a condition: the
answer of a function is refused where it does not hold, and a loss is no number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastbp.compiler.whole import COMPARISONS, EXACT, PLACES, places
from fastbp.graph.local_gradients import choose
from fastbp.graph.node import Node, apply, constant, topological

Range = tuple[float, float]
ANY: Range = (-math.inf, math.inf)
TRUTHS = (*COMPARISONS, "one_hot", "class_hits", "binary_hits")
SAME = (
    "identity",
    "reshape",
    "transpose",
    "broadcast_to",
    "max",
    "min",
    "take_along",
    "take_rows",
    "floor",
    "ceil",
)
INDEXED = frozenset((*PLACES, "add_rows", "one_hot")) - {"argsort"}  # by their last operand
FROM_THE_END = ("take_rows", "add_rows")  # a negative index counts from there


class Condition(NamedTuple):
    """What must hold of a node for its values to be NumPy's."""

    node: Node
    holds: Node  # element by element
    range: Range
    places: int  # of an index: how many there are; else 0

    @property
    def failures(self) -> Node:
        """How often it does not hold."""
        failed = apply("equal", _as_float(self.holds), constant(0.0))
        return apply("sum", _as_float(failed), axis=None, keepdims=False)


def conditions(
    results: Sequence[Node], dtype: np.dtype[Any], order: Sequence[Node] | None = None
) -> list[Condition]:
    """What must hold for a graph's whole numbers to be exact in a program of this dtype, and its indices in range.

    `order` is that of all its nodes, where it is known.
    """
    order = topological(results) if order is None else order
    if not any(node.dtype.kind in "iu" or node.op in INDEXED for node in order):
        return []
    limit = EXACT[dtype] - 1  # one more could be a rounded one
    for node in order:
        if places(node) > EXACT[dtype]:
            raise TypeError(
                f"{node.op} of {places(node)} places: {dtype} tells {EXACT[dtype]} apart; take float64 for it"
            )
    uses = _uses(order, results)
    ranges: dict[Node, Range] = {}
    found: list[Condition] = []
    indices: set[Node] = set()
    for node in order:
        known = _range(node, [ranges[operand] for operand in node.inputs])
        if node.dtype.kind in "iu":
            wanted = _wanted(node, limit, uses[node])
            if wanted is not None and not (wanted[0] <= known[0] and known[1] <= wanted[1]):
                found.append(Condition(node, _within(node, wanted), wanted, 0))
                known = (max(known[0], wanted[0]), min(known[1], wanted[1]))
        ranges[node] = known
        if node.op in INDEXED and node.inputs[-1] not in indices:
            index = node.inputs[-1]
            condition = _index(node, index, ranges[index])
            indices.add(index)
            found += [] if condition is None else [condition]
    return found


def poisoned(output: Node, found: Sequence[Condition]) -> Node:
    """A loss that is no number where a condition does not hold."""
    if not found:
        return output
    failures = found[0].failures
    for condition in found[1:]:
        failures = apply("add", failures, condition.failures)
    return choose(apply("equal", failures, constant(0.0)), output, constant(math.nan, output.dtype))


def _uses(order: Sequence[Node], results: Iterable[Node]) -> dict[Node, set[str]]:
    """How each node is used: exactly, by whole numbers; as a float; as a result. What is an index has no use here."""
    uses: dict[Node, set[str]] = {node: set() for node in order}
    for node in results:
        uses[node].add("result")
    for node in order:
        data = node.inputs[:-1] if node.op in INDEXED else node.inputs
        exact = node.dtype.kind in "iub" and all(operand.dtype.kind in "iub" for operand in data)
        for operand in data:
            uses[operand].add("exact" if exact else "float")
    return uses


def _wanted(node: Node, limit: int, uses: set[str]) -> Range | None:
    """The range in which a node's numbers are NumPy's, or None for any."""
    low, high = int(np.iinfo(node.dtype).min), int(np.iinfo(node.dtype).max)
    exact = max(low, -limit), min(high, limit)
    if not node.inputs:
        return exact if "exact" in uses else None
    if node.op == "identity" and node.inputs[0].dtype.kind == "f":
        return (
            None if uses <= {"result"} else (low, high)
        )  # as a result it is NumPy's cast of the same float
    return exact if uses & {"exact", "result"} else (low, high)


def _within(node: Node, wanted: Range) -> Node:
    """Whether the numbers lie in a range; of a sum, whether all sums on the way do."""
    sized = node
    if node.op in ("sum", "cumsum", "matmul"):
        sized = apply(
            node.op, *(apply("absolute", _as_float(n)) for n in node.inputs), **node.attrs
        )
    sized, low, high = _as_float(sized), *(constant(float(value)) for value in wanted)
    return _both(apply("greater_equal", sized, low), apply("greater_equal", high, sized))


def _as_float(node: Node) -> Node:
    return node._declared(np.dtype(np.float64))


def _both(a: Node, b: Node) -> Node:
    return apply("multiply", a, b)


def _index(user: Node, index: Node, known: Range) -> Condition | None:
    """What must hold of an index."""
    count = places(user)
    low = -count if user.op in FROM_THE_END else 0
    if index.op == "constant" or (known[0] >= low and known[1] < count):
        return None
    value = _as_float(index)
    holds = _within(value, (low, count - 1))
    if index.dtype.kind == "f":
        holds = _both(holds, apply("equal", apply("floor", value), value))
    return Condition(index, holds, (low, count - 1), count)


# ------------------------------------------------------------ ranges


def _range(node: Node, of: list[Range]) -> Range:
    """Between which numbers a node's lie, given those of its operands."""
    if node.op == "constant":
        value = node.attrs["value"]
        return (float(value.min()), float(value.max())) if value.size else (0, 0)
    if node.op in TRUTHS or node.dtype.kind == "b":
        return 0, 1
    if not node.inputs:
        info = np.iinfo(node.dtype) if node.dtype.kind in "iu" else None
        return node.attrs.get("range", ANY if info is None else (int(info.min), int(info.max)))  # type: ignore[no-any-return]
    if node.op in SAME:
        return of[0]
    rule = _RULES.get(node.op)
    found = ANY if rule is None else rule(node, *of)
    return ANY if any(map(math.isnan, found)) else found


def _products(a: Range, b: Range) -> Range:
    corners = [x * y for x in a for y in b]
    return (math.nan, math.nan) if any(map(math.isnan, corners)) else (min(corners), max(corners))


def _times(n: int, a: Range) -> Range:
    return n * a[0], n * a[1]


def _union(*of: Range) -> Range:
    return min(a[0] for a in of), max(a[1] for a in of)


def _square(node: Node, a: Range) -> Range:
    low, high = _products(a, a)
    return max(low, 0), high


def _mod(node: Node, a: Range, b: Range) -> Range:
    if b[0] > 0:
        return 0, b[1] - 1
    return (b[0] + 1, 0) if b[1] < 0 else ANY


_RULES: dict[str, Callable[..., Range]] = {
    "negative": lambda node, a: (-a[1], -a[0]),
    "absolute": lambda node, a: (0, max(-a[0], a[1])),
    "sign": lambda node, a: (-1, 1),
    "square": _square,
    "add": lambda node, a, b: (a[0] + b[0], a[1] + b[1]),
    "subtract": lambda node, a, b: (a[0] - b[1], a[1] - b[0]),
    "multiply": lambda node, a, b: _products(a, b),
    "mod": _mod,
    "maximum": lambda node, a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "minimum": lambda node, a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "where": lambda node, c, a, b: _union(a, b),
    "join_columns": lambda node, a, b: _union(a, b),
    "gather": lambda node, a: _union(a, (0, 0)),
    "gather_columns": lambda node, a: _union(a, (0, 0)),
    "put_along": lambda node, a, i: _union(a, (0, 0)),
    "argsort": lambda node, a: (0, max(node.shape[1] - 1, 0)),
    "sum": lambda node, a: _times(node.inputs[0].size // max(node.size, 1), a),
    "cumsum": lambda node, a: _union(a, _times(node.shape[node.attrs["axis"]], a)),
    "matmul": lambda node, a, b: _times(node.inputs[0].shape[1], _products(a, b)),
}
