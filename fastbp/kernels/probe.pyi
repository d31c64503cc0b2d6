from typing import Literal

LANES: int

def fma_peak(dtype: Literal["float32", "float64"] = "float32", seconds: float = 0.2) -> float: ...
def bandwidth(nbytes: int, copies: bool = False, seconds: float = 0.2) -> float: ...
def dense_rate(
    product: Literal["forward", "inputs", "weights"],
    n: int,
    k: int,
    m: int,
    dtype: Literal["float32", "float64"] = "float32",
    seconds: float = 0.2,
) -> float: ...
