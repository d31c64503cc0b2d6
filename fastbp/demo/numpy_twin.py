"""The same training written by hand in NumPy: what fastbp is compared with and must agree with.

Written as a careful person would: one flat vector for the parameters, so that Adam is a few calls;
results written in place; float32 throughout; the gradient taken on the logits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

F = npt.NDArray[np.float32]


class NumpyMLP:
    """A multi-layer perceptron with relu between the layers, trained by Adam.

    Parameters
    ----------
    weights : sequence of ndarray of shape (inputs, units), float32
        One a layer; copied.
    biases : sequence of ndarray of shape (units,), float32
        One a layer; copied.
    loss : {"bce", "cross_entropy"}
        Both on logits: the last layer's sigmoid or softmax is part of the loss.
    learning_rate, beta_1, beta_2, epsilon : float
        Adam's, as in PyTorch.
    """

    def __init__(
        self,
        weights: Sequence[F],
        biases: Sequence[F],
        *,
        loss: str,
        learning_rate: float,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.parameters, self.weights, self.biases = _flat(weights, biases)
        self.gradients, self.weight_grads, self.bias_grads = _flat(weights, biases)
        self.loss_and_grad = {"bce": bce, "cross_entropy": cross_entropy}[loss]
        self.learning_rate, self.epsilon = learning_rate, epsilon
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.t = 0
        self.m, self.v, self.root, self.move = (np.zeros_like(self.parameters) for _ in range(4))

    def step(self, x: F, y: npt.NDArray[np.generic]) -> float:
        """One gradient step; return the batch's loss before it."""
        activations = [x]
        last = len(self.weights) - 1
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = activations[-1] @ weight
            z += bias
            if i < last:
                np.maximum(z, 0, out=z)
            activations.append(z)
        loss, dz = self.loss_and_grad(activations.pop(), y)
        for i in range(last, -1, -1):
            a = activations[i]
            np.matmul(a.T, dz, out=self.weight_grads[i])
            dz.sum(axis=0, out=self.bias_grads[i])
            if i > 0:
                dz = dz @ self.weights[i].T
                dz *= a > 0
        self._adam()
        return loss

    def _adam(self) -> None:
        self.t += 1
        g, m, v = self.gradients, self.m, self.v
        m *= self.beta_1
        m += np.multiply(g, 1 - self.beta_1, out=self.move)
        v *= self.beta_2
        np.multiply(g, g, out=self.move)
        self.move *= 1 - self.beta_2
        v += self.move
        np.sqrt(v, out=self.root)
        self.root *= 1 / (1 - self.beta_2**self.t) ** 0.5
        self.root += self.epsilon
        np.divide(m, self.root, out=self.move)
        self.move *= self.learning_rate / (1 - self.beta_1**self.t)
        self.parameters -= self.move

    def epoch(
        self, X: F, y: npt.NDArray[np.generic], order: npt.NDArray[np.int64], batch_size: int
    ) -> float:
        """Take the rows in this order, a mini-batch at a time; return the mean loss of the rows."""
        total = 0.0
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            total += self.step(X[rows], y[rows]) * len(rows)
        return total / len(order)


def bce(z: F, y: npt.NDArray[np.generic]) -> tuple[float, F]:
    """Mean binary cross-entropy of logits (n, 1) and labels (n,), and its gradient."""
    target = y.astype(z.dtype).reshape(z.shape)
    small = np.exp(-np.abs(z))
    loss = float((np.maximum(z, 0) - z * target + np.log1p(small)).mean())
    dz = np.where(z >= 0, 1, small) / (1 + small)  # the sigmoid
    dz -= target
    dz /= len(z)
    return loss, dz


def cross_entropy(z: F, y: npt.NDArray[np.generic]) -> tuple[float, F]:
    """Mean softmax cross-entropy of logits (n, m) and class indices (n,), and its gradient."""
    rows = np.arange(len(z))
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(z)
    total = p.sum(axis=1, keepdims=True)
    loss = float((np.log(total[:, 0]) - z[rows, y]).mean())
    p /= total
    p[rows, y] -= 1
    p /= len(z)
    return loss, p


def _flat(weights: Sequence[F], biases: Sequence[F]) -> tuple[F, list[F], list[F]]:
    """One vector with copies of all arrays, and its views that are the weights and the biases."""
    arrays = [*weights, *biases]
    block = np.concatenate([a.ravel() for a in arrays])
    ends = np.cumsum([a.size for a in arrays])[:-1]
    views = [part.reshape(a.shape) for part, a in zip(np.split(block, ends), arrays, strict=True)]
    return block, views[: len(weights)], views[len(weights) :]
