from typing import Self

import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

@disjoint_base
class Snapshot:
    def __new__(
        cls,
        values: npt.NDArray[np.floating],
        training: npt.NDArray[np.floating],
        hyper: npt.NDArray[np.float64],
    ) -> Self: ...
    @property
    def bad(self) -> int: ...
    @property
    def bad_input(self) -> tuple[int, int, int] | None: ...
    def renew(self) -> None: ...
    def still_finite(self) -> bool: ...
    def restore(self) -> None: ...
