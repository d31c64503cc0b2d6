"""Nested dicts, lists, tuples and dataclasses: taken apart and put together."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import OrderedDict, defaultdict
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
        return items if kind is dict else like(value, items)
    if isinstance(value, tuple | list):
        return like(value, [mapped(item, change) for item in value])
    if is_record(value):
        return like(value, {name: mapped(getattr(value, name), change) for name in fields(value)})
    return change(value)


def like(value: Any, parts: Any) -> Any:
    """An object of the type of `value` with other parts, in order or by name. No code of its class runs for it.

    What it has beside its parts, attributes and the factory of a defaultdict, it has from `value`.
    """
    if isinstance(value, tuple):
        return _with_attributes(value, tuple.__new__(type(value), parts))
    if isinstance(value, list):
        new = _with_attributes(value, list.__new__(type(value)))
        list.extend(new, parts)
        return new
    if isinstance(value, dict):
        new = _with_attributes(value, type(value).__new__(type(value)))
        if isinstance(value, defaultdict):
            new.default_factory = value.default_factory
        put = OrderedDict.__setitem__ if isinstance(value, OrderedDict) else dict.__setitem__
        for key, part in parts.items():
            put(new, key, part)
        return new
    new = _with_attributes(value, object.__new__(type(value)))
    for name, part in parts.items():
        object.__setattr__(new, name, part)
    return new


def _with_attributes(value: Any, new: Any) -> Any:
    """`new` with the attributes of `value`."""
    for name, attribute in getattr(value, "__dict__", {}).items():
        object.__setattr__(new, name, attribute)
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                object.__setattr__(new, name, getattr(value, name))
    return new


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


@contextlib.contextmanager
def to_the_end(name: str) -> Iterator[None]:
    """Where a nesting is walked for the first time: one that holds itself has no end."""
    try:
        yield
    except RecursionError:
        raise ValueError(f"{name} must not hold itself, or lie a thousand levels deep") from None


def is_record(value: Any) -> bool:
    """Whether the value is an instance of a dataclass."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def fields(value: Any) -> tuple[str, ...]:
    """The names of a dataclass's fields."""
    return tuple(field.name for field in dataclasses.fields(value))
