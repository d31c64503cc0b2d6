"""What to compute: graphs of nodes, their gradients, and the table of operations.

Pure Python that knows no kernel. The compiler turns graphs into programs.
"""

from typing import TYPE_CHECKING

from fastbp._lazy import lazily

if TYPE_CHECKING:
    from fastbp.graph.backprop import gradients
    from fastbp.graph.draw import to_text
    from fastbp.graph.node import (
        Node,
        Op,
        apply,
        constant,
        input_node,
        parameter_node,
        scalar_value,
        topological,
    )
    from fastbp.graph.ops import OPS
else:  # what is asked for is imported then
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "fastbp.graph.backprop": "gradients",
            "fastbp.graph.draw": "to_text",
            "fastbp.graph.node": "Node Op apply constant input_node parameter_node scalar_value topological",
            "fastbp.graph.ops": "OPS",
        },
    )

__all__ = [
    "OPS",
    "Node",
    "Op",
    "apply",
    "constant",
    "gradients",
    "input_node",
    "parameter_node",
    "scalar_value",
    "to_text",
    "topological",
]
