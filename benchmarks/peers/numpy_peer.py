"""Hand-written NumPy at its best: nothing allocated in the loop, every result written in place.

- All parameters lie in one flat vector, so that Adam is a handful of calls whatever the layers.
- The moments are kept without their factors (1 - beta), which saves three passes over them.
- The factor of the mean loss (1/rows) enters the logits' gradient once.
- The outputs of a whole epoch are kept, and the loss is taken of them once an epoch.
"""

from itertools import pairwise
from math import sqrt

import numpy as np

from data import Array, Data
from peers import Session
from peers.numpy_stream import NumpyStream
from reference import BETA_1, BETA_2, EPSILON, LEARNING_RATE
from workloads import Workload

VERSION = np.__version__

# Adam walks large blocks in pieces that stay in the second-level cache.
_PIECE = 32_768


class _Adam:
    """Adam over one flat vector, in place."""

    def __init__(self, parameters: Array, gradients: Array) -> None:
        n = len(parameters)
        moments = np.zeros((2, n), parameters.dtype)
        work = np.empty(min(n, _PIECE), parameters.dtype)
        self.pieces = []
        for start in range(0, n, _PIECE):
            piece = slice(start, min(start + _PIECE, n))
            views = (parameters[piece], gradients[piece], moments[0, piece], moments[1, piece])
            self.pieces.append((*views, work[: piece.stop - start]))
        self.t = 0

    def step(self) -> None:
        """p -= step * m / (root + eps), with m and v counted in units of (1 - beta)."""
        self.t += 1
        scale = sqrt((1 - BETA_2) / (1 - BETA_2**self.t))
        step = LEARNING_RATE * (1 - BETA_1) / (1 - BETA_1**self.t) / scale
        epsilon = EPSILON / scale
        multiply, add, sqrt_ = np.multiply, np.add, np.sqrt
        divide, subtract = np.divide, np.subtract
        for p, g, m, v, t in self.pieces:
            multiply(m, BETA_1, out=m)
            add(m, g, out=m)
            multiply(v, BETA_2, out=v)
            multiply(g, g, out=g)
            add(v, g, out=v)
            sqrt_(v, out=t)
            add(t, epsilon, out=t)
            divide(m, t, out=t)
            multiply(t, step, out=t)
            subtract(p, t, out=p)


class NumpySession:
    """The network, its buffers and its loop."""

    def __init__(self, work: Workload, data: Data) -> None:
        self.work, self.data = work, data
        dtype, n = work.dtype, work.batch
        total = sum(p.size for p in data.parameters)
        self.block, self.slopes = np.empty((2, total), dtype)
        self.p = _views(self.block, data.parameters)
        self.g = _views(self.slopes, data.parameters)
        for view, value in zip(self.p, data.parameters, strict=True):
            view[...] = value
        self.adam = _Adam(self.block, self.slopes)
        units = work.sizes[1:]
        self.a = [np.empty((n, m), dtype) for m in units]
        self.delta = [np.empty((n, m), dtype) for m in units]
        self.mask = [np.empty((n, m), bool if work.hidden == "relu" else dtype) for m in units]
        self.ones = np.ones(n, dtype)
        self.column = np.empty((n, 1), dtype)
        self.outputs = np.empty((work.rows, units[-1]), dtype)
        y = data.y
        if work.loss == "cross_entropy":  # one-hot rows, so that the slope is one subtraction
            y = np.eye(units[-1], dtype=dtype)[y]
        self.y = y
        self.x_shuffled, self.y_shuffled = np.empty_like(data.x), np.empty_like(y)
        self.rng = np.random.default_rng(1)

    def train(self, epochs: int, shuffle: bool) -> float:
        """Whole epochs; rows and targets are put into their new order once an epoch."""
        n = self.work.batch
        x, y = self.data.x, self.y
        for _ in range(epochs):
            if shuffle:
                order = self.rng.permutation(self.work.rows)
                x = np.take(self.data.x, order, axis=0, out=self.x_shuffled, mode="clip")
                y = np.take(self.y, order, axis=0, out=self.y_shuffled, mode="clip")
            for start in range(0, self.work.rows, n):
                stop = start + n
                self._backward(x[start:stop], y[start:stop], self.outputs[start:stop])
                if self.work.update:
                    self.adam.step()
        return self._loss(y)

    def _backward(self, x: Array, y: Array, output: Array) -> None:
        """Forward and backward; the network's output stays in `output`."""
        p, g, last = self.p, self.g, len(self.a) - 1
        inputs = x
        for i in range(last):
            a = self.a[i]
            np.dot(inputs, p[2 * i], out=a)
            np.add(a, p[2 * i + 1], out=a)
            np.tanh(a, out=a) if self.work.hidden == "tanh" else np.maximum(a, 0, out=a)
            inputs = a
        np.dot(inputs, p[-2], out=output)
        np.add(output, p[-1], out=output)
        delta = self.delta[last]
        self._slope(output, y, delta)
        for i in range(last, 0, -1):
            a, below, mask = self.a[i - 1], self.delta[i - 1], self.mask[i - 1]
            np.dot(a.T, delta, out=g[2 * i])
            np.dot(self.ones, delta, out=g[2 * i + 1])
            np.dot(delta, p[2 * i].T, out=below)
            if self.work.hidden == "tanh":
                np.multiply(a, a, out=mask)
                np.subtract(1, mask, out=mask)
            else:
                np.greater(a, 0, out=mask)
            np.multiply(below, mask, out=below)
            delta = below
        np.dot(x.T, delta, out=g[0])
        np.dot(self.ones, delta, out=g[1])

    def _slope(self, z: Array, y: Array, delta: Array) -> None:
        """Put the output activation into `z` and the gradient of the mean loss into `delta`."""
        loss = self.work.loss
        scale = (2 if loss == "mse" else 1) / (len(z) if loss == "cross_entropy" else z.size)
        if loss == "bce":
            np.negative(z, out=z)
            np.exp(z, out=z)
            np.add(z, 1, out=z)
            np.reciprocal(z, out=z)
        elif loss == "cross_entropy":
            np.max(z, axis=1, keepdims=True, out=self.column)
            np.subtract(z, self.column, out=z)
            np.exp(z, out=z)
            np.add.reduce(z, axis=1, keepdims=True, out=self.column)
            np.divide(z, self.column, out=z)
        np.subtract(z, y, out=delta)
        np.multiply(delta, scale, out=delta)

    def _loss(self, y: Array) -> float:
        """The mean loss of the epoch's outputs."""
        if self.work.loss == "mse":
            return float(np.square(self.outputs - y).mean())
        hit = np.abs(self.outputs + y - 1) if self.work.loss == "bce" else self.outputs[y > 0]
        return float(-np.log(np.maximum(hit, 1e-30)).mean())

    def arrays(self) -> list[Array]:
        """Parameters, or gradients where there is no update."""
        return [view.copy() for view in (self.p if self.work.update else self.g)]


def _views(block: Array, shapes: list[Array]) -> list[Array]:
    """Views into one flat block, one for each parameter."""
    ends = np.cumsum([0, *(p.size for p in shapes)])
    pieces = pairwise(ends.tolist())
    return [block[i:j].reshape(p.shape) for (i, j), p in zip(pieces, shapes, strict=True)]


def build(work: Workload, data: Data, threads: int) -> Session:
    """A session; the number of threads is OpenBLAS's, from the environment, unless it streams."""
    return NumpyStream(work, data, threads) if work.streams else NumpySession(work, data)
