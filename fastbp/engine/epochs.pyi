import numpy as np
import numpy.typing as npt

from fastbp.engine.run import Run
from fastbp.engine.snapshot import Snapshot
from fastbp.engine.threads import Share

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
    look: tuple[bool, ...] = (),
    share: Share | None = None,
) -> tuple[int, int]: ...
def evaluate(
    run: Run | None,
    last: Run | None,
    arrays: tuple[npt.NDArray[np.floating], ...],
    share: Share | None = None,
) -> list[float]: ...
