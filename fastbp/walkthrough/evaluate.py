"""Values of nodes, each computed from the values of its operands alone.

A walkthrough shows the graph as it was written: what stands at a node must follow from what stands
at its operands. So each node is a program of its own, whose operands are its parameters, and the
compiler finds nothing to simplify or to fuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp.compiler.pipeline import compile_graph
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.run import Run
from fastbp.graph.dtypes import WEAK
from fastbp.graph.node import Node, apply, parameter_node, topological

Array = npt.NDArray[Any]


def values_of(nodes: Sequence[Node], known: Mapping[Node, Array]) -> list[Array]:
    """Compute nodes of a graph.

    Parameters
    ----------
    nodes : sequence of Node
    known : mapping of Node to array
        Values of leaves, and of any other nodes, which are not computed again. All leaves that
        `nodes` need must be there; constants bring their own.

    Returns
    -------
    list of array
        One for each of `nodes`, in its shape and dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.graph import parameter_node
    >>> from fastbp.walkthrough.evaluate import values_of
    >>> x = parameter_node(0, (2,), "float64", "x")
    >>> values_of([x + 1, (x**2).sum()], {x: np.array([1.0, 2.0])})
    [array([2., 3.]), array(5.)]
    """
    values = dict(known)
    for node in topological(nodes):
        if node not in values and _wanted(node, values):
            values[node] = _value(node, [values[operand] for operand in node.inputs])
    return [values[node] for node in nodes]


def _wanted(node: Node, values: Mapping[Node, Array]) -> bool:
    return all(operand in values for operand in node.inputs)


def _value(node: Node, operands: Sequence[Array]) -> Array:
    if node.op == "constant":
        return np.array(node.attrs["value"])
    narrow = all(n.dtype == np.float32 for n in (node, *node.inputs))
    dtype = np.dtype("float32" if narrow else "float64")
    layout = Layout.of([array.shape for array in operands], dtype)
    block = aligned_zeros(layout.length, dtype)
    for view, array in zip(layout.views(block), operands, strict=True):
        view[...] = array
    leaves = [
        parameter_node(i, a.shape, n.dtype)
        for i, (a, n) in enumerate(zip(operands, node.inputs, strict=True))
    ]
    program = compile_graph(
        {"output": apply(node.op, *leaves, **node.attrs)}, leaves, [], layout=layout
    )
    out = np.empty(node.shape, dtype)
    Run(program, block, flushes=False).forward((), out)
    return out if node.dtype == WEAK else out.astype(node.dtype)
