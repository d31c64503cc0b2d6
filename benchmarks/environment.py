"""The surroundings of a measurement: the cores it may use and the environment of its libraries.

Everything here must happen before NumPy is imported, because the libraries read their settings
once, when they are loaded. This module therefore imports nothing but the standard library.
"""

import os
import platform
from pathlib import Path

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "FASTBP_NUM_THREADS",
)

# These choose other kernels than the library would choose for this processor.
_OVERRIDES = ("OPENBLAS_", "NVPL_", "MKL_", "BLIS_", "DNNL_", "ONEDNN_", "ATEN_CPU_", "XLA_")

# XLA's own thread pool: switched off for one thread, else as large as the set of cores.
_XLA_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def prepare(threads: int, own_threads: bool = False) -> list[int]:
    """Pin this process, and the processes it starts, to `threads` cores; set every thread count.

    fastbp reads FASTBP_NUM_THREADS; PyTorch is told by its peer, JAX counts the cores.

    Parameters
    ----------
    threads : int
        Number of cores, at least 1 and at most the number this process may run on.
    own_threads : bool
        The process makes threads itself: each of its libraries gets one.

    Returns
    -------
    list of int
        The cores, the last ones of those available: the first one also serves interrupts.

    Raises
    ------
    ValueError
        If there are fewer cores than `threads`.
    """
    available = _available_cores()
    if not 1 <= threads <= len(available):
        raise ValueError(f"must be 1 to {len(available)} on this machine, got {threads}")
    cores = available[-threads:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    for name in list(os.environ):
        if name.startswith(_OVERRIDES):
            del os.environ[name]
    for name in _THREAD_VARIABLES:
        os.environ[name] = "1" if own_threads else str(threads)
    if threads == 1:
        os.environ["XLA_FLAGS"] = _XLA_ONE_THREAD
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["KERAS_BACKEND"] = "jax"
    return cores


def count() -> int:
    """How many cores this process may run on."""
    return len(_available_cores())


def _available_cores() -> list[int]:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def describe() -> dict[str, str]:
    """Processor, system and Python version, for the head of the table and for the JSON file."""
    return {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    """The processor's name with family and model, which tell more than a cloud's own names."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    found: dict[str, str] = {}
    for line in cpuinfo.read_text().splitlines():
        key, _, value = line.partition(":")
        found.setdefault(key.strip(), value.strip())
    name = found.get("model name", platform.machine())
    return f"{name} (family {found.get('cpu family', '?')}, model {found.get('model', '?')})"
