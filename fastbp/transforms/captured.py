"""What a function has from outside: arrays become inputs of its trace, all else is watched.

The function is copied with nodes in place of the float arrays, and so are the functions of the user's that it calls
by name. At each call the same cells, globals and defaults are looked at again: an array with new numbers in it is just
read. Whatever else the function reads (`survey.py`) must be as it was, or it is traced anew.
"""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from fastbp import nesting
from fastbp.graph.numpy_protocol import outside
from fastbp.transforms.code import reads
from fastbp.transforms.survey import Survey, behind, can_be_copied
from fastbp.transforms.template import Watch, all_hold

Function = Callable[..., Any]
Place = tuple[
    int, str
]  # the id of a cell, of a dict of globals or of a function, and the name there


def place_of(holder: Any, key: str | None) -> Place:
    """What a place is known by."""
    return id(holder), key or ""


def holds_floats(value: Any) -> bool:
    """Whether a captured value is a float array, or a nesting with one in it."""
    if isinstance(value, np.ndarray):
        return bool(value.dtype.kind == "f")
    if type(value) in (dict, list, tuple):
        return any(
            isinstance(v, np.ndarray) and v.dtype.kind == "f" for _, v in nesting.leaves(value, "")
        )
    return False


def substituted(function: Function, new: dict[Place, Any]) -> Function:
    """A copy of a function with other values for what it has from outside."""
    memo: dict[int, Any] = {}

    def copied(value: Any) -> Any:
        plain = behind(value)
        if plain is None or not can_be_copied(plain):
            return value
        if id(plain) not in memo:
            memo[id(plain)] = None  # a place for a function that calls itself
            memo[id(plain)] = rebuilt(plain)
        return _like(value, memo[id(plain)])

    def rebuilt(plain: types.FunctionType) -> Any:
        cells = tuple(types.CellType() for _ in plain.__closure__ or ())
        names = dict(plain.__globals__)
        defaults = new.get((id(plain), "__defaults__"), plain.__defaults__)
        made = types.FunctionType(plain.__code__, names, plain.__name__, defaults, cells or None)
        made.__kwdefaults__ = new.get((id(plain), "__kwdefaults__"), plain.__kwdefaults__)
        made.__dict__ = plain.__dict__  # what it writes to its own attributes is not lost
        memo[id(plain)] = made
        for cell, old in zip(cells, plain.__closure__ or (), strict=True):
            try:
                cell.cell_contents = new.get((id(old), ""), copied(old.cell_contents))
            except ValueError:
                continue
        for name in reads(plain.__code__).globals & names.keys():
            names[name] = new.get((id(plain.__globals__), name), copied(names[name]))
        return made

    return copied(function)  # type: ignore[no-any-return]


def _like(value: Any, function: Any) -> Any:
    """The function in the form that `value` had: a method, a transformed function."""
    if isinstance(value, types.MethodType):
        return types.MethodType(_like(value.__func__, function), value.__self__)
    if hasattr(type(value), "rebuilt_on"):
        return value.rebuilt_on(_like(value.function, function))
    return function


class Seen:
    """What a function had from outside at a moment, to see whether it still has it.

    Parameters
    ----------
    function : callable
    arguments : what it is called with, as far as that is taken apart.
    """

    def __init__(self, function: Function, *arguments: Any) -> None:
        self.reached = Survey()
        for value in arguments:
            self.reached.argument(value, keeps=True)
        self.reached.of(function)
        self._watches: list[Watch] = self.reached.watches
        self.unwatched = self.reached.unwatched

    def still_so(self) -> bool:
        """Whether all that it read is as it was, as far as that can be told."""
        return self.unwatched is None and all_hold(self._watches)


def warn_of(function: Function, unwatched: str) -> None:
    """Say that a function is traced each time, and why."""
    _warn(
        function,
        f"is traced anew at each call, which takes milliseconds: {unwatched} cannot be watched for changes. "
        "Pass what it reads as arguments",
    )


def warn_of_changes(function: Function) -> None:
    """Say that what a loss changes itself stays as it is while it is trained."""
    _warn(
        function,
        "changes what it reads: a training calls it once for each size of a batch, not at each step. Pass as "
        "data what is another one in each step",
    )


def _warn(function: Function, what: str) -> None:
    """Warn at the line that called fastbp, from however deep inside."""
    name = getattr(function, "__name__", type(function).__name__)
    users = outside(sys._getframe(1))
    warnings.warn_explicit(
        f"{name} {what}",
        RuntimeWarning,
        users.f_code.co_filename,
        users.f_lineno,
        module=users.f_globals.get("__name__"),
        registry=users.f_globals.setdefault("__warningregistry__", {}),
    )
