"""Random numbers in a traced function: refused, as they would be drawn once and be the same at every later call.

The states of the generators that the function can reach are compared before and after the call. One that is made
without a seed asks the system for entropy, which is looked for where the function's code names something that may.
"""

from __future__ import annotations

import functools
import os
import pickle
import random
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from fastbp import nesting
from fastbp.graph.node import Node, topological
from fastbp.graph.numpy_protocol import ours, users_line
from fastbp.transforms.kinds import generators

if TYPE_CHECKING:
    from fastbp.transforms.survey import Survey

Result = TypeVar("Result")

LIBRARY = os.path.dirname(random.__file__)
ENTROPY = ("urandom", "getrandom")  # what a generator without a seed calls
# A generator, or a number from the system.
MAKES = {"default_rng", "Generator", "RandomState", "SeedSequence"}
MAKES |= {"PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"}
MAKES |= {"Random", "SystemRandom", "secrets", "token_bytes", "token_hex", "randbits", "randbelow"}
MAKES |= {"urandom", "getrandom", "uuid1", "uuid4", "seed", "spawn"}


def without_draws(call: Callable[[], Result], reached: Survey) -> Result:
    """What `call` returns, which traces a function; TypeError if random numbers were drawn meanwhile.

    `reached` is what the function can reach. Its generators are left as they were.
    """
    names = reached.names
    if "random" in names and "numpy" in sys.modules:
        import numpy.random  # noqa: F401  (else the first call would seed it)
    sources = [*_everybodys(), *reached.sources] if _may_draw(names) else reached.sources
    before = [(one, _state(one)) for one in sources]
    entropy = _Entropy() if names & MAKES and sys.getprofile() is None else None
    result = entropy.watched(call) if entropy is not None else call()
    asked = None if entropy is None else entropy.line
    if asked and "RandomState" in names and _alike(result, call()):
        asked = None  # one with a seed asks, too
    if asked or _drawn(before):
        _drawn(before)
        _refuse(asked or _line_that_draws(call, before))
    return result


def _may_draw(names: set[str]) -> bool:
    """Whether code with these names may draw from the generators of all, which other threads may do meanwhile."""
    return bool(names & _drawing(generators()[:2]))


@functools.cache
def _drawing(kinds: tuple[type, ...]) -> set[str]:
    """The names of what draws from generators of these kinds."""
    return {name for kind in kinds for name in dir(kind) if name[0] != "_"} | {"random", "rvs"}


def _alike(one: Any, other: Any) -> bool:
    """Whether two traces are of the same graph, with the same numbers."""
    first, second = (
        topological([n for _, n in nesting.leaves(result, "") if isinstance(n, Node)])
        for result in (one, other)
    )
    return len(first) == len(second) and all(
        a.op == b.op
        and a.shape == b.shape
        and (a.op != "constant" or a.attrs["value"].tobytes() == b.attrs["value"].tobytes())
        and a.attrs.get("index") == b.attrs.get("index")
        for a, b in zip(first, second, strict=True)
    )


def _refuse(line: str | None) -> NoReturn:
    raise TypeError(
        f"random numbers are drawn in a traced function{line or ''}: it is called once, and later calls would use the "
        "same numbers. Pass them as data, drawn for each call: f(params, x, mask)"
    )


def _everybodys() -> list[Any]:
    """The generators of all: Python's, and NumPy's if it is there."""
    numpy_random: Any = sys.modules.get("numpy.random.mtrand")
    return [random._inst, *([numpy_random._rand] if hasattr(numpy_random, "_rand") else [])]


def _state(generator: Any) -> bytes:
    if isinstance(generator, random.SystemRandom):
        return b""  # has none
    if isinstance(generator, random.Random):
        return pickle.dumps((generator.getstate(), 0))
    if hasattr(generator, "get_state"):
        return pickle.dumps((generator.get_state(legacy=False), 0))
    bits = getattr(generator, "bit_generator", generator)
    return pickle.dumps((bits.state, getattr(bits.seed_seq, "n_children_spawned", 0)))


def _put_back(generator: Any, state: bytes) -> None:
    if not state:
        return
    numbers, _ = pickle.loads(state)  # how many were spawned cannot be put back
    if isinstance(generator, random.Random):
        generator.setstate(numbers)
    elif hasattr(generator, "set_state"):
        generator.set_state(numbers)
    else:
        getattr(generator, "bit_generator", generator).state = numbers


def _drawn(before: list[tuple[Any, bytes]]) -> bool:
    """Whether a generator is in another state; it is put back."""
    changed = [(one, state) for one, state in before if _state(one) != state]
    for one, state in changed:
        _put_back(one, state)
    return bool(changed)


class _Entropy:
    """Looks for calls of this thread that ask the system for entropy, and notes the user's line."""

    def __init__(self) -> None:
        self.line: str | None = None

    def watched(self, call: Callable[[], Result]) -> Result:
        """What `call` returns."""
        sys.setprofile(self._event)
        try:
            return call()
        finally:
            sys.setprofile(None)

    def _event(self, frame: FrameType, event: str, arg: Any) -> None:
        asked = event == "c_call" and getattr(arg, "__name__", "") in ENTROPY
        asked = asked or (event == "call" and _is_seeding(frame))  # random.Random() asks in C
        if asked and self.line is None:
            self.line = _line(frame)


def _is_seeding(frame: FrameType) -> bool:
    """Whether a frame is that of random.Random.seed without a seed."""
    return frame.f_code is random.Random.seed.__code__ and frame.f_locals.get("a") is None


def _is_users(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    library = file.startswith(LIBRARY) and "site-packages" not in file
    return not (
        ours(file) or library or file.startswith("<frozen")
    )  # "<frozen importlib._bootstrap>"


def _line(frame: FrameType) -> str:
    """The user's line that a frame belongs to."""
    while frame.f_back is not None and not _is_users(frame):
        frame = frame.f_back
    return users_line(frame)


def _line_that_draws(call: Callable[[], Any], before: list[tuple[Any, bytes]]) -> str | None:
    """The user's line after which a generator was in another state, found by calling once more, line by line."""
    found: list[str] = []
    last = ""

    def look(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal last
        if not _is_users(frame):
            return None
        if last and not found and any(_state(one) != state for one, state in before):
            found.append(last)
        if event in ("line", "call"):
            last = _line(frame)
        return look

    old = sys.gettrace()
    sys.settrace(look)
    try:
        call()
    finally:
        sys.settrace(old)
    if not found and _drawn(before):
        found.append(last)
    _drawn(before)
    return found[0] if found else None
