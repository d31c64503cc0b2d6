"""The workloads: what is trained, on how many rows. No NumPy here: see data.py for the numbers."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Loss = Literal["bce", "cross_entropy", "mse"]


@dataclass(frozen=True)
class Workload:
    """One network with its data set, loss and batch.

    `sizes` lists features, hidden units and outputs. The output is a sigmoid for "bce", a
    softmax for "cross_entropy" and linear for "mse". `rows` is a multiple of `batch`. A workload
    that streams is logistic regression on a single batch that no cache holds: its rows come from
    memory at every step, and how fast memory is read is what bounds it.
    """

    name: str
    sizes: tuple[int, ...]
    loss: Loss
    batch: int
    rows: int
    hidden: Literal["relu", "tanh"] = "relu"
    dtype: Literal["float32", "float64"] = "float32"
    update: bool = True  # False: loss and gradient of each batch only
    sgd: float | None = None  # the learning rate of plain SGD, instead of Adam
    streams: bool = False
    check_epochs: int = 1
    tolerance: float = 2e-4  # relative, of the loss after the check run

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return self.rows // self.batch

    @property
    def shuffle(self) -> bool:
        """Whether the timed epochs visit the rows in a new order each time."""
        return self.update and self.steps > 1

    @property
    def flops(self) -> int:
        """Floating-point operations of the matrix products of one step.

        Two per multiply-add, three products a layer: forward, gradient of the weights, gradient
        of the layer's input. The first layer does not need the last one.
        """
        products = [k * m for k, m in pairwise(self.sizes)]
        return self.batch * (6 * sum(products) - 2 * products[0])

    @property
    def streamed(self) -> int:
        """Bytes that a step has to read from memory, rows and targets once; 0 where caches hold them."""
        size = {"float32": 4, "float64": 8}[self.dtype]
        return self.batch * (self.sizes[0] + self.sizes[-1]) * size if self.streams else 0

    def __str__(self) -> str:
        network = "-".join(map(str, self.sizes))
        hidden = f" {self.hidden}" if len(self.sizes) > 2 else ""
        optimizer = "Adam" if self.sgd is None else f"SGD ({self.sgd:g})"
        job = optimizer if self.update else "loss and gradient only"
        return (
            f"{self.name}: {network}{hidden}, {self.loss}, batch {self.batch}, {self.dtype}, {job}"
        )


_ALL = (
    Workload("LR", (28, 1), "bce", batch=128, rows=19_968),
    Workload(
        "LR1M",
        (28, 1),
        "bce",
        batch=1_000_000,
        rows=1_000_000,
        sgd=0.5,
        streams=True,
        check_epochs=20,
    ),
    Workload("T1", (2, 16, 1), "bce", batch=32, rows=19_968),
    Workload("T2", (28, 64, 32, 1), "bce", batch=128, rows=19_968),
    Workload("T3", (784, 512, 256, 10), "cross_entropy", batch=128, rows=6_400),
    Workload("T4", (1024, 2048, 2048, 10), "cross_entropy", batch=512, rows=2_048),
    Workload(
        "S1",
        (24, 8, 2),
        "mse",
        batch=200,
        rows=20_000,
        hidden="tanh",
        dtype="float64",
        update=False,
        tolerance=1e-10,
    ),
    Workload(
        "S2", (4, 32, 16, 4), "mse", batch=10_000, rows=10_000, hidden="tanh", check_epochs=20
    ),
)

WORKLOADS = {workload.name: workload for workload in _ALL}
