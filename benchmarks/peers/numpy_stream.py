"""Hand-written NumPy for logistic regression on more rows than the caches hold: blocks of rows.

The rows of a block are still near when its gradient reads them for the second time. Of the sizes
tried (2,048 to all rows), those between 12,000 and 20,000 are the fastest: the overhead of the
calls is spread, and a block lies in the third-level cache.
"""

import numpy as np

from data import Array, Data
from workloads import Workload

_BLOCK = 16_384


class NumpyStream:
    """Weights, buffers, and the views of each block, made once."""

    def __init__(self, work: Workload, data: Data) -> None:
        self.work, self.y = work, data.y.ravel()
        self.weight, self.bias = data.parameters[0].ravel().copy(), data.parameters[1].copy()
        self.slope, self.part = np.empty_like(self.weight), np.empty_like(self.weight)
        self.outputs = np.empty_like(self.y)
        delta = np.empty(_BLOCK, work.dtype)
        self.blocks = []
        for start in range(0, work.rows, _BLOCK):
            rows = slice(start, min(start + _BLOCK, work.rows))
            x, output = data.x[rows], self.outputs[rows]
            self.blocks.append((x, x.T, self.y[rows], output, delta[: len(x)]))

    def train(self, epochs: int, shuffle: bool) -> float:
        """Whole epochs, a step each; the loss is taken of the last one's outputs."""
        del shuffle  # one batch of all rows
        for _ in range(epochs):
            self._step()
        hit = np.abs(self.outputs + self.y - 1)
        return float(-np.log(np.maximum(hit, 1e-30)).mean())

    def _step(self) -> None:
        """Forward and backward block by block, then the update."""
        dot, add, subtract = np.dot, np.add, np.subtract
        slope, part, weight, bias = self.slope, self.part, self.weight, self.bias
        slope[:] = 0
        total = 0.0
        for x, transposed, y, p, delta in self.blocks:
            dot(x, weight, out=p)
            add(p, bias, out=p)
            np.negative(p, out=p)
            np.exp(p, out=p)
            add(p, 1, out=p)
            np.reciprocal(p, out=p)
            subtract(p, y, out=delta)
            dot(transposed, delta, out=part)
            add(slope, part, out=slope)
            total += float(add.reduce(delta))
        rate = (self.work.sgd or 0.0) / self.work.rows
        np.multiply(slope, rate, out=slope)
        subtract(weight, slope, out=weight)
        bias -= rate * total

    def arrays(self) -> list[Array]:
        """Weight and bias."""
        return [self.weight.reshape(-1, 1).copy(), self.bias.copy()]
