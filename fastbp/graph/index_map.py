"""Index maps: where each element of a result comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


class IndexMap:
    """Positions in a flattened operand, one for each element of a result; -1 stands for a zero.

    It is hashed and compared by what it holds, so that equal moves become one node.

    Attributes
    ----------
    array : int64 array, one axis, read-only.

    Examples
    --------
    >>> IndexMap([0, 2, 1]) == IndexMap([0, 2, 1])
    True
    """

    __slots__ = ("_hash", "array")

    def __init__(self, positions: npt.ArrayLike) -> None:
        self.array = np.ascontiguousarray(positions, np.int64).reshape(-1)
        if self.array.base is not None or self.array is positions:
            self.array = self.array.copy()
        self.array.setflags(write=False)
        self._hash = hash(self.array.tobytes()) if self.array.size < 1 << 16 else self.array.size

    def __len__(self) -> int:
        return self.array.size

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, IndexMap) and np.array_equal(self.array, other.array)

    def __repr__(self) -> str:
        shown = ", ".join(map(str, self.array[:6]))
        return f"[{shown}{', ...' if len(self) > 6 else ''}]"

    def is_range(self, size: int) -> bool:
        """Whether it is 0, 1, ..., size - 1."""
        return len(self) == size and bool((self.array == np.arange(size)).all())

    def then(self, after: IndexMap) -> IndexMap:
        """The map of two moves, one after the other: `after` takes from what this one made."""
        found: npt.NDArray[Any] = np.where(after.array < 0, -1, self.array[after.array])
        return IndexMap(found)
