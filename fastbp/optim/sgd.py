"""Stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

from fastbp import checks
from fastbp.optim.base import Optimizer


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent, with (Nesterov) momentum if wanted.

    The rule is PyTorch's: ``v = momentum * v + g``, then ``p -= learning_rate * v``, or with
    `nesterov` ``p -= learning_rate * (g + momentum * v)``; without momentum
    ``p -= learning_rate * g``.

    Parameters
    ----------
    learning_rate : float, positive and finite.
    momentum : float in [0, 1).
    nesterov : bool. Needs a momentum above 0.

    Examples
    --------
    >>> import fastbp as bp
    >>> bp.SGD(0.1, momentum=0.9)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=False)
    """

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "learning_rate", checks.positive_number("learning_rate", self.learning_rate)
        )
        object.__setattr__(self, "momentum", checks.fraction("momentum", self.momentum))
        object.__setattr__(self, "nesterov", checks.flag("nesterov", self.nesterov))
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov=True needs a momentum above 0, got momentum=0.0")

    @property
    def kernel(self) -> str:
        """The engine's name of the update."""
        return "momentum" if self.momentum else "sgd"

    @property
    def n_state(self) -> int:
        """One velocity a parameter with momentum, nothing without."""
        return 1 if self.momentum else 0

    def _constants(self) -> tuple[float, float, float]:
        return self.momentum, float(self.nesterov), 0.0
