"""Cross-entropy against rows of probabilities, and with label smoothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastbp import checks
from fastbp.graph.node import Node
from fastbp.nn.activations import log_softmax
from fastbp.nn.targets import distributions, look_at


def is_soft(prediction: Any, target: Any, smoothing: float) -> bool:
    """Whether the target has a row of probabilities for each row, or labels are to be smoothed."""
    return checks.fraction("label_smoothing", smoothing) > 0 or (
        np.ndim(prediction) == 2
        and np.shape(target) == np.shape(prediction)
        and np.shape(target)[1] > 1
    )


def soft_cross_entropy(
    prediction: Any, target: Any, smoothing: float, hard: Any, on_logits: bool
) -> Any:
    """The mean of -sum(target * log p); `hard` is the loss for class indices."""
    smoothing = checks.fraction("label_smoothing", smoothing)
    if isinstance(prediction, Node) and prediction.op == "softmax" and not on_logits:
        prediction, on_logits = prediction.inputs[0], True  # exact where a probability underflows
        from fastbp.nn.functions import cross_entropy_with_logits as hard
    p = prediction if isinstance(prediction, Node) else checks.numbers("prediction", prediction)
    if p.ndim != 2 or 0 in p.shape:
        return hard(p, target)  # which says what is wrong
    if not on_logits:
        look_at("cross_entropy", p, target)
    log_p = log_softmax(p) if on_logits else np.log(np.maximum(p, np.finfo(np.float32).tiny))
    given = target if isinstance(target, Node) else checks.numbers("target", target)
    if isinstance(given, np.ndarray) and given.shape == p.shape:
        distributions("target", given)
    loss = -np.mean(np.sum(given * log_p, axis=1)) if given.shape == p.shape else hard(p, given)
    return (1 - smoothing) * loss - smoothing * np.mean(log_p) if smoothing else loss
