"""The lock of what the first thread that needs it does: importing by name, building a model."""

import os
from _thread import RLock  # threading costs more than all of this

_lock = RLock()


def once() -> RLock:
    """What is held meanwhile, in a ``with`` statement."""
    return _lock


def _renew() -> None:
    """A forked child has none of the threads that may hold it."""
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
