"""PyTorch eager: fused Adam, no DataLoader, the rows put into order once an epoch.

Of the forms tried this is the fastest: functional calls instead of modules, `autograd.grad`
instead of `.backward()`, and Adam's functional form, which is spared the optimizer's hooks.
Together they save about a quarter of a small step.
"""

from collections.abc import Callable

import torch
from torch.nn import functional
from torch.optim.adam import adam

from data import Array, Data
from peers import Session
from peers.torch_stream import TorchStream
from reference import BETA_1, BETA_2, EPSILON, LEARNING_RATE
from workloads import Workload

VERSION: str = torch.__version__

_LOSS: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "bce": functional.binary_cross_entropy_with_logits,
    "cross_entropy": functional.cross_entropy,
    "mse": functional.mse_loss,
}


class TorchSession:
    """Parameters, moments and loop."""

    def __init__(self, work: Workload, data: Data) -> None:
        self.work = work
        self.x, self.y = torch.from_numpy(data.x), torch.from_numpy(data.y)
        self.p = [torch.tensor(a, requires_grad=True) for a in data.parameters]
        self.layers = list(zip(self.p[::2], self.p[1::2], strict=True))
        self.loss = _LOSS[work.loss]
        self.activation = torch.tanh if work.hidden == "tanh" else torch.relu
        self.gradients: tuple[torch.Tensor, ...] = ()
        self.m = [torch.zeros_like(p) for p in self.p]
        self.v = [torch.zeros_like(p) for p in self.p]
        self.t = [torch.zeros(()) for _ in self.p]
        self.generator = torch.Generator().manual_seed(1)

    def train(self, epochs: int, shuffle: bool) -> float:
        """Whole epochs; the losses stay tensors until the end."""
        x, y, n = self.x, self.y, self.work.batch
        losses: list[torch.Tensor] = []
        for _ in range(epochs):
            if shuffle:
                order = torch.randperm(self.work.rows, generator=self.generator)
                x, y = self.x.index_select(0, order), self.y.index_select(0, order)
            losses = [self._step(xb, yb) for xb, yb in zip(x.split(n), y.split(n), strict=True)]
        return float(torch.stack(losses).mean())

    def _step(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """One step; returns the loss, cut from its graph."""
        *hidden, (weight, bias) = self.layers
        for w, b in hidden:
            x = self.activation(torch.addmm(b, x, w))
        loss = self.loss(torch.addmm(bias, x, weight), y)
        self.gradients = torch.autograd.grad(loss, self.p)
        if self.work.update:
            self._update()
        return loss.detach()

    @torch.no_grad()
    def _update(self) -> None:
        """One step of Adam over all parameters."""
        adam(
            self.p,
            list(self.gradients),
            self.m,
            self.v,
            [],
            self.t,
            fused=True,
            amsgrad=False,
            maximize=False,
            beta1=BETA_1,
            beta2=BETA_2,
            lr=LEARNING_RATE,
            weight_decay=0.0,
            eps=EPSILON,
        )

    def arrays(self) -> list[Array]:
        """Parameters, or gradients where there is no update."""
        found = self.p if self.work.update else self.gradients
        return [a.detach().numpy().copy() for a in found]


def build(work: Workload, data: Data, threads: int) -> Session:
    """A session on `threads` threads; subnormal numbers are flushed, as the fastest form has it."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    return TorchStream(work, data, threads) if work.streams else TorchSession(work, data)
