"""Values of whole nodes: NumPy computes them before a program runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastbp.graph.node import Node, topological
from fastbp.graph.whole import reshape


def values(nodes: Sequence[Node], known: Mapping[Node, Any], rows: int | None = None) -> list[Any]:
    """Let NumPy compute whole nodes.

    Parameters
    ----------
    nodes : sequence of Node
    known : mapping of Node to array
        Of the leaves.
    rows : int, optional
        How many rows the leaves have, where the nodes were made for another number and are made row by row.

    Raises
    ------
    IndexError, ValueError, ...
        What NumPy raises.
    TypeError
        The shape or the dtype of a result depends on numbers.
    """
    found = dict(known)
    with np.errstate(all="ignore"):
        for node in topological(nodes):
            if node not in found:
                found[node] = _value(node, [found[operand] for operand in node.inputs], rows)
    return [found[node] for node in nodes]


def _value(node: Node, operands: list[Any], rows: int | None) -> Any:
    call = node.attrs["call"]
    if rows is not None and call.function is reshape:
        value = operands[0].reshape(rows, *node.shape[1:])
    else:
        value = call.on(operands)
    shape = node.shape if rows is None else (rows, *node.shape[1:])
    if value.shape != shape or value.dtype != node.dtype:
        raise TypeError(
            f"{call.name}: expected {node.dtype} of shape {shape}, got {value.dtype} of shape {value.shape}: "
            "a shape that depends on numbers is not known beforehand"
        )
    return value
