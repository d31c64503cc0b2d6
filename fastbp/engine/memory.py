"""The blocks of memory that programs work on."""

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

ALIGNMENT = 64  # bytes: a cache line, and the widest vector
LINE = 16  # elements: parameters start at multiples of it
MOST = 2**56  # elements: what programs count with


def aligned_zeros(n: int, dtype: npt.DTypeLike) -> npt.NDArray[np.floating]:
    """Return `n` zeros that start at a cache line, where full vectors load and store fastest."""
    try:
        n = operator.index(n)
    except TypeError:
        raise TypeError(f"n: expected a whole number, got {type(n).__name__}") from None
    if n < 0:
        raise ValueError(f"n: expected a number of elements, got {n}")
    if n > MOST:
        raise MemoryError(f"{n} numbers are more than memory can hold")
    size = n * np.dtype(dtype).itemsize
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    skip = -raw.ctypes.data % ALIGNMENT
    return raw[skip : skip + size].view(dtype)


class Layout(NamedTuple):
    """Where each parameter lies in the flat block.

    Attributes
    ----------
    shapes : tuple of shapes, in order.
    dtype : numpy.dtype of the block.
    offsets : first element of each parameter, a multiple of 16.
    length : elements of the block, a multiple of 16. Those between parameters stay zero.
    """

    shapes: tuple[tuple[int, ...], ...]
    dtype: np.dtype[np.floating]
    offsets: tuple[int, ...]
    length: int

    @classmethod
    def of(cls, shapes: Sequence[tuple[int, ...]], dtype: npt.DTypeLike) -> Self:
        """Lay out parameters of these shapes one behind the other."""
        offsets, end = [], 0
        for shape in shapes:
            if min(shape, default=0) < 0:
                raise ValueError(f"shapes: expected sizes from 0 on, got shape {tuple(shape)}")
            offsets.append(end)
            end += -(-_count(shape) // LINE) * LINE
        if end > MOST:
            sizes = ", ".join(str(tuple(shape)) for shape in shapes[:8])
            raise MemoryError(f"{end} numbers, of shapes {sizes}, are more than memory can hold")
        kind: np.dtype[Any] = np.dtype(dtype)
        return cls(tuple(map(tuple, shapes)), kind, tuple(offsets), end)

    @property
    def size(self) -> int:
        """The number of parameters, without the padding."""
        return sum(map(_count, self.shapes))

    def views(self, block: npt.NDArray[np.floating]) -> list[npt.NDArray[np.floating]]:
        """Live views of the parameters in a block of `length` elements."""
        return [
            block[start : start + _count(shape)].reshape(shape)
            for start, shape in zip(self.offsets, self.shapes, strict=True)
        ]


def _count(shape: tuple[int, ...]) -> int:
    n = 1
    for extent in shape:
        n *= extent
    return n
