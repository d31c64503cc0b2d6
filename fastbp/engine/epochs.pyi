from typing import Self

import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

from fastbp.engine.run import Run
from fastbp.engine.threads import Share

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
    def restore(self) -> None: ...

def fit(
    run: Run | None,
    last: Run | None,
    arrays: tuple[npt.NDArray[np.floating], ...],
    *,
    epochs: int,
    shuffle: bool,
    seed: int,
    first_shuffle: int,
    results: npt.NDArray[np.float64],
    snapshot: Snapshot | None,
    lanes: int = 1,
    look: tuple[bool, ...] = (),
    share: Share | None = None,
) -> tuple[int, int]: ...
def evaluate(
    run: Run | None,
    last: Run | None,
    arrays: tuple[npt.NDArray[np.floating], ...],
    lanes: int = 1,
    share: Share | None = None,
) -> list[float]: ...
