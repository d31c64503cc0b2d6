"""What NumPy and Python ask of a node: `np.tanh(x)` builds a node, `if x:` explains why it cannot.

NumPy hands its calls to `__array_ufunc__` and `__array_function__` as soon as one argument is a
node, so a function written for arrays builds the graph when it is called with nodes.
`fastbp.graph.numpy_functions` fills the two tables. What is in neither raises a TypeError that names
the call, the user's line and the way out.
"""

from __future__ import annotations

import functools
import linecache
import os
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

if TYPE_CHECKING:
    from fastbp.graph.node import Node

UFUNCS: dict[Any, Callable[..., Any]] = {}  # of nodes and arrays
FUNCTIONS: dict[Any, Callable[..., Any]] = {}  # of (a node among the arguments, *arguments)

WAY_OUT = (
    "Write it with operators and NumPy's elementwise functions, reductions, products, indexing "
    "and functions that rearrange, or compute it with NumPy beforehand and pass the result as data"
)
_OURS = (os.path.dirname(os.path.dirname(__file__)), os.path.dirname(np.__file__))


def refuse(what: str, way_out: str = WAY_OUT) -> NoReturn:
    """Raise the TypeError for something that a node cannot do."""
    raise TypeError(
        f"{what}{users_line(sys._getframe(1))}: a Node describes a computation and holds no numbers. {way_out}."
    )


def refuse_arguments(call: str, error: TypeError) -> None:
    """Say which arguments a call does not take, where Python's error is that one of our functions has them not."""
    found = _NOT_TAKEN.match(str(error))
    if found is None:
        return
    what = f"{found['name']!r}" if found["name"] else f"these arguments ({found['rest']})"
    refuse(f"{call} on a Node with {what}", "It is not supported: leave it out")


def taking(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of nodes that says which arguments it does not take."""

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is None:
                refuse_arguments(f".{name}", error)
            raise

    return call


_NOT_TAKEN = re.compile(
    r"\S+\(\) (?P<rest>got an unexpected keyword argument '(?P<name>\w+)'|takes .* positional arguments? .*"
    r"|got multiple values for argument .*|missing .* required .*)"
)


def ours(file: str) -> bool:
    """Whether a file is ours, or NumPy's."""
    return file.startswith(_OURS)


def users_line(frame: FrameType) -> str:
    """The line of a frame, or of that in the first file before it that is no library's."""
    frame = outside(frame)
    users: FrameType | None = frame
    while users is not None and _library_of(users) is not None:
        users = users.f_back
    frame = users or frame
    file, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, number).strip()
    return f" ({os.path.basename(file)}, line {number}{': ' + text if text else ''})"


def outside(frame: FrameType) -> FrameType:
    """The first frame, from this one on, whose code is neither ours nor NumPy's."""
    while frame.f_back is not None and ours(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def _library_of(frame: FrameType) -> str | None:
    """The name of the library whose code a frame runs; None for the user's."""
    parts = frame.f_code.co_filename.replace(os.sep, "/").split("/site-packages/")
    return parts[-1].split("/")[0] if len(parts) > 1 else None


def means_else(value: object) -> str | None:
    """What to write instead of an array whose numbers are not all that it says: of a masked array or a matrix."""
    if type(value) is np.ndarray or not isinstance(value, np.ndarray):
        return None
    masked = sys.modules.get("numpy.ma")  # not imported, it has made no array
    if masked is not None and isinstance(value, masked.MaskedArray):
        return "fill what is masked with .filled(...), or pass the mask as another argument"
    if isinstance(value, np.matrix):
        return "its products are other ones; np.asarray makes a plain one of it"
    return None


def plain(name: str, value: object) -> None:
    """Refuse an array that means something else than its numbers."""
    instead = means_else(value)
    if instead is not None:
        raise TypeError(f"{name} must be a plain array, got a {type(value).__name__}: {instead}")


def is_number(value: object, wanted: float) -> bool:
    """Whether `value` is a plain number (or 0-d array) equal to `wanted`."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    return isinstance(value, int | float | np.number) and bool(value == wanted)


class NumpyProtocol:
    """Mixin of Node: NumPy's two protocols, and refusals of what needs numbers."""

    __slots__ = ()

    if TYPE_CHECKING:
        shape: tuple[int, ...]

        def _apply(self, op: str, *operands: Any, **attrs: Any) -> Node: ...
        def _operand(self, value: Any) -> Node: ...

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from fastbp.graph import numpy_functions, numpy_norms, whole  # noqa: F401  (two fill the tables)
        from fastbp.graph.number import settled

        name, inputs = ufunc.__name__, settled(inputs)
        name = f"np.{name}" if hasattr(np, name) else f"{name}, which is not NumPy's,"
        if method in whole.METHODS and "out" not in kwargs and whole.alone(inputs, kwargs):
            function = ufunc if method == "__call__" else getattr(ufunc, method)
            return whole.record(function, *inputs, **kwargs)
        if method == "reduce" and ufunc in _REDUCTIONS:
            return _REDUCTIONS[ufunc](*inputs, **kwargs)
        if method == "outer" and len(inputs) == 2:
            a, b = (self._operand(v) for v in inputs)
            return ufunc(a.reshape(*a.shape, *(1,) * b.ndim), b)
        if method != "__call__":
            refuse(f"{name}.{method} on a Node")
        if kwargs.get("out") is not None:
            refuse(f"{name} into an existing array", "Write a = a + x instead of a += x or out=a")
        if kwargs:
            refuse(f"{name} with {', '.join(sorted(kwargs))}", "Leave these arguments out")
        if ufunc not in UFUNCS:
            refuse(f"{name} on a Node")
        return UFUNCS[ufunc](*inputs)

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        from fastbp.graph import numpy_functions, numpy_norms, whole  # noqa: F401

        if whole.takes(func, args, kwargs):
            return whole.record(func, *args, **kwargs)
        name = f"{func.__module__}.{func.__name__}".replace("numpy", "np", 1)
        handler = FUNCTIONS.get(func)
        if handler is None:
            refuse(f"{name} on a Node")
        try:
            return handler(self, *args, **kwargs)
        except TypeError as error:
            refuse_arguments(name, error)
            raise

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        library = _library_of(outside(sys._getframe(1)))
        if library is not None:
            refuse(
                f"{library} cannot compute with a Node",
                "Make an array of its object first, such as df.to_numpy() of a DataFrame",
            )
        refuse(
            "A Node cannot become an array (np.array, np.asarray)",
            "Pass it to NumPy's functions as it is; np.stack puts several of them together, as for an argument that is "
            "a list of numbers, which np.asarray of the list, outside, makes one array of; and "
            "np.take_along_axis(a, i, axis=0) takes elements of an array a by a Node i",
        )

    def __bool__(self) -> NoReturn:
        refuse(
            "A Node has no truth value (if, while, and, or, not)",
            "Choose with np.where, or branch on shapes and on Python values",
        )

    def __float__(self) -> NoReturn:
        refuse(
            "A Node cannot become a Python number (float, int, math.*)",
            "Use np.exp instead of math.exp, and keep the value a Node",
        )

    __int__ = __index__ = __complex__ = __float__

    if not TYPE_CHECKING:  # mypy would take any name for one of ours

        def __getattr__(self, name: str) -> NoReturn:
            if name[:1] != "_" and hasattr(np.ndarray, name):
                line = users_line(sys._getframe(1))
                raise AttributeError(
                    f"a Node has no .{name}{line}: it describes a computation and holds no numbers"
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        refuse(
            "A Node cannot be pickled (pickle, multiprocessing, joblib)",
            "Call what needs numbers with arrays, before or after the traced function",
        )

    def __contains__(self, item: object) -> NoReturn:
        refuse("A Node cannot be searched (in)", "Write (x == value).max()")

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        refuse(
            "A Node cannot be written to (x[...] = v)",
            "Build a new one: np.where(mask, v, x), np.concatenate and so on",
        )

    __hash__ = object.__hash__  # C's own: the compiler looks nodes up all the time


_REDUCTIONS: dict[Any, Callable[..., Any]] = {}  # np.add.reduce and its like
