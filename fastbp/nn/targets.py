"""Checks of targets: class indices, probabilities, real numbers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from fastbp import checks
from fastbp.graph.whole import check_classes

Array = npt.NDArray[Any]
Target = Literal["probability", "class", "real"]


def targets(
    name: str, value: Any, kind: Target, units: int, dtype: np.dtype[Any], *, look: bool
) -> Array:
    """Return the targets as a network's graph takes them.

    Parameters
    ----------
    name : str
        What errors call them.
    value : anything np.asarray takes
        (n,) or (n, 1) for one unit and for classes, else (n, units).
    kind : {"probability", "class", "real"}
    units : int
        The network's outputs.
    dtype : the network's.
    look : bool
        Whether to look for bad values. Class indices are always looked at.

    Returns
    -------
    array (n,) for classes, a private copy; else (n, units).

    Raises
    ------
    TypeError, ValueError
        Naming what was expected and what came.
    """
    given = checks.numbers(name, value)
    if given.ndim and given.shape[0] == 0:
        raise ValueError(f"{name} is empty, expected at least one row, got shape {given.shape}")
    if kind == "class":
        return checks.converted(class_indices(name, given, units), dtype)
    column = units == 1 and given.ndim == 1
    if not column and (given.ndim != 2 or given.shape[1] != units):
        expected = "(rows,) or (rows, 1)" if units == 1 else f"(rows, {units})"
        raise ValueError(
            f"{name} must have shape {expected}, one target an output unit, got {given.shape}"
        )
    array = checks.converted(given, dtype)
    if look:
        checks.finite(name, given, array)
        if kind == "probability":
            probabilities(name, array)
    return array.reshape(-1, units)


def probabilities(name: str, array: Array) -> None:
    """Refuse numbers outside of [0, 1]; NaN is looked for elsewhere."""
    low, high = (array.min(), array.max()) if array.size else (0, 1)
    if not (low < 0 or high > 1):
        return
    hint = ""
    if low == -1 and high == 1:
        hint = f": ({name} + 1) / 2 maps -1 and 1 to 0 and 1"
    elif low >= 0 and np.isfinite(high) and not (array % 1).any():
        hint = ": class indices go with a softmax output and loss='cross_entropy'"
    wrong = low if low < 0 else high
    raise ValueError(f"{name} must lie in [0, 1] for a bce loss, got {wrong:g}{hint}")


def distributions(name: str, array: Array) -> None:
    """Refuse rows that are no probabilities: numbers in [0, 1] that add up to 1, within a thousandth."""
    sums = array.sum(axis=1)
    wrong = (array < 0).any(axis=1) | (array > 1 + 1e-3).any(axis=1) | (np.abs(sums - 1) > 1e-3)
    if wrong.any():
        row = int(np.argmax(wrong))
        shown = np.array2string(array[row], precision=4, threshold=6)
        raise ValueError(
            f"{name} must have rows of probabilities, which add up to 1, got {name}[{row}] = {shown}, "
            f"which adds up to {sums[row]:.6g}: divide each row by its sum, or give logits to the loss on logits"
        )


def look_at(loss: str, prediction: Any, target: Any) -> None:
    """Refuse what a loss of probabilities cannot mean. Arrays are looked at; what a node will hold is not known."""
    if loss == "bce" and isinstance(prediction, np.ndarray):
        probabilities("prediction", prediction)
    if loss == "cross_entropy" and isinstance(prediction, np.ndarray) and prediction.ndim == 2:
        distributions("prediction", prediction)
    if loss.startswith("bce") and isinstance(target, np.ndarray):
        probabilities("target", target)


def class_indices(name: str, given: Array, classes: int) -> Array:
    """Return class indices as a private copy (n,); only the copy is looked at.

    So another thread that changes the user's array can never send an unchecked index to a kernel.
    """
    if given.ndim != 1 and given.shape[1:] != (1,):
        one_hot = given.ndim == 2 and given.shape[1] == classes
        hint = f": one-hot labels become indices with {name}.argmax(axis=1)" if one_hot else ""
        raise ValueError(
            f"{name} must hold class indices of shape (rows,), got shape {given.shape}{hint}"
        )
    copy = np.array(given, order="C").reshape(-1)
    if copy.dtype.kind == "f":
        checks.finite(name, copy, copy)
        whole = copy == np.floor(copy)
        if not whole.all():
            wrong = copy[int(np.argmin(whole))]
            raise ValueError(f"{name} must hold class indices, whole numbers, got {wrong:g}")
    check_classes(name, int(copy.min()), int(copy.max()), classes)
    return copy
