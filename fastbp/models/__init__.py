"""Models, ready to train."""

from typing import TYPE_CHECKING

from fastbp._lazy import lazily

if TYPE_CHECKING:
    from fastbp.models.sequential import Sequential, load
else:  # what is asked for is imported then
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "fastbp.models.sequential": "Sequential load",
        },
    )

__all__ = ["Sequential", "load"]
