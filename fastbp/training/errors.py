"""What training raises besides ValueError and TypeError."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastbp.training.history import History


class DivergenceError(ArithmeticError):
    """A loss or a parameter turned NaN or infinite in training.

    Attributes
    ----------
    epoch : int
        The epoch of this training in which it happened, counted from 1.
    batch : int
        The batch in that epoch, counted from 1; in `Trainer.step` the trainer's step.
    parameter : str or None
        The first parameter that was not finite then; None if all were.
    history : History
        What `fit` had reported of the epochs before; empty for a single step.
    """

    history: History

    def __init__(self, message: str, epoch: int, batch: int, parameter: str | None) -> None:
        super().__init__(message, epoch, batch, parameter)
        self.message = message
        self.epoch = epoch
        self.batch = batch
        self.parameter = parameter
        self.history = History()

    def __str__(self) -> str:
        bad = (
            f"the first parameter that was not finite then is {self.parameter!r}"
            if self.parameter is not None
            else "all parameters were finite then"
        )
        return f"{self.message}; {bad}. A smaller learning rate or rescaled data may help"


def diverged(epoch: int, batch: int, parameter: str | None, doubt: str = "") -> DivergenceError:
    """The error for a training that was put back to the last good epoch."""
    message = (
        f"loss or parameters are not finite in epoch {epoch}, batch {batch} "
        f"(model and optimizer are those of {_restored(epoch)} again){doubt}"
    )
    return DivergenceError(message, epoch, batch, parameter)


def _restored(epoch: int) -> str:
    return f"the end of epoch {epoch - 1}" if epoch > 1 else "the start"


def unfit(
    names: Sequence[str], data: Sequence[Any], place: tuple[int, int, int], epoch: int
) -> ValueError:
    """The error for a number that was not finite when its row was read, the training being put back."""
    array, row, column = place
    rest = np.unravel_index(column, data[array].shape[1:]) if data[array].ndim > 1 else ()
    where = ", ".join(map(str, (row, *rest)))
    value = data[array][(row, *rest)]
    return ValueError(
        f"{names[array]} must hold finite values, got {names[array]}[{where}] = {value}, read in epoch {epoch} "
        f"(model and optimizer are those of {_restored(epoch)} again)"
    )


def stopped(what: str, step: int, parameter: str | None, doubt: str = "") -> DivergenceError:
    """The error for a single step that was not made."""
    message = f"{what} not finite in step {step}, which has made no update{doubt}"
    return DivergenceError(message, 1, step, parameter)
