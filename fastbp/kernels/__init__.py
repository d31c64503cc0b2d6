"""The arithmetic, built once for each instruction set; importing this package chooses the build.

`fastbp.kernels.matmul` is the module from the folder of the chosen build (`v2`, `v3`, `v4`; `base` off x86-64), and
`cimport fastbp.kernels.matmul` finds the same one. The environment variable ``FASTBP_ISA`` forces a build.
"""

import os
from typing import TYPE_CHECKING

from fastbp._cpu import x86_level
from fastbp._lazy import lazily


def _choose(folder: str | os.PathLike[str], wanted: str | None) -> str:
    """The name of the best build in `folder` that this CPU can run, or of the one that is wanted."""
    with os.scandir(folder) as entries:
        present = sorted(entry.name for entry in entries if entry.is_dir() and _built(entry.path))
    level = x86_level()
    usable = [name for name in present if name == "base" or int(name[1:]) <= level]
    if wanted is not None and wanted not in present:
        raise ImportError(
            f"FASTBP_ISA={wanted!r} names no build of fastbp here: expected one of {', '.join(present)}"
        )
    if wanted is not None and wanted not in usable:
        raise ImportError(
            f"FASTBP_ISA={wanted!r} needs a CPU of level x86-64-{wanted}, but this one is x86-64-v{level}; "
            f"unset it, or choose one of: {', '.join(usable) or 'none'}"
        )
    if not usable:
        raise ImportError(
            f"fastbp is built for {', '.join(present) or 'no instruction set'}, and this CPU is x86-64-v{level}: "
            "it needs x86-64-v2 (SSE4.2, from 2009 on) at least"
        )
    return wanted or usable[-1]


def _built(folder: str) -> bool:
    return any(name.startswith("matmul.") for name in os.listdir(folder))


isa = _choose(__path__[0], os.environ.get("FASTBP_ISA") or None)
__path__ = [  # what only moves numbers is built once
    os.path.join(folder, name)
    for folder in __path__
    for name in ([isa, "v2"] if isa in ("v3", "v4") else [isa])
]

if TYPE_CHECKING:
    from fastbp.kernels.dense import dense_backward, dense_forward
    from fastbp.kernels.elementwise import (
        relu_backward,
        relu_forward,
        sigmoid_backward,
        sigmoid_forward,
        tanh_backward,
        tanh_forward,
    )
    from fastbp.kernels.losses import (
        bce_backward,
        bce_forward,
        bce_with_logits_backward,
        bce_with_logits_forward,
        cross_entropy_forward,
        cross_entropy_with_logits_forward,
        mse,
        softmax_cross_entropy,
        softmax_forward,
    )
    from fastbp.kernels.reductions import column_sums, row_sums, total
    from fastbp.kernels.updates import adam, momentum, sgd
else:  # what is asked for is imported then
    # The modules are found through `__path__`, so from here on.
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "fastbp.kernels.dense": "dense_backward dense_forward",
            "fastbp.kernels.elementwise": (
                "relu_backward relu_forward sigmoid_backward sigmoid_forward tanh_backward tanh_forward"
            ),
            "fastbp.kernels.losses": (
                "bce_backward bce_forward bce_with_logits_backward bce_with_logits_forward cross_entropy_forward "
                "cross_entropy_with_logits_forward mse softmax_cross_entropy softmax_forward"
            ),
            "fastbp.kernels.reductions": "column_sums row_sums total",
            "fastbp.kernels.updates": "adam momentum sgd",
        },
    )

__all__ = [
    "adam",
    "bce_backward",
    "bce_forward",
    "bce_with_logits_backward",
    "bce_with_logits_forward",
    "column_sums",
    "cross_entropy_forward",
    "cross_entropy_with_logits_forward",
    "dense_backward",
    "dense_forward",
    "isa",
    "momentum",
    "mse",
    "relu_backward",
    "relu_forward",
    "row_sums",
    "sgd",
    "sigmoid_backward",
    "sigmoid_forward",
    "softmax_cross_entropy",
    "softmax_forward",
    "tanh_backward",
    "tanh_forward",
    "total",
]
