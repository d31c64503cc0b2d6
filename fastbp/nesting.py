"""Nested dicts, lists, tuples and dataclasses: taken apart and put together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

Leaf = tuple[str, Any]


def leaves(value: Any, path: str) -> Iterator[Leaf]:
    """Each leaf with the text that leads to it, such as "params['W'][0]", in order."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}[{key!r}]")
    elif isinstance(value, tuple | list):
        for i, item in enumerate(value):
            yield from leaves(item, f"{path}[{i}]")
    elif is_record(value):
        for name in fields(value):
            yield from leaves(getattr(value, name), f"{path}.{name}")
    else:
        yield path, value


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same nesting with each leaf replaced, in order, by what `change` makes of it."""
    kind = type(value)
    if kind is tuple:
        return tuple([mapped(item, change) for item in value])
    if kind is list:
        return [mapped(item, change) for item in value]
    if isinstance(value, dict):
        items = {key: mapped(item, change) for key, item in value.items()}
        return items if kind is dict else kind(items)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return kind(*[mapped(item, change) for item in value])
    if isinstance(value, tuple | list):
        return kind([mapped(item, change) for item in value])
    if is_record(value):
        return dataclasses.replace(
            value, **{name: mapped(getattr(value, name), change) for name in fields(value)}
        )
    return change(value)


def copied(value: Any) -> Any:
    """The same nesting of the same leaves: a function may change its dicts and lists."""
    return mapped(value, lambda leaf: leaf)


def rebuilt(value: Any, new: Iterator[Any]) -> Any:
    """The same nesting with the leaves replaced, in order, by those of `new`."""
    return mapped(value, lambda leaf: next(new))


def refilled(value: Any, new: Iterator[Any]) -> Any:
    """Put the leaves of `new`, in order, into the very dicts, lists and dataclasses of a nesting; return it.

    A tuple has what it had.
    """
    if isinstance(value, dict | list):
        for place in value if isinstance(value, dict) else range(len(value)):
            value[place] = refilled(value[place], new)
    elif isinstance(value, tuple):
        for item in value:
            refilled(item, new)
    elif is_record(value):
        for name in fields(value):
            old = getattr(value, name)
            found = refilled(old, new)
            if found is not old:
                setattr(value, name, found)
    else:
        return next(new)
    return value


def is_record(value: Any) -> bool:
    """Whether the value is an instance of a dataclass."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def fields(value: Any) -> tuple[str, ...]:
    """The names of a dataclass's fields."""
    return tuple(field.name for field in dataclasses.fields(value))
