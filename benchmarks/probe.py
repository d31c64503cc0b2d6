"""What the hardware can do, measured beside the peers: the yardsticks.

Run as a script it is one of several readers of memory: `probe.py CORE`.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from typing import Any

import numpy as np

from workloads import Workload

BLOCK = 1 << 27  # bytes: more than the caches hold


@dataclass(frozen=True)
class Tops:
    """FMA peak in GFLOP/s and read bandwidth in GB/s, of all threads; None where not measured."""

    peak: float | None
    bandwidth: float | None

    @classmethod
    def highest(cls, found: Iterable["Tops"]) -> "Tops":
        """The best of several measurements."""
        found = list(found)
        peaks = [one.peak for one in found if one.peak is not None]
        reads = [one.bandwidth for one in found if one.bandwidth is not None]
        return cls(max(peaks, default=None), max(reads, default=None))


def tops(work: Workload, threads: int) -> Tops:
    """Measure what bounds a workload, at its precision; the peak with fastbp's probe, if it is there."""
    probe = _fastbp()
    peak = None if probe is None else threads * float(probe.fma_peak(work.dtype, 0.05))
    if not work.streams:
        return Tops(peak, None)
    return Tops(peak, read_bandwidth() if threads == 1 else _together(threads))


def read_bandwidth(seconds: float = 0.1) -> float:
    """How fast one core reads memory, in GB/s: the best of fastbp's probe and of NumPy's dot product.

    The latter reads an array as the peers' data are: NumPy asks the system for large pages for it,
    and with them a core may read half as fast again.
    """
    probe = _fastbp()
    best = 0.0 if probe is None else float(probe.bandwidth(BLOCK, False, seconds))
    x = np.ones(BLOCK // 4, np.float32)
    end = perf_counter() + seconds
    while (start := perf_counter()) < end:
        np.dot(x, x)
        best = max(best, BLOCK / (perf_counter() - start) * 1e-9)
    return best


def _fastbp() -> Any:
    """fastbp's probe, or None."""
    try:
        return import_module("fastbp.kernels.probe")
    except ImportError:
        return None


def _together(threads: int) -> float:
    """The read bandwidth of so many cores at once: a process each, started together."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(threads)
    command = [sys.executable, __file__]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    readers = [
        subprocess.Popen([*command, str(core)], env=alone, **pipes)
        for core in list(cores)[:threads]
    ]
    try:
        _lines(readers)
        for reader in readers:
            assert reader.stdin is not None
            reader.stdin.write("go\n")
            reader.stdin.flush()
        return sum(map(float, _lines(readers)))
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()


def _lines(readers: list["subprocess.Popen[str]"]) -> list[str]:
    """The next line of each."""
    return [reader.stdout.readline() for reader in readers if reader.stdout is not None]


def _read(core: int) -> None:
    """Be one of the readers: what is measured first counts, then memory is kept busy for the others."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [core])
    read_bandwidth(0.01)
    print("ready", flush=True)
    sys.stdin.readline()
    print(read_bandwidth(0.2), flush=True)
    read_bandwidth(1.0)


if __name__ == "__main__":
    _read(int(sys.argv[1]))
