"""PyTorch by hand for logistic regression on more rows than the caches hold: in place, in blocks.

Of the forms tried this is the fastest: `autograd.grad` of all rows takes two thirds more, one block
of all rows a tenth more, blocks of 4,096 and of 32,768 rows as well. Several threads are Python's,
each with a share of the blocks: PyTorch's own gain nothing on products with one column.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch.nn import functional

from data import Array, Data
from workloads import Workload

_BLOCK = 16_384


@dataclass
class _Share:
    """One thread's blocks (x, x.T, y, outputs, delta), and its sums."""

    blocks: list[tuple[torch.Tensor, ...]]
    slope: torch.Tensor
    total: torch.Tensor


class TorchStream:
    """Parameters, buffers, and the views of each block, made once."""

    def __init__(self, work: Workload, data: Data, threads: int) -> None:
        torch.set_num_threads(1)
        self.work, self.y = work, torch.from_numpy(data.y)
        self.weight, self.bias = (torch.tensor(a) for a in data.parameters)
        self.outputs = torch.empty_like(self.y)
        self.pool = ThreadPoolExecutor(threads) if threads > 1 else None
        pieces = (a.split(_BLOCK) for a in (torch.from_numpy(data.x), self.y, self.outputs))
        blocks = list(zip(*pieces, strict=True))
        each = -(-len(blocks) // threads)
        self.shares = [self._share(blocks[i : i + each]) for i in range(0, len(blocks), each)]

    def _share(self, blocks: list[tuple[torch.Tensor, ...]]) -> _Share:
        delta = torch.empty_like(self.y[:_BLOCK])
        own = [(x, x.T, y, p, delta[: len(x)]) for x, y, p in blocks]
        return _Share(own, torch.empty_like(self.weight), torch.zeros(()))

    def train(self, epochs: int, shuffle: bool) -> float:
        """Whole epochs, a step each; the loss is taken of the last one's outputs."""
        del shuffle  # one batch of all rows
        rate = (self.work.sgd or 0.0) / self.work.rows
        for _ in range(epochs):
            list((self.pool.map if self.pool else map)(self._backward, self.shares))
            for share in self.shares:
                self.weight.sub_(share.slope, alpha=rate)
                self.bias.sub_(share.total, alpha=rate)
        return float(functional.binary_cross_entropy(self.outputs, self.y))

    def _backward(self, share: _Share) -> None:
        """Forward and backward, block by block."""
        slope, total, weight, bias = share.slope, share.total, self.weight, self.bias
        slope.zero_()
        total.zero_()
        for x, transposed, y, p, delta in share.blocks:
            torch.addmm(bias, x, weight, out=p)
            p.sigmoid_()
            torch.sub(p, y, out=delta)
            slope.addmm_(transposed, delta)
            total.add_(delta.sum())

    def arrays(self) -> list[Array]:
        """Weight and bias."""
        return [self.weight.numpy().copy(), self.bias.numpy().copy()]
