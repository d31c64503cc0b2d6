from typing import Any

import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.floating[Any]]

def sgd(p: _Floats, g: _Floats, learning_rate: float) -> None: ...
def momentum(
    p: _Floats,
    v: _Floats,
    g: _Floats,
    learning_rate: float,
    momentum: float = 0.9,
    nesterov: bool = False,
) -> None: ...
def adam(
    p: _Floats,
    m: _Floats,
    v: _Floats,
    g: _Floats,
    learning_rate: float,
    t: int,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
) -> None: ...
