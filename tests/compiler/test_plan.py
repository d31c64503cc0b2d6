"""Where a program writes, and which thread does."""

import numpy as np
import pytest

from fastbp.compiler import compile_graph
from fastbp.compiler.encode import GRADIENTS
from fastbp.engine.memory import Layout
from fastbp.graph import input_node, parameter_node


@pytest.mark.parametrize("rows", [64, 513, 5000])
def test_what_each_thread_makes_for_itself_lies_in_its_own_workspace(rows):
    """Each thread of a batch in groups walks the head: nothing there may lie in the gradients, which all share."""
    x = input_node(0, (rows, 200), "float32", "x")
    w = parameter_node(0, (200, 64), "float32", "w")
    v = parameter_node(1, (200, 64), "float32", "v")
    penalty = np.sin(
        w[:, 21:]
    ).mean()  # its gradient is the same for any data, and is added up at places
    loss = penalty + ((x @ v) ** 2).mean()
    layout = Layout.of([w.shape, v.shape], "float32")
    program = compile_graph(
        {"loss": loss}, [w, v], [x], layout=layout, differentiate="loss", update="sgd"
    )
    writes = {step["part"] for step in program.steps if step["out"][0][0] == GRADIENTS}
    assert program.groups == 1 or "head" not in writes
    assert rows == 64 or program.groups > 1  # the test looks at batches in groups
