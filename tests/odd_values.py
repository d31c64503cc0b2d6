"""Values that somebody may pass by mistake, or on purpose: numbers, texts, containers, arrays, and objects that lie."""

from __future__ import annotations

import array
import ctypes
import datetime
import decimal
import enum
import fractions
import pathlib
from collections import OrderedDict, UserList, defaultdict, deque, namedtuple
from typing import Any

import numpy as np


class Raised(Exception):
    """What objects of the user's raise: it may pass through fastbp as it is."""


class Stubborn:
    """An object whose method raises."""

    def __init__(self, name: str) -> None:
        def method(*_: Any, **__: Any) -> Any:
            raise Raised(name)

        self.__class__ = type(f"Raises in {name.strip('_')}", (Stubborn,), {name: method})


class Says:
    """An object whose method answers something."""

    def __init__(self, name: str, answer: Any) -> None:
        self.__class__ = type(
            f"Answers {name.strip('_')}", (Says,), {name: lambda *_, **__: answer}
        )


class Endless:
    """A sequence without an end."""

    def __getitem__(self, i: object) -> float:
        return 0.5


class Colour(enum.IntEnum):
    RED = 1


class Subclass(np.ndarray):
    pass


def inside_itself(kind: type) -> Any:
    made = kind()
    made.update(w=made) if kind is dict else made.append(made)
    return made


def misaligned(shape: tuple[int, ...], dtype: Any) -> Any:
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    return np.zeros(size + 1, np.uint8)[1:].view(dtype).reshape(shape)


def read_only(a: Any) -> Any:
    a.flags.writeable = False
    return a


Point = namedtuple("Point", "x y")
SCALARS = [
    None, True, False, 0, 1, -1, 2, 3, 7, 255, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64,
    10**400, -(10**400), 0.0, -0.0, 0.5, 1.0, 1.5, -0.5, 1e-320, 1e300, -1e300, float("nan"), float("inf"),
    -float("inf"), 1j, 2 + 0j, complex("nan"), np.int8(3), np.int64(-1), np.uint64(2**64 - 1), np.float16(0.5),
    np.float32("nan"), np.float64(2.0), np.longdouble(0.1), np.bool_(True), np.complex64(1), np.str_("adam"),
    fractions.Fraction(1, 3), decimal.Decimal("0.1"), decimal.Decimal("nan"), datetime.timedelta(1),
    datetime.datetime(2020, 1, 1), np.timedelta64(1, "s"), np.datetime64("2020"), Colour.RED, ctypes.c_int(3),
]  # fmt: skip
TEXTS = [
    "",
    "a",
    "adam",
    "bce",
    "float64",
    "0",
    "1",
    "nan",
    "relu",
    "X",
    "x" * 70_000,
    "\0",
    "\ud800",
    "é",
    b"adam",
    bytearray(b"a"),
]
KINDS = [
    int,
    float,
    str,
    np.float32,
    np.float64,
    object,
    type,
    np.ndarray,
    len,
    print,
    np.tanh,
    np.sum,
    lambda *a: a,
    lambda x: x,
]
MAKERS = [
    list, lambda: (), dict, set, frozenset, lambda: [[]], lambda: [[1.0], [2.0, 3.0]], lambda: [1, "a"],
    lambda: [None, None], lambda: ["a", "b"], lambda: {"a": 1}, lambda: {0: 1.0}, lambda: {None: 1}, lambda: {1.5, 2.5},
    lambda: range(3), lambda: range(10**12), lambda: slice(3), lambda: Ellipsis, lambda: NotImplemented, object,
    lambda: (i for i in range(3)), lambda: iter([1.0]), lambda: map(float, "12"), lambda: deque([1.0, 2.0]),
    lambda: UserList([1.0]), lambda: OrderedDict(a=1.0), lambda: defaultdict(list), lambda: Point(1.0, 2.0),
    lambda: inside_itself(list), lambda: inside_itself(dict), lambda: [[[[[[[1.0]]]]]]], lambda: (None,), lambda: [()],
    lambda: pathlib.Path("a"), lambda: array.array("d", [1.0, 2.0]), lambda: memoryview(b"abcd"),
    lambda: (ctypes.c_double * 3)(1, 2, 3), lambda: Endless(), lambda: [10**400], lambda: [2**70],
    lambda: [float("nan")],
    lambda: {"X": np.ones(3)}, lambda: (np.ones(3), None), lambda: [np.ones(3), np.ones(4)], lambda: open,
]  # fmt: skip
LIARS = [
    *(
        (lambda name=name: Stubborn(name))
        for name in [
            "__array__",
            "__len__",
            "__getitem__",
            "__iter__",
            "__index__",
            "__float__",
            "__int__",
            "__bool__",
            "__eq__",
            "__hash__",
            "__repr__",
            "__str__",
            "__call__",
            "__getattr__",
            "__array_function__",
            "__array_ufunc__",
            "__fspath__",
            "__buffer__",
        ]
    ),
    lambda: Says("__len__", -1),
    lambda: Says("__len__", 10**30),
    lambda: Says("__index__", 1.5),
    lambda: Says("__index__", 3),
    lambda: Says("__float__", "a"),
    lambda: Says("__float__", float("nan")),
    lambda: Says("__array__", "a"),
    lambda: Says("__array__", np.array(None)),
    lambda: Says("__iter__", None),
    lambda: Says("__repr__", 3),
    lambda: Says("__fspath__", 3),
    lambda: Says("__call__", None),
    lambda: Says("__getattr__", None),
    lambda: Says("__eq__", NotImplemented),
    lambda: Says("__array_interface__", {"shape": (2**60,)}),
]
DTYPES = [
    "?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g", "F", "D", "O", "U3", "S3", "M8[s]",
    "m8[s]", ">f8", ">i4", ">f4", "V4", [("a", "f8")],
]  # fmt: skip
LAYOUTS = [
    lambda a: a,
    np.asfortranarray,
    lambda a: a[::-1],
    lambda a: np.repeat(a, 2, 0)[::2],
    lambda a: read_only(a.copy()),
    lambda a: a.view(Subclass),
    lambda a: np.ma.masked_array(a, mask=np.zeros(a.shape, bool)),
    lambda a: np.ma.masked_array(a, mask=np.ones(a.shape, bool)),
    lambda a: np.matrix(a) if a.ndim < 3 else a,
    lambda a: np.broadcast_to(a, (2, *a.shape))[0],
    lambda a: a.tolist(),
    lambda a: (
        memoryview(np.ascontiguousarray(a)) if a.dtype.kind in "iuf?" and a.dtype.isnative else a
    ),
]


def odd_array(numbers: Any, good: Any) -> Any:
    """An array like a good one, but for its dtype, shape, layout or some numbers."""
    good = np.asarray(good) if good is not None else np.ones((8, 3))
    what = numbers.randrange(6)
    if what == 0:
        shape = numbers.choice(
            [
                (),
                (0,),
                (1,),
                (2,),
                (0, 3),
                (3, 0),
                (1, 1),
                (8, 1),
                (8, 3),
                (8, 4),
                (7, 3),
                (8, 3, 1),
                (1,) * 5,
                (8,),
            ]
        )
        return np.ones(shape, good.dtype)
    if what == 1:
        shape = numbers.choice([(2**50, 0), (0, 2**50), (0, 2**31, 3), (2**12, 0, 3)])
        return np.broadcast_to(np.ones((), good.dtype), shape)
    if what == 2:
        made = good.astype(np.result_type(good.dtype, np.float32))
        if made.size:
            made.flat[numbers.randrange(made.size)] = numbers.choice(
                [np.nan, np.inf, -np.inf, 1e300, 1e-42, -1.0, 0.5, 2.0]
            )
        return made
    if what == 3:
        dtype = np.dtype(numbers.choice(DTYPES))
        if dtype.kind in "MmV":
            return np.zeros(good.shape, dtype)
        made = np.zeros(good.shape, dtype)
        made[...] = np.where(good > 0, 1, 0).astype(good.dtype)
        return made
    if what == 4:
        return misaligned(good.shape, numbers.choice(["f4", "f8", "i8", "i4"]))
    return numbers.choice(LAYOUTS)(good.copy())


def odd_value(numbers: Any, good: Any) -> Any:
    """Any value in place of a good one."""
    like = isinstance(good, np.ndarray)
    kind = numbers.choices(
        ["scalar", "text", "kind", "made", "liar", "array"], [4, 2, 1, 3, 2, 8 if like else 2]
    )[0]
    if kind == "array":
        return odd_array(numbers, good if like else None)
    if kind in ("made", "liar"):
        return numbers.choice(MAKERS if kind == "made" else LIARS)()
    return numbers.choice({"scalar": SCALARS, "text": TEXTS, "kind": KINDS}[kind])


def shown(value: Any) -> str:
    """What a value is, for a report, whatever its repr does."""
    if isinstance(value, np.ndarray):
        return f"{type(value).__name__} {value.dtype} {value.shape} strides {value.strides}"
    try:
        return f"{type(value).__name__}: {value!r:.100}"
    except Exception:  # that is what some are here for
        return type(value).__name__
