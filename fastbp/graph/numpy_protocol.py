"""What NumPy and Python ask of a node: `np.tanh(x)` builds a node, `if x:` explains why it cannot.

NumPy hands its calls to `__array_ufunc__` and `__array_function__` as soon as one argument is a
node, so a function written for arrays builds the graph when it is called with nodes. What has no
row in the table of operations raises a TypeError at the user's own line and names the way out.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

if TYPE_CHECKING:
    from fastbp.graph.node import Node

UFUNCS: dict[Any, str] = {
    np.add: "add",
    np.subtract: "subtract",
    np.multiply: "multiply",
    np.divide: "divide",
    np.negative: "negative",
    np.square: "square",
    np.sqrt: "sqrt",
    np.exp: "exp",
    np.log: "log",
    np.reciprocal: "reciprocal",
    np.tanh: "tanh",
}

WAY_OUT = (
    "Nodes answer + - * / @ ** (exponents 2, 0.5, 1, -1), .T, .sum, .mean, .reshape, .dot and "
    "NumPy's add, subtract, multiply, divide, negative, square, sqrt, exp, log, reciprocal, tanh, "
    "maximum(x, 0), power, matmul, dot, sum, mean, transpose, reshape. Write it with these, or "
    "compute it with NumPy beforehand and pass the result as data"
)


def refuse(what: str, way_out: str = WAY_OUT) -> NoReturn:
    """Raise the TypeError for something that a node cannot do."""
    raise TypeError(f"{what}: a Node describes a computation and holds no numbers. {way_out}.")


def is_number(value: object, wanted: float) -> bool:
    """Whether `value` is a plain number (or 0-d array) equal to `wanted`."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    return isinstance(value, int | float | np.number) and bool(value == wanted)


class NumpyProtocol:
    """Mixin of Node: NumPy's two protocols, and refusals of what needs numbers."""

    __slots__ = ()

    if TYPE_CHECKING:
        shape: tuple[int, ...]

        def _apply(self, op: str, *operands: Any, **attrs: Any) -> Node: ...
        def _operand(self, value: Any) -> Node: ...
        def _matmul(self, left: Any, right: Any) -> Node: ...

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Node:
        name = f"np.{ufunc.__name__}"
        if method != "__call__":
            refuse(f"{name}.{method} on a Node")
        if kwargs.get("out") is not None:
            refuse(f"{name} into an existing array", "Write a = a + x instead of a += x or out=a")
        if kwargs:
            refuse(f"{name} with {', '.join(sorted(kwargs))}", "Leave these arguments out")
        if ufunc in UFUNCS:
            return self._apply(UFUNCS[ufunc], *inputs)
        if ufunc is np.positive:
            return self._operand(inputs[0])
        if ufunc is np.matmul:
            return self._matmul(*inputs)
        if ufunc is np.power:
            return power(self, *inputs)
        if ufunc is np.maximum:
            for value, zero in (inputs, inputs[::-1]):
                if is_number(zero, 0):
                    return self._apply("relu", value)
        refuse(f"{name} on a Node")

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        name = f"{func.__module__}.{func.__name__}".replace("numpy", "np", 1)
        handler = FUNCTIONS.get(func)
        if handler is None:
            refuse(f"{name} on a Node")
        try:
            inspect.signature(handler).bind(self, *args, **kwargs)
        except TypeError as error:
            refuse(f"{name} on a Node ({error})")
        return handler(self, *args, **kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        refuse(
            "A Node cannot become an array (np.array, np.asarray, array.dot)",
            "Pass it to NumPy's functions as it is, and write a @ x instead of a.dot(x)",
        )

    def __bool__(self) -> NoReturn:
        refuse(
            "A Node has no truth value (if, while, and, or, not)",
            "Branch on shapes or on Python values, not on computed ones",
        )

    def __float__(self) -> NoReturn:
        refuse(
            "A Node cannot become a Python number (float, int, math.*)",
            "Use np.exp instead of math.exp, and keep the value a Node",
        )

    __int__ = __float__

    def __getitem__(self, key: Any) -> NoReturn:
        refuse(
            "A Node cannot be indexed in this version", "Slice the arrays before they become data"
        )

    def __iter__(self) -> NoReturn:
        refuse("A Node cannot be iterated over", "Use whole-array operations instead of a loop")

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        refuse(
            "A Node cannot be written to (x[...] = v)", "Build a new one: x + v, x * mask and so on"
        )

    def __eq__(self, other: object) -> bool:
        # Nodes are dictionary keys, so between two nodes == is identity. With a number it would
        # quietly be False where an array gives a mask.
        if isinstance(other, int | float | complex | np.generic | np.ndarray):
            self._refuse_comparison(other)
        return self is other

    __hash__ = object.__hash__

    def _refuse_comparison(self, other: object) -> NoReturn:
        refuse(
            "A Node cannot be compared (<, >, ==, max, min)",
            "np.maximum(x, 0) is relu; masks are computed beforehand and passed as data",
        )

    __lt__ = __le__ = __gt__ = __ge__ = _refuse_comparison


def power(node: NumpyProtocol, base: Any, exponent: Any) -> Node:
    """`base ** exponent` for the exponents that have an operation of their own."""
    if not isinstance(base, NumpyProtocol):
        refuse("number ** Node", "Write np.exp(x * np.log(base))")
    operations = {2: "square", 0.5: "sqrt", -1: "reciprocal"}
    for known, op in operations.items():
        if is_number(exponent, known):
            return node._apply(op, base)
    if is_number(exponent, 1):
        return node._operand(base)
    shown = exponent if isinstance(exponent, int | float | np.number) else type(exponent).__name__
    refuse(
        f"x ** {shown}",
        "The exponents 2, 0.5, 1 and -1 exist; write x * x * x for a cube, np.exp(p * np.log(x)) "
        "for another power of a positive x",
    )


def _sum(node: NumpyProtocol, a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
    return node._operand(a).sum(axis=axis, keepdims=keepdims)


def _mean(node: NumpyProtocol, a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
    return node._operand(a).mean(axis=axis, keepdims=keepdims)


def _dot(node: NumpyProtocol, a: Any, b: Any) -> Node:
    return node._operand(a).dot(b)


def _transpose(node: NumpyProtocol, a: Any) -> Node:
    return node._operand(a).T


def _reshape(node: NumpyProtocol, a: Any, shape: Any) -> Node:
    return node._operand(a).reshape(shape)


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: _sum,
    np.mean: _mean,
    np.dot: _dot,
    np.transpose: _transpose,
    np.reshape: _reshape,
    np.shape: lambda node, a: node._operand(a).shape,
    np.ndim: lambda node, a: node._operand(a).ndim,
    np.size: lambda node, a: node._operand(a).size,
}
