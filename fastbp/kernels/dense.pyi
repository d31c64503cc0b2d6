from typing import Literal

import numpy as np
import numpy.typing as npt

def dense_forward(
    x: npt.NDArray[np.floating],
    weight: npt.NDArray[np.floating],
    bias: npt.NDArray[np.floating] | None,
    out: npt.NDArray[np.floating],
    activation: Literal["relu", "sigmoid", "tanh"] | None = None,
) -> None: ...
def dense_backward(
    x: npt.NDArray[np.floating],
    weight: npt.NDArray[np.floating],
    dz: npt.NDArray[np.floating],
    dx: npt.NDArray[np.floating] | None,
    dweight: npt.NDArray[np.floating],
    dbias: npt.NDArray[np.floating] | None,
) -> None: ...
