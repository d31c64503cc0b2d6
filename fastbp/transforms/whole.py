"""The whole numbers of a call: what NumPy computes of them before the program runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastbp import checks
from fastbp.compiler.whole import entrance, of_numpy, separated
from fastbp.engine.program import MAX_ARRAYS
from fastbp.graph.beforehand import Plan
from fastbp.graph.node import Node
from fastbp.graph.whole import is_whole


class Beforehand:
    """What becomes of the leaves of a call before the program takes them.

    Parameters
    ----------
    leaves : the nodes of all leaves, in order.
    taken : what the program takes, in order: nodes of leaves, or nodes that NumPy computes.
    returned : for each result the node that NumPy computes; None where the program does.
    dtype : the program's.
    """

    def __init__(
        self,
        leaves: list[Node],
        taken: list[Node],
        returned: list[Node | None],
        dtype: np.dtype[Any],
    ) -> None:
        self._returned, self._dtype = returned, dtype
        place = {node: i for i, node in enumerate(leaves)}
        self._whole = [(i, node) for node, i in place.items() if is_whole(node)]
        wanted = [node for node in taken if of_numpy(node)]
        self._entering = len(wanted)
        self._plan = Plan(
            wanted + [node for node in returned if node is not None], [n for _, n in self._whole]
        )
        number = {node: i for i, node in enumerate(wanted)}
        self._taken = [(node in number, number.get(node, place.get(node, 0))) for node in taken]

    def __call__(self, leaves: list[Any]) -> tuple[list[Any], list[Any]] | None:
        """What the program takes, and the results that NumPy makes; None for leaves of other forms."""
        known = []
        for i, node in self._whole:
            leaf = np.asarray(leaves[i]) if checks.is_buffer(leaves[i]) else leaves[i]
            if not isinstance(leaf, np.ndarray) or leaf.shape != node.shape:
                return None
            if leaf.dtype != node.dtype and leaf.dtype.newbyteorder("=") != node.dtype:
                return None
            known.append(leaf)
        found = self._plan(known)
        count = self._entering
        entering = [np.asarray(one, self._dtype, order="C") for one in found[:count]]
        made = [np.array(one, order="C") for one in found[count:]]
        inside = [entering[i] if computed else leaves[i] for computed, i in self._taken]
        return inside, [one if one.ndim else one[()] for one in made]

    def merged(self, made: Sequence[Any], results: list[Any]) -> list[Any]:
        """All results in their order."""
        if not made:
            return results
        ours, theirs = iter(results), iter(made)
        return [next(ours if node is None else theirs) for node in self._returned]


def apart(
    leaves: list[Node], results: Sequence[Node]
) -> tuple[list[Node], list[Node], dict[Node, Node]]:
    """The results that a program computes, and its leaves: of the floats, and of what NumPy computes for it.

    Returns
    -------
    the results; what the program takes, as nodes that were traced; the program's own leaf for each that NumPy computes.
    """
    batch = [node for node in leaves if node.op == "input"]
    count = sum(not is_whole(node) for node in batch)

    def enter(node: Node) -> Node:
        nonlocal count
        rows = bool(batch) and node.shape[:1] == batch[0].shape[:1] and count < MAX_ARRAYS
        count += rows
        return entrance("input" if rows else "parameter", -1, node)

    made, entered = separated([node for node in results if not of_numpy(node)], enter)
    taken = [node for node in leaves if not is_whole(node) or node in entered]
    taken += [node for node in entered if node not in set(leaves)]
    return made, taken, entered
