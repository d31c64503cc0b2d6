"""Signatures: what programs are looked up by, the nesting, shapes and dtypes of a call's arguments."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from fastbp import checks, nesting

PLAIN = (bool, str, bytes, complex, type(None))


def signature(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Hashable, list[int]]:
    """What calls that one program takes have in common; and their Python ints, in order."""
    ints: list[int] = []
    key = tuple([_of(value, ints) for value in args])
    if not kwargs:
        return key, ints
    return (key, tuple(kwargs), *[_of(value, ints) for value in kwargs.values()]), ints


def _of(value: Any, ints: list[int]) -> Hashable:
    kind = type(value)
    if kind is np.ndarray:
        return value.shape, value.dtype
    if kind is int:
        ints.append(value)
        return int
    if kind is float:
        return float
    if isinstance(value, dict):
        return kind, tuple(value), tuple([_of(item, ints) for item in value.values()])
    if isinstance(value, tuple | list):
        return kind, tuple([_of(item, ints) for item in value])
    if nesting.is_record(value):
        return kind, tuple([_of(getattr(value, name), ints) for name in nesting.fields(value)])
    if kind in PLAIN:
        return kind, value
    if isinstance(value, np.ndarray | np.generic):
        return kind, value.shape, value.dtype
    if checks.is_buffer(value):
        return kind, len(value)
    return kind, id(value)
