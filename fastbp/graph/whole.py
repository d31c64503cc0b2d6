"""Whole numbers: what follows from them alone is left to NumPy, on the caller's arrays, before a program runs.

Programs compute in floats, which hold whole numbers up to 2**24 or 2**53 only. So a call of NumPy's whose operands are
all arrays of whole numbers or truth values becomes one node, "whole", that holds the call: values, dtypes, overflow
and errors are NumPy's, because NumPy makes them. A program gets the results as arrays.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fastbp.graph import in_place
from fastbp.graph.node import Node
from fastbp.graph.number import plain_int
from fastbp.graph.numpy_protocol import FUNCTIONS, refuse

Function = Callable[..., Any]


def is_whole(value: object) -> bool:
    """Whether a node follows from whole numbers alone, and holds such: an array of the caller's, or NumPy's to make."""
    return (
        isinstance(value, Node)
        and value.op in ("input", "parameter", "whole")
        and value.dtype.kind in "iub"
        and "entered" not in value.attrs
    )


def nodes_in(value: Any) -> Iterator[Node]:
    """The nodes in the arguments of a call."""
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from nodes_in(item)
    elif isinstance(value, dict):
        yield from nodes_in(list(value.values()))


def alone(*arguments: Any) -> bool:
    """Whether there are nodes among the arguments, and all of them are whole."""
    found = list(nodes_in(arguments))
    return bool(found) and all(map(is_whole, found))


class Slot:
    """The place of an operand among the arguments of a call."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


class Call:
    """A call of a function with operands to be filled in.

    Attributes
    ----------
    function : callable
        Takes arrays and, as NumPy's do, nodes.
    args, kwargs : its arguments, with a `Slot` for each operand.
    part : which one of the arrays that it returns; None where it returns one.
    """

    __slots__ = ("_flat", "_key", "args", "function", "kwargs", "part")

    def __init__(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any], part: int | None
    ) -> None:
        self.function, self.args, self.kwargs, self.part = function, args, kwargs, part
        self._key: Any = None
        self._flat = (
            not kwargs and part is None and not any(type(a) in (tuple, list, dict) for a in args)
        )

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"np.{getattr(self.function, '__name__', self.function)}"

    def on(self, operands: Sequence[Any]) -> Any:
        """The result for operands."""
        if self._flat:
            return self.function(*[operands[a.number] if type(a) is Slot else a for a in self.args])
        found = self.function(*_filled(self.args, operands), **_filled(self.kwargs, operands))
        return found if self.part is None else found[self.part]

    @property
    def key(self) -> Any:
        """Equal for equal calls."""
        if self._key is None:
            self._key = (self.function, self.part, _hashable(self.args), _hashable(self.kwargs))
        return self._key

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Call) and self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)


def _emptied(value: Any, operands: list[Node]) -> Any:
    """Arguments with slots for their nodes, which are added to the operands."""
    if isinstance(value, Node):
        in_place.check_use(value)
        known = next((i for i, node in enumerate(operands) if node is value), len(operands))
        operands[known:] = [value] if known == len(operands) else operands[known:]
        return Slot(known)
    if type(value) in (tuple, list):
        return type(value)(_emptied(item, operands) for item in value)
    if type(value) is dict:
        return {key: _emptied(item, operands) for key, item in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else plain_int(value)


def _filled(value: Any, operands: Sequence[Any]) -> Any:
    if isinstance(value, Slot):
        return operands[value.number]
    if type(value) in (tuple, list):
        return type(value)(_filled(item, operands) for item in value)
    if type(value) is dict:
        return {key: _filled(item, operands) for key, item in value.items()}
    return value


def _hashable(value: Any) -> Any:
    if isinstance(value, Slot):
        return "slot", value.number
    if isinstance(value, tuple | list):
        return tuple(map(_hashable, value))
    if isinstance(value, dict):
        return tuple((key, _hashable(value[key])) for key in sorted(value))
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    return type(value), repr(value) if isinstance(value, slice) else value


def record(function: Function, *args: Any, **kwargs: Any) -> Any:
    """The node, or nodes, of a call on whole nodes. Shape and dtype are those that NumPy gives for zeros."""
    operands: list[Node] = []
    call = Call(function, _emptied(args, operands), _emptied(kwargs, operands), None)
    with np.errstate(all="ignore"):
        zeros = [_zeros(node) for node in operands]
        found = call.on(zeros)
    if isinstance(found, tuple | list):
        parts = [Call(function, call.args, call.kwargs, i) for i in range(len(found))]
        return [_view(_node(part, operands, one), operands, one, zeros)
                for part, one in zip(parts, found, strict=True)]  # fmt: skip
    return _view(_node(call, operands, found), operands, found, zeros)


def _view(made: Node, operands: Sequence[Node], found: Any, zeros: Sequence[Any]) -> Node:
    """`made`, which is noted as a view of an operand where NumPy makes it one."""
    for node, array in zip(operands, zeros, strict=True):
        if np.may_share_memory(found, array):
            return in_place.view_of(made, node)
    return made


def _zeros(node: Node) -> Any:
    """An array, or a number as NumPy gives it in place of one without axes."""
    zeros = np.zeros(node.shape, node.dtype)
    return zeros if node.shape or node.op != "whole" else zeros[()]


def _node(call: Call, operands: list[Node], like: Any) -> Node:
    if not isinstance(like, np.ndarray | np.generic):
        refuse(f"{call.name} on a Node")
    if like.dtype.kind not in "fiub" or like.dtype.itemsize > 8 or like.dtype == np.float16:
        refuse(
            f"{call.name} of {', '.join(str(node.dtype) for node in operands)}, which is {like.dtype}",
            "Convert whole numbers first, with .astype(float)",
        )
    attrs: dict[str, Any] = {"call": call}
    enters = next((n.attrs["enters"] for n in operands if "enters" in n.attrs), None)
    if enters is not None and like.dtype.kind != "b":
        attrs["enters"] = enters
    return Node("whole", tuple(operands), attrs, like.shape, like.dtype)


# ------------------------------------------------------------ which calls are recorded

FORMS = frozenset(
    (np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.full_like, np.empty_like, np.result_type)
)  # fmt: skip
MORE = frozenset(
    (np.argmax, np.argmin, np.count_nonzero, np.isin, np.searchsorted, np.digitize, np.cumprod,
     np.select, np.choose, np.round, np.around)
)  # fmt: skip
METHODS = ("__call__", "reduce", "accumulate", "outer")


def takes(function: Function, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether a call of one of NumPy's functions is recorded: the shape of its result does not depend on numbers."""
    if function in FORMS or (function not in FUNCTIONS and function not in MORE):
        return False
    if function is np.where and len(args) + len(kwargs) != 3:
        return False
    behind = next(nodes_in([*args[1:], dict(kwargs)]), None)
    if getattr(FUNCTIONS.get(function), "moves", False) and behind is not None:
        return False  # how often, how far: by computed numbers
    return alone(args, dict(kwargs))


def operation(op: str, operands: tuple[Any, ...], attrs: Mapping[str, Any]) -> Node:
    """What an operator makes of whole nodes."""
    if op == "reshape":
        return record(reshape, operands[0], attrs["shape"])  # type: ignore[no-any-return]
    if op == "power":
        return record(operator.pow, *operands)  # type: ignore[no-any-return]
    return record(getattr(np, op), *operands)  # type: ignore[no-any-return]


# ------------------------------------------------------------ functions of arrays, and of nodes


def reshape(x: Any, shape: tuple[int, ...]) -> Any:
    """`x.reshape(shape)`."""
    return x.reshape(shape)


def astype(x: Any, dtype: np.dtype[Any]) -> Any:
    """`x.astype(dtype)`."""
    return x.astype(dtype)


def in_range(index: Any, count: int, name: str, of: str) -> Any:
    """An index from 0 up, of one that may count from the end; IndexError where it is none."""
    if isinstance(index, Node):
        return index
    index = np.array(index)  # nobody changes it after the check
    if index.dtype == np.int64 and index.size and _largest(index) < count:
        return index  # none is negative
    bad = (index < -count) | (index >= count)
    if bad.any():
        place, value = _first(index, bad)
        raise IndexError(f"{name}{place} is {value}: out of bounds for {of}, which has {count}")
    return np.where(index < 0, index + count if index.dtype.kind == "i" else index, index).astype(
        np.int64
    )


def _largest(numbers: Any) -> int:
    """The largest of int64 numbers; one below 0 counts as more than all others."""
    return int(np.maximum.reduce(numbers.view(np.uint64), axis=None))


def class_labels(labels: Any, classes: int, name: str) -> Any:
    """Class indices, checked."""
    if isinstance(labels, Node):
        return labels
    labels = np.array(labels)  # nobody changes them after the check
    quick = labels.dtype == np.int64 and labels.size and _largest(labels) < classes
    if labels.size and not quick:
        check_classes(name, int(labels.min()), int(labels.max()), classes)
    return labels


def checked_range(node: Node) -> tuple[int, int] | None:
    """Between which numbers those of an index or of labels lie that NumPy checks when it makes them."""
    while node.op == "whole":
        call: Call = node.attrs["call"]
        if call.function in (in_range, class_labels):
            return 0, call.args[1] - 1
        if call.function not in (reshape, np.moveaxis, operator.getitem):
            return None
        node = node.inputs[0]
    return None


def check_classes(name: str, low: int, high: int, classes: int) -> None:
    """Refuse class indices of which one is below 0 or too large."""
    if low < 0 or high >= classes:
        from_one = low == 1 and high == classes
        hint = f": they start at 0, so pass {name} - 1" if from_one else ""
        raise ValueError(
            f"{name} must hold class indices from 0 to {classes - 1}, one an output unit, "
            f"got {low if low < 0 else high}{hint}"
        )


def _first(array: Any, bad: Any) -> tuple[str, Any]:
    """Where the first bad element is, as text, and what it is."""
    place = np.unravel_index(int(np.argmax(bad)), bad.shape)
    return f"[{', '.join(map(str, place))}]" if place else "", array[place]


def named(node: Node, other: str) -> str:
    """What messages call an array: its name, that of the array it follows from, or something else."""
    while node.name is None and len(node.inputs) == 1:
        node = node.inputs[0]
    return node.name or other
