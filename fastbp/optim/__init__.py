"""Optimizers: immutable descriptions of an update rule, which the engine carries out."""

from typing import TYPE_CHECKING

from fastbp._lazy import lazily

if TYPE_CHECKING:
    from fastbp.optim.adam import Adam
    from fastbp.optim.base import Optimizer
    from fastbp.optim.named import get_optimizer
    from fastbp.optim.sgd import SGD
else:  # what is asked for is imported then
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "fastbp.optim.adam": "Adam",
            "fastbp.optim.base": "Optimizer",
            "fastbp.optim.named": "get_optimizer",
            "fastbp.optim.sgd": "SGD",
        },
    )

__all__ = ["SGD", "Adam", "Optimizer", "get_optimizer"]
