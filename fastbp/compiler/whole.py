"""Where the whole numbers of a graph enter its program: what NumPy computes becomes an array that the program gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastbp.graph.node import LEAVES, Node, topological
from fastbp.graph.whole import checked_range, is_whole

EXACT = {np.dtype("float32"): 2**24, np.dtype("float64"): 2**53}  # all whole numbers up to there
COMPARISONS = ("greater", "greater_equal", "equal", "not_equal")
# Operations that take, or make, numbers of places: which operand, and along which of its axes the places lie.
PLACES = {
    "take_rows": (0, 0),
    "take_along": (0, 1),
    "put_along": (0, 1),
    "argsort": (0, 1),
    "cross_entropy": (0, 1),
    "cross_entropy_with_logits": (0, 1),
    "class_hits": (0, 1),
}


def of_numpy(node: Node) -> bool:
    """Whether NumPy computes the node, or it is whole numbers of the caller's."""
    return node.op == "whole" or is_whole(node)


def separated(
    results: Sequence[Node], enter: Callable[[Node], Node]
) -> tuple[list[Node], dict[Node, Node]]:
    """The graph of `results` on what `enter` gives for each node that NumPy computes; and what it gave."""
    entered: dict[Node, Node] = {}
    done: dict[Node, Node] = {}

    def operand(node: Node) -> Node:
        if not of_numpy(node):
            return done[node]
        if node not in entered:
            entered[node] = enter(node)
        return entered[node]

    order = topological(results)
    if not any(map(of_numpy, order)):
        return list(results), entered
    for node in order:
        if not of_numpy(node):
            inputs = tuple(map(operand, node.inputs))
            same = all(new is old for new, old in zip(inputs, node.inputs, strict=True))
            done[node] = (
                node
                if same
                else Node(node.op, inputs, node.attrs, node.shape, node.dtype, node.name)
            )
    return [operand(node) for node in results], entered


def entrance(op: str, index: int, node: Node) -> Node:
    """An input or parameter of a program for what NumPy computes: whole numbers, but no longer NumPy's."""
    attrs: dict[str, Any] = {"index": index, "entered": True}
    if "enters" in node.attrs:
        attrs["enters"] = node.attrs["enters"]
    known = checked_range(node)
    if known is not None:
        attrs["range"] = known
    return Node(op, (), attrs, node.shape, node.dtype, node.name)


def computing_dtype(order: Sequence[Node]) -> np.dtype[np.floating]:
    """float32 where NumPy would compute all nodes in it, and it holds all numbers of places; else float64."""
    narrow = any(node.dtype == np.float32 for node in order)
    return np.dtype("float32" if narrow and not any(map(_wide, order)) else "float64")


def _wide(node: Node) -> bool:
    if node.op in LEAVES:
        return node.dtype == np.float64
    dtype = node.dtype
    if node.op in COMPARISONS:
        dtype = np.result_type(*(operand.dtype for operand in node.inputs))
    if dtype == np.float64 or (dtype.kind in "iu" and dtype.itemsize >= 4):
        return True
    return places(node) > EXACT[np.dtype("float32")]


def places(node: Node) -> int:
    """How many places a node's numbers of places tell apart; 0 where it has none."""
    if node.op == "one_hot":
        return int(node.attrs["classes"])
    if node.op == "add_rows":
        return int(node.attrs["rows"])
    operand, axis = PLACES.get(node.op, (0, 0))
    return node.inputs[operand].shape[axis] if node.op in PLACES else 0
