"""From a graph to a program."""

from typing import TYPE_CHECKING

from fastbp._lazy import lazily

if TYPE_CHECKING:
    from fastbp.compiler.pipeline import compile_graph, results_layout
else:  # what is asked for is imported then
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "fastbp.compiler.pipeline": "compile_graph results_layout",
        },
    )

__all__ = ["compile_graph", "results_layout"]
