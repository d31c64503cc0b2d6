"""More activations and the functions that NumPy lacks: written with NumPy, so they take nodes and arrays alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastbp import checks
from fastbp.graph.node import Node, apply
from fastbp.graph.reductions import reduced
from fastbp.nn import eager

_quiet = np.errstate(
    all="ignore"
)  # what is too small becomes 0, what is no number NaN, whatever np.seterr says


def _given(x: Any) -> Any:
    """A node as it is, anything else as an array of floats."""
    if isinstance(x, Node):
        return x
    array = checks.numbers("x", x)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _factor(name: str, value: Any, x: Any) -> Any:
    """A number, or an array or a node of numbers that go with x element by element."""
    if isinstance(value, float | int | np.floating | Node) and not isinstance(value, bool):
        return value
    found = checks.numbers(name, value)
    try:
        fits = np.broadcast_shapes(found.shape, x.shape) == x.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"{name} must be a number, or go with x of shape {x.shape}, got shape {found.shape}"
        )
    return found


def _axes(axis: Any, ndim: int) -> Any:
    """None, an axis or a tuple of axes, of so many."""
    for each in () if axis is None else axis if isinstance(axis, tuple) else (axis,):
        number = checks.whole_number(each)
        if number is None:
            raise TypeError(
                f"axis must be an integer, a tuple of them or None, got {checks.shown(axis)}"
            )
        if not -ndim <= number < ndim:
            raise np.exceptions.AxisError(
                f"axis must be one of {ndim}, from {-ndim} on, got {checks.shown(axis)}"
            )
    return axis


def _where(condition: Any, a: Any, b: Any) -> Any:
    """`np.where`, which of numbers is a number."""
    found = np.where(condition, a, b)
    return found if isinstance(found, Node) else found[()]


def erf(x: Any) -> Any:
    """The error function, ``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to x, element by element.

    Examples
    --------
    >>> import fastbp as bp
    >>> round(float(bp.erf(1.0)), 6)
    0.842701
    """
    return apply("erf", x) if isinstance(x, Node) else eager.elementwise("erf", x)


def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``, exact for any x, element by element.

    Examples
    --------
    >>> import fastbp as bp
    >>> float(bp.softplus(-1000.0)), float(bp.softplus(1000.0))
    (0.0, 1000.0)
    """
    return apply("softplus", x) if isinstance(x, Node) else eager.elementwise("softplus", x)


@_quiet
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """x where it is positive, else ``negative_slope * x``.

    Examples
    --------
    >>> import fastbp as bp
    >>> bp.leaky_relu([-1.0, 2.0]).tolist()
    [-0.01, 2.0]
    """
    x = _given(x)
    return _where(x > 0, x, _factor("negative_slope", negative_slope, x) * x)


@_quiet
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where it is positive, else ``alpha * (exp(x) - 1)``.

    Examples
    --------
    >>> import fastbp as bp
    >>> bp.elu([0.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    x = _given(x)
    return _where(x > 0, x, _factor("alpha", alpha, x) * np.expm1(_where(x > 0, 0, x)))


@_quiet
def selu(x: Any) -> Any:
    """``scale * elu(x, alpha)``, whose constants keep mean 0 and variance 1 from layer to layer.

    G. Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017.

    Examples
    --------
    >>> import fastbp as bp
    >>> round(float(bp.selu(1.0)), 4)
    1.0507
    """
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


@_quiet
def gelu(x: Any, approximate: bool = False) -> Any:
    """``x * (1 + erf(x / sqrt(2))) / 2``; `approximate`: the form with tanh.

    D. Hendrycks, K. Gimpel, "Gaussian error linear units", 2016.

    Examples
    --------
    >>> import fastbp as bp
    >>> round(float(bp.gelu(1.0)), 4), round(float(bp.gelu(1.0, approximate=True)), 4)
    (0.8413, 0.8412)
    """
    x = _given(x)
    if approximate:
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + erf(x * math.sqrt(0.5)))


@_quiet
def silu(x: Any) -> Any:
    """``x * sigmoid(x)``, also called swish.

    Examples
    --------
    >>> import fastbp as bp
    >>> float(bp.silu(0.0))
    0.0
    """
    x = _given(x)
    return x * (apply("sigmoid", x) if isinstance(x, Node) else eager.elementwise("sigmoid", x))


@_quiet
def softsign(x: Any) -> Any:
    """``x / (1 + abs(x))``.

    Examples
    --------
    >>> import fastbp as bp
    >>> float(bp.softsign(1.0))
    0.5
    """
    x = _given(x)
    return x / (1 + np.abs(x))


@_quiet
def hard_sigmoid(x: Any) -> Any:
    """``clip(x / 6 + 0.5, 0, 1)``: the sigmoid's shape in three straight pieces, as Keras and PyTorch have it.

    Examples
    --------
    >>> import fastbp as bp
    >>> bp.hard_sigmoid([-3.0, 0.0, 3.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    x = _given(x)
    return _where(x <= -3, 0, _where(x >= 3, 1, x / 6 + 0.5))


@_quiet
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """``log(sum(exp(x)))`` over axes, without overflow.

    Examples
    --------
    >>> import fastbp as bp
    >>> round(float(bp.logsumexp([1000.0, 1000.0])), 4)
    1000.6931
    """
    x, keepdims = _given(x), checks.flag("keepdims", keepdims)
    axis = _axes(axis, x.ndim)
    if isinstance(x, Node):
        return reduced("logsumexp", x, axis, keepdims)
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0).astype(x.dtype)
    with np.errstate(divide="ignore"):
        found = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return found if keepdims else np.squeeze(found, axis=axis)[()]


@_quiet
def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of the softmax along an axis: ``x - logsumexp(x)``.

    Examples
    --------
    >>> import fastbp as bp
    >>> bp.log_softmax([0.0, 0.0]).round(4).tolist()
    [-0.6931, -0.6931]
    """
    x = _given(x)
    return x - logsumexp(x, axis=axis, keepdims=True)
