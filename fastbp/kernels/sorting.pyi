import numpy as np
import numpy.typing as npt

def argsort(x: npt.NDArray[np.floating], out: npt.NDArray[np.floating]) -> None: ...
def put_along(
    g: npt.NDArray[np.floating], index: npt.NDArray[np.floating], out: npt.NDArray[np.floating]
) -> None: ...
def take_along(
    x: npt.NDArray[np.floating], index: npt.NDArray[np.floating], out: npt.NDArray[np.floating]
) -> None: ...
