"""Who may use a model's parameters at a moment."""

from __future__ import annotations

import threading


class Guard:
    """One training at a time, or any number of readers; who comes in between is refused at once.

    The thread that trains may also read, as it validates. Nothing waits for a training to end.
    """

    __slots__ = ("_lock", "_readers", "_trainer")

    def __init__(self) -> None:
        self._lock = threading.Lock()  # held for a few instructions, never during a computation
        self._trainer: int | None = None  # the thread that trains
        self._readers = 0

    def begin_training(self) -> None:
        """Take the parameters for writing; raise RuntimeError if they are in use."""
        with self._lock:
            if self._trainer is not None:
                raise RuntimeError("this model is being trained already: wait for that training")
            if self._readers:
                raise RuntimeError(
                    "this model is in use by another thread (a predict, an evaluate or a save): "
                    "wait for it, or train a copy.deepcopy of the model"
                )
            self._trainer = threading.get_ident()

    def end_training(self) -> None:
        """Give the parameters back."""
        self._trainer = None

    def begin_reading(self) -> None:
        """Take the parameters for reading; raise RuntimeError if another thread trains them."""
        with self._lock:
            if self._trainer is not None and self._trainer != threading.get_ident():
                raise RuntimeError(
                    "this model is being trained in another thread: wait for that training, "
                    "or use a copy.deepcopy made before it"
                )
            self._readers += 1

    def end_reading(self) -> None:
        """Give the parameters back."""
        with self._lock:
            self._readers -= 1
