"""Arrays that Python hands to a kernel: checked by name, before a typed memoryview takes them.

>>> import numpy as np
>>> out = take(np.empty((2, 3)), "out", writable=True)  # the first array sets the dtype
>>> x = same(np.ones((2, 3)), "x", out)  # ... which the others must have
>>> x.reshape(-1).shape  # what kernels take: all numbers in a row
(6,)
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp._signals import from_handler

Array = npt.NDArray[Any]


def take(
    array: Any, name: str, like: Array | None = None, *, ndim: int = -1, writable: bool = False
) -> Array:
    """A C-contiguous float32 or float64 array, or any buffer, as an ndarray over the same memory.

    It must have the dtype of the array `like` (None: either) and `ndim` dimensions (-1: any number). TypeError or
    ValueError otherwise.
    """
    view = viewed(array)
    if view is None or view.dtype not in (np.float32, np.float64) or not view.dtype.isnative:
        raise TypeError(f"{name}: expected an array of float32 or float64, got {kind_of(array)}")
    if like is not None and view.dtype != like.dtype:
        raise TypeError(f"{name}: expected {like.dtype} as the output, got {view.dtype}")
    if ndim >= 0 and view.ndim != ndim:
        raise ValueError(
            f"{name}: expected {ndim} dimension{'' if ndim == 1 else 's'}, got shape {view.shape}"
        )
    if not (view.flags.c_contiguous and view.flags.aligned):
        raise ValueError(
            f"{name}: expected an aligned C-contiguous array, got one of shape {view.shape} that is not; "
            "numpy.ascontiguousarray makes one"
        )
    if writable and not view.flags.writeable:
        raise ValueError(f"{name}: expected a writable array, got a read-only one")
    return view


def viewed(array: Any) -> Array | None:
    """An ndarray over the same memory; None for no buffer, or for a dtype without one (dates) or that is unreadable."""
    try:
        return np.asarray(memoryview(array))
    except (BufferError, TypeError, ValueError, RuntimeError) as error:
        if from_handler(error):
            raise
        return None


def kind_of(array: Any) -> str:
    """What came in place of an array that is wanted, in few words."""
    dtype = getattr(array, "dtype", None)
    return type(array).__name__ if dtype is None else f"an array of {dtype!s:.60}"


def of_shape(view: Array, name: str, shape: tuple[int, ...]) -> None:
    """Refuse a view that has another shape."""
    if view.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {view.shape}")


def apart(view: Array, name: str, **others: Array | None) -> None:
    """Refuse an output that lies in memory of another argument, which is read or written after it was begun."""
    for other, array in others.items():
        if array is not None and np.may_share_memory(view, array):
            raise ValueError(
                f"{name}: expected an array of its own memory, got some of that of {other}"
            )


def same(array: Any, name: str, like: Array, *, writable: bool = False) -> Array:
    """`take`, and the shape must be that of `like` too."""
    view = take(array, name, like, writable=writable)
    of_shape(view, name, like.shape)
    return view
