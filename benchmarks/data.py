"""The numbers of a workload: rows, targets and initial weights, the same for every peer."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads import Workload

Array = NDArray[Any]


@dataclass(frozen=True)
class Data:
    """Rows `x` (rows, features), targets `y` and initial parameters W0, b0, W1, b1, ...

    `y` is (rows, outputs) in the workload's dtype, or (rows,) int64 class indices for
    "cross_entropy". Weights are (inputs, units).
    """

    x: Array
    y: Array
    parameters: list[Array]

    def save(self, path: Path) -> None:
        """Write everything to one .npz file."""
        names: dict[str, Any] = {f"p{i}": parameter for i, parameter in enumerate(self.parameters)}
        np.savez(path, x=self.x, y=self.y, **names)

    @classmethod
    def load(cls, path: Path) -> "Data":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            count = sum(name.startswith("p") for name in file.files)
            return cls(file["x"], file["y"], [file[f"p{i}"] for i in range(count)])


def make(work: Workload, seed: int = 0) -> Data:
    """Draw a workload's data: normal rows, targets from a random teacher with some noise."""
    rng = np.random.default_rng(seed)
    features, outputs = work.sizes[0], work.sizes[-1]
    x = rng.standard_normal((work.rows, features))
    hidden = np.tanh(x @ (rng.standard_normal((features, 16)) / np.sqrt(features)) * 2)
    score = hidden @ (rng.standard_normal((16, outputs)) / 4)
    score += 0.1 * rng.standard_normal(score.shape)
    if work.loss == "cross_entropy":
        y: Array = (score - score.mean(0)).argmax(1)
    elif work.loss == "bce":
        y = (score > np.median(score)).astype(work.dtype)
    else:
        y = score.astype(work.dtype)
    return Data(x.astype(work.dtype), y, _glorot(work, rng))


def _glorot(work: Workload, rng: np.random.Generator) -> list[Array]:
    """Glorot-uniform weights and zero biases."""
    parameters: list[Array] = []
    for k, m in pairwise(work.sizes):
        limit = np.sqrt(6 / (k + m))
        parameters.append(rng.uniform(-limit, limit, (k, m)).astype(work.dtype))
        parameters.append(np.zeros(m, work.dtype))
    return parameters
