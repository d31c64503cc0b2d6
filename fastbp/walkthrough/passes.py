"""Both passes over a graph: values forward, contributions to gradients backward."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp.graph.node import Node, parameter_node, topological
from fastbp.graph.ops import ELEMENTWISE, OPS
from fastbp.walkthrough.evaluate import values_of
from fastbp.walkthrough.formulas import expression, text_of
from fastbp.walkthrough.local import local_tree
from fastbp.walkthrough.record import Contribution, TracedNode

Array = npt.NDArray[Any]


def forward_order(output: Node, leaves: Iterable[Node]) -> list[Node]:
    """The leaves, the constants, and what is computed from them, operands first."""
    order = topological([output])
    given = list(dict.fromkeys([*leaves, *(node for node in order if not node.inputs)]))
    return given + [node for node in order if node.inputs]


@dataclass(slots=True)
class Passes:
    """The nodes of a graph as they are traced.

    Attributes
    ----------
    order : list of Node, operands first.
    known : dict of Node to array, the values of the leaves.
    trees : dict of Node to ast.expr, what stands for the nodes in formulas.
    symbol : str, what stands for the incoming gradient.
    traced : dict of Node to TracedNode
    """

    order: Sequence[Node]
    known: Mapping[Node, Array]
    trees: Mapping[Node, ast.expr]
    symbol: str
    values: dict[Node, Array] = field(default_factory=dict)
    traced: dict[Node, TracedNode] = field(default_factory=dict)

    def forward(self, names: Mapping[Node, str], paths: Mapping[Node, str]) -> None:
        """Compute the values, and trace each node."""
        arrays = values_of(self.order, self.known)
        self.values = {n: _fixed(a) for n, a in zip(self.order, arrays, strict=True)}
        for number, node in enumerate(self.order, 1):
            formula = paths.get(node) or text_of(expression(node, self.trees))
            self.traced[node] = TracedNode(
                number=number,
                name=names[node],
                op="argument" if node.op == "parameter" else node.op,
                formula=formula,
                inputs=tuple(self.traced[operand] for operand in node.inputs),
                shape=node.shape,
                value=self.values[node],
            )

    def backward(self, output: Node, wrt: Iterable[Node]) -> list[TracedNode]:
        """Visit the nodes from the output back, each once when its gradient is complete."""
        needed = set(wrt)
        for node in self.order:
            if any(operand in needed for operand in node.inputs):
                needed.add(node)
        totals = {output: np.ones((), output.dtype)} if output in needed else {}
        visited = []
        for node in reversed(self.order):
            if node not in totals:
                continue
            traced = self.traced[node]
            visited.append(traced)
            traced.visit, traced.gradient = len(visited), _fixed(totals[node])
            for operand, value in self._contribute(node, totals[node], needed):
                totals[operand] = totals[operand] + value if operand in totals else value
        return visited

    def _contribute(
        self, node: Node, incoming: Array, needed: set[Node]
    ) -> list[tuple[Node, Array]]:
        """Add the contributions of `node` to its operands, and return them."""
        if not node.inputs:
            return []
        g = parameter_node(len(self.known), node.shape, node.dtype, self.symbol)
        parts = OPS[node.op].gradient(node, g)
        made = [
            (i, operand, part)
            for i, (operand, part) in enumerate(zip(node.inputs, parts, strict=True))
            if part is not None and operand in needed
        ]
        arrays = values_of([part for _, _, part in made], {**self.values, g: incoming})
        for (i, operand, part), array in zip(made, arrays, strict=True):
            tree = self.trees[part] if part in self.trees else expression(part, self.trees)
            formula, local = text_of(tree), local_tree(tree, self.symbol)
            self.traced[operand].contributions.append(
                Contribution(
                    consumer=self.traced[node],
                    argument=i,
                    incoming=_fixed(incoming),
                    local=formula if local is None else text_of(local),
                    local_value=self._local_value(part, g),
                    formula=formula,
                    value=_fixed(array),
                )
            )
        return [(operand, array) for (_, operand, _), array in zip(made, arrays, strict=True)]

    def _local_value(self, part: Node, g: Node) -> Array | None:
        """The contribution of a gradient of ones, where it goes element by element.

        Sums over repeated rows and the like come after it and are left out.
        """
        while part is not g and part.op in ("sum", "reshape"):
            part = part.inputs[0]
        dependent = {g}
        for node in topological([part]):
            if any(operand in dependent for operand in node.inputs):
                dependent.add(node)
                if node.op not in ELEMENTWISE or node.shape != g.shape:
                    return None
        if part not in dependent:
            return None
        ones = np.ones(g.shape, g.dtype)
        return _fixed(values_of([part], {**self.values, g: ones})[0])


def _fixed(array: Array) -> Array:
    """A copy that cannot be written."""
    copy = np.array(array)
    copy.setflags(write=False)
    return copy
