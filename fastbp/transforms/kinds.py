"""Kinds of values that a function may have from outside: how each is compared, and which cannot be."""

from __future__ import annotations

import ctypes
import os
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

_STDLIB = os.path.dirname(os.__file__)
# Their code is not read: what it does depends on its arguments.
_LIBRARIES = frozenset(
    [
        "numpy",
        "fastbp",
        "scipy",
        "pandas",
        "torch",
        "sklearn",
        "jax",
        "jaxlib",
        "autograd",
        "tensorflow",
        "matplotlib",
        "IPython",
        "pytest",
        "_pytest",
    ]
)
# Modules whose objects never change, or say nothing that a loss depends on.
_INERT = frozenset(
    [
        "datetime",
        "decimal",
        "fractions",
        "uuid",
        "pathlib",
        "re",
        "enum",
        "abc",
        "typing",
        "logging",
        "threading",
        "_thread",
        "warnings",
        "numbers",
        "zoneinfo",
        "ipaddress",
    ]
)
_INERT_TYPES = (
    types.CodeType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    types.GenericAlias,
    types.UnionType,
    type(Ellipsis),
    type(NotImplemented),
    object,
)


def is_library(module: str | None) -> bool:
    """Whether a module is one of Python's own or a known library's."""
    root = str(module).split(".")[0]
    if root in _LIBRARIES or root == "builtins":
        return True
    if root not in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(str(module)), "__file__", None)  # a user's may be called so
    return file is None or file.startswith(_STDLIB)


def is_inert(value: object) -> bool:
    """Whether a value that is compared by identity has nothing in it to watch."""
    kind = type(value)
    root = (kind.__module__ or "").split(".")[0]
    if kind in _INERT_TYPES or (root in _INERT and is_library(kind.__module__)):
        return True
    import enum

    if isinstance(value, enum.Enum):
        return True
    return root in ("numpy", "fastbp") and not hasattr(
        value, "__dict__"
    )  # compiled: ufuncs, dtypes


def content(value: object) -> Callable[[Any], object] | None:
    """What takes a copy of a value to compare it by; None where it is of no such kind."""
    if isinstance(value, set | frozenset):
        return _elements
    if isinstance(value, bytearray):
        return bytes
    if isinstance(value, np.generic):
        return _scalar
    if type(value).__module__.startswith("pandas."):
        return _table
    if isinstance(value, ctypes.Array | memoryview) or hasattr(type(value), "__array__"):
        return _numbers
    if type(value).__module__ == "array":
        return bytes
    return None


def _elements(value: Any) -> object:
    return frozenset((type(item), item) for item in value)


def _scalar(value: np.generic) -> object:
    return value.dtype.str, value.tobytes()


def _numbers(value: Any) -> object:
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return array.shape, [_exact(item) for item in array.flat]
    return array.shape, array.dtype.str, array.tobytes()


def _exact(item: object) -> object:
    """What objects in an array are compared by: NaN is the same as NaN."""
    return (type(item), repr(item)) if isinstance(item, float) else (type(item), item)


def _table(value: Any) -> object:
    """A pandas object: the numbers, and the labels along each axis."""
    if not hasattr(value, "axes"):  # an Index
        return _numbers(value)
    labels = [_numbers(axis) for axis in value.axes]
    columns = value.ndim > 1
    return labels, (
        [_numbers(value.iloc[:, i]) for i in range(value.shape[1])] if columns else _numbers(value)
    )


_CLOCKS = ("monotonic", "perf_counter", "process_time", "thread_time", "time")


def reads_the_world(function: Any) -> bool:
    """Whether a function of Python's own reads what nobody can watch: a clock, a file, all names."""
    name, module = getattr(function, "__name__", ""), getattr(function, "__module__", None)
    if module == "time":
        return name.removesuffix("_ns") in _CLOCKS
    if module in ("builtins", "io", "_io"):
        return name in ("open", "input", "globals", "eval", "exec", "__import__")
    return module == "os" and name == "getenv"


def numpy_reads_files(attributes: set[str]) -> str | None:
    """The name of a function of NumPy that reads a file, if it is among the attributes."""
    return next(
        iter(sorted(attributes & {"load", "loadtxt", "genfromtxt", "fromfile", "memmap"})), None
    )
