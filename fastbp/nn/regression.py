"""Losses of real numbers beside `mse`: written with NumPy, so they take nodes and arrays alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastbp import checks
from fastbp.graph.node import Node

_quiet = np.errstate(
    all="ignore"
)  # what is too small becomes 0, what is no number NaN, whatever np.seterr says


def _error(name: str, prediction: Any, target: Any) -> Any:
    """prediction - target, of one shape; (n,) counts as (n, 1)."""
    values = []
    for label, value in (("prediction", prediction), ("target", target)):
        given = value if isinstance(value, Node) else checks.numbers(label, value)
        values.append(
            given if isinstance(given, Node) or given.dtype.kind == "f" else given.astype(float)
        )
    p, y = values
    if not p.size:
        raise ValueError(f"{name}: prediction is empty, got shape {p.shape}")
    if _as_column(p.shape) != _as_column(y.shape):
        raise ValueError(
            f"{name}: expected a target of the prediction's shape {p.shape}, got {y.shape}; "
            "only (n,) and (n, 1) count as the same"
        )
    return p - y.reshape(p.shape)


def _as_column(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape, 1) if len(shape) == 1 else shape


@_quiet
def mae(prediction: Any, target: Any) -> Any:
    """Mean absolute error, averaged over all elements: ``mean(abs(prediction - target))``.

    Parameters
    ----------
    prediction : Node or array (n,) or (n, m).
    target : Node or array of the same shape; (n,) equals (n, 1).

    Returns
    -------
    Node of shape (), or a NumPy float.

    Raises
    ------
    ValueError
        For shapes that differ: nothing is broadcast.

    Examples
    --------
    >>> import fastbp as bp
    >>> float(bp.mae([1.0, 3.0], [1.0, 1.0]))
    1.0
    """
    return np.mean(np.abs(_error("mae", prediction, target)))


@_quiet
def huber(prediction: Any, target: Any, delta: Any = 1.0) -> Any:
    """Huber's loss, averaged: ``e**2 / 2`` where the error is at most `delta`, else ``delta * (abs(e) - delta / 2)``.

    Arguments as for `mae`; `delta` is positive. P. J. Huber, "Robust estimation of a location parameter", 1964.

    Examples
    --------
    >>> import fastbp as bp
    >>> float(bp.huber([0.5, 3.0], [0.0, 0.0]))
    1.3125
    """
    if not isinstance(delta, Node):
        delta = checks.positive_number("delta", delta)
    error = _error("huber", prediction, target)
    within = np.clip(error, -delta, delta)
    return np.mean(within * (error - 0.5 * within))
