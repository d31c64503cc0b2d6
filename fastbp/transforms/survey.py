"""What a function reads from outside, to any depth: each thing that can change gets a watch.

By the names and attributes in the code of the function and of those that it can reach. A name counts for every object
that can be reached, whoever reads it there: that watches a little too much, and needs no guess at what a variable is.
"""

from __future__ import annotations

import builtins
import enum
import functools
import operator
import sys
import types
import weakref
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from fastbp import nesting
from fastbp.transforms import kinds, template
from fastbp.transforms.code import reads
from fastbp.transforms.template import PLAIN, Template, Watch

Function = Callable[..., Any]
MOST = 2000  # watches: to look at more takes as long as to trace anew

_COLLECTIONS = (dict, list, tuple, deque, types.MappingProxyType)
# What a container that is only added to may be: another object's `append` may do anything.
_GROWING = frozenset([list, dict, set, deque, bytearray, defaultdict, OrderedDict, Counter])
_COMPARISONS = frozenset(["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"])
_CALLED_BEFORE = frozenset(  # not while an object is used
    [
        "__init__",
        "__new__",
        "__repr__",
        "__str__",
        "__setattr__",
        "__delattr__",
        "__del__",
        "__init_subclass__",
        "__set_name__",
        "__reduce__",
        "__reduce_ex__",
        "__getstate__",
        "__setstate__",
        "__class_getitem__",
        "__sizeof__",
    ]
)


class Survey:
    """A walk through all that a function can reach.

    Parameters
    ----------
    as_input : callable, optional
        ``as_input(holder, key, value, label)`` gives the form of what becomes an input of the trace instead of a part
        of it, or None. It is asked for what functions have from outside that are copied for the trace.

    Attributes
    ----------
    unwatched : what cannot be watched, in words; None if all can.
    names : set of str
        All names in code that can be reached.
    sources : list
        The random generators that can be reached.
    """

    def __init__(
        self, as_input: Callable[[Any, str | None, Any, str], Template | None] | None = None
    ) -> None:
        self._watches: list[Watch] = []
        self._absent: list[Watch] = []  # of what is not there
        self.unwatched: str | None = None
        self.attributes: set[str] = set()
        self.names: set[str] = set()
        self.sources: list[Any] = []
        self._as_input = as_input
        self._grown: set[str] = set()  # attributes that are only added to
        self._computed = False
        self._compares = False
        self._makes = False  # whether objects of the classes that it has objects of are made
        self._generated: list[types.FunctionType] = []  # comparisons of dataclasses
        self._unbound: dict[int, tuple[dict[str, Any], set[str]]] = {}  # globals that are not there
        self._not_imported: set[str] = set()
        self._libraries: set[str] = set()  # whose objects are not looked into
        self._seen: dict[int, Any] = {}  # they are kept, so that no other gets their id
        self._functions: set[tuple[int, bool]] = set()
        self._objects: list[tuple[Any, str, set[str]]] = []

    @property
    def watches(self) -> list[Watch]:
        """What to look at before each call."""
        return self._watches + self._absent

    def of(self, function: Function) -> None:
        """Look at a function that is traced, and at all that it can reach."""
        try:
            self.function(function)
            self.settle()
        except RecursionError:
            self._cannot("what lies within one another to such a depth")

    def function(self, function: Function) -> None:
        """Look at a function that is traced."""
        label = getattr(function, "__name__", type(function).__name__)
        inner = behind(function)
        if inner is None:
            self.form(function, label)
        else:
            self._of_function(inner, label, True)
            self._around(function, label)

    def settle(self) -> None:
        """Look at the attributes of the objects that were found, until there are no more."""
        before = -1
        while before != (before := len(self.attributes) + len(self._watches) + len(self._objects)):
            for thing, label, done in list(self._objects):
                for name, value in self._named(thing, done):
                    self._attribute(thing, name, value, f"{label}.{name}")
            for thing, label, done in list(self._objects) if self._makes else ():
                if "__init__" not in done:
                    done.add("__init__")
                    self._specials(thing, label, True)
            while self._compares and self._generated:
                self._of_function(self._generated.pop(), "a comparison", False)
            if len(self._watches) > MOST:
                self._cannot(f"more than {MOST} values")
                return
        self._watch_absence()
        for module in sorted(self._libraries):
            found = kinds.world_read(module, self.attributes)
            if found is not None:
                self._cannot(f"{module}.{found}()")

    def after(self) -> None:
        """Look at what the function imported itself, when it was traced; the last thing that is asked."""
        found = self._not_imported & sys.modules.keys()
        for name in sorted(found):
            self._module(name)
        if found:
            self.settle()
        self._as_input = None  # it knows this survey: nothing is left for the garbage collector

    def argument(self, value: Any, *, keeps: bool = False) -> None:
        """Look at the classes in an argument that is taken apart: dataclasses, and containers of the user's.

        `keeps`: at their other attributes as well, as the function gets these very objects at each call.
        """
        if isinstance(value, dict):
            inner = list(value.values())
        elif isinstance(value, list | tuple):
            inner = list(value)
        elif nesting.is_record(value):
            inner = [getattr(value, name) for name in nesting.fields(value)]
        else:
            return
        for one in inner:
            self.argument(one, keeps=keeps)
        kind = type(value)
        if kind not in _COLLECTIONS and not kinds.is_library(kind.__module__):
            self.form(kind, kind.__name__)
            for name in beside(value) if keeps else ():
                self._watch(value, name, getattr(value, name), f"{kind.__name__}.{name}")

    def _watch_absence(self) -> None:
        """Watch that what is not there, and is asked for, does not come."""
        absent = []
        for names, unbound in self._unbound.values():
            absent.append(template.absent((names,), frozenset(unbound), "a global"))
        for thing, label, _ in self._objects:
            spaces = [
                vars(kind) for kind in _classes(thing) if not kinds.is_library(kind.__module__)
            ]
            if hasattr(thing, "__dict__") and not isinstance(thing, type):
                spaces.insert(0, thing.__dict__)
            if self._is_whole(thing):
                absent.append(template.keys(tuple(spaces), label))
            elif not isinstance(thing, types.FunctionType):
                absent.append(template.absent(tuple(spaces), frozenset(self.attributes), label))
        self._absent = absent

    # ------------------------------------------------------------ values

    def form(self, value: Any, label: str) -> Template:
        """The form of a value that is part of the trace; what is in it is watched as well."""
        if type(value) in PLAIN:
            if type(value) in (types.MethodType, types.BuiltinMethodType):
                self._look_into(value, label)
            return template.fixed(value)
        if id(value) in self._seen:
            return template.fixed(value)
        self._seen[id(value)] = value
        if isinstance(value, _COLLECTIONS):
            return self._collection(value, label)
        array = isinstance(value, np.ndarray) and value.dtype.kind != "O"
        take = kinds.content(value)
        if take is None:
            self._look_into(value, label)
            return template.fixed(value)
        if not kinds.is_library(type(value).__module__):
            self._add(value, label)
        self._inner(kinds.objects_in(value), label)
        try:
            return template.frozen(value) if array else template.copied(value, take)
        except (TypeError, ValueError, RuntimeError) as error:
            self._cannot(f"{label} ({error})")
            return template.fixed(value)

    def _inner(self, values: Iterable[Any], label: str) -> None:
        """Look at objects that a value is compared with by identity: elements of a set, keys of a dict."""
        for value in values:
            if type(value) not in PLAIN and id(value) not in self._seen:
                self._watch({"": value}, "", value, f"an element of {label}")

    def _collection(self, value: Any, label: str) -> Template:
        if type(value) not in _COLLECTIONS:
            self._add(value, label)
        if isinstance(value, list | tuple | deque):
            parts = [self.form(item, f"{label}[{i}]") for i, item in enumerate(value)]
            return template.nested(value, None, tuple(parts))
        if isinstance(getattr(value, "default_factory", None), types.FunctionType):
            self._look_into(value.default_factory, label)
        self._inner(value, label)
        parts = [self.form(item, f"{label}[{key!r}]") for key, item in value.items()]
        return template.nested(value, tuple(value), tuple(parts))

    def _look_into(self, value: Any, label: str) -> None:
        """Watch what is in a value that is itself compared by identity."""
        if isinstance(value, types.FunctionType):
            self._called(value)
            self._of_function(value, label, False)
        elif isinstance(value, types.MethodType | types.BuiltinMethodType):
            self._method(value, label)
        elif type(value).__name__ == "cython_function_or_method":
            self._called(value)
        elif hasattr(type(value), "rebuilt_on"):  # a transformed function
            self.form(value.function, label)
        elif isinstance(value, functools.partial):
            for name in ("func", "args", "keywords"):
                self._watch(value, name, getattr(value, name), f"{label}.{name}")
        elif isinstance(value, staticmethod | classmethod):
            self.form(value.__func__, label)
        elif isinstance(value, property):
            self.form(value.fget, label)
        elif isinstance(value, operator.attrgetter | operator.methodcaller):
            self._computed = True  # by names that no code shows
        elif isinstance(value, types.ModuleType | type):
            self._add(value, label)
        elif isinstance(value, kinds.generators()):
            self.sources.append(value)  # what is drawn from it is refused
        elif "__wrapped__" in _own(value):
            self.form(value.__wrapped__, label)  # lru_cache
        elif isinstance(value, enum.Enum):
            self._watch(value, "_value_", value._value_, f"{label}.value")
            self._add(value, label)
        elif kinds.is_a_pointer(value):
            self._cannot(f"{label}, a {type(value).__qualname__}")
        elif hasattr(value, "__dict__") or _in_python(type(value)):
            if kinds.is_inert(value):
                self._libraries.add(type(value).__module__)
            else:
                self._add(value, label)
        elif not kinds.is_inert(value):
            self._cannot(f"{label}, a {type(value).__qualname__}")

    def _called(self, function: Any) -> None:
        """Look whether a function that can be reached reads what cannot be watched."""
        if kinds.reads_the_world(function):
            self._cannot(f"{function.__name__}()")
        if function in kinds.BY_NAME:
            self._computed = True
        self.names.add(getattr(function, "__name__", ""))

    def _method(self, value: Any, label: str) -> None:
        self._called(value)
        owner = value.__self__
        if isinstance(value, types.MethodType):
            self.form(value.__func__, label)
        if owner is not None and not isinstance(owner, types.ModuleType):
            self._watch(value, "__self__", owner, label)

    def _watch(self, holder: Any, key: str | None, value: Any, label: str) -> None:
        if len(self._watches) <= MOST:
            where = holder.__dict__ if isinstance(holder, types.ModuleType) else holder
            self._watches.append(Watch(where, key, self.form(value, label), label))

    def _cannot(self, what: str) -> None:
        if self.unwatched is None:
            self.unwatched = what

    # ------------------------------------------------------------ functions

    def _of_function(self, function: types.FunctionType, label: str, copied: bool) -> None:
        """Watch what a function reads; `copied`: it is called as a copy, which can have inputs for arrays."""
        copied = copied and can_be_copied(function)
        if (id(function), copied) in self._functions:
            return
        self._functions.add((id(function), copied))
        self._seen[id(function)] = function
        read = reads(function.__code__)
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            try:
                value = cell.cell_contents
            except ValueError:  # not bound yet
                continue
            is_read = name in read.free or (name in read.grown and type(value) not in _GROWING)
            self._outside(cell, None, value, name, copied, is_read)
        for name in ("__defaults__", "__kwdefaults__"):
            value = getattr(function, name)
            if value:
                self._outside(function, name, value, f"the defaults of {label}", copied)
        if kinds.is_library(function.__globals__.get("__name__")):
            return
        self._watches.append(
            Watch(function, "__code__", template.fixed(function.__code__), f"the code of {label}")
        )
        self.attributes |= read.attributes
        self.names |= read.globals | read.free | read.attributes | read.modules
        self._grown |= read.grown
        self._computed |= read.computed
        self._compares |= read.compares
        self._makes |= read.makes
        if function.__dict__ or read.computed:
            self._objects.append((function, label, set()))
        for name in sorted(read.globals | read.grown):
            self._global(function.__globals__, name, copied, name in read.globals)
        for name in sorted(read.modules):
            self._module(name)

    def _module(self, name: str) -> None:
        """Look at a module that a function imports."""
        module = sys.modules.get(name)
        if module is None:
            self._not_imported.add(name)
        else:
            self._not_imported.discard(name)
            self._watch(sys.modules, name, module, name)

    def _global(self, names: dict[str, Any], name: str, copied: bool, read: bool) -> None:
        if name in names:
            value = names[name]
            self._outside(names, name, value, name, copied, read or type(value) not in _GROWING)
        elif read:
            self._unbound.setdefault(id(names), (names, set()))[1].add(name)
            self._called(getattr(builtins, name, None))

    def _outside(
        self, holder: Any, key: str | None, value: Any, label: str, copied: bool, read: bool = True
    ) -> None:
        """Watch what a function has from outside."""
        form = self._as_input(holder, key, value, label) if copied and self._as_input else None
        inner = behind(value)
        if form is None and not read:
            form = template.fixed(value)
        elif form is None and copied and inner is not None:
            form = template.fixed(value)
            self._of_function(inner, label, True)
            self._around(value, label)
        self._watches.append(Watch(holder, key, form or self.form(value, label), label))

    def _around(self, value: Any, label: str) -> None:
        """Watch what belongs to a callable beside its function: the object of a method."""
        while value is not None and not isinstance(value, types.FunctionType):
            if isinstance(value, types.MethodType):
                self._watch(value, "__self__", value.__self__, label)
            value = getattr(value, "function", None) or getattr(value, "__func__", None)

    # ------------------------------------------------------------ objects

    def _add(self, thing: Any, label: str) -> None:
        """An object, class or module whose attributes are watched by name."""
        if isinstance(thing, types.ModuleType):
            if thing.__name__.split(".")[0] in ("numpy", "fastbp", "scipy", "pathlib"):
                self._libraries.add(thing.__name__)
                return
        elif isinstance(thing, type) and kinds.is_library(thing.__module__):
            self._libraries.add(thing.__module__)
            return
        elif kinds.is_library(type(thing).__module__):
            self._libraries.add(type(thing).__module__)
        self._objects.append((thing, label, set()))
        self._specials(thing, label, isinstance(thing, type))

    def _specials(self, thing: Any, label: str, made: bool) -> None:
        """Look at the special methods of an object's classes; `made`: at those that make an object, too."""
        for kind in _classes(thing):
            for name, entry in list(vars(kind).items()):
                special = name[:2] == "__" == name[-2:] and isinstance(entry, types.FunctionType)
                if special and (made or name not in _CALLED_BEFORE):
                    self._of_code(entry, f"{label}.{name}")

    def _of_code(self, function: types.FunctionType, label: str) -> None:
        if function.__code__.co_filename == "<string>":  # made by dataclass
            self._generated += [function] if function.__name__ in _COMPARISONS else []
        else:
            self._of_function(function, label, False)

    def _attribute(self, thing: Any, name: str, value: Any, label: str) -> None:
        """Watch an attribute; of a container that is only added to, which one it is."""
        if name in self.attributes or type(value) not in _GROWING or self._is_whole(thing):
            self._watch(thing, name, value, label)
        else:
            self._watches.append(Watch(thing, name, template.fixed(value), label))

    def _is_whole(self, thing: Any) -> bool:
        """Whether all attributes of an object are watched, as nobody knows which are read."""
        if isinstance(thing, types.ModuleType | type):
            return self._computed and not kinds.is_library(
                getattr(thing, "__module__", thing.__name__)
            )
        return self._computed or any(kinds.is_library(k.__module__) for k in _classes(thing))

    def _named(self, thing: Any, done: set[str]) -> Iterator[tuple[str, Any]]:
        """The attributes of an object that the code names, each once, with their values."""
        own = {} if isinstance(thing, type) else _own(thing)
        classes, whole = _classes(thing), self._is_whole(thing)
        asked = self.attributes | self._grown
        for name in sorted(map(str, own.keys() if whole else own.keys() & asked)):
            if name not in done and not (
                name[:2] == "__" and not isinstance(thing, types.FunctionType)
            ):
                done.add(name)
                yield name, own[name]
        for kind in classes:
            of_kind = vars(kind)
            wanted = of_kind.keys() if whole else of_kind.keys() & asked
            for name in sorted(wanted - {n for n in wanted if n[:2] == "__"}):
                yield from self._of_class(thing, kind, name, of_kind[name], done)

    def _of_class(
        self, thing: Any, kind: type, name: str, entry: Any, done: set[str]
    ) -> Iterator[tuple[str, Any]]:
        """An attribute that a class has for its objects."""
        if (mark := f"{kind.__qualname__}.{name}") in done:
            return
        done.add(mark)
        if name in done and not kinds.is_library(kind.__module__):  # for type(x).k, super().k
            self._watches.append(Watch(kind, name, template.fixed(getattr(kind, name)), mark))
        if isinstance(entry, types.FunctionType):
            self._of_code(entry, mark)
            if name not in done:
                yield from ((name, value) for value in _value(thing, name))
        elif isinstance(entry, property) and not kinds.is_library(kind.__module__):
            if entry.fget is not None:
                self.form(entry.fget, mark)
        elif isinstance(entry, functools.cached_property):
            self.form(entry.func, mark)
            yield from ((name, value) for value in _value(thing, name))
        elif name not in done:
            if hasattr(type(entry), "__get__") and _in_python(type(entry)):
                self.form(entry, mark)
            yield from ((name, value) for value in _value(thing, name))
        done.add(name)


def _value(thing: Any, name: str) -> Iterator[Any]:
    try:
        yield getattr(thing, name)
    except (
        Exception
    ) as error:  # a property of a library, a slot without a value: nothing that was read
        from fastbp._signals import from_handler

        if from_handler(error):
            raise


def beside(value: Any) -> list[str]:
    """The attributes of a container or a dataclass that are none of its parts."""
    parts = nesting.fields(value) if nesting.is_record(value) else ()
    return [name for name in map(str, _own(value)) if name not in parts]


def _own(thing: Any) -> dict[str, Any]:
    """The attributes of an object itself."""
    try:
        return thing.__dict__  # type: ignore[no-any-return]
    except Exception:  # it has none, or code of its class that raises
        return {}


def _classes(thing: Any) -> list[type]:
    """The classes written in Python that an object has its attributes from; of a class, those it derives from."""
    if isinstance(thing, types.ModuleType | types.FunctionType):
        return []
    kind: type = thing.__class__ if isinstance(thing, weakref.ProxyTypes) else type(thing)
    order = [*thing.__mro__, *kind.__mro__] if isinstance(thing, type) else [*kind.__mro__]
    return [k for k in order if _in_python(k) and k.__module__ not in ("abc", "typing", "enum")]


def _in_python(kind: type) -> bool:
    return bool(kind.__flags__ & 1 << 9)  # made by a class statement: Py_TPFLAGS_HEAPTYPE


# ---------------------------------------------------------------- functions that are copied


def behind(value: Any) -> types.FunctionType | None:
    """The Python function behind a value, if it is one of the user's."""
    while True:
        if isinstance(value, types.MethodType):
            value = value.__func__
        elif hasattr(type(value), "rebuilt_on"):  # a transformed function
            value = value.function
        else:
            break
    if not isinstance(value, types.FunctionType):
        return None
    return None if kinds.is_library(value.__globals__.get("__name__")) else value


def can_be_copied(function: types.FunctionType) -> bool:
    """Whether a copy does the same: it binds no names outside of itself."""
    return not reads(function.__code__).stored
