from typing import Any, Self

import numpy as np
from typing_extensions import disjoint_base

from fastbp.engine.memory import Layout
from fastbp.engine.program import Program

@disjoint_base
class Call:
    def __new__(
        cls,
        program: Program,
        layout: Layout,
        results: Layout,
        arguments: list[tuple[int, int, tuple[int, ...], np.dtype[Any] | None]],
        dtypes: list[np.dtype[Any] | None],
    ) -> Self: ...
    def __call__(self, leaves: list[Any]) -> list[Any] | None: ...
