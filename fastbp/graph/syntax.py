"""Operators, attributes and methods that a node shares with `numpy.ndarray`."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from fastbp.graph.numpy_protocol import NumpyProtocol, power

if TYPE_CHECKING:
    from fastbp.graph.node import Node


class ArraySyntax(NumpyProtocol):
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
        return self._apply("transpose", self) if self.ndim == 2 else self._operand(self)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a Node without axes (shape ())")
        return self.shape[0]

    def __neg__(self) -> Node:
        return self._apply("negative", self)

    def __pos__(self) -> Node:
        return self._operand(self)

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

    def __pow__(self, exponent: Any) -> Node:
        return power(self, self, exponent)

    def __rpow__(self, base: Any) -> Node:
        return power(self, base, self)

    def sum(self, axis: Any = None, *, keepdims: bool = False) -> Node:
        """Sum over all elements, or over one axis."""
        return self._apply("sum", self, axis=self._axis("sum", axis), keepdims=bool(keepdims))

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> Node:
        """Mean over all elements, or over one axis: the sum times the constant 1 / count."""
        axis = self._axis("mean", axis)
        count = self.size if axis is None else self.shape[axis]
        if count == 0:
            raise ValueError(f"mean: no elements to average in a Node of shape {self.shape}")
        return self._apply("multiply", 1.0 / count, self.sum(axis, keepdims=keepdims))

    def dot(self, other: Any) -> Node:
        """Matrix product as `np.dot` has it: a product with a number when one side has no axes."""
        other = self._operand(other)
        if self.ndim == 0 or other.ndim == 0:
            return self._apply("multiply", self, other)
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
        return self._apply("reshape", self, shape=tuple(sizes))

    def astype(self, dtype: Any) -> Node:
        """The node itself, when `dtype` is already its dtype; a graph has one dtype throughout."""
        if np.dtype(dtype) != self.dtype:
            raise TypeError(
                f"astype: the graph computes in {self.dtype} throughout, got {np.dtype(dtype)}. "
                "Convert the arrays before they become data"
            )
        return self._operand(self)

    def _axis(self, call: str, axis: Any) -> int | None:
        """`axis` as None or as a number from 0 up."""
        if isinstance(axis, tuple):
            axes = {self._axis(call, one) for one in axis} - {None}
            if len(axes) == self.ndim:
                return None
            axis = axes.pop() if len(axes) == 1 else axis
        if axis is None:
            return None
        if not _is_integer(axis) or not -self.ndim <= axis < self.ndim:
            raise ValueError(f"{call}: axis {axis!r} of a Node of shape {self.shape}")
        return operator.index(axis) % self.ndim

    def _matmul(self, left: Any, right: Any) -> Node:
        """`left @ right`; as in NumPy, an operand with one axis gets a second one and loses it."""
        a, b = self._operand(left), self._operand(right)
        if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[0]:
            raise ValueError(
                f"matmul: {a.shape} @ {b.shape}: the last size of the left operand must be the "
                "first of the right one, and neither may be a number"
            )
        rows = a if a.ndim == 2 else a.reshape(1, -1)
        columns = b if b.ndim == 2 else b.reshape(len(b), 1)
        product = self._apply("matmul", rows, columns)
        shape = a.shape[:-1] + b.shape[1:]
        return product if product.shape == shape else product.reshape(shape)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
