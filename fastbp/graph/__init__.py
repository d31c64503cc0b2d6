"""What to compute: graphs of nodes, their gradients, and the table of operations.

Pure Python that knows no kernel. The compiler turns graphs into programs.
"""

from fastbp.graph import numpy_functions, numpy_norms  # noqa: F401  (fill NumPy's tables)
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
