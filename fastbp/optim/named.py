"""The optimizers by their names."""

import dataclasses

from fastbp import checks
from fastbp.optim.adam import Adam
from fastbp.optim.base import Optimizer, optimizer_named
from fastbp.optim.sgd import SGD

_NAMED: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam}


def get_optimizer(value: object) -> Optimizer:
    """Return the optimizer that is meant by a name or by an object."""
    return optimizer_named(value, _NAMED)


def optimizer_from(description: object) -> Optimizer:
    """Make the optimizer that a file describes."""
    if not isinstance(description, dict) or not isinstance(description.get("type"), str):
        raise ValueError("it is damaged (its optimizer is no description)")
    options = dict(description)
    kind = type(get_optimizer(options.pop("type")))
    unknown = options.keys() - {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if unknown:
        raise ValueError(f"it is damaged (its optimizer has no {checks.shown(min(unknown))})")
    return kind(**options)
