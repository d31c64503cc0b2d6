"""What a function's bytecode reads from outside: names, attributes and modules."""

import dis
import types
from functools import lru_cache
from typing import NamedTuple

_ADD = frozenset(["add", "append", "appendleft", "extend", "insert"])  # methods that read nothing
_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_FREE = ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF")
_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "IMPORT_FROM")
_STORED = ("STORE_GLOBAL", "DELETE_GLOBAL", "STORE_DEREF", "DELETE_DEREF")
# With one of these, an attribute can be read whose name no code shows.
_COMPUTED = frozenset(
    [
        "__dict__",
        "__getattribute__",
        "asdict",
        "astuple",
        "attrgetter",
        "dir",
        "getattr",
        "hasattr",
        "methodcaller",
        "vars",
    ]
)


class Reads(NamedTuple):
    """What a code object reads, with those inside it."""

    globals: frozenset[str]
    free: frozenset[str]  # of closures
    attributes: frozenset[str]
    modules: frozenset[str]  # that it imports
    computed: bool  # whether it may read attributes by names that are computed
    stored: frozenset[str]  # what it binds outside of itself


@lru_cache(maxsize=1024)
def reads(code: types.CodeType) -> Reads:
    """What a function reads; what it only adds to (`log.append(x)`, `log[key] = x`) is not read."""
    found: dict[str, set[str]] = {name: set() for name in _KINDS.values()}
    steps = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "PRECALL", "NOP")]
    for at, step in enumerate(steps):
        kind = _KINDS.get(step.opname)
        if kind == "stored" or (kind and not _only_written(steps[at + 1 : at + 3])):
            found[kind].add(step.argval)
    outer = set(code.co_freevars)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner = reads(constant)
            for kind in found:
                found[kind] |= getattr(inner, kind)
    local = set(code.co_cellvars) - outer
    found["free"] &= outer
    computed = bool(_COMPUTED & (found["attributes"] | found["globals"]))
    stored = found["stored"] - local
    names, free, attributes, modules = (
        frozenset(found[kind]) for kind in ("globals", "free", "attributes", "modules")
    )
    return Reads(names, free, attributes, modules, computed, frozenset(stored))


_KINDS = (
    dict.fromkeys(_GLOBAL, "globals")
    | dict.fromkeys(_FREE, "free")
    | dict.fromkeys(_ATTRIBUTE, "attributes")
    | dict.fromkeys(_STORED, "stored")
    | {"IMPORT_NAME": "modules"}
)


def _only_written(following: list[dis.Instruction]) -> bool:
    if following and following[0].opname in ("LOAD_ATTR", "LOAD_METHOD"):
        return following[0].argval in _ADD
    return (
        len(following) == 2
        and following[0].opname.startswith("LOAD_")
        and following[1].opname == "STORE_SUBSCR"
    )
