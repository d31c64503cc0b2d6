"""Loss and metrics of data, without an update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastbp.engine import epochs as engine
from fastbp.nn.losses import Loss
from fastbp.nn.metrics import Metric
from fastbp.nn.model import Model
from fastbp.training.data import Data, check_data
from fastbp.training.state import evaluation_runs


def evaluate(model: Model, loss: Loss, metrics: tuple[Metric, ...], data: Data) -> dict[str, float]:
    """Loss and metrics of the whole data, weighted by rows."""
    runs = evaluation_runs(model, loss, metrics, len(data[0]))
    return named(metrics, engine.evaluate(*runs, data), data[1].size)


def named(
    metrics: tuple[Metric, ...], values: Sequence[float], targets: int, prefix: str = ""
) -> dict[str, float]:
    """Name the values of a program's outputs: the mean loss over so many targets, and the metrics."""
    result = {f"{prefix}loss": float(values[0])}
    for metric, value in zip(metrics, values[1:], strict=True):
        result[prefix + metric.name] = metric.exact(float(value), targets)
    return result


def check_and_evaluate(
    model: Model, loss: Loss, metrics: tuple[Metric, ...], X: Any, y: Any
) -> dict[str, float]:
    """Check data and evaluate a model on it, while nobody trains the model."""
    data = check_data(model, loss, X, y, model.n_features)
    if not model.built:
        model.build(data[0].shape[1])
    model.guard.begin_reading()
    try:
        return evaluate(model, loss, metrics, data)
    finally:
        model.guard.end_reading()
