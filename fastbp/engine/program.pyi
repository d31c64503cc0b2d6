from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

@disjoint_base
class Program:
    def __init__(
        self,
        *,
        dtype: str,
        rows: int,
        block: int,
        blocked: bool,
        steps: list[dict[str, Any]],
        workspace: int,
        constants: list[tuple[int, list[float]]],
        inputs: list[tuple[str, int]],
        outputs: list[tuple[str, int, int, tuple[int, ...]]],
        parameters: int,
        updates: bool,
        trains: bool,
    ) -> None: ...
    @property
    def dtype(self) -> Literal["float32", "float64"]: ...
    @property
    def rows(self) -> int: ...
    @property
    def block(self) -> int: ...
    @property
    def blocked(self) -> bool: ...
    @property
    def parameters(self) -> int: ...
    @property
    def updates(self) -> bool: ...
    @property
    def trains(self) -> bool: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def steps(self) -> tuple[dict[str, Any], ...]: ...
    @property
    def widths(self) -> tuple[int, ...]: ...
    @property
    def workspace(self) -> int: ...

@disjoint_base
class Run:
    def __new__(
        cls,
        program: Program,
        values: npt.NDArray[np.floating],
        training: npt.NDArray[np.floating] | None = None,
        hyper: npt.NDArray[np.float64] | None = None,
    ) -> Self: ...
    @property
    def program(self) -> Program: ...
    @property
    def results(self) -> tuple[float, ...]: ...
    def step(self, arrays: tuple[npt.NDArray[np.floating], ...]) -> float: ...
    def forward(
        self, arrays: tuple[npt.NDArray[np.floating], ...], out: npt.NDArray[np.floating]
    ) -> None: ...

# Held by runs and calls; made by the engine alone.
@disjoint_base
class Memory: ...

@disjoint_base
class Arrays: ...
