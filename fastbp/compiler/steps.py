"""What the compiler's last stages pass on: a step makes one or two nodes from others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastbp.graph.node import Node
from fastbp.graph.ops import OPS


class Step:
    """One step of a program, before it has places in memory.

    Attributes
    ----------
    op : name of a row of the table of operations, or of a fused step.
    out : nodes that it makes: one, or two for a loss with its gradient, or for sums with what they lose.
    inputs : nodes that it reads; None where a fused step has no such operand.
    attrs : fixed arguments.
    """

    __slots__ = ("attrs", "inputs", "op", "out")

    def __init__(
        self,
        op: str,
        out: tuple[Node, ...],
        inputs: tuple[Node | None, ...],
        attrs: dict[str, Any] | None = None,
    ) -> None:
        self.op, self.out, self.inputs = op, out, inputs
        self.attrs = {} if attrs is None else attrs


def formula(op: str, attrs: dict[str, Any], names: list[str]) -> str:
    """What a step computes, with the names of its operands."""
    if op in FUSED:
        text = FUSED[op].format(*names, **attrs)
        if op == "dense" and len(names) == 3:
            text += f" + {names[2]}"
        if op == "dense" and attrs["activation"]:
            text = f"{attrs['activation']}({text})"
        if op == "dense_inputs" and len(names) == 3:
            text += f" where {names[2]} > 0" + ", half at ties" * attrs["halves"]
        return text
    arguments = [f"{key}={attrs[key]}" for key in OPS[op].attrs]
    return f"{op}({', '.join(names + arguments)})"


FUSED = {
    "dense": "{0} @ {1}",
    "dense_inputs": "{0} @ {1}.T",
    "dense_weights": "{0}.T @ {1}",
    "bce_with_logits_fused": "sum bce_with_logits({0}, {1}); {scale:g} * (sigmoid({0}) - {1})",
    "cross_entropy_fused": "sum cross_entropy({0}, {1}); {scale:g} * (softmax({0}) - one_hot({1}))",
    "squared_error_fused": "sum squared_error({0}, {1}); {scale:g} * ({0} - {1})",
    "copy": "{0}",
}


def consumers(order: Sequence[Node], outputs: Sequence[Node]) -> dict[Node, int]:
    """How often each node is used, as an operand or as an output."""
    counts = dict.fromkeys(order, 0)
    for node in order:
        for operand in node.inputs:
            counts[operand] += 1
    for node in outputs:
        counts[node] += 1
    return counts
