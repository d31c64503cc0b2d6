"""Training: the trainer, its history and its files. Gradient descent on functions is in `fastbp.training.optimize`."""

from typing import TYPE_CHECKING

from fastbp._lazy import lazily

if TYPE_CHECKING:
    from fastbp.training.errors import DivergenceError
    from fastbp.training.history import History
    from fastbp.training.trainer import Trainer
else:  # what is asked for is imported then
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "fastbp.training.errors": "DivergenceError",
            "fastbp.training.history": "History",
            "fastbp.training.trainer": "Trainer",
        },
    )

__all__ = ["DivergenceError", "History", "Trainer"]
