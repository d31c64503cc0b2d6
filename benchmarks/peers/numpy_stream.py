"""Hand-written NumPy for logistic regression on more rows than the caches hold: blocks of rows.

The rows of a block are still near when its gradient reads them for the second time. Of the sizes
tried (2,048 to all rows), those between 12,000 and 20,000 are the fastest: the overhead of the
calls is spread, and a block lies in the third-level cache.

Several threads are Python's, each with a share of the blocks: NumPy works without the GIL, while
OpenBLAS gains nothing from more threads on products with one column.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from data import Array, Data
from workloads import Workload

_BLOCK = 16_384


@dataclass
class _Share:
    """One thread's blocks (x, x.T, y, outputs, delta), and its sums."""

    blocks: list[tuple[Array, ...]]
    slope: Array
    part: Array
    total: float = 0.0


class NumpyStream:
    """Weights, buffers, and the views of each block, made once."""

    def __init__(self, work: Workload, data: Data, threads: int) -> None:
        self.work, self.y = work, data.y.ravel()
        self.weight, self.bias = data.parameters[0].ravel().copy(), data.parameters[1].copy()
        self.outputs = np.empty_like(self.y)
        self.pool = ThreadPoolExecutor(threads) if threads > 1 else None
        starts = range(0, work.rows, _BLOCK)
        each = -(-len(starts) // threads)
        self.shares = [self._share(data, starts[i : i + each]) for i in range(0, len(starts), each)]

    def _share(self, data: Data, starts: range) -> _Share:
        delta = np.empty(_BLOCK, self.work.dtype)
        blocks = []
        for start in starts:
            rows = slice(start, min(start + _BLOCK, self.work.rows))
            x, output = data.x[rows], self.outputs[rows]
            blocks.append((x, x.T, self.y[rows], output, delta[: len(x)]))
        return _Share(blocks, np.empty_like(self.weight), np.empty_like(self.weight))

    def train(self, epochs: int, shuffle: bool) -> float:
        """Whole epochs, a step each; the loss is taken of the last one's outputs."""
        del shuffle  # one batch of all rows
        rate = (self.work.sgd or 0.0) / self.work.rows
        for _ in range(epochs):
            list((self.pool.map if self.pool else map)(self._backward, self.shares))
            for share in self.shares:
                np.multiply(share.slope, rate, out=share.slope)
                np.subtract(self.weight, share.slope, out=self.weight)
                self.bias -= rate * share.total
        hit = np.abs(self.outputs + self.y - 1)
        return float(-np.log(np.maximum(hit, 1e-30)).mean())

    def _backward(self, share: _Share) -> None:
        """Forward and backward, block by block."""
        dot, add, subtract = np.dot, np.add, np.subtract
        slope, part, weight, bias = share.slope, share.part, self.weight, self.bias
        slope[:] = 0
        share.total = 0.0
        for x, transposed, y, p, delta in share.blocks:
            dot(x, weight, out=p)
            add(p, bias, out=p)
            np.negative(p, out=p)
            np.exp(p, out=p)
            add(p, 1, out=p)
            np.reciprocal(p, out=p)
            subtract(p, y, out=delta)
            dot(transposed, delta, out=part)
            add(slope, part, out=slope)
            share.total += float(add.reduce(delta))

    def arrays(self) -> list[Array]:
        """Weight and bias."""
        return [self.weight.reshape(-1, 1).copy(), self.bias.copy()]
