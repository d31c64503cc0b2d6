import numpy as np
import numpy.typing as npt

def permutation(index: npt.NDArray[np.int64], seed: int, stream: int) -> None: ...
def uniform(
    out: npt.NDArray[np.floating], seed: int, stream: int, low: float, high: float
) -> None: ...
