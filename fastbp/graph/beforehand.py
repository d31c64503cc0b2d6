"""Values of whole nodes: NumPy computes them before a program runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastbp.graph.node import Node, topological
from fastbp.graph.whole import astype, class_labels, in_range, reshape

SILENT = frozenset((astype, class_labels, in_range, reshape))  # which have nothing to warn of


class Plan:
    """Calls of NumPy's in order, to be made again and again.

    Parameters
    ----------
    nodes : sequence of Node
        Whole ones.
    leaves : sequence of Node
        What they are made of.
    """

    __slots__ = ("_results", "_steps", "_warns")

    def __init__(self, nodes: Sequence[Node], leaves: Sequence[Node]) -> None:
        numbers = {leaf: i for i, leaf in enumerate(leaves)}
        self._steps: list[tuple[Node, list[int]]] = []
        for node in topological(nodes):
            if node not in numbers:
                self._steps.append((node, [numbers[operand] for operand in node.inputs]))
                numbers[node] = len(numbers)
        self._warns = any(node.attrs["call"].function not in SILENT for node, _ in self._steps)
        self._results = [numbers[node] for node in nodes]

    def __call__(self, arrays: Sequence[Any], rows: int | None = None) -> list[Any]:
        """Compute the nodes.

        Parameters
        ----------
        arrays : one for each leaf.
        rows : int, optional
            How many rows they have, where the nodes were made for another number and are made row by row.

        Raises
        ------
        IndexError, ValueError, ...
            What NumPy raises.
        TypeError
            The shape or the dtype of a result depends on numbers.
        """
        found = list(arrays)
        if self._warns:
            with np.errstate(all="ignore"):
                self._make(found, rows)
        else:
            self._make(found, rows)
        return [found[i] for i in self._results]

    def _make(self, found: list[Any], rows: int | None) -> None:
        for node, operands in self._steps:
            found.append(_value(node, [found[i] for i in operands], rows))


def _value(node: Node, operands: list[Any], rows: int | None) -> Any:
    call = node.attrs["call"]
    shape = node.shape if rows is None else (rows, *node.shape[1:])
    value = operands[0].reshape(shape) if call.function is reshape else call.on(operands)
    if value.shape != shape or value.dtype != node.dtype:
        raise TypeError(
            f"{call.name}: expected {node.dtype} of shape {shape}, got {value.dtype} of shape {value.shape}: "
            "a shape that depends on numbers is not known beforehand"
        )
    return value
