"""Names of a package that are imported when they are asked for: `import fastbp` should cost next to nothing.

One thread at a time does so. Where two import a package and a module of it, Python may hand out what is half made.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock  # threading costs more than all of this
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

_lock = RLock()


def once() -> RLock:
    """What is held while the first thread that needs something makes it: imports by name, the build of a model."""
    return _lock


# A fork waits until no thread is at it: a child would wait for the locks of half-made modules, which nobody gives back.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
    )


def lazily(
    package: str, places: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return a package's ``__getattr__`` and ``__dir__``.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    places : mapping of str to str
        From a module to the names that it has for the package, with spaces between. Other names are taken for
        modules of the package.

    Notes
    -----
    A name is bound in the package when it is first asked for, and costs nothing any more from then on.
    """
    where = {name: module for module, names in places.items() for name in names.split()}

    def get(name: str) -> Any:
        module = where.get(name, f"{package}.{name}")
        missing = AttributeError(f"module {package!r} has no attribute {name!r}")
        if name.startswith("__"):  # Python asks for these by itself
            raise missing
        if name not in where and sys._getframe(1).f_code.co_name == "_handle_fromlist":
            raise missing  # `from package import module`, maybe at the top of a module: Python then imports it
        try:
            with once():
                found: Any = import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise missing from None
        if name in where:
            found = getattr(found, name)
        setattr(sys.modules[package], name, found)
        return found

    def names() -> list[str]:
        of_package = vars(sys.modules[package])
        return sorted({*of_package, *of_package["__all__"]})

    return get, names
