"""Whether the compiled modules are there: Python started in a clone finds the sources, built or not."""

from __future__ import annotations

import os
from importlib.util import find_spec


def require_built() -> None:
    """Raise ImportError, and say what to do, where fastbp is a source tree that was never built."""
    folder = os.path.dirname(os.path.realpath(__file__))  # pathlib would cost more than all of this
    spec = find_spec("fastbp._cpu")  # an editable installation of another clone answers too
    if (
        spec is not None
        and spec.origin
        and os.path.dirname(os.path.realpath(spec.origin)) == folder
    ):
        return
    raise ImportError(
        f"{folder} is a source tree of fastbp whose compiled modules are not built for this Python. "
        f"Build them in {os.path.dirname(folder)} with: python -m pip install -e .\n"
        "To use a fastbp that is installed elsewhere, start Python in another folder, or with -P."
    )
