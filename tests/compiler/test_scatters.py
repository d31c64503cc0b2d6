"""Which scatters keep what their sums lose: those where more numbers may meet at one place than are added in one go."""

import numpy as np
import pytest

from fastbp.compiler import compile_graph
from fastbp.compiler.scatters import CROWDED
from fastbp.engine.memory import Layout
from fastbp.graph import input_node, parameter_node
from fastbp.kernels.reductions import MOST_AT_ONCE


def steps(loss, *parameters, inputs=()):
    layout = Layout.of([p.shape for p in parameters], np.dtype("float32"))
    program = compile_graph(
        {"loss": loss}, list(parameters), list(inputs), layout=layout, differentiate="loss"
    )
    return {row["op"]: row for row in program.steps}


def keeps(row):
    return row["out"][1] is not None


@pytest.mark.parametrize("extra", [0, 1])
def test_a_table_that_many_rows_choose_from(extra):
    rows = MOST_AT_ONCE + extra
    table = parameter_node(0, (3, 2), "float32")
    index = input_node(0, (rows,), "float32", "index")
    row = steps((table[index] ** 2).sum(), table, inputs=[index])["add_rows"]
    assert keeps(row) == bool(extra)
    assert row["accumulates"]


@pytest.mark.parametrize("extra", [0, 1])
def test_a_table_of_many_places_needs_no_more_memory(extra):
    table = parameter_node(0, (100, 2), "float32")
    index = input_node(0, (CROWDED * 100 + extra,), "float32", "index")
    row = steps((table[index] ** 2).sum(), table, inputs=[index])["add_rows"]
    assert keeps(row) == bool(extra)
    assert row["keeps"]  # so that no walk carries it


@pytest.mark.parametrize("extra", [0, 1])
def test_an_element_that_is_taken_many_times(extra):
    x = parameter_node(0, (5,), "float32")
    index = np.concatenate([np.zeros(MOST_AT_ONCE + extra, int), np.arange(5).repeat(3)[3:]])
    row = steps((x[index] ** 2).sum(), x)["scatter"]
    assert keeps(row) == bool(extra)


def test_elements_that_are_taken_a_few_times_each():
    x = parameter_node(0, (5000,), "float32")
    assert not keeps(steps((x[np.arange(15_000) % 5000] ** 2).sum(), x)["scatter"])
