"""The two trainings of `python -m fastbp`: which data, which network, how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp import datasets

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to train on and rows held out; float32 features."""

    X_train: Array
    X_test: Array
    y_train: Array
    y_test: Array


@dataclass(frozen=True, slots=True)
class Task:
    """One training.

    Attributes
    ----------
    title : str
    load : function that returns (X, y)
    hidden : tuple of int, units of the relu layers
    units, activation, loss : the output layer and its loss
    epochs, batch_size, learning_rate : of the training with Adam
    """

    title: str
    load: Callable[[], tuple[Array, Array]]
    hidden: tuple[int, ...]
    units: int
    activation: str
    loss: str
    epochs: int
    batch_size: int
    learning_rate: float

    def split(self, seed: int) -> Split:
        """A quarter of the rows held out, the features standardized by the others."""
        X_train, X_test, y_train, y_test = datasets.train_test_split(*self.load(), seed=seed)
        X_train, X_test = datasets.standardize(X_train, X_test)
        return Split(X_train, X_test, y_train, y_test)

    def steps(self, rows: int) -> int:
        """Mini-batches of an epoch, a short last one included."""
        return int(np.ceil(rows / self.batch_size))


TASKS = {
    "breast_cancer": Task(
        title="Breast cancer Wisconsin (diagnostic): benign or malignant",
        load=datasets.load_breast_cancer,
        hidden=(32, 16),
        units=1,
        activation="sigmoid",
        loss="bce",
        epochs=40,
        batch_size=32,
        learning_rate=3e-3,
    ),
    "digits": Task(
        title="Handwritten digits, 8 x 8 pixels: which of ten",
        load=datasets.load_digits,
        hidden=(64,),
        units=10,
        activation="softmax",
        loss="cross_entropy",
        epochs=50,
        batch_size=32,
        learning_rate=3e-3,
    ),
}
