"""Training: the trainer, its history and its files. Gradient descent on functions is in `fastbp.training.optimize`."""

from fastbp.training.errors import DivergenceError
from fastbp.training.history import History
from fastbp.training.trainer import Trainer

__all__ = ["DivergenceError", "History", "Trainer"]
