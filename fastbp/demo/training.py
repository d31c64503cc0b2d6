"""One task trained twice, from the same weights on the same batches: by fastbp and by NumPy."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fastbp import models, nn, optim, training
from fastbp.demo.numpy_twin import NumpyMLP
from fastbp.demo.tasks import Split, Task
from fastbp.engine import random

PIECES = 10  # a training is shown in so many pieces
REPEATS = 5  # and fastbp's, too short for a clock in pieces, is timed so many times in one go

Progress = Callable[[int, float], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training gave.

    Attributes
    ----------
    losses : mean training loss of each epoch
    seconds : of the whole training, with everything that happens at its start
    step_us : microseconds of one step once everything is set up, a median
    """

    losses: list[float]
    seconds: float
    step_us: float


def new_model(task: Task, n_features: int, seed: int, dtype: str = "float32") -> models.Sequential:
    """The task's network with its starting weights."""
    layers = [nn.Dense(units, activation="relu") for units in task.hidden]
    layers.append(nn.Dense(task.units, activation=task.activation))
    model = models.Sequential(layers, dtype=dtype, seed=seed)
    model.build(n_features)
    return model


def twin_of(model: models.Sequential, task: Task) -> NumpyMLP:
    """The NumPy network with copies of the model's present weights."""
    arrays = list(model.parameters.values())
    return NumpyMLP(arrays[::2], arrays[1::2], loss=task.loss, learning_rate=task.learning_rate)


def train(
    model: models.Sequential, task: Task, data: Split, epochs: int, show: Progress
) -> Trained:
    """Train the model with fastbp."""
    beginning = copy.deepcopy(model)
    trainer = _trainer(model, task)

    def piece(first: int, count: int) -> list[float]:
        return _fit(trainer, task, data, count)

    losses, seconds, _ = _in_pieces(piece, epochs, show)
    return Trained(losses, seconds, _step_us(_trainer(beginning, task), task, data))


def train_twin(
    twin: NumpyMLP, task: Task, data: Split, epochs: int, seed: int, show: Progress
) -> Trained:
    """Train the NumPy network on the batches that fastbp draws for this seed."""
    orders = np.empty((epochs, len(data.X_train)), np.int64)
    for epoch, order in enumerate(orders):
        random.permutation(order, seed, epoch)

    def piece(first: int, count: int) -> list[float]:
        return [
            twin.epoch(data.X_train, data.y_train, order, task.batch_size)
            for order in orders[first : first + count]
        ]

    losses, seconds, an_epoch = _in_pieces(piece, epochs, show)
    return Trained(losses, seconds, an_epoch / task.steps(len(data.X_train)) * 1e6)


def _trainer(model: models.Sequential, task: Task) -> training.Trainer:
    optimizer = optim.Adam(task.learning_rate)
    return training.Trainer(model, loss=task.loss, optimizer=optimizer)


def _fit(trainer: training.Trainer, task: Task, data: Split, epochs: int) -> list[float]:
    history = trainer.fit(
        data.X_train, data.y_train, epochs=epochs, batch_size=task.batch_size, verbose=0
    )
    return history["loss"]


def _step_us(trainer: training.Trainer, task: Task, data: Split) -> float:
    """Microseconds of a step: whole trainings in one call each, once everything is set up."""
    _fit(trainer, task, data, 1)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        _fit(trainer, task, data, task.epochs)
        times.append(time.perf_counter() - start)
    return statistics.median(times) / (task.epochs * task.steps(len(data.X_train))) * 1e6


def _in_pieces(
    piece: Callable[[int, int], list[float]], epochs: int, show: Progress
) -> tuple[list[float], float, float]:
    """Train `epochs` some at a time; return losses, seconds, and the median seconds of an epoch."""
    size = -(-epochs // PIECES)
    losses: list[float] = []
    seconds, each = 0.0, []
    for first in range(0, epochs, size):
        count = min(size, epochs - first)
        start = time.perf_counter()
        losses += piece(first, count)
        taken = time.perf_counter() - start
        seconds += taken
        each.append(taken / count)
        show(len(losses), losses[-1])
    return losses, seconds, statistics.median(each)
