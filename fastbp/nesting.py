"""Parameters in nested dicts, lists, tuples and dataclasses: taken apart and put together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
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
    elif _is_record(value):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), f"{path}.{field.name}")
    else:
        yield path, value


def rebuilt(value: Any, new: Iterator[Any]) -> Any:
    """The same nesting with the leaves replaced, in order, by those of `new`."""
    if isinstance(value, dict):
        items = {key: rebuilt(item, new) for key, item in value.items()}
        return items if type(value) is dict else type(value)(items)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[rebuilt(item, new) for item in value])
    if isinstance(value, tuple | list):
        return type(value)([rebuilt(item, new) for item in value])
    if _is_record(value):
        fields = dataclasses.fields(value)
        return dataclasses.replace(
            value, **{field.name: rebuilt(getattr(value, field.name), new) for field in fields}
        )
    return next(new)


def _is_record(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)
