"""Files: NumPy's .npz archives with a description as JSON inside.

Loading runs no code: arrays are read without pickle, each checked against the archive's checksum,
and the description is plain JSON that names what to build.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import math
import os
import re
import stat
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp import checks
from fastbp._signals import from_handler, of_library
from fastbp.nn.model import Model, model_from

Array = npt.NDArray[Any]
Path = str | os.PathLike[str]

DESCRIPTION = "fastbp"  # the entry that says what the file holds
PARAMETER = "parameters/"  # and the name, for each parameter
STATE = "state/"  # and the number of the vector, and the name: of the optimizer's state
NUMBERS = "hyper"  # the optimizer's numbers
LONGEST = 60_000  # bytes of a name in a .npz archive, and some for what stands before and after it
TEMPORARY = r"\.fastbp-[0-9a-f]{16}"  # what files are called until they are whole
VERSION = 1


def write(path: Path, arrays: Mapping[str, Array], description: Mapping[str, Any]) -> None:
    """Write a file all or nothing.

    It is written under a temporary name in the same folder, synced, and renamed; then the folder is synced. A link is
    followed, and a file that is there keeps its mode; its owner and extended attributes are those of a new file, and
    other hard links keep the old one. What saves that were killed have left in the folder is removed.
    """
    import json  # here, as a training without files never needs it

    target = os.path.realpath(_text(path))
    text = json.dumps({"version": VERSION, **description})
    entries: dict[str, Any] = {DESCRIPTION: np.frombuffer(text.encode(), np.uint8), **arrays}
    for name in entries:
        if len(name.encode()) > LONGEST:
            raise ValueError(
                f"the name of a parameter is too long for a file: {checks.shown(name)}"
            )
    mode, folder = _mode(target), os.path.dirname(target)
    if re.fullmatch(TEMPORARY, os.path.basename(target)):
        raise ValueError(f"path must not name a file as unfinished ones are called, got {target!r}")
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "there is no such folder to save to", folder)
    _sweep(folder)
    while not _written(
        os.path.join(folder, f".fastbp-{os.urandom(8).hex()}"), target, mode, entries
    ):
        pass  # another save took it for one that was killed, before it was locked
    _sync_folder(folder)


def _written(temporary: str, target: str, mode: int | None, entries: dict[str, Any]) -> bool:
    """Write a file under another name, then give it its own; False, and nothing is done, where it was removed."""
    try:
        with open(temporary, "xb", opener=functools.partial(_open, mode=mode)) as file:
            _lock(file.fileno(), wait=True)
            if os.fstat(file.fileno()).st_nlink == 0:
                return False
            np.savez(file, **entries)
            file.flush()
            os.fsync(file.fileno())
            if mode is not None:
                os.chmod(temporary, mode)
            if os.name == "posix":  # locked until it has its name
                os.replace(temporary, target)
        if os.name != "posix":  # an open file cannot be renamed there
            os.replace(temporary, target)
    except FileExistsError:  # somebody else's
        raise
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if error.__context__ is not None and str(error).startswith("Can't close the ZIP file"):
            raise error.__context__ from None  # zipfile closes what a Ctrl-C left open
        if isinstance(error, OSError) and error.filename == temporary:
            error.filename = target
        raise
    return True


def _open(path: str, flags: int, mode: int | None) -> int:
    """As `open` opens a file; nobody may read it who may not read the one that it replaces."""
    return os.open(path, flags, 0o666 if mode is None else mode & 0o666)


def _lock(handle: int, *, wait: bool) -> bool:
    """Lock a file as long as it is open; False where another process has done so, or where nobody can."""
    try:
        import fcntl
    except ImportError:  # Windows, where nobody removes an open file
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _sweep(folder: str) -> None:
    """Remove the temporary files of saves that were killed: those that no process has locked, or open on Windows."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if re.fullmatch(TEMPORARY, entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):  # other processes come and go
                    _remove(entry.path)


def _remove(path: str) -> None:
    if os.name != "posix":
        os.unlink(path)
        return
    with open(path, "rb") as file:
        if _lock(file.fileno(), wait=False):
            os.unlink(path)


def _text(path: Path) -> str:
    try:
        text = os.fspath(path)
    except TypeError:
        text = None
    if not isinstance(text, str):
        raise TypeError(f"path must be a string or a path, got {type(path).__name__}")
    try:
        named = b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # half of a pair of surrogates
        named = False
    if not named or text.endswith(("/", os.sep)):
        raise ValueError(f"path must name a file, got {text!r}")
    return text


def _mode(target: str) -> int | None:
    """The mode of the file that is there already."""
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"path must name a regular file, but {target!r} is none")
    return stat.S_IMODE(status.st_mode)


def _sync_folder(folder: str) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # a folder cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read the arrays and the description of a file.

    Raises
    ------
    ValueError
        Naming the path, if the file is not one of ours, is truncated or is damaged.
    OSError
        If it cannot be opened.
    """
    import json  # these two here, as a training without files never needs them
    import zipfile

    with open(_text(path), "rb") as file, damaged_as_value_error(path):
        if file.read(4) != b"PK\x03\x04":
            raise ValueError("it is no .npz archive")
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            entries = {e.filename.removesuffix(".npy"): e for e in archive.infolist()}
            if DESCRIPTION not in entries:
                raise ValueError("it was not written by fastbp")
            wanted = {name: entry for name, entry in entries.items() if _is_ours(name)}
            _check_sizes(wanted, os.fstat(file.fileno()).st_size)
            # Each entry is read to its end, where its checksum is compared.
            arrays = {name: _array(archive.read(entry)) for name, entry in wanted.items()}
        description = json.loads(arrays.pop(DESCRIPTION).tobytes().decode())
        if not isinstance(description, dict) or description.get("version") != VERSION:
            raise ValueError(f"it is not of version {VERSION} of the format; is fastbp older?")
        return arrays, description


def _is_ours(name: str) -> bool:
    """Whether fastbp writes an entry of this name; others are not read."""
    return name in (DESCRIPTION, NUMBERS) or name.startswith((PARAMETER, STATE))


def _check_sizes(entries: Mapping[str, Any], size: int) -> None:
    """Refuse entries that would take more memory than the file has bytes: `write` compresses none."""
    for name, entry in entries.items():
        if entry.compress_type != 0:
            raise ValueError(
                f"its entry {checks.shown(name)} is compressed, which fastbp's are not"
            )
        if entry.compress_size != entry.file_size:  # so much is read at once
            raise ValueError(f"it is damaged (its entry {checks.shown(name)} has two sizes)")
    if sum(entry.file_size for entry in entries.values()) > size:
        raise ValueError("its entries are larger than the file")


def expect(description: Mapping[str, Any], kind: str) -> None:
    """Refuse a file of another kind than "model", "trainer" or "objective", by what it is."""
    if kind in description:
        return
    if "objective" in description:
        raise ValueError(
            "it is of a trainer of a function: load it with bp.Trainer.load(path, loss=loss, params=params)"
        )
    if kind == "objective":
        raise ValueError("it holds a model, which needs no loss and params")
    if kind == "trainer":
        raise ValueError("it holds a model alone: load it with bp.load")
    raise ValueError("it holds no model")


def _array(data: bytes) -> Array:
    """An array that is as large as it says: that is looked at before it is made."""
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("it is damaged (an array is of another version)")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject:
        raise ValueError("an array holds Python objects, which are not read (allow_pickle=False)")
    size = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or size != len(data) - file.tell():
        raise ValueError("it is damaged (an array has not the size that it says)")
    file.seek(0)
    array: Array = np.lib.format.read_array(file, allow_pickle=False)
    return array


@contextlib.contextmanager
def damaged_as_value_error(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file makes the readers raise into a ValueError with the path."""
    try:
        yield
    except (
        Exception
    ) as error:  # NumPy, zipfile, zlib, struct and json each have errors of their own
        if from_handler(error) or not of_library(error):
            raise
        reason = "it is damaged"
        if type(error) is ValueError:
            reason = f"{error!s:.300}"
        elif type(error) is KeyError:
            reason += f" (it has no {checks.shown(error.args[0])})"
        raise ValueError(f"cannot load {_text(path)!r}: {reason}") from error


def pack_model(model: Model) -> tuple[dict[str, Array], dict[str, Any]]:
    """What a file holds of a model: copies of its parameters, and its description."""
    arrays = {PARAMETER + name: array for name, array in model.values().items()}
    numbers = {"n_features": model.n_features, "shuffles": model.shuffles}
    return arrays, model.description() | numbers


def unpack_model(arrays: Mapping[str, Array], description: Mapping[str, Any]) -> Model:
    """Make a model from what a file holds of it."""
    model = model_from(description)
    model.shuffles = checks.counter("shuffles", description["shuffles"])
    parameters = parameters_in(arrays)
    if description["n_features"] is not None:
        n_features = checks.positive_integer("n_features", description["n_features"])
        model.restore(n_features, parameters)
    elif parameters:
        raise ValueError("it holds parameters, but its model says that it has none yet")
    return model


def parameters_in(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The parameters among the arrays of a file, by their names."""
    found = {k.removeprefix(PARAMETER): a for k, a in arrays.items() if k.startswith(PARAMETER)}
    for name, array in found.items():
        check_finite(name, array)
    return found


def check_finite(name: str, array: Array) -> None:
    """Refuse NaN and infinity, which no training leaves."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name!r} must hold finite numbers")
