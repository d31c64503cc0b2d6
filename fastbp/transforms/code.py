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
        "format",
        "format_map",
        "getattr",
        "getattr_static",
        "getmembers",
        "getmembers_static",
        "hasattr",
        "methodcaller",
        "repr",
        "vars",
    ]
)


class Reads(NamedTuple):
    """What a code object reads, with those inside it."""

    globals: frozenset[str]
    free: frozenset[str]  # of closures
    attributes: frozenset[str]
    modules: frozenset[str]  # that it imports
    grown: frozenset[str]  # names of all three kinds that it only adds to, if they are containers
    computed: bool  # whether it may read attributes by names that are computed
    makes: bool  # whether it may make an object of the class of another one: type(self)(...)
    compares: bool  # whether objects of a class may be compared by what is in them
    stored: frozenset[str]  # what it binds outside of itself


@lru_cache(maxsize=1024)
def reads(code: types.CodeType) -> Reads:
    """What a function reads; what it only adds to (`log.append(x)`, `log[key] = x`) is told apart."""
    found: dict[str, set[str]] = {name: set() for name in (*_KINDS.values(), "grown")}
    steps = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "PRECALL", "NOP")]
    for at, step in enumerate(steps):
        kind = _KINDS.get(step.opname)
        if kind == "globals" and step.argval in ("getattr", "hasattr"):
            name = _literal(steps[at + 1 :])
            found["attributes" if name else "globals"].add(name or step.argval)
        elif kind == "stored" or (kind and not _only_written(steps[at + 1 : at + 3])):
            found[kind].add(step.argval)
        elif kind:
            found["grown"].add(step.argval)
    outer = set(code.co_freevars)
    inner = [reads(one) for one in code.co_consts if isinstance(one, types.CodeType)]
    for one in inner:
        for kind in found:
            found[kind] |= getattr(one, kind)
    local = set(code.co_cellvars) - outer
    found["free"] &= outer
    operations = {step.opname for step in steps}
    computed = bool(_COMPUTED & (found["attributes"] | found["globals"]))
    computed |= "MATCH_CLASS" in operations  # by __match_args__, or by names among the constants
    compares = bool(operations & {"COMPARE_OP", "CONTAINS_OP"})
    makes = any(
        (step.argval == "type" and step.opname in _GLOBAL and _is_called(steps[at + 1 :], 2))
        or (
            step.argval == "__class__"
            and step.opname in _ATTRIBUTE
            and _is_called(steps[at + 1 :], 1)
        )
        for at, step in enumerate(steps)
    )
    names, free, attributes, modules, grown = (
        frozenset(found[kind]) for kind in ("globals", "free", "attributes", "modules", "grown")
    )
    return Reads(
        names,
        free,
        attributes,
        modules,
        grown,
        computed or any(one.computed for one in inner),
        makes or any(one.makes for one in inner),
        compares or any(one.compares for one in inner),
        frozenset(found["stored"] - local),
    )


_KINDS = (
    dict.fromkeys(_GLOBAL, "globals")
    | dict.fromkeys(_FREE, "free")
    | dict.fromkeys(_ATTRIBUTE, "attributes")
    | dict.fromkeys(_STORED, "stored")
    | {"IMPORT_NAME": "modules"}
)


def _is_called(following: list[dis.Instruction], times: int) -> bool:
    """Whether what was loaded, or what it gives, is called after all: not only compared, or asked for an attribute."""
    for at, step in enumerate(following):
        if step.opname.startswith("CALL"):
            times -= 1
            after = following[at + 1 : at + 2]
            if times == 0:
                return True
            if not after or after[0].opname in ("LOAD_ATTR", "LOAD_METHOD"):
                return False
        if step.opname in ("COMPARE_OP", "CONTAINS_OP", "IS_OP", "RETURN_VALUE") or (
            step.opname.startswith("STORE_")
            or (times == 1 and at == 0 and step.opname == "LOAD_METHOD")
        ):
            return False
    return False


def _literal(following: list[dis.Instruction]) -> str | None:
    """The name in getattr(x, "name"), or of an attribute of x; None for one that is computed."""
    rest = iter(step for step in following[:9] if step.opname != "PUSH_NULL")
    if not next(rest).opname.startswith("LOAD_"):
        return None
    for step in rest:
        if step.opname == "LOAD_CONST" and isinstance(step.argval, str):
            return step.argval
        if step.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
            return None
    return None


def _only_written(following: list[dis.Instruction]) -> bool:
    if following and following[0].opname in ("LOAD_ATTR", "LOAD_METHOD"):
        return following[0].argval in _ADD
    return (
        len(following) == 2
        and following[0].opname.startswith("LOAD_")
        and following[1].opname == "STORE_SUBSCR"
    )
