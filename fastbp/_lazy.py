"""Names of a package that are imported when they are asked for: `import fastbp` should cost next to nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(
    package: str, places: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return a package's ``__getattr__`` and ``__dir__``.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    places : mapping of str to str
        From a module to the names that it has for the package, with spaces between. A module whose place is "" is
        one of the package's own, and is meant itself.

    Notes
    -----
    A name is bound in the package when it is first asked for, and costs nothing any more from then on.
    """
    where = {name: module for module, names in places.items() for name in names.split()}
    where |= {module.rpartition(".")[2]: module for module, names in places.items() if not names}

    def get(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found: Any = import_module(where[name])
        if places[where[name]]:
            found = getattr(found, name)
        setattr(sys.modules[package], name, found)
        return found

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *where})

    return get, names
