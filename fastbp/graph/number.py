"""Python's whole numbers among the arguments of a traced function: a program takes them, unless the function looks."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fastbp.graph.numpy_protocol import NumpyProtocol

if TYPE_CHECKING:
    from fastbp.graph.node import Node


class Number:
    """Stands for a Python int while a function is traced.

    Beside floats it is one of the program's operands. Whatever else is asked of it, as a size, an index, an exponent or
    a branch asks, the int itself answers, and that is noted: such a program is for that int alone.
    """

    def __init__(self, value: int, node: Node) -> None:
        self._value, self._node, self._used = value, node, False

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # isinstance(n, int) holds
        return int

    def __getattr__(self, name: str) -> Any:
        return getattr(_looked_at(self), name)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(_looked_at(self), dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(value, NumpyProtocol) for value in inputs):
            return NotImplemented  # a node takes it
        return getattr(ufunc, method)(*map(plain_int, inputs), **kwargs)


def _looked_at(number: Number) -> int:
    number._used = True
    return number._value


def is_used(number: Number) -> bool:
    """Whether the function looked at it."""
    return number._used


def plain_int(value: Any) -> Any:
    """The int that a number stands for; other values as they are."""
    return _looked_at(value) if type(value) is Number else value


def settled(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Operands with numbers as nodes where there is a node of floats, else as ints."""
    if Number not in map(type, values):
        return values
    floats = any(isinstance(v, NumpyProtocol) and v.dtype.kind == "f" for v in values)  # type: ignore[attr-defined]
    return tuple(v._node if floats and type(v) is Number else plain_int(v) for v in values)


def _answered(method: Callable[..., Any]) -> Any:
    """A method that the int answers; beside a node, that does."""

    def answer(self: Number, *others: Any) -> Any:
        if any(isinstance(other, NumpyProtocol) for other in others):
            return NotImplemented
        return method(_looked_at(self), *map(plain_int, others))

    return answer


def _exchanged(method: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, b: method(b, a)


# Python's operators rather than int's methods, which leave floats, fractions and the like to the other
# operand: that one does not know what stands for an int, and == would be False.
BETWEEN = "add sub mul truediv floordiv mod lshift rshift and or xor"
COMPARED = "eq ne lt le gt ge"
OF_ONE = "neg pos abs invert int float index bool round trunc floor ceil hash str repr format"
_METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, f"__{name}__") for name in f"{BETWEEN} {COMPARED}".split()
}
_METHODS |= {"divmod": divmod, "pow": pow}
_METHODS |= {f"r{name}": _exchanged(_METHODS[name]) for name in f"{BETWEEN} divmod pow".split()}
_METHODS |= {name: getattr(int, f"__{name}__") for name in OF_ONE.split()}
for _name, _method in _METHODS.items():
    setattr(Number, f"__{_name}__", _answered(_method))
