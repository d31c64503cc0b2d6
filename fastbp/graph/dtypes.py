"""Dtype rules of the operations: from the operands' dtypes to the result's, as NumPy has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from fastbp.graph.node import Node

Dtype = np.dtype[Any]
REAL = np.dtype("float64")
WHOLE = np.dtype("int64")
WEAK = np.dtype("float16")  # stands for a Python number, which takes the dtype that it meets


def promoted(inputs: Sequence[Node]) -> Dtype:
    """The dtype of a sum or a product of the operands."""
    dtypes = [node.dtype for node in inputs]
    if dtypes[0].kind == "f" and dtypes.count(dtypes[0]) == len(dtypes):  # as nearly always
        return dtypes[0]
    if any(dtype.kind == "f" for dtype in dtypes):
        # Whole numbers that are data may take the parameters'.
        dtypes = [node.attrs.get("enters", node.dtype) for node in inputs]
    return np.result_type(*dtypes)


def signed(inputs: Sequence[Node]) -> Dtype:
    """The dtype of -x, which a mask has not."""
    found = promoted(inputs)
    if found.kind == "b":
        raise TypeError("negative: a mask has no negative; write ~mask, or 1 - mask")
    return found


def floating(inputs: Sequence[Node]) -> Dtype:
    """The dtype of a quotient or a function of the operands: whole numbers become float64."""
    found = promoted(inputs)
    return found if found.kind == "f" else REAL


def summed(inputs: Sequence[Node]) -> Dtype:
    """The dtype of a sum of many: whole numbers become int64, or uint64."""
    found = promoted(inputs)
    if found.kind == "f":
        return found
    return np.dtype("uint64") if found.kind == "u" else WHOLE


def first_dtype(inputs: Sequence[Node]) -> Dtype:
    """The dtype of the first operand; the second holds indices."""
    return inputs[0].dtype


def chosen_dtype(inputs: Sequence[Node]) -> Dtype:
    """The dtype of what is chosen from; the first operand is the condition."""
    return promoted(inputs[1:])


def narrow(inputs: Sequence[Node]) -> Dtype:
    """float32."""
    return np.dtype("float32")


def truth(inputs: Sequence[Node]) -> Dtype:
    """The dtype of a comparison."""
    return np.dtype(bool)


def whole(inputs: Sequence[Node]) -> Dtype:
    """The dtype of indices."""
    return WHOLE
