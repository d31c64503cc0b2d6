"""What a function captured: arrays from closures and globals become inputs of its trace.

The function is copied with nodes in place of the float arrays, and so are the functions of the user's that it calls
by name. At each call the same cells and globals are looked at again: an array with new numbers in it is just read, a
name bound to something else is traced anew. What cannot be seen are attributes of objects, and what functions of other
kinds (callable objects, builtins) hold.
"""

import dis
import types
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from fastbp import nesting
from fastbp.transforms import template

Function = Callable[..., Any]
_OTHERS = ("numpy", "fastbp", "scipy")


class Capture(NamedTuple):
    """One name that a function uses from outside: where it is bound, and to what."""

    holder: Any  # a cell, or a dict of globals or of defaults
    name: str
    value: Any


def captures(function: Function) -> list[Capture]:
    """The names that a function, and the functions it names, take from outside."""
    found: list[Capture] = []
    seen: set[int] = set()
    waiting = [function]
    while waiting:
        one = _plain(waiting.pop())
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        for capture in _of(one):
            found.append(capture)
            waiting.append(capture.value)
    return found


def _plain(value: Any) -> types.FunctionType | None:
    """The Python function behind a value, if it is one of the user's."""
    while True:
        if isinstance(value, types.MethodType):
            value = value.__func__
        elif hasattr(value, "rebuilt_on"):  # a transformed function
            value = value.function
        else:
            break
    if not isinstance(value, types.FunctionType):
        return None
    module = str(value.__globals__.get("__name__", "")).split(".")[0]
    return None if module in _OTHERS else value


def _of(function: types.FunctionType) -> Iterator[Capture]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield Capture(cell, name, cell.cell_contents)
        except ValueError:  # not bound yet
            continue
    for name in sorted(_names(function.__code__)):
        if name in function.__globals__:
            yield Capture(function.__globals__, name, function.__globals__[name])


@lru_cache(maxsize=512)
def _names(code: types.CodeType) -> frozenset[str]:
    """The names of the globals that a function, and those inside it, read."""
    found = {
        i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return frozenset(found)


def holds_floats(value: Any) -> bool:
    """Whether a captured value is a float array, or a nesting with one in it."""
    if isinstance(value, np.ndarray):
        return bool(value.dtype.kind == "f")
    if type(value) in (dict, list, tuple):
        return any(
            isinstance(v, np.ndarray) and v.dtype.kind == "f" for _, v in nesting.leaves(value, "")
        )
    return False


def substituted(function: Function, new: dict[tuple[int, str], Any]) -> Function:
    """A copy of a function with other values for what it captured, by (id of the holder, name)."""
    memo: dict[int, Any] = {}

    def copied(value: Any) -> Any:
        plain = _plain(value)
        if plain is None:
            return value
        if id(plain) not in memo:
            memo[id(plain)] = None  # a place for a function that calls itself
            memo[id(plain)] = rebuilt(plain)
        return _like(value, memo[id(plain)])

    def rebuilt(plain: types.FunctionType) -> Any:
        cells = tuple(types.CellType() for _ in plain.__closure__ or ())
        names = dict(plain.__globals__)
        made = types.FunctionType(
            plain.__code__, names, plain.__name__, plain.__defaults__, cells or None
        )
        made.__kwdefaults__ = plain.__kwdefaults__
        memo[id(plain)] = made
        for cell, old in zip(cells, plain.__closure__ or (), strict=True):
            try:
                cell.cell_contents = new.get((id(old), ""), copied(old.cell_contents))
            except ValueError:
                continue
        for name in _names(plain.__code__) & names.keys():
            names[name] = new.get((id(plain.__globals__), name), copied(names[name]))
        return made

    return copied(function)  # type: ignore[no-any-return]


def _like(value: Any, function: Any) -> Any:
    """The function in the form that `value` had: a method, a transformed function."""
    if isinstance(value, types.MethodType):
        return types.MethodType(_like(value.__func__, function), value.__self__)
    if hasattr(value, "rebuilt_on"):
        return value.rebuilt_on(_like(value.function, function))
    return function


class Seen:
    """What a function had captured at a moment, to see whether it still has it."""

    def __init__(self, watches: list[template.Watch]) -> None:
        self._watches = watches

    def still_so(self) -> bool:
        """Whether every name is bound to the same, and arrays hold the same numbers."""
        return template.call_leaves(_NOTHING, self._watches, (), {}) is not None


_NOTHING = template.fixed(((), {}))


def seen(function: Function) -> Seen:
    """What a function captures now."""
    return Seen([template.Watch(c.holder, c.name, _form(c.value)) for c in captures(function)])


def _form(value: Any) -> template.Template:
    if isinstance(value, np.ndarray):
        return template.frozen(value)
    if type(value) is dict:
        return template.nested(value, tuple(value), tuple(map(_form, value.values())))
    if type(value) in (list, tuple):
        return template.nested(value, None, tuple(map(_form, value)))
    return template.fixed(value)
