"""Checks of the data that a training or an evaluation gets."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from fastbp import checks
from fastbp.nn.losses import Loss
from fastbp.nn.model import Model
from fastbp.nn.targets import targets

Array = npt.NDArray[Any]
Data = tuple[Array, Array]


def check_data(
    model: Model,
    loss: Loss,
    X: Any,
    y: Any,
    n_features: int | None,
    names: tuple[str, str] = ("X", "y"),
    *,
    look: checks.Look = True,
) -> Data:
    """Return features and targets as the engine takes them, or say what is wrong with them.

    With `look`, NaN, infinity and labels that the loss does not allow are looked for; class
    indices always are.
    """
    x = checks.matrix(names[0], X, model.dtype, n_features, look=look)
    y = targets(names[1], y, loss.target, model.units, model.dtype, look=bool(look))
    checks.same_length(names[0], x, names[1], y)
    return x, y


def check_validation(model: Model, loss: Loss, given: Any, n_features: int) -> Data | None:
    """Return the pair (X, y) of `validation_data`, checked."""
    if given is None:
        return None
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise TypeError(f"validation_data must be a pair (X, y), got {checks.shown(given)}")
    names = ("validation_data[0]", "validation_data[1]")
    return check_data(model, loss, given[0], given[1], n_features, names)
