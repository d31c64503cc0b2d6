"""What a training shows while it runs."""

from __future__ import annotations

import os
import sys
import time
from typing import TextIO

from fastbp import checks
from fastbp.training.history import History

PATIENCE = 2.0  # seconds before a display appears by itself
REFRESH = 0.1  # seconds between two looks of a display
WIDTH = 24


class Progress:
    """Shows nothing. `chunk` says how many epochs may run before the next `update`."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def chunk(self) -> int:
        """How many epochs may run together."""
        return self.epochs

    def update(self, done: int, history: History) -> None:
        """Take note of the epochs done so far."""

    def close(self) -> None:
        """End the display; called however the training ends."""


class Lines(Progress):
    """A line an epoch, on standard output."""

    def __init__(self, epochs: int) -> None:
        super().__init__(epochs)
        self._since = time.perf_counter()

    def chunk(self) -> int:
        """Each epoch has its line."""
        return 1

    def update(self, done: int, history: History) -> None:
        """Print the epoch's values and the time it took."""
        now = time.perf_counter()
        took, self._since = now - self._since, now
        print(f"epoch {done}/{self.epochs}  {_values(history)}  {_duration(took)}", flush=True)


class Bar(Progress):
    """One line that is written over, on standard error, once the run has taken a while."""

    def __init__(self, epochs: int, stream: TextIO) -> None:
        super().__init__(epochs)
        self._stream = stream
        self._start = self._shown = time.perf_counter()
        self._last = self._start
        self._chunk = 1
        self._length = 0

    def chunk(self) -> int:
        """About as many epochs as fit between two looks."""
        return self._chunk

    def update(self, done: int, history: History) -> None:
        """Adapt the chunk to the time it took; draw the line if it is time to."""
        now = time.perf_counter()
        took, self._last = now - self._last, now
        if took < REFRESH / 4:
            self._chunk *= 2
        elif took > REFRESH:
            self._chunk = max(1, self._chunk // 2)
        due = now - self._start > PATIENCE and now - self._shown > REFRESH
        if due or (self._length and done == self.epochs):
            self._draw(done, history, now)

    def _draw(self, done: int, history: History, now: float) -> None:
        self._shown = now
        filled = WIDTH * done // self.epochs
        left = (now - self._start) / done * (self.epochs - done)
        line = (
            f"[{'=' * filled}{' ' * (WIDTH - filled)}] {done}/{self.epochs}  {_values(history)}  "
            f"{_duration(left) + ' left' if done < self.epochs else _duration(now - self._start)}"
        )
        self._write("\r" + line.ljust(self._length))
        self._length = max(self._length, len(line))

    def close(self) -> None:
        """Leave the line standing."""
        if self._length:
            self._write("\n")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # a closed terminal must not end the training
            self._length = 0


def progress(verbose: object, epochs: int) -> Progress:
    """The display that `verbose` asks for."""
    if verbose == 1:
        return Lines(epochs)
    if verbose == "auto" and epochs > 1 and _interactive():
        return Bar(epochs, sys.stderr)
    return Progress(epochs)


def check_verbose(verbose: object) -> object:
    """Return `verbose`, or refuse one that means nothing."""
    checks.one_of("verbose", verbose, ("auto", 0, 1))
    return verbose


def _interactive() -> bool:
    """Whether somebody watches: a notebook, or a terminal that can write over a line."""
    if "ipykernel" in sys.modules:
        return sys.stderr is not None
    try:
        return bool(sys.stderr.isatty()) and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # no stream, or a closed one
        return False


def _values(history: History) -> str:
    return "  ".join(f"{name} {values[-1]:.4f}" for name, values in history.items() if values)


def _duration(seconds: float) -> str:
    if seconds >= 60:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} us"
