"""What the programs of a function's training take: data of floats, and what NumPy computes of whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp import checks
from fastbp.compiler.whole import entrance, of_numpy, separated
from fastbp.engine.program import MAX_ARRAYS
from fastbp.graph.beforehand import Plan
from fastbp.graph.by_rows import row_by_row, signature
from fastbp.graph.node import Node, topological
from fastbp.graph.whole import is_whole

Array = npt.NDArray[Any]


class Entering:
    """The arrays that programs take, for batches of any length: the floats, then others in the order of their use.

    Whole numbers that are made row by row are NumPy's, once for all rows. What mixes the rows of a batch must be made
    for each batch: it stays in the program.
    """

    def __init__(self) -> None:
        self._menu: dict[Any, Node] = {}  # what NumPy makes, by how
        self._plans: dict[int, tuple[Plan, list[int]]] = {}  # by how many arrays there are

    def of(self, output: Node, leaves: Sequence[Node]) -> tuple[Node, list[Node]]:
        """The graph of a loss on arrays that its program can take; and those."""
        rows = leaves[0].shape[0] if leaves else 0
        floats = [node for node in leaves if not is_whole(node)]
        used = [node for node in topological([output]) if of_numpy(node)]
        alike = row_by_row(used, rows)
        if not floats and not self._menu and leaves:
            self._menu.setdefault(signature(leaves[0]), leaves[0])  # says how many rows there are
        own: dict[Any, Node] = {}

        def add(how: Any, node: Node) -> None:
            """An array that the program takes; of the menu it may have been traced for other rows."""
            own[how] = entrance("input", len(floats) + len(own), node)
            own[how].shape = (rows, *node.shape[1:])

        for how, node in self._menu.items():
            add(how, node)

        def enter(node: Node) -> Node:
            if node not in alike:
                return mixed(node)
            how = signature(node)
            if how not in own:
                add(how, node)
                self._menu[how] = node
            return own[how]

        def mixed(node: Node) -> Node:
            """The same call, of nodes of the program."""
            made: Node = node.attrs["call"].on([enter(n) for n in node.inputs])
            return made if made.dtype == node.dtype else made._declared(node.dtype)

        ((output,), _) = separated([output], enter)
        inputs = [*floats, *own.values()]
        if len(inputs) > MAX_ARRAYS:
            raise ValueError(
                f"the loss uses {len(inputs)} arrays with a row for each sample, counting what it computes of whole "
                f"numbers: there may be {MAX_ARRAYS}"
            )
        return output, inputs

    def arrays(self, given: Sequence[Array], count: int, dtype: np.dtype[Any]) -> tuple[Array, ...]:
        """The first `count` arrays that programs take, made of the data."""
        floats = [array for array in given if array.dtype.kind == "f"]
        if not self._menu:
            return tuple(floats)
        if count not in self._plans:
            nodes = list(self._menu.values())[: count - len(floats)]
            leaves = [node for node in topological(nodes) if node.op == "input"]
            self._plans[count] = Plan(nodes, leaves), [n.attrs["index"] for n in leaves]
        plan, places = self._plans[count]
        made = plan([given[i] for i in places], len(given[0]))
        return (*floats, *(checks.converted(np.asarray(one), dtype) for one in made))
