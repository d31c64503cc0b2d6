"""Loss and metrics of data, without an update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from fastbp import checks
from fastbp.engine import epochs as engine
from fastbp.engine import threads as engine_threads
from fastbp.engine.run import Run
from fastbp.nn.losses import Loss
from fastbp.nn.metrics import Metric
from fastbp.nn.model import Model
from fastbp.training.data import Data, check_data
from fastbp.training.state import evaluation_runs

Array = npt.NDArray[Any]


def evaluate(
    model: Model, loss: Loss, metrics: tuple[Metric, ...], data: Data, threads: int | None
) -> dict[str, float]:
    """Loss and metrics of the whole data, weighted by rows."""
    runs = evaluation_runs(model, loss, metrics, len(data[0]))
    return named(metrics, evaluated(runs, data, threads), data[1].size)


def evaluated(
    runs: tuple[Run | None, Run | None], data: tuple[Array, ...], threads: int | None
) -> list[float]:
    """The outputs of programs over all rows, by as many threads as pay, or as were asked for."""
    full, last = runs
    if full is not None:
        found = engine_threads.for_rows(threads, full.program, len(data[0]))
    elif last is not None:
        found = engine_threads.for_batches(threads, last.program, 1)
    with found as share:
        return engine.evaluate(full, last, data, share=share)


def named(
    metrics: tuple[Metric, ...], values: Sequence[float], targets: int, prefix: str = ""
) -> dict[str, float]:
    """Name the values of a program's outputs: the mean loss over so many targets, and the metrics."""
    result = {f"{prefix}loss": float(values[0])}
    for metric, value in zip(metrics, values[1:], strict=True):
        result[prefix + metric.name] = metric.exact(float(value), targets)
    return result


def check_and_evaluate(
    model: Model, loss: Loss, metrics: tuple[Metric, ...], X: Any, y: Any, threads: Any
) -> dict[str, float]:
    """Check data and evaluate a model on it, while nobody trains the model."""
    threads = checks.thread_count("threads", threads)
    data = check_data(model, loss, X, y, model.n_features)
    if not model.built:
        model.build(data[0].shape[1])
    with model.guard.reading():
        return evaluate(model, loss, metrics, data, threads)
