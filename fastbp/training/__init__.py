"""Training: the trainer, its history and its files; gradient descent on functions."""

from fastbp.training.errors import DivergenceError
from fastbp.training.history import History
from fastbp.training.optimize import optimize
from fastbp.training.trainer import Trainer

__all__ = ["DivergenceError", "History", "Trainer", "optimize"]
