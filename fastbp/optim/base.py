"""What every optimizer is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from fastbp import checks

HYPER = 16  # entries of the block that the update kernels read and advance
LEARNING_RATE, FIRST, SECOND, EPSILON, STEPS, FIRST_POWER, SECOND_POWER, SPOILT, LARGEST = range(9)


class Optimizer(ABC):
    """An immutable description of an update rule: no state, so models may share it."""

    __slots__ = ()

    learning_rate: float

    @property
    @abstractmethod
    def kernel(self) -> str:
        """The engine's name of the update."""

    @property
    @abstractmethod
    def n_state(self) -> int:
        """How many vectors of state go with each parameter."""

    squares: ClassVar[tuple[int, ...]] = ()  # which of these vectors hold squares

    @abstractmethod
    def _constants(self) -> tuple[float, float, float]:
        """The first and second constant of the rule, and epsilon."""

    def hyper(self) -> npt.NDArray[np.float64]:
        """The numbers that the update reads, before the first step: no steps made, all powers 1."""
        block = np.zeros(HYPER)
        block[LEARNING_RATE] = self.learning_rate
        block[[FIRST, SECOND, EPSILON]] = self._constants()
        block[[FIRST_POWER, SECOND_POWER]] = 1.0
        return block

    def check_hyper(self, block: npt.NDArray[np.float64]) -> None:
        """Refuse numbers, as a file may have them, that no training with this optimizer leaves."""
        rule, own = [LEARNING_RATE, FIRST, SECOND, EPSILON], self.hyper()
        steps, powers = block[STEPS], block[[FIRST_POWER, SECOND_POWER]]
        if not np.array_equal(block[rule], own[rule]):
            raise ValueError(f"its numbers are not those of {self}")
        if not (0 <= steps < 2**53 and steps == np.floor(steps)):
            raise ValueError(f"its number of steps must be a whole number, got {steps:g}")
        if not ((powers >= 0) & (powers <= 1)).all() or not block[LARGEST] >= 0:
            raise ValueError("its optimizer's numbers are out of range")


def optimizer_named(value: object, named: Mapping[str, type[Optimizer]]) -> Optimizer:
    """Look up an optimizer among the `named` ones."""
    if isinstance(value, Optimizer):
        return value
    if isinstance(value, str):
        if value not in named:
            raise checks.unknown_name(
                "optimizer", value, named, {"momentum": "sgd", "gradient_descent": "sgd"}
            )
        return named[value]()
    listed = " or ".join(map(repr, named))
    if isinstance(value, type) and issubclass(value, Optimizer):
        raise TypeError(
            f"optimizer must be {listed} or an object, got the class: write {value.__name__}()"
        )
    kind = value if isinstance(value, type) else type(value)
    meant = checks.hint(kind.__name__, named, {})
    raise TypeError(
        f"optimizer must be {listed} or an object such as bp.Adam(1e-3), "
        f"got {checks.shown(value)}{meant}"
    )
