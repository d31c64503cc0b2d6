"""Kinds of values that a function may have from outside: how each is compared, and which cannot be."""

from __future__ import annotations

import ctypes
import os
import random
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

_STDLIB = os.path.dirname(os.__file__)
# Their code is not read: what it does depends on its arguments.
_LIBRARIES = frozenset(
    ("numpy", "fastbp", "scipy", "pandas", "torch", "sklearn", "jax", "jaxlib", "autograd", "tensorflow", "keras",
     "numba", "sympy", "statsmodels", "polars", "pyarrow", "xarray", "dask", "joblib", "h5py", "networkx", "matplotlib",
     "seaborn", "plotly", "PIL", "tqdm", "rich", "click", "absl", "attr", "attrs", "IPython", "pytest", "_pytest",
     "hypothesis")
)  # fmt: skip
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
    kind, root = type(value), _root(value)
    if kind.__name__ == "_tuplegetter":  # a name of a namedtuple's
        return True
    if kind in _INERT_TYPES or (root in _INERT and is_library(kind.__module__)):
        return kind.__name__ != "_local"  # of threading: each thread has its own attributes
    return root in ("numpy", "fastbp") and not hasattr(
        value, "__dict__"
    )  # compiled: ufuncs, dtypes


# By whose arguments attributes are read.
BY_NAME = (getattr, hasattr, vars, dir, repr, format)


def generators() -> tuple[type, ...]:
    """The kinds of random generators: Python's, then NumPy's old one, and its others, if it has been asked for them."""
    numpy_random: Any = sys.modules.get("numpy.random")
    if not hasattr(numpy_random, "Generator"):  # or another thread is importing it
        return (random.Random,)
    kinds = numpy_random.RandomState, numpy_random.Generator, numpy_random.BitGenerator
    return random.Random, *kinds


def is_a_pointer(value: object) -> bool:
    """Whether a value of ctypes stands for memory of others."""
    kinds = (ctypes._SimpleCData, ctypes._Pointer, ctypes.Array, ctypes.Structure, ctypes.Union)
    return isinstance(value, kinds)


def objects_in(value: Any) -> list[Any]:
    """The objects in a value whose own changes `content` does not see."""
    if isinstance(value, set | frozenset):
        return list(value)
    if _root(value) == "pandas":
        columns = [value] if value.ndim == 1 else [value.iloc[:, i] for i in range(value.shape[1])]
        found = [item for one in columns if one.dtype == object for item in one]
        return [*found, *getattr(value, "attrs", {}).values()]
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return list(value.flat)
    return []


def _root(value: object) -> str:
    """The library of a value's class."""
    return (type(value).__module__ or "").split(".")[0]


def content(value: object) -> Callable[[Any], object] | None:
    """What takes a copy of a value to compare it by; None where it is of no such kind."""
    if isinstance(value, set | frozenset):
        return _elements
    if isinstance(value, bytearray):
        return bytes
    if isinstance(value, np.generic):
        return _scalar
    if _root(value) == "pandas":
        return _table
    if isinstance(value, ctypes.Array | memoryview) or hasattr(type(value), "__array__"):
        return _numbers
    if type(value).__module__ == "array" or _is_plain_ctypes(type(value)):
        return bytes
    if type(value).__module__ == "decimal" and type(value).__name__ == "Context":
        return repr
    return None


def _is_plain_ctypes(kind: Any) -> bool:
    """Whether objects of a type of ctypes are their own bytes: not a pointer to others."""
    if issubclass(kind, ctypes.Array):
        return _is_plain_ctypes(kind._type_)
    if issubclass(kind, ctypes.Structure | ctypes.Union):
        fields = [one for base in kind.__mro__ for one in vars(base).get("_fields_", ())]
        return all(_is_plain_ctypes(field[1]) for field in fields)
    return issubclass(kind, ctypes._SimpleCData) and kind._type_ not in "zZPO"


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
        return value.name, _numbers(value)
    labels = [*map(_numbers, value.axes), getattr(value, "name", None), {**value.attrs}]
    columns = value.ndim > 1
    return labels, (
        [_numbers(value.iloc[:, i]) for i in range(value.shape[1])] if columns else _numbers(value)
    )


_OS = (
    "access cpu_count fstat fwalk get_terminal_size getcwd getcwdb getenv getenvb getgid getlogin getpgid getpid "
    "getppid getpriority getuid listdir lstat pathconf popen read readlink readv scandir stat statvfs sysconf times "
    "umask walk"
)
_PATHS = (
    "abspath exists expanduser expandvars getatime getctime getmtime getsize isdir isfile islink ismount lexists "
    "realpath relpath samefile"
)
# What reads what nobody can watch, by the library or module of Python's that has it: clocks, files, settings.
_WORLD = {
    root: frozenset(names.split())
    for root, names in {
        "builtins": "__import__ eval exec globals input open",
        "io": "getbuffer getvalue open open_code read readline readlines tell",
        "codecs": "open",
        "time": "monotonic perf_counter process_time thread_time time get_clock_info localtime gmtime ctime",
        "datetime": "now today utcnow",
        "os": _OS,
        "posixpath": _PATHS,
        "pathlib": (
            "absolute cwd exists expanduser glob group home is_dir is_file is_mount is_symlink iterdir lstat open "
            "owner read_bytes read_text readlink resolve rglob samefile stat walk"
        ),
        "glob": "glob iglob",
        "linecache": "getline getlines",
        "shutil": "disk_usage get_terminal_size which",
        "socket": "create_connection gethostname getfqdn",
        "subprocess": "Popen call check_call check_output getoutput getstatusoutput run",
        "sys": "_current_frames _getframe exc_info getprofile getrecursionlimit getrefcount getswitchinterval gettrace",
        "threading": "active_count current_thread enumerate get_ident get_native_id is_set locked main_thread",
        "importlib": "import_module reload",
        "logging": "disabled getEffectiveLevel handlers hasHandlers isEnabledFor level",
        "gc": "get_count get_objects get_stats get_threshold isenabled",
        "inspect": "currentframe stack",
        "locale": "getlocale localeconv",
        "urllib": "urlopen urlretrieve",
        "numpy": "fromfile genfromtxt getbufsize geterr geterrcall load loadtxt memmap",
        "scipy": "loadarff loadmat load_npz mmread readsav",
        "fastbp": "get_num_threads show_config",
    }.items()
}
_SAME = {"_io": "io", "posix": "os", "nt": "os", "ntpath": "posixpath", "genericpath": "posixpath"}
_SAME["_thread"] = "threading"


def reads_the_world(function: Any) -> bool:
    """Whether a function of a library reads what nobody can watch: a clock, a file, a setting."""
    name, module = getattr(function, "__name__", ""), getattr(function, "__module__", None)
    return is_library(module) and world_read(str(module), {name}) is not None


def world_read(module: str, names: set[str]) -> str | None:
    """Which of these names of a module, or of its objects, stands for what reads what nobody can watch."""
    root = module.split(".")[0]
    if root == "time":
        names = {name.removesuffix("_ns") for name in names}
    found = names & _WORLD.get(_SAME.get(root, root), frozenset())
    if root == "pandas":
        found = {name for name in names if name.startswith("read_")}
    return min(found, default=None)
