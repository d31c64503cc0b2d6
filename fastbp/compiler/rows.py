"""Which nodes hold a row for each row of the batch: the question whether a batch can run in row blocks.

ROWS    axis 0 is the batch's: a block of rows of it needs only the same rows of its operands
TURNED  the transpose of such a node
TOTAL   a sum over rows, which the blocks add up, or what follows from one
FIXED   needs no data at all: parameters and constants
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from fastbp.compiler.steps import Step
from fastbp.graph.node import Node
from fastbp.graph.ops import ELEMENTWISE


class Kind(Enum):
    """How a node depends on the rows of the batch."""

    ROWS = "rows"
    TURNED = "turned"
    TOTAL = "total"
    FIXED = "fixed"


ROW_BY_ROW = {"softmax", "cross_entropy", "cross_entropy_with_logits", "one_hot", "class_hits",
              "gather_columns", "scatter_columns", "join_columns", "argsort", "take_along", "put_along"}  # fmt: skip
LOSSES = {"bce_with_logits_fused", "cross_entropy_fused", "squared_error_fused"}


def classify(steps: list[Step], inputs: Sequence[Node], rows: int) -> dict[Node, Kind] | None:
    """The kind of each node that the steps touch and of each input, or None where the graph mixes rows."""
    kinds = {node: Kind.ROWS for node in inputs if node.shape[:1] == (rows,)}
    for step in steps:
        for node in step.inputs:
            if node is not None and node not in kinds:
                if node.op == "input":
                    return None  # it has another number of rows
                kinds[node] = Kind.FIXED
        made = _made(step, kinds, rows)
        if made is None:
            return None
        kinds.update(zip(step.out, made, strict=True))
    return kinds


def adds_up(step: Step, kinds: dict[Node, Kind]) -> bool:
    """Whether the step sums over rows, so that a later block adds to what the blocks before left."""
    return any(kinds[n] is Kind.ROWS for n in step.inputs if n is not None) and any(
        kinds[n] is Kind.TOTAL for n in step.out
    )


def _made(step: Step, kinds: dict[Node, Kind], rows: int) -> tuple[Kind, ...] | None:
    """The kinds of what the step makes."""
    operands = [node for node in step.inputs if node is not None]
    found = [kinds[node] for node in operands]
    if Kind.ROWS not in found and Kind.TURNED not in found:
        return (Kind.TOTAL if Kind.TOTAL in found else Kind.FIXED,) * len(step.out)
    if Kind.TOTAL in found or Kind.TURNED in found:
        return None
    kind = _of_rows(step, operands, found, rows)
    if kind is None:
        return None
    return (Kind.ROWS, Kind.TOTAL) if step.op in LOSSES else (kind,) * len(step.out)


def _of_rows(step: Step, operands: list[Node], found: list[Kind], rows: int) -> Kind | None:
    """The kind of what is made from rows and, it may be, fixed nodes."""
    out, op = step.out[0], step.op
    rest_fixed = found[0] is Kind.ROWS and Kind.ROWS not in found[1:]
    if op == "dense":
        return Kind.ROWS if rest_fixed else None
    if op == "dense_inputs":
        gate_fits = len(found) == 2 or found[2] is Kind.ROWS
        return Kind.ROWS if found[0] is Kind.ROWS and found[1] is Kind.FIXED and gate_fits else None
    if op == "dense_weights":
        return Kind.TOTAL if found == [Kind.ROWS, Kind.ROWS] else None
    if op in LOSSES or op in ROW_BY_ROW:
        return Kind.ROWS if Kind.FIXED not in found else None
    if op in ("sum", "max", "min", "cumsum") and step.attrs["axis"] not in (None, 0):
        return Kind.ROWS
    if op == "sum":
        return Kind.TOTAL
    if op == "take_rows":
        return Kind.ROWS if found == [Kind.FIXED, Kind.ROWS] and out.shape[0] == rows else None
    if op == "add_rows":
        return Kind.TOTAL if found == [Kind.ROWS, Kind.ROWS] else None
    if op == "reshape":
        return Kind.ROWS if out.shape[:1] == (rows,) and operands[0].size == out.size else None
    if op in ELEMENTWISE or op in ("broadcast_to", "where"):
        fits = all(_aligned(node, kind, out) for node, kind in zip(operands, found, strict=True))
        return Kind.ROWS if fits else None
    return None


def _aligned(node: Node, kind: Kind, out: Node) -> bool:
    """Whether rows meet rows, and what is fixed is the same for each row."""
    if kind is Kind.ROWS:
        return node.ndim == out.ndim and node.shape[0] == out.shape[0]
    return node.ndim < out.ndim or node.shape[:1] in ((), (1,))
