import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

from fastbp.engine.bound import Bound
from fastbp.engine.threads import Share

@disjoint_base
class Run(Bound):
    @property
    def held(self) -> bool: ...
    @property
    def results(self) -> tuple[float, ...]: ...
    def step(
        self,
        arrays: tuple[npt.NDArray[np.floating], ...],
        share: Share | None = None,
        guards: bool = False,
    ) -> float: ...
    def forward(
        self,
        arrays: tuple[npt.NDArray[np.floating], ...],
        out: npt.NDArray[np.floating],
        share: Share | None = None,
    ) -> None: ...

# Held by calls; made by the engine alone.
@disjoint_base
class Arrays: ...
