"""Whole numbers and truth values that programs compute, as they follow from floats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastbp.graph import whole
from fastbp.graph.local_gradients import choose
from fastbp.graph.node import Node, apply, constant, scalar_value
from fastbp.graph.numpy_protocol import refuse

WAY_OUT = "Make floats of them, with .astype(float)"


def of_program(op: str, operands: Sequence[Any], attrs: Mapping[str, Any]) -> Node:
    """What an operator makes of them: in NumPy's dtype, or NumPy's error."""
    node = next(value for value in operands if isinstance(value, Node))
    if op in (
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
    ):  # a number may be one that the dtype has not
        operands = [_number(v) if type(v) is int else v for v in operands]
    nodes = [node._operand(v) for v in operands]
    ufunc = getattr(np, op, None)
    if not isinstance(ufunc, np.ufunc) or op == "matmul":
        return apply(op, *nodes, **attrs)
    dtype = ufunc.resolve_dtypes((*(n.dtype for n in nodes), None))[-1]
    if dtype.kind in "iu":
        nodes = [n._declared(dtype) if n.dtype.kind == "b" else n for n in nodes]
    if op == "power":
        return _power(nodes[0], nodes[1])._declared(dtype)
    made = apply("maximum" if op == "add" and dtype.kind == "b" else op, *nodes, **attrs)
    return made if dtype.kind == "f" or made.dtype == dtype else made._declared(dtype)


def divisor(value: Any) -> Any:
    """A divisor of whole numbers has no -0, which programs may make of them."""
    if not isinstance(value, Node) or value.dtype.kind not in "iu" or whole.is_whole(value):
        return value
    return choose(value, value, 0)


def wide_only(what: str, operands: Sequence[Node]) -> None:
    """Refuse a sum of products of truth values or of narrow whole numbers, which NumPy keeps in their dtype."""
    dtype = np.result_type(*(node.dtype for node in operands))
    if dtype.kind != "f" and dtype.itemsize < 8:
        refuse(f"{what} of {dtype} that follows from floats", WAY_OUT)


def _number(value: int) -> Node:
    """A number to compare with; one that int64 has not is larger than all of them, or smaller."""
    return constant(value if -(2**63) <= value < 2**63 else float(value))


def _power(base: Node, exponent: Node) -> Node:
    """Whole powers of whole numbers, as products: the power of floats may be a rounding below."""
    times = scalar_value(exponent)
    if times is None:
        refuse(
            "np.power of whole numbers that follow from floats, by other than one number", WAY_OUT
        )
    if times < 0:
        raise ValueError("Integers to negative integer powers are not allowed.")
    found = None
    for bit in f"{int(times):b}":
        found = base if found is None else apply("square", found)
        found = apply("multiply", found, base) if bit == "1" and found is not base else found
    return found if times and found is not None else base * 0 + 1
