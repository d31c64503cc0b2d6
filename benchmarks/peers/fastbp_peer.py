"""fastbp through its public face: Sequential and Trainer."""

import fastbp as bp
import numpy as np

from data import Array, Data, make
from jobs import Task
from workloads import WORKLOADS, Workload

VERSION: str = bp.__version__

_OUTPUT = {"bce": "sigmoid", "cross_entropy": "softmax", "mse": None}


class FastbpSession:
    """A Sequential and its Trainer."""

    def __init__(self, work: Workload, data: Data) -> None:
        self.work, self.data = work, data
        *hidden, outputs = work.sizes[1:]
        layers = [bp.Dense(units, activation=work.hidden) for units in hidden]
        layers.append(bp.Dense(outputs, activation=_OUTPUT[work.loss]))
        self.model = bp.Sequential(layers, dtype=work.dtype, seed=0)
        self.model.build(work.sizes[0])
        for layer, weight, bias in zip(
            self.model.layers, data.parameters[::2], data.parameters[1::2], strict=True
        ):
            layer.weight, layer.bias = weight, bias
        optimizer = bp.Adam(1e-3) if work.sgd is None else bp.SGD(work.sgd)
        self.trainer = bp.Trainer(self.model, loss=work.loss, optimizer=optimizer)
        self.last: dict[str, Array] = {}

    def train(self, epochs: int, shuffle: bool) -> float:
        """One `fit` of whole epochs; for loss and gradient, one call a batch."""
        x, y, n = self.data.x, self.data.y, self.work.batch
        if self.work.update:
            history = self.trainer.fit(
                x, y, epochs=epochs, batch_size=n, shuffle=shuffle, verbose=0
            )
            return float(history["loss"][-1])
        total = 0.0
        for _ in range(epochs):
            total = 0.0
            for start in range(0, self.work.rows, n):
                rows = slice(start, start + n)
                loss, self.last = self.trainer.gradients(x[rows], y[rows])
                total += loss
        return total / self.work.steps

    def arrays(self) -> list[Array]:
        """Parameters, or gradients where there is no update."""
        if not self.work.update:
            return list(self.last.values())
        return [np.array(a) for layer in self.model.layers for a in (layer.weight, layer.bias)]


def build(work: Workload, data: Data, threads: int) -> FastbpSession:
    """A session; the number of threads comes from the environment (FASTBP_NUM_THREADS)."""
    del threads
    return FastbpSession(work, data)


def task(name: str) -> Task:
    """Whole epochs of a workload, in one call as in compare.py."""
    work = WORKLOADS[name]
    session = FastbpSession(work, make(work))
    return Task(lambda epochs: session.train(epochs, work.shuffle), work.steps, session.arrays)
