"""A graph as text."""

from __future__ import annotations

from collections.abc import Sequence

from fastbp.graph.node import Node, topological
from fastbp.graph.ops import OPS


def to_text(outputs: Sequence[Node]) -> str:
    """List the nodes that `outputs` need, operands before what uses them.

    Parameters
    ----------
    outputs : sequence of Node
        The nodes to draw. They are marked with a star.

    Returns
    -------
    str
        One line a node: number, operation with its operands' numbers, formula, shape.

    Examples
    --------
    >>> from fastbp.graph import input_node, parameter_node, to_text
    >>> x = input_node(0, (4, 2), "float32", "x")
    >>> w = parameter_node(0, (2, 1), "float32", "w")
    >>> print(to_text([x @ w]))
      %0  input x                (4, 2)
      %1  parameter w            (2, 1)
    * %2  matmul(%0, %1)  a @ b  (4, 1)
    """
    order = topological(outputs)
    number = {node: f"%{i}" for i, node in enumerate(order)}
    rows = [(number[node], *_described(node, number), str(node.shape)) for node in order]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
    marks = ["*" if node in set(outputs) else " " for node in order]
    return "\n".join(
        f"{mark} {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}"
        for mark, row in zip(marks, rows, strict=True)
    )


def _described(node: Node, number: dict[Node, str]) -> tuple[str, str]:
    """The operation with its operands, and its formula."""
    if node.op == "constant":
        value = node.attrs["value"]
        return f"constant {value}" if value.ndim == 0 else "constant array", ""
    if not node.inputs:
        return f"{node.op} {node.name or node.attrs['index']}", ""
    arguments = [number[operand] for operand in node.inputs]
    arguments += [f"{name}={value}" for name, value in node.attrs.items()]
    label = f" {node.name}" if node.name else ""
    return f"{node.op}({', '.join(arguments)}){label}", OPS[node.op].formula
