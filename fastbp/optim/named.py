"""The optimizers by their names."""

from fastbp.optim.adam import Adam
from fastbp.optim.base import Optimizer, optimizer_named
from fastbp.optim.sgd import SGD

_NAMED: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam}


def get_optimizer(value: object) -> Optimizer:
    """Return the optimizer that is meant by a name or by an object."""
    return optimizer_named(value, _NAMED)
