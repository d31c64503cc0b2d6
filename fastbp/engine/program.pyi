from collections.abc import Mapping
from typing import Any, Literal

from typing_extensions import disjoint_base

MAX_ARRAYS: int

@disjoint_base
class Program:
    def __init__(
        self,
        *,
        dtype: str,
        rows: int,
        block: int,
        groups: int,
        blocked: bool,
        steps: list[dict[str, Any]],
        workspace: int,
        constants: list[tuple[int, list[float]]],
        inputs: list[tuple[str, int]],
        outputs: list[tuple[str, int, int, tuple[int, ...]]],
        parameters: int,
        updates: bool,
        gradients: int,
    ) -> None: ...
    @property
    def dtype(self) -> Literal["float32", "float64"]: ...
    @property
    def rows(self) -> int: ...
    @property
    def block(self) -> int: ...
    @property
    def groups(self) -> int: ...
    @property
    def cost(self) -> float: ...
    @property
    def meetings(self) -> int: ...
    @property
    def blocked(self) -> bool: ...
    @property
    def parameters(self) -> int: ...
    @property
    def updates(self) -> bool: ...
    @property
    def gradients(self) -> int: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def steps(self) -> tuple[Mapping[str, Any], ...]: ...
    @property
    def widths(self) -> tuple[int, ...]: ...
    @property
    def workspace(self) -> int: ...
    @property
    def memory(self) -> int: ...
    @property
    def run_memory(self) -> int: ...
