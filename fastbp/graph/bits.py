"""Operators of bits that a node shares with `numpy.ndarray`: of masks, and of whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from fastbp.graph.node import Node

_numpy: Any = np  # its stubs do not know that it hands calls to nodes


class BitSyntax:
    """Mixin of Node: `~ & | ^ << >>`."""

    __slots__ = ()

    def __invert__(self) -> Node:
        return _numpy.invert(self)

    def __and__(self, other: Any) -> Node:
        return _numpy.bitwise_and(self, other)

    def __or__(self, other: Any) -> Node:
        return _numpy.bitwise_or(self, other)

    def __xor__(self, other: Any) -> Node:
        return _numpy.bitwise_xor(self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __lshift__(self, other: Any) -> Node:
        return _numpy.left_shift(self, other)

    def __rlshift__(self, other: Any) -> Node:
        return _numpy.left_shift(other, self)

    def __rshift__(self, other: Any) -> Node:
        return _numpy.right_shift(self, other)

    def __rrshift__(self, other: Any) -> Node:
        return _numpy.right_shift(other, self)
