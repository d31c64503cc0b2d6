"""What a training reports."""

from __future__ import annotations

from collections.abc import Mapping


class History(dict[str, list[float]]):
    """A dict from "loss", "val_loss", "accuracy", ... to one float an epoch, weighted by rows.

    "loss" and metrics without ``"val_"`` are averages over the epoch's batches, each taken before its
    update; those with ``"val_"`` are of the whole validation data after the epoch.

    Examples
    --------
    >>> from fastbp.training import History
    >>> History({"loss": [0.5, 0.25]})
    History(2 epochs: loss 0.5 -> 0.25)
    """

    @property
    def epochs(self) -> int:
        """How many epochs there were."""
        return len(next(iter(self.values()), []))

    def append(self, values: Mapping[str, float]) -> None:
        """Append one epoch's values."""
        for name, value in values.items():
            self.setdefault(name, []).append(float(value))

    def __repr__(self) -> str:
        count = f"{self.epochs} epoch{'' if self.epochs == 1 else 's'}"
        ends = (f"{k} {v[0]:.4g} -> {v[-1]:.4g}" for k, v in self.items() if v)
        return f"History({count}: {', '.join(ends)})" if self.epochs else "History(0 epochs)"
