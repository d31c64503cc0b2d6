"""Checks of what users hand in: names, numbers and arrays. Imports NumPy alone.

Every refusal names the argument, what was expected and what came; all come before anything starts.
"""

from __future__ import annotations

import math
import operator
import reprlib
import sys
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any, ClassVar, Literal, cast

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
# Whether NaN and infinity are looked for; of arrays that are mapped to memory perhaps not before they are read.
Look = bool | Literal["as it is read"]

CHUNK = 1 << 16  # elements looked at together when looking for NaN: they stay in cache
PRIVATE = 1 << 63  # seeds stay below, so that any signed 64-bit reader can hold them

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60


def shown(value: object) -> str:
    """A short text for a value in an error message."""
    return _short.repr(value)


# ---------------------------------------------------------------- names


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def hint(name: str, known: Iterable[object], foreign: Mapping[str, object]) -> str:
    """What an unknown name may have meant: another library's name for ours, or the nearest."""
    plain: dict[str, object] = {_plain(k): k for k in known if isinstance(k, str)}
    meanings = {_plain(other): ours for other, ours in foreign.items()} | plain
    if _plain(name) in meanings:
        return f": did you mean {meanings[_plain(name)]!r}?"
    import difflib  # only an error needs it

    close = difflib.get_close_matches(_plain(name), plain, n=1)
    return f": did you mean {plain[close[0]]!r}?" if close else "."


def unknown_name(
    what: str, name: str, known: Iterable[object], foreign: Mapping[str, object]
) -> ValueError:
    """The error for a name that is not in the list: with the nearest, and the list."""
    known = list(known)
    meant = hint(name[:60], known, foreign)
    return ValueError(f"unknown {what} {shown(name)}{meant} Known: {', '.join(map(repr, known))}")


def listed(name: str, value: object, of: str) -> list[Any]:
    """Return the items of an iterable."""
    message = f"{name} must be a list of {of}, got {shown(value)}"
    if not isinstance(value, Iterable):
        raise TypeError(message)
    try:
        return list(value)
    except (TypeError, NotImplementedError) as error:  # an object that only looks like one
        raise TypeError(message) from error


def one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    """Refuse a value that is not one of the allowed ones."""
    if not any(type(value) in (type(a), bool) and value == a for a in allowed):
        listed = ", ".join(map(repr, allowed[:-1]))
        raise ValueError(f"{name} must be {listed} or {allowed[-1]!r}, got {shown(value)}")


class OwnAttributes:
    """Mixin: an attribute that the class does not have is refused; kept in silence it would mean nothing.

    Classes made from those of fastbp may have any. `_plain` names what lies in the object itself.
    """

    _plain: ClassVar[frozenset[str]] = frozenset()

    def __setattr__(self, name: str, value: object) -> None:
        kind = type(self)
        ours = kind.__module__.startswith("fastbp.")
        if ours and name[0] != "_" and name not in self._plain and not hasattr(kind, name):
            public = [known for known in dir(kind) if known[0] != "_"]
            settable = [
                known
                for known in public
                if known in self._plain or getattr(getattr(kind, known), "fset", None)
            ]
            may = f"these can be set: {', '.join(settable)}" if settable else "none can be set"
            raise AttributeError(
                f"a {kind.__name__} has no attribute {name!r}{hint(name, public, {})} Of its attributes {may}"
            )
        super().__setattr__(name, value)


# ---------------------------------------------------------------- numbers


def positive_integer(name: str, value: object) -> int:
    """Return `value` as an int of at least 1 (a bool or a float is no integer)."""
    number = whole_number(value)
    if number is None:
        raise TypeError(f"{name} must be a positive integer, got {shown(value)}")
    if not 1 <= number <= sys.maxsize:
        up_to = "" if number < 1 else f" up to {sys.maxsize}"
        raise ValueError(f"{name} must be a positive integer{up_to}, got {shown(number)}")
    return number


def whole_number(value: object) -> int | None:
    """Return `value` as an int; None where it is none, as bools, floats and arrays are not."""
    if isinstance(value, (bool, np.bool_)):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def seed_number(value: object) -> int:
    """Return `value` as a seed: a whole number in [0, 2**63)."""
    message = f"seed must be None or an integer in [0, 2**63), got {shown(value)}"
    number = whole_number(value)
    if number is None:
        raise TypeError(message)
    if not 0 <= number < PRIVATE:
        raise ValueError(message)
    return number


def thread_count(name: str, value: object) -> int | None:
    """Return `value`, None or an int of at least 1."""
    return None if value is None else positive_integer(name, value)


def counter(name: str, value: object) -> int:
    """Return `value` as an int of at least 0 and below 2**32."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 32:
        raise ValueError(f"{name} must be an integer in [0, 2**32), got {shown(value)}")
    return value


def real_number(name: str, value: object) -> float:
    """Return `value` as a finite float; strings, bools and arrays are no numbers."""
    if isinstance(value, (bool, np.bool_, np.timedelta64)) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {shown(value)}")
    return number


def positive_number(name: str, value: object) -> float:
    """Return `value` as a finite float above 0."""
    number = real_number(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be positive and finite, got {shown(value)}")
    return number


def tolerance(name: str, value: object) -> float:
    """Return `value` as a finite float of at least 0."""
    number = real_number(name, value)
    if number < 0:
        raise ValueError(f"{name} must be at least 0, got {shown(value)}")
    return number


def fraction(name: str, value: object) -> float:
    """Return `value` as a float in [0, 1)."""
    number = real_number(name, value)
    if not 0 <= number < 1:
        raise ValueError(f"{name} must be in [0, 1), got {shown(value)}")
    return number


def flag(name: str, value: object) -> bool:
    """Return `value`, a bool, as a bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def float_dtype(value: object) -> np.dtype[Any]:
    """Return `value` as one of the two dtypes that networks come in."""
    try:
        dtype: np.dtype[Any] = np.dtype(cast(npt.DTypeLike, "O" if value is None else value))
    except (TypeError, ValueError, SyntaxError):
        # what NumPy says of texts and of fields that are none
        dtype = np.dtype("O")
    if dtype not in (np.dtype("float32"), np.dtype("float64")):
        raise ValueError(f"dtype must be 'float32' or 'float64', got {shown(value)}")
    return dtype


# ---------------------------------------------------------------- arrays


def numbers(name: str, value: Any) -> Array:
    """Return `value` as an array of real numbers, of any dtype, or say why it is none."""
    if type(value) is not np.ndarray:
        value = _read(name, value)
    kind = value.dtype.kind
    if kind in "fiub":
        return value  # type: ignore[no-any-return]
    if kind == "c":
        raise TypeError(
            f"{name} must hold real numbers, got {value.dtype}: "
            f"pass {name}.real, or both parts as columns"
        )
    if kind in "USTO" and value.size and isinstance(_first(value), (str, bytes)):
        raise TypeError(f"{name} must hold numbers, got strings such as {_of_strings(name, value)}")
    holds = f" (holding {type(_first(value)).__name__})" if kind == "O" and value.size else ""
    raise TypeError(
        f"{name} must hold numbers, got dtype {value.dtype}{holds}: "
        f"convert it with {name}.astype(float)"
    )


def _of_strings(name: str, value: Array) -> str:
    """One of the strings in an array, one that says no number if there is one, and what to do with such."""
    strings = [v for v in value.flat[:1000].tolist() if isinstance(v, (str, bytes))]
    for text in strings:
        try:
            float(text)
        except ValueError:
            each = f"np.unique({name}, return_inverse=True)[1]"
            if value.ndim > 1:
                each = "np.unique(column, return_inverse=True)[1], each such column by itself"
            return f"{shown(text)}: number them with {each}"
    return f"{shown(strings[0] if strings else _first(value))}: convert it with np.asarray({name}, float)"


def array(name: str, value: object) -> Array:
    """Return `value` as an array of whatever it holds, or say why it is none."""
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} cannot be read as an array: {error}") from error


def _first(value: Array) -> object:
    """The first element that is no number, or the first."""
    if value.dtype.kind != "O":
        return value.flat[0].item() if value.dtype.kind in "US" else value.flat[0]
    return next((v for v in value.flat if not isinstance(v, Real)), value.flat[0])


def is_buffer(value: object) -> bool:
    """Whether a value is an array of numbers of Python's own: of ctypes or array, or a memoryview."""
    kind = type(value)
    if kind.__module__ == "array" or kind is memoryview:
        return True
    ctypes = sys.modules.get("_ctypes")
    return ctypes is not None and isinstance(value, ctypes.Array)


def _read(name: str, value: Any) -> Array:
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        raise TypeError(
            f"{name} must be a dense array, got a sparse {type(value).__name__}: "
            f"pass {name}.toarray()"
        )
    masked = sys.modules.get("numpy.ma")  # not imported, it has made no array
    if masked is not None and isinstance(value, masked.MaskedArray) and masked.is_masked(value):
        raise TypeError(
            f"{name} has masked entries, which have no value: fill them first, {name}.filled(...)"
        )
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} cannot be read as an array of numbers: {error}") from error


def converted(value: Array, dtype: np.dtype[Any]) -> Array:
    """Return `value` C-contiguous and aligned in `dtype`: itself if it is so, else a copy."""
    if value.dtype == dtype and value.flags.c_contiguous and value.flags.aligned:
        return value
    with np.errstate(all="ignore"):  # an overflow is looked for by the caller
        return np.require(value, dtype, ["C", "ALIGNED"])


def mapped(array: Array) -> bool:
    """Whether the array lies in a file that is mapped to memory: it is read as it is used, and may fit no memory."""
    owner: Any = array
    while owner is not None:
        if isinstance(owner, np.memmap):
            return True
        owner = getattr(owner, "base", None)
    return False


def finite(name: str, given: Array, array: Array) -> None:
    """Refuse NaN and infinity in `array`, which is `given` after conversion."""
    flat = array.reshape(-1)
    for start in range(0, flat.size, CHUNK):
        good = np.isfinite(flat[start : start + CHUNK])
        if not good.all():
            place = np.unravel_index(start + int(np.argmin(good)), array.shape)
            where = f"{name}[{', '.join(map(str, place))}]"
            value = given.reshape(array.shape)[place]
            if np.isfinite(value):
                raise ValueError(
                    f"{where} is {value}, too large for {array.dtype}: "
                    f"rescale {name}, or use float64"
                )
            raise ValueError(f"{name} must hold finite values, got {where} = {value}")


def matrix(
    name: str, value: Any, dtype: np.dtype[Any], n_features: int | None, *, look: Look
) -> Array:
    """Return `value` as a C-contiguous (rows, features) array; `look` for NaN and infinity."""
    given = numbers(name, value)
    if given.ndim != 2:
        hint = (
            f": {name}.reshape(-1, 1) makes one column, {name}.reshape(1, -1) one row"
            if given.ndim == 1
            else ""
        )
        raise ValueError(f"{name} must be 2-D (rows, features), got shape {given.shape}{hint}")
    if given.shape[0] == 0:
        raise ValueError(f"{name} is empty, expected at least one row, got shape {given.shape}")
    if given.shape[1] == 0:
        raise ValueError(f"{name} must have at least one feature (column), got shape {given.shape}")
    if n_features is not None and given.shape[1] != n_features:
        raise ValueError(f"{name} must have {n_features} features (columns), got {given.shape[1]}")
    array = converted(given, dtype)
    if looks_now(look, array):
        finite(name, given, array)
    return array


def looks_now(look: Look, array: Array) -> bool:
    """Whether to look for NaN and infinity before anything starts."""
    return look is True or (look == "as it is read" and not mapped(array))


def same_length(x_name: str, x: Array, y_name: str, y: Array) -> None:
    """Refuse features and targets of different lengths."""
    if len(x) != len(y):
        raise ValueError(
            f"{x_name} and {y_name} must have as many rows each, got {len(x)} and {len(y)}"
        )
