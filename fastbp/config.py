"""What this installation is and what it chose."""

from __future__ import annotations

import os
import platform

import numpy as np

from fastbp import checks, kernels
from fastbp._cpu import x86_level
from fastbp.engine import threads


def show_config() -> str:
    """Print, and return, the versions, the CPU's level and the build of the kernels in use.

    Returns
    -------
    str
        The printed text.

    Examples
    --------
    >>> import fastbp as bp
    >>> text = bp.show_config()  # doctest: +ELLIPSIS
    fastbp ...
    """
    from fastbp import __version__  # the package is whole by now

    level = f"x86-64-v{x86_level()}" if x86_level() else platform.machine()
    forced = " (forced by FASTBP_ISA)" if os.environ.get("FASTBP_ISA") else ""
    text = (
        f"fastbp {__version__}, Python {platform.python_version()}, NumPy {np.__version__}\n"
        f"CPU level {level}, kernels built for {kernels.isa}{forced}\n"
        f"up to {get_num_threads()} threads a call"
    )
    print(text)
    return text


def set_num_threads(n: int | None) -> None:
    """Set the greatest number of threads that a call takes which names none.

    A call takes as many of them as pay: a small network stays on one. No bit of a result depends on the number.

    Parameters
    ----------
    n : int or None
        None for what the environment variables FASTBP_NUM_THREADS or OMP_NUM_THREADS say, or else for the cores that
        the process may use: its affinity, and the quota of its control group.

    Raises
    ------
    TypeError, ValueError
        If `n` is not a positive integer.

    Examples
    --------
    >>> import fastbp as bp
    >>> bp.set_num_threads(1)
    >>> bp.get_num_threads()
    1
    >>> bp.set_num_threads(None)
    """
    threads.set_limit(checks.thread_count("n", n))


def get_num_threads() -> int:
    """The greatest number of threads that a call takes which names none; see `set_num_threads`."""
    return threads.limit()
