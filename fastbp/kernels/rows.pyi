import numpy as np
import numpy.typing as npt

def gather_rows(
    x: npt.NDArray[np.floating], index: npt.NDArray[np.int64], out: npt.NDArray[np.floating]
) -> None: ...
