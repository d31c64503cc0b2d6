"""Operators, attributes and methods that a node shares with `numpy.ndarray`."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Iterator, Sequence
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

from fastbp.graph.bits import BitSyntax
from fastbp.graph.in_place_syntax import InPlaceSyntax
from fastbp.graph.numpy_protocol import (
    NumpyProtocol,
    is_number,
    refuse,
    taking,
)

if TYPE_CHECKING:
    from fastbp.graph.node import Node


_numpy: Any = np  # its stubs do not know that it hands calls to nodes


class ArraySyntax(BitSyntax, InPlaceSyntax, NumpyProtocol):
    """Mixin of Node: `x @ W + b`, `.T`, `.sum(axis=0)` and the like. Every call builds nodes."""

    __slots__ = ()

    if TYPE_CHECKING:
        dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def T(self) -> Node:
        """The transpose; like an array's, below two axes the node itself."""
        if self.ndim == 2:
            return self._view(self._apply("transpose", self))
        return self.transpose()

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a Node without axes (shape ())")
        return self.shape[0]

    def __neg__(self) -> Node:
        return self._apply("negative", self)

    def __pos__(self) -> Node:
        return self.copy()

    def __add__(self, other: Any) -> Node:
        return self._apply("add", self, other)

    def __radd__(self, other: Any) -> Node:
        return self._apply("add", other, self)

    def __sub__(self, other: Any) -> Node:
        return self._apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Node:
        return self._apply("subtract", other, self)

    def __mul__(self, other: Any) -> Node:
        return self._apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Node:
        return self._apply("multiply", other, self)

    def __truediv__(self, other: Any) -> Node:
        return self._apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return self._apply("divide", other, self)

    def __matmul__(self, other: Any) -> Node:
        return self._matmul(self, other)

    def __rmatmul__(self, other: Any) -> Node:
        return self._matmul(other, self)

    def __pow__(self, exponent: Any, modulo: Any = None) -> Node:
        if modulo is not None:
            refuse("pow of a Node with a third argument", "Write x**n % m")
        if self.dtype.kind == "b" and self.shape and type(exponent) is int and exponent == 2:
            return self._apply("square", self)
        for known, op in _POWERS.items():
            if is_number(exponent, known) and self.dtype.kind == "f":
                return self._apply(op, self)
        return self._apply("power", self, exponent)

    def __rpow__(self, base: Any) -> Node:
        return self._apply("power", base, self)

    def __mod__(self, other: Any) -> Node:
        return self._apply("mod", self, other)

    def __rmod__(self, other: Any) -> Node:
        return self._apply("mod", other, self)

    def __floordiv__(self, other: Any) -> Node:
        return _numpy.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Node:
        return _numpy.floor_divide(other, self)

    def __abs__(self) -> Node:
        return self._apply("absolute", self)

    def __lt__(self, other: Any) -> Node:
        return self._apply("greater", other, self)

    def __le__(self, other: Any) -> Node:
        return self._apply("greater_equal", other, self)

    def __gt__(self, other: Any) -> Node:
        return self._apply("greater", self, other)

    def __ge__(self, other: Any) -> Node:
        return self._apply("greater_equal", self, other)

    def __eq__(self, other: object) -> Any:
        other = _compared(other)
        return NotImplemented if other is None else self._apply("equal", self, other)

    def __ne__(self, other: object) -> Any:
        other = _compared(other)
        return NotImplemented if other is None else self._apply("not_equal", self, other)

    __hash__ = NumpyProtocol.__hash__

    def __getitem__(self, key: Any) -> Node:
        from fastbp.graph import in_place, moves

        if type(self) is in_place.Overwritten and in_place.is_users(sys._getframe(1)):
            return in_place.getitem(self, key)
        return moves.getitem(self._operand(self), key)

    def __iter__(self) -> Iterator[Node]:
        return iter([self[i] for i in range(len(self))])  # all before one is changed in place

    # ------------------------------------------------------------ methods of arrays

    def sum(self, axis: Any = None, *, keepdims: bool = False) -> Node:
        """Sum over all elements, or over axes."""
        return _numpy.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> Node:
        """Mean over all elements, or over axes: the sum times the constant 1 / count."""
        return _numpy.mean(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, *, keepdims: bool = False) -> Node:
        """The largest of all elements, or over axes."""
        return _numpy.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, *, keepdims: bool = False) -> Node:
        """The smallest of all elements, or over axes."""
        return _numpy.min(self, axis=axis, keepdims=keepdims)

    def any(self, axis: Any = None, *, keepdims: bool = False) -> Node:
        """Whether any element is not 0, of all or over axes."""
        return _numpy.any(self, axis=axis, keepdims=keepdims)

    def all(self, axis: Any = None, *, keepdims: bool = False) -> Node:
        """Whether no element is 0, of all or over axes."""
        return _numpy.all(self, axis=axis, keepdims=keepdims)

    def prod(self, axis: Any = None, *, keepdims: bool = False) -> Node:
        """The product of all elements, or over axes."""
        return _numpy.prod(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Node:
        """The variance of all elements, or over axes."""
        return _numpy.var(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Node:
        """The standard deviation of all elements, or over axes."""
        return _numpy.std(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def cumsum(self, axis: Any = None) -> Node:
        """Sums of the first elements."""
        return _numpy.cumsum(self, axis=axis)

    def clip(self, min: Any = None, max: Any = None) -> Node:
        """At least `min` and at most `max`."""
        return _numpy.clip(self, min, max)

    def transpose(self, *axes: Any) -> Node:
        """The axes in another order, by default the opposite one."""
        if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list)):
            axes = tuple(axes[0] or ())
        return _numpy.transpose(self, axes or None)

    def swapaxes(self, axis1: int, axis2: int) -> Node:
        """Two axes exchanged."""
        return _numpy.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Node:
        """Without axes of size 1."""
        return _numpy.squeeze(self, axis=axis)

    def ravel(self) -> Node:
        """The elements along one axis."""
        return self.reshape(-1)

    def flatten(self) -> Node:
        """The elements along one axis, an array of its own."""
        return self._own(self.reshape(-1))

    def repeat(self, repeats: Any, axis: Any = None) -> Node:
        """Each element several times."""
        return _numpy.repeat(self, repeats, axis=axis)

    def take(self, indices: Any, axis: Any = None) -> Node:
        """Elements, or parts along an axis, by index."""
        return _numpy.take(self, indices, axis=axis)

    def trace(self, offset: int = 0) -> Node:
        """The sum of the diagonal."""
        return _numpy.trace(self, offset)

    def dot(self, other: Any) -> Node:
        """Matrix product as `np.dot` has it: a product with a number when one side has no axes."""
        from fastbp.graph import whole

        if whole.alone(self, other):
            return whole.record(np.dot, self, other)
        other = self._operand(other)
        if self.ndim == 0 or other.ndim == 0:
            return self._apply("multiply", self, other)
        if self.ndim > 2 or other.ndim > 2:
            pair = (self.ndim - 1, max(other.ndim - 2, 0))
            return _numpy.tensordot(self, other, pair)
        return self._matmul(self, other)

    def reshape(self, *shape: Any) -> Node:
        """The same elements in another shape; one size may be -1."""
        if len(shape) == 1 and isinstance(shape[0], tuple | list):
            shape = tuple(shape[0])
        if not all(_is_integer(size) for size in shape):
            raise TypeError(f"reshape: expected whole numbers, got {shape}")
        sizes = [operator.index(size) for size in shape]
        known = math.prod(size for size in sizes if size != -1)
        if sizes.count(-1) == 1 and known > 0 and self.size % known == 0:
            sizes[sizes.index(-1)] = self.size // known
        if tuple(sizes) == self.shape:
            return self._operand(self)
        return self._view(self._apply("reshape", self, shape=tuple(sizes)))

    def astype(self, dtype: Any) -> Node:
        """The node as numbers of another dtype; to whole numbers it is rounded towards 0."""
        from fastbp.graph import whole

        dtype = np.dtype(dtype)
        if dtype == np.float16:
            refuse("astype(float16)", "Programs compute in float32 and float64")
        if whole.is_whole(self):
            same = dtype == self.dtype
            return self._operand(self) if same else whole.record(whole.astype, self, dtype)
        if dtype == self.dtype:
            return self.copy()
        if dtype.kind in "iu" and self.dtype.kind == "f":
            size = self._apply("floor", self._apply("absolute", self))
            return (self._apply("multiply", self._apply("sign", self), size))._declared(dtype)
        if dtype.kind == "b":
            return self._apply("not_equal", self, 0)
        if dtype == np.float32 and self.dtype.kind != "b":
            return self._apply("single", self)
        return self._operand(self)._declared(dtype)

    def _matmul(self, left: Any, right: Any) -> Node:
        """`left @ right`; as in NumPy, an operand with one axis gets a second one and loses it."""
        from fastbp.graph import computed, whole

        if whole.alone(left, right):
            return whole.record(np.matmul, left, right)
        a, b = self._operand(left), self._operand(right)
        inner = b.shape[-2] if b.ndim > 1 else b.shape[0] if b.ndim else -1
        if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != inner:
            raise ValueError(
                f"matmul: {a.shape} @ {b.shape}: the last size of the left operand must be the "
                "first of the right one (or the last but one), and neither may be a number"
            )
        if b.ndim > 2:
            computed.wide_only("a product", (a, b))
            rows = a if a.ndim > 1 else a.reshape(1, -1)
            product = (
                rows.reshape(*rows.shape, 1) * b.reshape(*b.shape[:-2], 1, *b.shape[-2:])
            ).sum(axis=-2)
            return (
                product if a.ndim > 1 else product.reshape(*product.shape[:-2], product.shape[-1])
            )
        rows = a if a.ndim == 2 else a.reshape(math.prod(a.shape[:-1]), a.shape[-1])
        columns = b if b.ndim == 2 else b.reshape(len(b), 1)
        product = self._apply("matmul", rows, columns)
        if product.dtype.kind == "b":  # whether there is a pair of truths, not how many
            product = self._apply("not_equal", product._declared(np.dtype(np.int64)), 0)
        shape = a.shape[:-1] + b.shape[1:]
        return product if product.shape == shape else product.reshape(shape)


METHODS = (
    "sum mean max min any all prod var std cumsum clip transpose swapaxes squeeze ravel flatten repeat take trace copy "
    "dot reshape astype"
)
for _name in METHODS.split():
    setattr(ArraySyntax, _name, taking(_name, getattr(ArraySyntax, _name)))

_POWERS = {2: "square", 0.5: "sqrt", 1: "identity", -1: "reciprocal"}


def _compared(other: object) -> Any:
    """What a node is compared with; None where it is nothing like an array, and so not equal."""
    if isinstance(other, ArraySyntax | int | float | np.generic | np.ndarray):
        return other
    if isinstance(other, Number):
        kind = type(other)
        name = (
            kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
        )
        refuse(
            f"A Node cannot be compared with a {name} ({other})",
            "Compare with floats, such as float(value)",
        )
    if isinstance(other, Sequence) and not isinstance(other, str | bytes | bytearray):
        return np.asarray(other)
    return None


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
