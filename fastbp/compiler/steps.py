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

    def formula(self, label: Any) -> str:
        """What the step computes, with `label(node)` for its operands."""
        names = [label(node) for node in self.inputs if node is not None]
        if self.op in FUSED:
            text = FUSED[self.op].format(*names, **self.attrs)
            if self.op == "dense" and len(names) == 3:
                text += f" + {names[2]}"
            if self.op == "dense" and self.attrs["activation"]:
                text = f"{self.attrs['activation']}({text})"
            if self.op == "dense_inputs" and len(names) == 3:
                text += f" where {names[2]} > 0" + ", half at ties" * self.attrs["halves"]
            return text
        row = OPS[self.op]
        arguments = [f"{key}={self.attrs[key]}" for key in row.attrs]
        return f"{self.op}({', '.join(names + arguments)})"


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
