"""PyTorch by hand for logistic regression on more rows than the caches hold: in place, in blocks.

Of the forms tried this is the fastest: `autograd.grad` of all rows takes two thirds more, one block
of all rows a tenth more, blocks of 4,096 and of 32,768 rows as well.
"""

import torch
from torch.nn import functional

from data import Array, Data
from workloads import Workload

_BLOCK = 16_384


class TorchStream:
    """Parameters, buffers, and the views of each block, made once."""

    @torch.no_grad()
    def __init__(self, work: Workload, data: Data) -> None:
        self.work, self.y = work, torch.from_numpy(data.y)
        self.weight, self.bias = (torch.tensor(a) for a in data.parameters)
        self.slope, self.total = torch.empty_like(self.weight), torch.zeros(())
        self.outputs, delta = torch.empty_like(self.y), torch.empty_like(self.y[:_BLOCK])
        pieces = (a.split(_BLOCK) for a in (torch.from_numpy(data.x), self.y, self.outputs))
        self.blocks = [(x, x.T, y, p, delta[: len(x)]) for x, y, p in zip(*pieces, strict=True)]

    @torch.no_grad()
    def train(self, epochs: int, shuffle: bool) -> float:
        """Whole epochs, a step each; the loss is taken of the last one's outputs."""
        del shuffle  # one batch of all rows
        for _ in range(epochs):
            self._step()
        return float(functional.binary_cross_entropy(self.outputs, self.y))

    def _step(self) -> None:
        """Forward and backward block by block, then the update."""
        slope, total, weight, bias = self.slope, self.total, self.weight, self.bias
        slope.zero_()
        total.zero_()
        for x, transposed, y, p, delta in self.blocks:
            torch.addmm(bias, x, weight, out=p)
            p.sigmoid_()
            torch.sub(p, y, out=delta)
            slope.addmm_(transposed, delta)
            total.add_(delta.sum())
        rate = (self.work.sgd or 0.0) / self.work.rows
        weight.sub_(slope, alpha=rate)
        bias.sub_(total, alpha=rate)

    def arrays(self) -> list[Array]:
        """Weight and bias."""
        return [self.weight.numpy().copy(), self.bias.numpy().copy()]
