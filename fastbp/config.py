"""What this installation is and what it chose."""

from __future__ import annotations

import os
import platform

import numpy as np

from fastbp import kernels
from fastbp._cpu import x86_level


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
        f"CPU level {level}, kernels built for {kernels.isa}{forced}"
    )
    print(text)
    return text
