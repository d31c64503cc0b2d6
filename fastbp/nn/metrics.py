"""Metrics: numbers computed beside the loss, from the same forward pass."""

from collections.abc import Callable
from typing import NamedTuple

from fastbp import checks
from fastbp.graph import functions
from fastbp.graph.node import Node
from fastbp.nn.losses import Loss


class Metric(NamedTuple):
    """A named number: the graph of its mean, from prediction and target of a loss."""

    name: str
    build: Callable[[Loss, Node, Node], Node]
    counts: bool = False  # a mean of ones and zeros

    def exact(self, mean: float, targets: int) -> float:
        """The mean over so many targets, without the rounding of the model's dtype."""
        return round(mean * targets) / targets if self.counts else mean


def _accuracy(loss: Loss, prediction: Node, target: Node) -> Node:
    """The share of right answers: the largest output, or the right side of probability 0.5."""
    if loss.target == "class":
        return functions.class_accuracy(prediction, target)
    return functions.binary_accuracy(prediction, target, 0.0 if loss.on_logits else 0.5)


_METRICS = {"accuracy": Metric("accuracy", _accuracy, counts=True)}
_FOREIGN = {
    "acc": "accuracy",
    "accuracy_score": "accuracy",
    "binary_accuracy": "accuracy",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
}


def get_metrics(value: object, loss: Loss) -> tuple[Metric, ...]:
    """Return the metrics that are named, each once, if they go with the loss."""
    if isinstance(value, str):
        value = (value,)
    names = list(dict.fromkeys(_name(item) for item in checks.listed("metrics", value, "names")))
    if loss.target == "real" and "accuracy" in names:
        raise ValueError(
            f"metrics: 'accuracy' counts right answers, which loss {loss.name!r} does not have: "
            "leave it out, or use a loss for classes"
        )
    return tuple(_METRICS[name] for name in names)


def _name(item: object) -> str:
    if not isinstance(item, str):
        raise TypeError(f"metrics must be a list of names, got {checks.shown(item)} in it")
    if item not in _METRICS:
        raise checks.unknown_name("metric", item, _METRICS, _FOREIGN)
    return item
