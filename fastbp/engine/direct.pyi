from typing import Any, Self

import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

from fastbp.engine.guard import Guard
from fastbp.engine.run import Run

@disjoint_base
class Predictor:
    def __new__(cls, guard: Guard) -> Self: ...
    @property
    def runs(self) -> list[Run]: ...
    def predict(self, X: object) -> npt.NDArray[np.floating] | None: ...

@disjoint_base
class Batches:
    def __new__(cls, guard: Guard, classes: int) -> Self: ...
    def keep(self, run: Run, views: dict[str, npt.NDArray[Any]]) -> None: ...
    def step(self, x: object, y: object) -> float | None: ...
    def gradients(
        self, x: object, y: object
    ) -> tuple[float, dict[str, npt.NDArray[Any]]] | None: ...
