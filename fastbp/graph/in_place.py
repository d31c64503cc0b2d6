"""Arrays that are changed in place: `y += x` gives a new node, and the old one is not used any more.

A node never changes, so whoever else holds the array that NumPy would change holds the old numbers. A later use of the
old node in a user's code is refused; so is that of views of it, and of what it is a view of, as far as they share
elements. What fastbp makes of the graph uses it as it stands.
"""

from __future__ import annotations

import operator
import os
import sys
import weakref
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from fastbp.graph.dtypes import WEAK
from fastbp.graph.node import Node
from fastbp.graph.numpy_protocol import ours, users_line

Positions = npt.NDArray[np.int64]

_OPERATORS: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "+": (operator.add, "add"),
    "-": (operator.sub, "subtract"),
    "*": (operator.mul, "multiply"),
    "/": (operator.truediv, "divide"),
    "//": (operator.floordiv, "floor_divide"),
    "%": (operator.mod, "remainder"),
    "**": (operator.pow, "power"),
    "@": (operator.matmul, "matmul"),
    "&": (operator.and_, "bitwise_and"),
    "|": (operator.or_, "bitwise_or"),
    "^": (operator.xor, "bitwise_xor"),
    "<<": (operator.lshift, "left_shift"),
    ">>": (operator.rshift, "right_shift"),
}
_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep
_BACKPROP = os.path.join("graph", "backprop.py")


class Overwritten(Node):
    """A node whose array was changed in place. Nodes become it; it is one, in all else."""

    __slots__ = ()


def changed(node: Node, symbol: str, other: Any) -> Node:
    """What `node symbol= other` leaves in its variable: of the same shape and dtype, or NumPy's error."""
    for operand in (node, other):
        if type(operand) is Overwritten:
            _refuse_use(operand)
    compute, name = _OPERATORS[symbol]
    made: Node = compute(node, other)
    if made.shape != node.shape:
        shapes = [str(shape).replace(" ", "") for shape in (node.shape, made.shape)]
        raise ValueError(
            f"non-broadcastable output operand with shape {shapes[0]} doesn't match the broadcast shape {shapes[1]}"
        )
    if made.dtype != node.dtype and node.dtype != WEAK:
        if not np.can_cast(made.dtype, node.dtype, "same_kind"):
            raise TypeError(
                f"Cannot cast ufunc {name!r} output from {made.dtype!r} to {node.dtype!r} "
                "with casting rule 'same_kind'"
            )
        made = made.astype(node.dtype)
    line = users_line(sys._getframe(1))
    sharing, mine = _sharing(node)
    root = sharing[0]
    root._lost = mine | root._lost if type(root) is Overwritten else mine
    for one in sharing:
        if type(one) is Node:
            one._changed = symbol, line
            one.__class__ = Overwritten
    return made


def getitem(node: Node, key: Any) -> Node:
    """`node[key]` of an overwritten node, where nothing of that was changed."""
    from fastbp.graph import moves

    root, places = _root(node), _places(node)[2]
    fixed = not any(isinstance(part, Node) for part in (key if isinstance(key, tuple) else (key,)))
    lost = np.broadcast_to(root._lost, root.size)
    if not fixed or lost[places[key]].any():
        _refuse_use(node)
    return moves.getitem(node, key)


def check_use(node: Any) -> None:
    """Refuse an overwritten node where it is the user who uses it."""
    if type(node) is Overwritten and is_users(sys._getframe(1)):
        _refuse_use(node)


def _refuse_use(node: Node) -> NoReturn:
    _refuse(node, f"is used{users_line(sys._getframe(1))}")


def check_results(values: Iterable[Any], what: str = "is returned") -> None:
    """Refuse overwritten nodes among what a user's function returns."""
    for value in values:
        if type(value) is Overwritten:
            _refuse(value, what)


def _refuse(node: Node, what: str) -> NoReturn:
    symbol, line = node._changed
    raise TypeError(
        f"an array that was changed in place{line} {what} as it was before: a Node describes a computation and "
        f"does not change. Write a = a {symbol} ... there, not a {symbol}= ..., and use the new a wherever the changed "
        "array is meant: return it from the function that changes it"
    )


def is_users(frame: FrameType | None) -> bool:
    """Whether a call of an operation or of a named function comes from a user's line, and not from a rule."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_PACKAGE):
            inside = file[len(_PACKAGE) :]
            named = inside.split(os.sep)[0] in ("graph", "nn") and inside != _BACKPROP
            if not named or frame.f_code is getitem.__code__:
                return False
        elif not ours(file):
            return True
        frame = frame.f_back
    return False


# ------------------------------------------------------------ who shares elements


def view_of(made: Node, base: Node) -> Node:
    """`made`, of which NumPy makes a view of `base`."""
    if made is not base:
        made._base = base
        if base._views is None:
            base._views = []
        base._views.append(weakref.ref(made))
    return made


def copied(made: Node, base: Node) -> Node:
    """`made`, of which NumPy makes an array of its own: another node where it is `base`, or a view of it."""
    if made is base:
        check_use(base)
        return Node("reshape", (base,), {"shape": base.shape}, base.shape, base.dtype, base.name)
    if getattr(made, "_base", None) is base:
        return Node(made.op, made.inputs, made.attrs, made.shape, made.dtype)
    return made


def as_numpy(made: Node, base: Node, found: Any, positions: Positions) -> Node:
    """`made`, a view or a copy, as `found` is of `positions`."""
    return (view_of if np.may_share_memory(found, positions) else copied)(made, base)


def _root(node: Node) -> Node:
    while getattr(node, "_base", None) is not None:
        node = node._base
    return node


def _sharing(node: Node) -> tuple[list[Node], Any]:
    """What the node is a view of in the end, and all that share elements with it; which of the first's these are."""
    root = _root(node)
    if root is node and not node._views:
        return [node], np.True_
    low, high, places = _places(node)
    mine = np.zeros(root.size, bool)
    mine[places] = True
    found = [root]
    for base in found:  # which grows: views of what shares none share none
        for reference in base._views or ():
            view = reference()
            if view is None:
                continue
            first, last, places = _places(view)
            if first <= high and last >= low and mine[places].any():
                found.append(view)
    return found, mine


def _places(node: Node) -> tuple[int, int, Positions]:
    """The places that a node has in what it is a view of, at the root; before them the first and the last one."""
    known = getattr(node, "_seen", None)
    if known is None:
        base = getattr(node, "_base", None)
        if base is None:
            places: Positions = np.arange(node.size).reshape(node.shape)
        else:
            places = _followed(node, base, _places(base)[2])
        known = (int(places.min()), int(places.max()), places) if places.size else (1, 0, places)
        node._seen = known
    return known


def _followed(view: Node, base: Node, places: Positions) -> Positions:
    """The places that a view has, of those of its base."""
    if view is base:
        return places
    if view.op == "whole":
        operands = [places if n is base else np.zeros(n.shape, n.dtype) for n in view.inputs]
        return view.attrs["call"].on(operands)  # type: ignore[no-any-return]
    inner = _followed(view.inputs[0], base, places)
    if view.op == "transpose":
        return inner.T
    if view.op == "gather_columns":
        return inner[:, view.attrs["index"].array]
    if view.op == "gather":
        inner = inner.reshape(-1)[view.attrs["index"].array]
    return inner.reshape(view.shape)
