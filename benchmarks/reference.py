"""Training in float64 NumPy, written to be read: what every peer's check run is compared with."""

from collections.abc import Sequence

import numpy as np

from data import Array, Data
from workloads import Workload

BETA_1, BETA_2, EPSILON, LEARNING_RATE = 0.9, 0.999, 1e-8, 1e-3


def forward(work: Workload, parameters: Sequence[Array], x: Array) -> list[Array]:
    """The input and each layer's activation; the last entry is the logits (or linear output)."""
    activations = [x]
    for i in range(0, len(parameters), 2):
        z = activations[-1] @ parameters[i] + parameters[i + 1]
        if i < len(parameters) - 2:
            z = np.tanh(z) if work.hidden == "tanh" else np.maximum(z, 0)
        activations.append(z)
    return activations


def loss_and_slope(work: Workload, z: Array, y: Array) -> tuple[float, Array]:
    """The mean loss and its gradient by the last layer's linear output."""
    n = len(z)
    if work.loss == "bce":
        loss = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
        return float(loss.mean()), (1 / (1 + np.exp(-z)) - y) / z.size
    if work.loss == "cross_entropy":
        shifted = z - z.max(1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        slope = np.exp(log_p)
        slope[np.arange(n), y] -= 1
        return float(-log_p[np.arange(n), y].mean()), slope / n
    return float(((z - y) ** 2).mean()), 2 * (z - y) / z.size


def gradients(
    work: Workload, parameters: Sequence[Array], x: Array, y: Array
) -> tuple[float, list[Array]]:
    """The mean loss and its gradient by each parameter, by backpropagation."""
    activations = forward(work, parameters, x)
    loss, delta = loss_and_slope(work, activations[-1], y)
    found: list[Array] = []
    for i in range(len(parameters) - 2, -1, -2):
        a = activations[i // 2]
        found = [a.T @ delta, delta.sum(0), *found]
        if i:
            slope = 1 - a**2 if work.hidden == "tanh" else (a > 0).astype(a.dtype)
            delta = (delta @ parameters[i].T) * slope
    return loss, found


def train(work: Workload, data: Data) -> tuple[float, list[Array]]:
    """The check run: `check_epochs` epochs in the rows' own order.

    Returns
    -------
    loss : float
        After training, over all rows; for a workload without update, the mean of the batches.
    arrays : list of ndarray
        The parameters after training; without update, the gradients of the last batch.
    """
    parameters = [p.astype(np.float64) for p in data.parameters]
    x, y = data.x.astype(np.float64), data.y
    m = [np.zeros_like(p) for p in parameters]
    v = [np.zeros_like(p) for p in parameters]
    losses: list[float] = []
    found: list[Array] = []
    for t in range(1, work.check_epochs * work.steps + 1):
        start = (t - 1) % work.steps * work.batch
        rows = slice(start, start + work.batch)
        loss, found = gradients(work, parameters, x[rows], y[rows])
        losses.append(loss)
        if work.sgd is not None:
            parameters = [p - work.sgd * g for p, g in zip(parameters, found, strict=True)]
        elif work.update:
            _adam(parameters, m, v, found, t)
    if work.update:
        return mean_loss(work, parameters, data), parameters
    return float(np.mean(losses)), found


def mean_loss(work: Workload, parameters: Sequence[Array], data: Data) -> float:
    """The mean loss over all rows, in float64."""
    wide = [p.astype(np.float64) for p in parameters]
    z = forward(work, wide, data.x.astype(np.float64))[-1]
    return loss_and_slope(work, z, data.y)[0]


def _adam(p: list[Array], m: list[Array], v: list[Array], g: list[Array], t: int) -> None:
    """Adam as PyTorch has it: epsilon is added to the bias-corrected root."""
    for i, slope in enumerate(g):
        m[i] = BETA_1 * m[i] + (1 - BETA_1) * slope
        v[i] = BETA_2 * v[i] + (1 - BETA_2) * slope**2
        root = np.sqrt(v[i] / (1 - BETA_2**t)) + EPSILON
        p[i] = p[i] - LEARNING_RATE * (m[i] / (1 - BETA_1**t)) / root
