"""Backpropagation: the reverse walk that adds gradient nodes to a graph."""

from __future__ import annotations

from collections.abc import Sequence

from fastbp.graph.local_gradients import full_like
from fastbp.graph.node import Node, constant, topological
from fastbp.graph.ops import OPS


def gradients(
    output: Node, wrt: Sequence[Node], *, output_gradient: Node | None = None
) -> list[Node]:
    """Gradients of one number with respect to nodes of its graph.

    Nodes are visited once each, from the output back. A node's gradient is the sum over the nodes
    that use it; each row of the table of operations turns a node's gradient into those of its
    operands. The results are nodes like any others and can be differentiated again.

    Parameters
    ----------
    output : Node
        The number to differentiate, of shape ().
    wrt : sequence of Node
        The nodes to differentiate with respect to, leaves or not.
    output_gradient : Node, optional
        Where to start from instead of 1, in the shape of `output`, which may then have axes: the
        result is the gradient of (output_gradient * output).sum().

    Returns
    -------
    list of Node
        One gradient for each of `wrt`, in its shape; zeros where `output` does not depend on it.

    Raises
    ------
    ValueError
        `output` is not of shape () (or not of the shape of `output_gradient`).

    Examples
    --------
    >>> from fastbp.graph import gradients, parameter_node
    >>> w = parameter_node(0, (3,), "float64", "w")
    >>> gradients((w**2).sum(), [w])
    [<Node multiply (3,) float64>]
    """
    start = constant(1.0, output.dtype) if output_gradient is None else output_gradient
    if output.shape != start.shape:
        way_out = "take .mean() or .sum() of it" if output_gradient is None else "both must agree"
        raise ValueError(
            f"gradients: expected an output of shape {start.shape}, got {output.shape}; {way_out}"
        )
    order = topological([output])
    needed = _dependents(order, wrt)
    totals: dict[Node, Node] = {}
    if output in needed:
        totals[output] = start
    for node in reversed(order):
        if node not in totals or not node.inputs:
            continue
        for operand, g in zip(node.inputs, OPS[node.op].gradient(node, totals[node]), strict=True):
            if g is not None and operand in needed:
                totals[operand] = totals[operand] + g if operand in totals else g
    return [totals[node] if node in totals else full_like(node, 0.0) for node in wrt]


def _dependents(order: Sequence[Node], wrt: Sequence[Node]) -> set[Node]:
    """The nodes of `order` that are in `wrt` or depend on one that is."""
    found = set(wrt)
    for node in order:
        if any(operand in found for operand in node.inputs):
            found.add(node)
    return found
