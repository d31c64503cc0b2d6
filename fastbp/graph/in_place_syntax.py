"""In-place operators that a node shares with `numpy.ndarray`, and what NumPy copies or makes views of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from fastbp.graph.node import Node


def _in_place(symbol: str) -> Any:
    """`x symbol= other`; of a number, which NumPy does not change either, Python makes x = x symbol other."""

    def change(self: Any, other: Any) -> Any:
        from fastbp.graph import in_place

        return in_place.changed(self, symbol, other) if self.shape else NotImplemented

    return change


class InPlaceSyntax:
    """Mixin of Node: `+=` and its like, copies and views."""

    __slots__ = ()

    if not TYPE_CHECKING:  # for which x += y is x = x + y
        __iadd__, __isub__, __imul__, __itruediv__ = map(_in_place, "+-*/")
        __ifloordiv__, __imod__, __ipow__, __imatmul__ = map(_in_place, ("//", "%", "**", "@"))
        __iand__, __ior__, __ixor__ = map(_in_place, "&|^")
        __ilshift__, __irshift__ = map(_in_place, ("<<", ">>"))

    def copy(self) -> Node:
        """The same elements, which stay as they are when the array is changed in place."""
        return self._own(self)  # type: ignore[arg-type]

    def __copy__(self) -> Node:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Node:
        return self.copy()  # what a node is made of never changes

    def _own(self, made: Node) -> Node:
        """`made`, an array of its own."""
        from fastbp.graph import in_place, whole

        if whole.is_whole(made):
            return whole.record(np.copy, made)  # type: ignore[no-any-return]
        return in_place.copied(made, self)  # type: ignore[arg-type]

    def _view(self, made: Node) -> Node:
        """`made`, a view of the node."""
        from fastbp.graph import in_place

        return in_place.view_of(made, self)  # type: ignore[arg-type]
