"""What is made once and kept for the next time: by key, those not used for longest going first."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")

MEMORY = 64 << 20  # bytes that the programs of one function, or of one model, may take


class Kept(Generic[Value]):
    """Values by key, up to so many bytes in all; the last one is kept whatever its size.

    Threads may use it side by side: at worst two of them make the same value.

    Examples
    --------
    >>> kept = Kept(100)
    >>> kept.put("a", 1, 60)
    >>> kept.put("b", 2, 60)
    >>> kept.get("a"), kept.get("b")
    (None, 2)
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._values: dict[Hashable, tuple[Value, int]] = {}  # used last: last
        self._last: Hashable = None

    def get(self, key: Hashable) -> Value | None:
        """The value of a key, which counts as used; None where there is none."""
        found = self._values.get(key)
        if found is None:
            return None
        if key != self._last:
            self._values.pop(key, None)
            self._values[key], self._last = found, key
        return found[0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Keep a value of so many bytes."""
        self._values.pop(key, None)
        self._values[key], self._last = (value, size), key
        entries = list(self._values.items())
        room = self._memory - sum(taken for _, (_, taken) in entries)
        for old, (_, taken) in entries[:-1]:
            if room >= 0:
                break
            self._values.pop(old, None)
            room += taken

    def clear(self) -> None:
        """Forget all."""
        self._values.clear()

    def __len__(self) -> int:
        return len(self._values)
