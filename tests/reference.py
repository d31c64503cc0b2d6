"""The oracle: every operation in plain NumPy and float64, written apart from the library.

`evaluate` computes the nodes of a graph. It shares no arithmetic with the library: row-wise
operations are loops, and everything is computed in float64 whatever the graph's dtype is.

Class indices that are out of range or NaN give a NaN loss, a row of NaN in `one_hot` and no hit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from move_reference import MOVE_REFERENCE, index_of

from fastbp.graph import Node

Array = np.ndarray[Any, np.dtype[np.float64]]


def _sigmoid(x: Array) -> Array:
    return np.where(
        x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x)))
    )


def _bce(p: Array, y: Array) -> Array:
    return -(y * np.maximum(np.log(p), -100) + (1 - y) * np.maximum(np.log1p(-p), -100))


def _bce_with_logits(z: Array, y: Array) -> Array:
    return np.asarray(np.logaddexp(0, z) - z * y)


def _binary_hits(p: Array, y: Array, threshold: float) -> Array:
    return np.asarray(((p > threshold) == (y > 0.5)).astype(float))


def _softmax(z: Array) -> Array:
    out = np.empty(z.shape)
    for i, row in enumerate(z):
        powers = np.exp(row - row.max(initial=-np.inf))
        out[i] = powers / powers.sum()
    return out


def _softplus(x: Array) -> Array:
    return np.asarray(np.logaddexp(x, 0))


def _mod(a: Array, b: Array) -> Array:
    """fmod with the sign of the divisor."""
    rest = np.fmod(a, b)
    return np.where((rest != 0) & ((rest < 0) != (b < 0)), rest + b, rest)


def _arctan2(y: Array, x: Array) -> Array:
    """The angle of a complex number."""
    return np.angle(x + 1j * y)


def _each(function: Callable[..., float]) -> Callable[..., Array]:
    """A function of Python's numbers, element by element."""
    return np.vectorize(function, otypes=[float])


def _where(c: Array, a: Array, b: Array) -> Array:
    out = b.copy()
    out[c != 0] = a[c != 0]
    return out


def _cross_entropy(p: Array, y: Array) -> Array:
    picks = [(row, index_of(label, len(row))) for row, label in zip(p, y, strict=True)]
    return np.array([np.nan if i is None else -np.log(row[i]) for row, i in picks])


def _cross_entropy_with_logits(z: Array, y: Array) -> Array:
    out = np.full(len(z), np.nan)
    for i, (row, label) in enumerate(zip(z, y, strict=True)):
        index = index_of(label, len(row))
        if index is not None:
            highest = row.max()
            out[i] = highest + np.log(np.exp(row - highest).sum()) - row[index]
    return out


def _one_hot(y: Array, classes: int) -> Array:
    out = np.zeros((len(y), classes))
    for i, label in enumerate(y):
        index = index_of(label, classes)
        if index is None:
            out[i] = np.nan
        else:
            out[i, index] = 1
    return out


def _class_hits(p: Array, y: Array) -> Array:
    return np.array([float(np.argmax(row) == label) for row, label in zip(p, y, strict=True)])


def _lanes(function: Callable[[Array], float], x: Array, axis: int | None, keepdims: bool) -> Array:
    """A function of the elements that are reduced, one lane after the other."""
    if axis is None:
        return np.full((1,) * x.ndim if keepdims else (), function(x.ravel()))
    shape = x.shape[:axis] + x.shape[axis + 1 :]
    out = np.empty(shape)
    for place in np.ndindex(shape):
        out[place] = function(x[(*place[:axis], slice(None), *place[axis:])])
    return np.expand_dims(out, axis) if keepdims else out


def _reduced(function: Callable[[Array], float]) -> Callable[..., Array]:
    return lambda x, axis, keepdims: _lanes(function, x, axis, keepdims)


def _logsumexp(lane: Array) -> float:
    return float(np.logaddexp.reduce(lane, initial=-np.inf))


def _cumsum(x: Array, axis: int, reverse: bool) -> Array:
    out = np.empty(x.shape)
    for i in range(x.shape[axis]):
        part = (slice(None),) * axis + (slice(i, None) if reverse else slice(i + 1),)
        out[(slice(None),) * axis + (i,)] = x[part].sum(axis=axis)
    return out


def _matmul(a: Array, b: Array) -> Array:
    out = np.empty((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            out[i, j] = math.fsum(a[i] * b[:, j]) if np.isfinite(a[i] * b[:, j]).all() else np.nan
    return out


REFERENCE: dict[str, Callable[..., Array]] = {
    "negative": lambda x: 0 - x,
    "square": lambda x: x**2,
    "absolute": lambda x: np.where(x < 0, 0 - x, x),
    "sign": lambda x: (x > 0) * 1.0 - (x < 0) * 1.0 + 0 * x,
    "single": lambda x: x + 0,  # its points are float32's, and differences see the slope
    "floor": lambda x: -np.ceil(-x),
    "ceil": lambda x: -np.floor(-x),
    "sqrt": lambda x: x**0.5,
    "sinh": lambda x: (np.exp(x) - np.exp(-x)) / 2,
    "cosh": lambda x: (np.exp(x) + np.exp(-x)) / 2,
    "arcsinh": lambda x: np.log(x + np.sqrt(x * x + 1)),
    "hypot": lambda a, b: np.sqrt(a * a + b * b),
    "logaddexp": np.logaddexp,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sin": lambda x: np.exp(1j * x).imag,
    "cos": lambda x: np.exp(1j * x).real,
    "arctan": lambda x: np.angle(1 + 1j * x),
    "erf": _each(math.erf),
    "reciprocal": lambda x: x**-1.0,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": lambda x: np.where(x <= 0, 0, x),  # NaN passes
    "softplus": _softplus,
    "identity": np.copy,
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.true_divide,
    "power": np.float_power,
    "arctan2": _arctan2,
    "maximum": lambda a, b: np.where((a >= b) | np.isnan(a), a, b),
    "minimum": lambda a, b: np.where((a <= b) | np.isnan(a), a, b),
    "mod": _mod,
    "greater": lambda a, b: np.less(b, a),
    "greater_equal": lambda a, b: np.less_equal(b, a),
    "equal": lambda a, b: (a <= b) & (b <= a),
    "not_equal": lambda a, b: ~((a <= b) & (b <= a)),
    "where": _where,
    "sigmoid_grad": lambda g, y: g * (y - y**2),
    "tanh_grad": lambda g, y: g - g * y**2,
    "relu_grad": lambda g, y: np.where(y > 0, g, 0),
    "ramp_grad": lambda g, x: g * np.heaviside(x, 0.5),
    "squared_error": lambda p, y: (p - y) ** 2,
    "bce": _bce,
    "bce_grad": lambda p, y: (p - y) / np.maximum(p - p**2, 1e-12),
    "bce_with_logits": _bce_with_logits,
    "binary_hits": _binary_hits,
    "softmax": _softmax,
    "cross_entropy": _cross_entropy,
    "cross_entropy_with_logits": _cross_entropy_with_logits,
    "one_hot": _one_hot,
    "class_hits": _class_hits,
    "sum": lambda x, axis, keepdims: np.add.reduce(x, axis=axis, keepdims=keepdims),
    "max": _reduced(lambda lane: sorted(lane)[-1]),
    "min": _reduced(lambda lane: sorted(lane)[0]),
    "norm": _reduced(lambda lane: math.hypot(*lane)),
    "norm_power": lambda x, axis, keepdims, power: _reduced(
        lambda lane: math.hypot(*lane) ** power
    )(x, axis=axis, keepdims=keepdims),
    "logsumexp": _reduced(_logsumexp),
    "cumsum": _cumsum,
    "matmul": _matmul,
    **MOVE_REFERENCE,
}


def evaluate(node: Node, inputs: Sequence[Any] = (), parameters: Sequence[Any] = ()) -> Array:
    """The value of one node in float64.

    `inputs` and `parameters` are arrays in the order of the leaves' indices. Their shapes must be
    those of the leaves.
    """
    return evaluate_all([node], inputs, parameters)[0]


def evaluate_all(
    nodes: Sequence[Node], inputs: Sequence[Any] = (), parameters: Sequence[Any] = ()
) -> list[Array]:
    """The values of several nodes, each node of the graph computed once."""
    values: dict[Node, Array] = {}
    stack = list(nodes)
    while stack:
        node = stack[-1]
        waiting = [operand for operand in node.inputs if operand not in values]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        if node not in values:
            operands = [values[operand] for operand in node.inputs]
            values[node] = _computed(node, operands, inputs, parameters)
            assert values[node].shape == node.shape, f"{node}: the value has {values[node].shape}"
    return [values[node] for node in nodes]


def _computed(
    node: Node, operands: list[Array], inputs: Sequence[Any], parameters: Sequence[Any]
) -> Array:
    if node.op == "input":
        return np.asarray(inputs[node.attrs["index"]], dtype=np.float64)
    if node.op == "parameter":
        return np.asarray(parameters[node.attrs["index"]], dtype=np.float64)
    if node.op == "constant":
        return np.asarray(node.attrs["value"], dtype=np.float64)
    with np.errstate(all="ignore"):
        return np.asarray(REFERENCE[node.op](*operands, **node.attrs), dtype=np.float64)
