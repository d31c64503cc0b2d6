"""Gradients for each sample of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastbp import checks, nesting
from fastbp.transforms.gradient import grad


def per_sample_grad(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that returns the gradients of ``function(params, *data)`` for each row of the data alone.

    Parameters
    ----------
    function : callable
        Takes parameters and arrays with a row for each sample; returns one number, such as a mean over rows.

    Returns
    -------
    callable
        Of the same arguments; returns the nesting of `params` with arrays of shape ``(rows, *parameter.shape)``: row i
        is the gradient of ``function(params, *(array[i : i + 1] for array in data))``.

    Raises
    ------
    ValueError
        When it is called: for data with different numbers of rows.

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> def loss(w, x, y):
    ...     return ((x @ w - y) ** 2).mean()
    >>> x = np.array([[1.0, 0.0], [0.0, 2.0]])
    >>> bp.per_sample_grad(loss)(np.zeros(2), x, np.array([1.0, 1.0]))
    array([[-2.,  0.],
           [ 0., -4.]])
    """
    return PerSample(function)


class PerSample:
    """The gradients of a function for each row of data; what `per_sample_grad` returns."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._one = grad(function)

    def __call__(self, params: Any, *data: Any) -> Any:
        """The nesting of `params` with a gradient for each row."""
        arrays = [np.ascontiguousarray(checks.numbers(f"data[{i}]", a)) for i, a in enumerate(data)]
        if not arrays or any(a.ndim == 0 or len(a) != len(arrays[0]) for a in arrays):
            shapes = ", ".join(str(a.shape) for a in arrays)
            raise ValueError(
                f"per_sample_grad: expected data with one row a sample each, got {shapes or 'none'}"
            )
        count = len(arrays[0])
        if count == 0:
            return nesting.mapped(params, lambda leaf: np.zeros((0, *np.shape(leaf))))
        rows = [self._one(params, *(a[i : i + 1] for a in arrays)) for i in range(count)]
        parts = iter(
            zip(*([leaf for _, leaf in nesting.leaves(row, "")] for row in rows), strict=True)
        )
        return nesting.mapped(params, lambda leaf: np.stack(next(parts)))
