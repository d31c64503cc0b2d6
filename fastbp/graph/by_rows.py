"""Which whole numbers are made row by row, so that NumPy can make them once for all rows of many batches."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastbp.graph import whole
from fastbp.graph.node import Node, topological
from fastbp.graph.whole import Call, Slot

ELEMENT_BY_ELEMENT = frozenset(
    (np.where, np.clip, np.round, np.around, np.copy, np.select, np.nan_to_num,
     whole.astype, whole.in_range, whole.class_labels)
)  # fmt: skip
ALONG_AN_AXIS = frozenset(
    (np.sum, np.prod, np.max, np.min, np.amax, np.amin, np.any, np.all, np.mean, np.var, np.std, np.cumsum, np.cumprod,
     np.median, np.argmax, np.argmin, np.sort, np.argsort, np.count_nonzero, np.flip, np.expand_dims, np.squeeze)
)  # fmt: skip
AMONG = {
    np.isin: 0,
    np.digitize: 0,
    np.searchsorted: 1,
}  # fixed numbers: which argument is looked up there
OF_THE_LAST = frozenset((np.sort, np.argsort))  # where no axis is named
JOINING = frozenset((np.concatenate, np.stack))


def row_by_row(nodes: Sequence[Node], rows: int) -> set[Node]:
    """Those of whole nodes, and of what they are made of, that have a row for each of the batch made from it alone."""
    found: set[Node] = set()
    for node in topological(nodes):
        if node.shape[:1] != (rows,):
            continue
        if not node.inputs or (all(n in found for n in node.inputs) and _keeps_rows(node)):
            found.add(node)
    return found


def signature(node: Node) -> Any:
    """Equal for nodes that are made row by row in the same way, of whatever number of rows."""
    if not node.inputs:
        return node.attrs["index"]
    call: Call = node.attrs["call"]
    fixed = call.args[1][1:] if call.function is whole.reshape else call.key
    return (call.function, fixed, tuple(map(signature, node.inputs)))


def _keeps_rows(node: Node) -> bool:
    """Whether a call on rows makes each row from the same rows of its operands."""
    call: Call = node.attrs["call"]
    function = call.function
    if isinstance(function, np.ufunc):
        return function.signature is None and _aligned(call, node)
    if function in ELEMENT_BY_ELEMENT or function is operator.pow:
        return _aligned(call, node)
    if function is whole.reshape:
        return True
    if function in AMONG:
        which = AMONG[function]
        looked_up = len(call.args) > which and isinstance(call.args[which], Slot)
        return looked_up and len(node.inputs) == 1 and node.shape == node.inputs[0].shape
    if function is operator.getitem:
        return _of_all_rows(node.inputs[0], call.args[1])
    if function in ALONG_AN_AXIS:
        return _axis_spared(call, node)
    if function in JOINING:
        return all(isinstance(part, Slot) for part in call.args[0]) and _axis_spared(call, node)
    return False


def _aligned(call: Call, node: Node) -> bool:
    """Whether rows meet rows, and what is fixed is the same for each row."""
    fixed = [v for v in _flat([call.args, list(call.kwargs.values())]) if isinstance(v, np.ndarray)]
    if node.shape[0] == 1 and any(a.ndim == node.ndim for a in fixed):
        return False  # it may have a row for each of the batch, which has one
    return all(n.ndim == node.ndim for n in node.inputs) and all(
        a.ndim < node.ndim or a.shape[0] == 1 for a in fixed
    )


def _flat(value: Any) -> list[Any]:
    if isinstance(value, tuple | list):
        return [item for part in value for item in _flat(part)]
    return [value]


def _of_all_rows(x: Node, key: Any) -> bool:
    """Whether a fixed index takes from all rows alike: slices and numbers, or one list, behind a `:`."""
    parts = key if isinstance(key, tuple) else (key,)
    if not parts or not isinstance(parts[0], slice) or parts[0] != slice(None):
        return False
    lists = [part for part in parts if isinstance(part, np.ndarray | list)]
    numbers = [part for part in parts if isinstance(part, int | np.integer)]
    return not lists or (len(lists) == 1 and not numbers)


def _axis_spared(call: Call, node: Node) -> bool:
    """Whether the axis that is named is another one than that of the rows."""
    default = -1 if call.function in OF_THE_LAST else 0 if call.function in JOINING else None
    axis = call.kwargs.get("axis", call.args[1] if len(call.args) > 1 else default)
    axes = axis if isinstance(axis, tuple) else (axis,)
    made = call.function in (np.stack, np.expand_dims)
    ndim = node.ndim if made else node.inputs[0].ndim
    return all(
        isinstance(one, int | np.integer) and not isinstance(one, bool) and one % ndim != 0
        for one in axes
    )
