"""Nodes: what a graph is made of.

A node says which operation makes it from which other nodes, with which shape and dtype. It holds
no numbers (constants excepted) and never changes. Shapes are checked when a node is built, so a
mismatch is reported at the line that wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import ref

import numpy as np
import numpy.typing as npt

from fastbp.graph.dtypes import WEAK, promoted
from fastbp.graph.number import settled
from fastbp.graph.numpy_protocol import plain
from fastbp.graph.syntax import ArraySyntax

LEAVES = ("input", "parameter", "constant")


class Node(ArraySyntax):
    """One value of a graph: an operation on other nodes, or a leaf.

    Nodes are built by `input_node`, `parameter_node`, `constant`, `apply` and the operators, and
    are compared and hashed by identity.

    Attributes
    ----------
    op : str
        Name of a row of `fastbp.graph.ops.OPS`, "input", "parameter" or "constant"; "whole" for what NumPy
        computes beforehand (`fastbp.graph.whole`).
    inputs : tuple of Node
        The operands, in the order of the row's arguments.
    attrs : dict
        The operation's fixed arguments (`axis`, `shape`, ...); a leaf's `index` or `value`.
    shape : tuple of int
    dtype : numpy.dtype
        What NumPy's own rules of promotion give: float32 or float64, or an integer or bool for
        indices and masks. A program computes in one of float32 and float64.
    name : str or None
        A label for messages and drawings.

    Examples
    --------
    >>> from fastbp.graph import input_node, parameter_node
    >>> x = input_node(0, (32, 2), "float32", "x")
    >>> W = parameter_node(0, (2, 16), "float32", "W")
    >>> x @ W
    <Node matmul (32, 16) float32>
    """

    __slots__ = (
        "__weakref__",
        "_base",  # what it is a view of, where it is one; these five are for `fastbp.graph.in_place`
        "_changed",
        "_lost",
        "_seen",
        "_views",
        "attrs",
        "dtype",
        "inputs",
        "name",
        "op",
        "shape",
    )
    _base: Node
    _changed: tuple[str, str]
    _lost: Any
    _seen: tuple[int, int, Any]
    _views: list[ref[Node]] | None

    def __init__(
        self,
        op: str,
        inputs: tuple[Node, ...],
        attrs: dict[str, Any],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        name: str | None = None,
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.attrs = attrs
        self.shape = shape
        self.dtype = dtype
        self.name = name
        self._views = None

    def __repr__(self) -> str:
        label = f" {self.name!r}" if self.name else ""
        return f"<Node {self.op}{label} {self.shape} {self.dtype}>"

    def _operand(self, value: Any) -> Node:
        if isinstance(value, Node):
            return value
        _, value = settled((self, value))
        if isinstance(value, Node):
            return value
        weak = type(value) in (bool, int, float)  # takes the dtype that it meets
        return constant(value, np.result_type(self.dtype, value) if weak else None)

    def _declared(self, dtype: np.dtype[Any]) -> Node:
        """The same numbers, as those of another dtype."""
        if type(self) is not Node:
            _checked(self, "identity", "x")
        return Node("identity", (self,), {}, self.shape, checked_dtype(dtype))

    def _apply(self, op: str, *operands: Any, **attrs: Any) -> Node:
        operands = settled(operands)
        if any(isinstance(v, Node) and v.dtype.kind in "iub" for v in operands):
            from fastbp.graph import computed, whole

            if whole.alone(operands):
                return whole.operation(op, operands, attrs)
            if op == "divide":
                operands = (operands[0], computed.divisor(operands[1]))
            if all(_is_whole(operand) for operand in operands):
                return computed.of_program(op, operands, attrs)
        return apply(op, *[self._operand(operand) for operand in operands], **attrs)


def _is_whole(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return isinstance(value, int) if dtype is None else dtype.kind in "iub"


@dataclass(frozen=True, eq=False, repr=False)
class Op:
    """One row of the table of operations.

    Attributes
    ----------
    name : str
        The operation's name.
    arguments : tuple of str
        The names of its operands, as `formula` uses them.
    formula : str
        What it computes, for people.
    shape : callable
        `shape(inputs, attrs)` gives the shape of the result or raises ValueError.
    local : callable
        `local(out, g, *inputs)` gives, for each operand, the gradient as a node when `g` is the
        gradient of `out`; None where it is zero everywhere.
    attrs : tuple of str
        The names of its fixed arguments.
    dtype : callable
        `dtype(inputs)` gives the dtype of the result.
    expand : callable, optional
        `expand(node, *inputs)` writes the operation with simpler ones, as a node; set where no
        kernel computes it. The compiler asks for it after differentiation.
    """

    name: str
    arguments: tuple[str, ...]
    formula: str
    shape: Callable[[Sequence[Node], Mapping[str, Any]], tuple[int, ...]]
    local: Callable[..., tuple[Node | None, ...]]
    attrs: tuple[str, ...] = ()
    dtype: Callable[[Sequence[Node]], np.dtype[Any]] = promoted
    expand: Callable[..., Node] | None = None

    def gradient(self, node: Node, g: Node) -> tuple[Node | None, ...]:
        """Gradients for the inputs of `node`, as nodes, given the gradient `g` of `node`."""
        return self.local(node, g, *node.inputs)


OPS: dict[str, Op] = {}  # fastbp.graph.ops fills it: its rows are written with nodes' operators


def apply(op: str, *inputs: Node, **attrs: Any) -> Node:
    """Build the node of one operation.

    Parameters
    ----------
    op : str
        A name in `OPS`.
    *inputs : Node
        The operands.
    **attrs
        The operation's fixed arguments, all of them.

    Returns
    -------
    Node

    Raises
    ------
    ValueError
        The operation is unknown, or the shapes do not fit.
    TypeError
        Wrong number of operands, wrong fixed arguments, or not a Node.
    """
    row = OPS.get(op) or _row(op)
    if len(inputs) != len(row.arguments) or attrs.keys() != set(row.attrs):
        wanted = ", ".join(row.arguments + tuple(f"{name}=" for name in row.attrs))
        raise TypeError(f"expected {op}({wanted}), got {len(inputs)} operands and {sorted(attrs)}")
    for argument, node in zip(row.arguments, inputs, strict=True):
        if type(node) is not Node:
            _checked(node, op, argument)
    try:
        shape = row.shape(inputs, attrs)
    except ValueError as error:
        raise ValueError(f"{op}({', '.join(row.arguments)}): {error}") from None
    return Node(op, inputs, attrs, _checked_shape(op, shape), row.dtype(inputs))


def _row(op: str) -> Op:
    """A row of the table, which the first operation has filled."""
    from fastbp.graph import ops  # noqa: F401  (its rows)

    if op not in OPS:
        raise ValueError(f"unknown operation {op!r}; known: {', '.join(sorted(OPS))}")
    return OPS[op]


def _checked(value: object, op: str, argument: str) -> None:
    """Refuse an operand that is no node, or one that is not to be used any more."""
    from fastbp.graph import in_place

    if not isinstance(value, Node):
        raise TypeError(f"{op}: expected a Node for {argument}, got {type(value).__name__}")
    in_place.check_use(value)


def input_node(
    index: int, shape: Iterable[int], dtype: npt.DTypeLike, name: str | None = None
) -> Node:
    """The `index`-th array of a batch; its first axis holds the rows."""
    checked = _checked_shape("input", shape)
    return Node("input", (), {"index": index}, checked, checked_dtype(dtype), name)


def parameter_node(
    index: int, shape: Iterable[int], dtype: npt.DTypeLike, name: str | None = None
) -> Node:
    """The `index`-th parameter of a model."""
    checked = _checked_shape("parameter", shape)
    return Node("parameter", (), {"index": index}, checked, checked_dtype(dtype), name)


def constant(value: Any, dtype: npt.DTypeLike | None = None) -> Node:
    """A fixed number or array, copied and made read-only.

    Parameters
    ----------
    value : number or array-like
        Real numbers, whole numbers or truth values.
    dtype : dtype-like, optional
        Other than that of `value`.

    Raises
    ------
    TypeError
        `value` is not made of real numbers.
    """
    if type(value) is int and dtype is not None:  # OverflowError where the dtype has it not
        value = _as_float(value) if np.dtype(dtype).kind == "f" else np.array(value, dtype)
    plain("an operand", value)
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            "expected a Node, a number or an array of real numbers, got "
            f"{type(value).__name__} ({array.dtype})"
        )
    dtype = checked_dtype(array.dtype if dtype is None else dtype)
    with np.errstate(under="ignore"):
        array = np.array(array, dtype="float64" if dtype == WEAK else dtype, order="C")
    array.setflags(write=False)
    shape = _checked_shape("constant", array.shape)
    return Node("constant", (), {"value": array}, shape, dtype)


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise OverflowError(
            f"an operand must be a number that a float can be, up to 1.8e308, got an int of {value.bit_length()} bits"
        ) from None


def scalar_value(node: Node) -> float | None:
    """The value of a constant without axes, else None."""
    return float(node.attrs["value"]) if node.op == "constant" and not node.shape else None


def topological(outputs: Iterable[Node]) -> list[Node]:
    """Every node that `outputs` need, each once, operands before what uses them."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [*outputs]
    stack.reverse()
    while stack:
        node = stack.pop()
        if node is None:  # the operands of the node below are done
            order.append(stack.pop())  # type: ignore[arg-type]
        elif node not in seen:
            seen.add(node)
            if node.inputs:
                stack += node, None
                stack += node.inputs[::-1]
            else:
                order.append(node)
    return order


def checked_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """`dtype` as a NumPy dtype, or a TypeError unless it is a real number's, of 8 bytes at most."""
    checked = np.dtype(dtype)
    if checked.kind not in "fiub" or checked.itemsize > 8:
        raise TypeError(f"dtype: expected float32, float64, an integer or bool, got {checked}")
    return checked.newbyteorder("=")


def _checked_shape(op: str, shape: Iterable[int]) -> tuple[int, ...]:
    checked = tuple(map(int, shape))
    if checked and min(checked) < 0:
        raise ValueError(f"{op}: expected sizes of 0 or more, got shape {checked}")
    return checked
