"""How weights start."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fastbp.engine import random

WEIGHTS = 1 << 32  # first stream of the weights: shuffles count up from stream 0


def glorot_uniform(weight: npt.NDArray[np.floating], seed: int, stream: int) -> None:
    """Fill `weight` (fan_in, fan_out) from U(-b, b), b = sqrt(6 / (fan_in + fan_out)).

    Source: X. Glorot and Y. Bengio, AISTATS 2010, equation 16.
    """
    fan_in, fan_out = weight.shape
    _uniform(weight, math.sqrt(6.0 / (fan_in + fan_out)), seed, stream)


def he_uniform(weight: npt.NDArray[np.floating], seed: int, stream: int) -> None:
    """Fill `weight` (fan_in, fan_out) from U(-b, b), b = sqrt(6 / fan_in).

    Source: K. He et al., ICCV 2015, equation 10.
    """
    _uniform(weight, math.sqrt(6.0 / weight.shape[0]), seed, stream)


def _uniform(weight: npt.NDArray[np.floating], bound: float, seed: int, stream: int) -> None:
    random.uniform(weight.reshape(-1), seed, WEIGHTS + stream, -bound, bound)
