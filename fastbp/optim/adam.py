"""Adam (Kingma and Ba, 2015)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fastbp import checks
from fastbp.optim.base import Optimizer


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam, as PyTorch has it: epsilon is added outside the bias-corrected root.

    At step t: ``m = beta_1 m + (1 - beta_1) g``, ``v = beta_2 v + (1 - beta_2) g**2``,
    ``p -= learning_rate / (1 - beta_1**t) * m / (sqrt(v / (1 - beta_2**t)) + epsilon)``.

    Parameters
    ----------
    learning_rate : float, positive and finite.
    beta_1, beta_2 : float in [0, 1). How much of the moments is kept in a step.
    epsilon : float, positive and finite.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1.

    Examples
    --------
    >>> import fastbp as bp
    >>> bp.Adam(1e-2)
    Adam(learning_rate=0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-08)
    """

    squares: ClassVar[tuple[int, ...]] = (1,)

    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "learning_rate", checks.positive_number("learning_rate", self.learning_rate)
        )
        object.__setattr__(self, "beta_1", checks.fraction("beta_1", self.beta_1))
        object.__setattr__(self, "beta_2", checks.fraction("beta_2", self.beta_2))
        object.__setattr__(self, "epsilon", checks.positive_number("epsilon", self.epsilon))

    @property
    def kernel(self) -> str:
        """The engine's name of the update."""
        return "adam"

    @property
    def n_state(self) -> int:
        """The two moments."""
        return 2

    def _constants(self) -> tuple[float, float, float]:
        return self.beta_1, self.beta_2, self.epsilon
