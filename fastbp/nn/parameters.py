"""The parameters of a model by name, and how they are assigned."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any, NoReturn

import numpy.typing as npt

from fastbp import checks

Array = npt.NDArray[Any]


def copy_in(name: str, view: Array, value: Any) -> None:
    """Write `value` into a parameter of the same shape."""
    view[...] = fitting(name, view, value)


def fitting(name: str, view: Array, value: Any) -> Array:
    """`value` as what can be written into a parameter."""
    array = checks.numbers(name, value)
    if array.shape != view.shape:
        raise ValueError(f"{name} must have shape {view.shape}, got {array.shape}")
    return checks.converted(array, view.dtype)


class Parameters(MutableMapping[str, Array]):
    """Names and live views of a model's parameters. Assigning copies in, shape-checked."""

    __slots__ = ("_views",)

    def __init__(self, views: dict[str, Array]) -> None:
        self._views = views

    def __getitem__(self, name: str) -> Array:
        return self._views[name]

    def __setitem__(self, name: str, value: npt.ArrayLike) -> None:
        if name not in self._views:
            raise KeyError(f"no parameter {name!r}; there are {', '.join(map(repr, self._views))}")
        copy_in(name, self._views[name], value)

    def __delitem__(self, name: str) -> NoReturn:
        raise TypeError(f"a model's parameters cannot be taken out, got del for {name!r}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def __repr__(self) -> str:
        shapes = (f"{name!r}: {view.dtype} {view.shape}" for name, view in self._views.items())
        return f"Parameters({{{', '.join(shapes)}}})"
