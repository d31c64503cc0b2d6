"""Scatters that may add many numbers at one place: such a sum keeps what it loses by rounding, and takes it at the end.

Other long sums are cut into pieces. Here that would need a sum of pieces for each place.
"""

from __future__ import annotations

import numpy as np

from fastbp.compiler.steps import Step
from fastbp.graph.node import Node
from fastbp.kernels.reductions import MOST_AT_ONCE

SCATTERS = {"scatter", "scatter_columns", "add_rows", "put_along"}
CROWDED = 64  # rows for each place of a table, from which more than its memory is worth it


def keep_lost(steps: list[Step]) -> list[Step]:
    """The steps, with two for each long scatter: one makes the sums and what they lose, one adds these."""
    return [part for step in steps for part in (_in_two(step) if _is_long(step) else (step,))]


def _in_two(step: Step) -> tuple[Step, Step]:
    (node,) = step.out
    sums, lost = (Node(step.op, node.inputs, node.attrs, node.shape, node.dtype) for _ in range(2))
    return Step(step.op, (sums, lost), step.inputs, step.attrs), Step("add", (node,), (sums, lost))


def _is_long(step: Step) -> bool:
    """Whether a place may get more numbers than are summed in one go."""
    operand = step.inputs[0]
    if step.op not in SCATTERS or operand is None:
        return False
    if "index" in step.attrs:
        index = step.attrs["index"].array
        return len(index) > MOST_AT_ONCE and bool(
            np.bincount(index[index >= 0], minlength=1).max() > MOST_AT_ONCE
        )
    if step.op == "add_rows":
        return operand.shape[0] > max(MOST_AT_ONCE, CROWDED * step.out[0].shape[0])
    return operand.shape[-1] > MOST_AT_ONCE
