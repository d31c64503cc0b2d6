"""The tables of NumPy's functions that nodes answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from fastbp.graph import elementwise, moves, products, reductions
from fastbp.graph.node import Node
from fastbp.graph.numpy_protocol import _REDUCTIONS, FUNCTIONS, UFUNCS, refuse

Handler = TypeVar("Handler", bound=Callable[..., Any])

SAME_NAME = (
    "negative square sqrt reciprocal exp expm1 log log1p sin cos arctan sinh cosh tanh arcsinh sign floor ceil "
    "absolute add subtract multiply divide power arctan2 maximum minimum mod greater greater_equal equal not_equal"
)
WRITTEN = (
    "tan arcsin arccos arccosh arctanh exp2 log2 log10 logaddexp hypot less less_equal "
    "floor_divide logical_and logical_or logical_not logical_xor isnan isfinite"
)
MOVES = (
    "ravel squeeze expand_dims swapaxes moveaxis rollaxis transpose flip fliplr flipud roll rot90 tile repeat diag "
    "diagflat diagonal tril triu resize atleast_1d atleast_2d atleast_3d delete broadcast_to reshape"
)
APART = "split array_split hsplit vsplit dsplit unstack"
TOGETHER = "concatenate stack vstack hstack dstack column_stack"


def _array(node: Node, value: Any) -> Node:
    """As a node; a Python number as the array that NumPy's functions (not ufuncs) make of it."""
    return value if isinstance(value, Node) else node._operand(np.asarray(value))


def _operation(name: str) -> Callable[..., Node]:
    def call(*values: Any) -> Node:
        node = next(v for v in values if isinstance(v, Node))
        return node._apply(name, *values)

    return call


def _of_nodes(function: Callable[..., Any]) -> Callable[..., Any]:
    """A handler that wants its first argument as a node."""

    def call(node: Node, a: Any, *args: Any, **kwargs: Any) -> Any:
        return function(node._operand(a), *args, **kwargs)

    return call


def _move(function: Callable[..., Any]) -> Callable[..., Node]:
    def call(node: Node, a: Any, *args: Any, **kwargs: Any) -> Node:
        if any(isinstance(v, Node) for v in (*args, *kwargs.values())):
            refuse(f"np.{function.__name__} by computed numbers", "They must be known beforehand")
        return moves.moved(node._operand(a), lambda p: function(p, *args, **kwargs))

    return _moving(call)


def _moving(call: Handler) -> Handler:
    """Mark the handler of a function whose other arguments say how far, or how often."""
    call.moves = True  # type: ignore[attr-defined]
    return call


def _apart(function: Callable[..., Any]) -> Callable[..., list[Node]]:
    def call(node: Node, a: Any, *args: Any, **kwargs: Any) -> list[Node]:
        return moves.moved_apart(node._operand(a), lambda p: function(p, *args, **kwargs))

    return _moving(call)


def _together(function: Callable[..., Any]) -> Callable[..., Node]:
    def call(node: Node, arrays: Any, *args: Any, **kwargs: Any) -> Node:
        nodes = [_array(node, a) for a in arrays]
        return moves.moved_together(nodes, lambda ps: function(ps, *args, **kwargs))

    return call


def _power(a: Any, b: Any) -> Node:
    if isinstance(a, Node):
        return a**b if a.dtype.kind == "f" else a._apply("power", a, b)
    return b.__rpow__(a)  # type: ignore[no-any-return]


def _append(node: Node, arr: Any, values: Any, axis: Any = None) -> Node:
    nodes = [_array(node, v) for v in (arr, values)]
    return moves.moved_together(nodes, lambda ps: np.append(ps[0], ps[1], axis=axis))


_PADDING = ("constant", "edge", "reflect", "symmetric", "wrap")


def _pad(node: Node, array: Any, pad_width: Any, mode: str = "constant", **options: Any) -> Node:
    value = options.pop("constant_values", 0)
    if mode not in _PADDING or not np.isscalar(value):
        refuse(f"np.pad with mode={mode!r}", f"The modes {', '.join(_PADDING)} move elements")
    pad: Any = np.pad
    padded = moves.moved(node._operand(array), lambda p: pad(p, pad_width, mode, **options))
    if mode != "constant" or value == 0:
        return padded
    filled = np.pad(np.zeros(np.shape(array)), pad_width, constant_values=1) * value
    return padded + filled.astype(padded.dtype)


def _trace(node: Node, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Node:
    diagonal = moves.moved(node._operand(a), lambda p: np.diagonal(p, offset, axis1, axis2))
    return reductions.reduced("sum", diagonal, -1)


def _take(node: Node, a: Any, indices: Any, axis: int | None = None) -> Node:
    x = node._operand(a)
    if not isinstance(indices, Node):
        return moves.moved(x, lambda p: np.take(p, indices, axis))
    if axis is None:
        x, axis = x.reshape(x.size), 0
    if axis % max(x.ndim, 1) != 0:
        refuse(
            "np.take by computed indices along another axis than 0", "Move that axis to the front"
        )
    return moves.take(x, indices)


def _einsum(node: Node, subscripts: str, *operands: Any, optimize: Any = False) -> Node:
    if not isinstance(subscripts, str):
        refuse("np.einsum with lists of axes", "Write the subscripts as text, 'ij,jk->ik'")
    return products.einsum(subscripts, [_array(node, v) for v in operands])


def _inner(node: Node, a: Any, b: Any) -> Node:
    first, second = _array(node, a), _array(node, b)
    if first.ndim == 0 or second.ndim == 0:
        return first * second
    return products.tensordot(first, second, (-1 % first.ndim, -1 % second.ndim))


def _outer(node: Node, a: Any, b: Any) -> Node:
    first, second = _array(node, a), _array(node, b)
    return first.reshape(first.size, 1) * second.reshape(1, second.size)


def _vdot(node: Node, a: Any, b: Any) -> Node:
    first, second = _array(node, a), _array(node, b)
    return first.reshape(first.size) @ second.reshape(second.size)


def _reduction(name: str) -> Callable[..., Node]:
    def call(node: Node, a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
        return reductions.reduced(name, node._operand(a), axis, keepdims)

    return call


def _spread(function: Callable[..., Node]) -> Callable[..., Node]:
    def call(
        node: Node, a: Any, axis: Any = None, *, ddof: Any = 0, keepdims: bool = False
    ) -> Node:
        return function(node._operand(a), axis, ddof, keepdims)

    return call


def _any(node: Node, a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
    if reductions.count(node._operand(a), axis, "any") == 0:
        return _of_nothing(node._operand(a), np.any, axis, keepdims)
    return reductions.reduced("max", elementwise._mask(node._operand(a)), axis, keepdims)


def _of_nothing(x: Node, function: Any, axis: Any, keepdims: bool) -> Node:
    """What NumPy gives where there are no elements."""
    return x._operand(function(np.zeros(x.shape, bool), axis=axis, keepdims=keepdims))


def _all(node: Node, a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
    if reductions.count(node._operand(a), axis, "all") == 0:
        return _of_nothing(node._operand(a), np.all, axis, keepdims)
    return reductions.reduced("min", elementwise._mask(node._operand(a)), axis, keepdims)


def _like(value: float) -> Callable[..., Any]:
    def call(node: Node, a: Any, dtype: Any = None, *, shape: Any = None) -> Any:
        return np.full(
            np.shape(a) if shape is None else shape, value, dtype or node._operand(a).dtype
        )

    return call


def _full_like(node: Node, a: Any, fill_value: Any, dtype: Any = None, *, shape: Any = None) -> Any:
    shape = np.shape(a) if shape is None else shape
    return np.full(shape, fill_value, dtype or node._operand(a).dtype)


def _result_type(node: Node, *values: Any) -> Any:
    return np.result_type(*(v.dtype if isinstance(v, Node) else v for v in values))


def _partition(node: Node, a: Any, kth: Any, axis: Any = -1) -> Node:
    x = node._operand(a)
    np.partition(
        np.zeros(x.size if axis is None else x.shape[axis]), kth
    )  # refuses a kth that is none
    return reductions.sort(x, axis)  # what is sorted is partitioned


def _take_along(node: Node, arr: Any, indices: Any, axis: Any = -1) -> Node:
    if not isinstance(indices, Node):
        return moves.moved(node._operand(arr), lambda p: np.take_along_axis(p, indices, axis))
    return reductions.take_along_axis(node._operand(arr), indices, axis)


UFUNCS.update((getattr(np, name), _operation(name)) for name in SAME_NAME.split())
UFUNCS.update((getattr(np, name), getattr(elementwise, name)) for name in WRITTEN.split())
UFUNCS |= {
    np.bitwise_and: elementwise.of_bits("bitwise_and", elementwise.logical_and),
    np.bitwise_or: elementwise.of_bits("bitwise_or", elementwise.logical_or),
    np.bitwise_xor: elementwise.of_bits("bitwise_xor", elementwise.logical_xor),
    np.invert: elementwise.of_bits("invert", elementwise.logical_not),
    np.positive: lambda x: x.copy(),
    np.fabs: _operation("absolute"),
    np.deg2rad: lambda x: x * (np.pi / 180),
    np.radians: lambda x: x * (np.pi / 180),
    np.rad2deg: lambda x: x * (180 / np.pi),
    np.degrees: lambda x: x * (180 / np.pi),
    np.matmul: lambda a, b: a @ b if isinstance(a, Node) else b.__rmatmul__(a),
    np.power: _power,
    np.float_power: elementwise.float_power,
}

FUNCTIONS.update((getattr(np, n), _move(getattr(np, n))) for n in MOVES.split())
FUNCTIONS.update((getattr(np, n), _apart(getattr(np, n))) for n in APART.split() if hasattr(np, n))
FUNCTIONS.update((getattr(np, n), _together(getattr(np, n))) for n in TOGETHER.split())
FUNCTIONS |= {
    np.append: _append,
    np.pad: _moving(_pad),
    np.trace: _trace,
    np.take: _take,
    np.take_along_axis: _take_along,
    np.einsum: _einsum,
    np.tensordot: lambda node, a, b, axes=2: products.tensordot(
        _array(node, a), _array(node, b), axes
    ),
    np.kron: lambda node, a, b: products.kron(_array(node, a), _array(node, b)),
    np.dot: lambda node, a, b: _array(node, a).dot(_array(node, b)),
    np.vdot: _vdot,
    np.inner: _inner,
    np.outer: _outer,
    np.sum: _reduction("sum"),
    np.max: _reduction("max"),
    np.min: _reduction("min"),
    np.amax: _reduction("max"),
    np.amin: _reduction("min"),
    np.any: _any,
    np.all: _all,
    np.mean: _of_nodes(reductions.mean),
    np.var: lambda node, a, axis=None, *, ddof=0, keepdims=False: reductions.var(
        node._operand(a), axis, ddof, keepdims
    ),
    np.std: lambda node, a, axis=None, *, ddof=0, keepdims=False: reductions.std(
        node._operand(a), axis, ddof, keepdims
    ),
    np.prod: _of_nodes(reductions.prod),
    np.cumsum: _of_nodes(reductions.cumsum),
    np.average: _of_nodes(reductions.average),
    np.median: _of_nodes(reductions.median),
    np.diff: _of_nodes(reductions.diff),
    np.sort: _of_nodes(reductions.sort),
    np.argsort: _of_nodes(reductions.argsort),
    np.partition: _partition,
    np.where: lambda node, c, a, b: elementwise.where(c, a, b),
    np.clip: lambda node, a, a_min=None, a_max=None, min=None, max=None: elementwise.clip(
        a, min if a_min is None else a_min, max if a_max is None else a_max
    ),
    np.nan_to_num: lambda node, x, nan=0.0, posinf=None, neginf=None: elementwise.nan_to_num(
        node._operand(x), nan, posinf, neginf
    ),
    np.shape: lambda node, a: node._operand(a).shape,
    np.ndim: lambda node, a: node._operand(a).ndim,
    np.size: lambda node, a, axis=None: reductions.count(node._operand(a), axis, "size"),
    np.zeros_like: _like(0),
    np.ones_like: _like(1),
    np.full_like: _full_like,
    np.empty_like: _like(0),
    np.copy: lambda node, a: node._operand(a).copy(),
    np.real: lambda node, a: node._operand(a),
    np.astype: lambda node, a, dtype: node._operand(a).astype(dtype),
    np.result_type: _result_type,
}


def _reduce(name: str) -> Callable[..., Node]:
    def call(x: Node, axis: Any = 0, **kwargs: Any) -> Node:
        kept = kwargs.pop("keepdims", False)
        if kwargs:
            refuse(f"np.{name} with {', '.join(sorted(kwargs))}", "Leave these arguments out")
        return reductions.reduced(name, x, axis, kept)

    return call


_REDUCTIONS |= {np.add: _reduce("sum"), np.maximum: _reduce("max"), np.minimum: _reduce("min")}
_REDUCTIONS[np.multiply] = lambda x, axis=0, keepdims=False: reductions.prod(x, axis, keepdims)
