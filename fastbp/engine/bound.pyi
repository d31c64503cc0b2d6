from typing import Self

import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

from fastbp.engine.program import Program

@disjoint_base
class Bound:
    def __new__(
        cls,
        program: Program,
        values: npt.NDArray[np.floating],
        training: npt.NDArray[np.floating] | None = None,
        hyper: npt.NDArray[np.float64] | None = None,
        *,
        flushes: bool = True,
    ) -> Self: ...
    @property
    def program(self) -> Program: ...
