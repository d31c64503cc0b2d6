"""Subnormal numbers: a run counts them as zero or not, as it was made to, on each of its ways."""

import numpy as np
import pytest

from fastbp.compiler import compile_graph
from fastbp.engine.epochs import evaluate
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.run import Run
from fastbp.engine.threads import Share
from fastbp.graph import functions, input_node, parameter_node

SMALL = {"float32": 1e-40, "float64": 1e-310}
both = pytest.mark.parametrize("dtype", ["float32", "float64"])
flushed = pytest.mark.parametrize("flushes", [True, False])


def assert_own_mode():
    assert np.float32(1e-30) * np.float32(1e-12) > 0


def program_of_rows(rows, dtype):
    x = input_node(0, (rows, 3), dtype, "x")
    graph = functions.relu(x) * 1e30
    return compile_graph({"output": graph}, [], [x], layout=Layout.of([], dtype))


@both
@flushed
@pytest.mark.parametrize("rows", [1, 512, 5000])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_forward(threads, rows, flushes, dtype):
    run = Run(program_of_rows(512, dtype), aligned_zeros(0, dtype), flushes=flushes)
    x = np.full((rows, 3), SMALL[dtype], dtype)
    out = np.empty_like(x)
    run.forward((x,), out, Share(threads, True) if threads > 1 else None)
    np.testing.assert_array_equal(out, 0 if flushes else x * x.dtype.type(1e30))
    assert_own_mode()


@both
@flushed
@pytest.mark.parametrize("rows", [1, 100, 20_000])
def test_gradients(rows, flushes, dtype):
    """d/dw of mean(x w) 1e30 = 1e30 mean(x): by one block, by many, by groups of blocks."""
    x, w = input_node(0, (rows, 7), dtype, "x"), parameter_node(0, (7,), dtype)
    loss = ((x * 1e30) @ w).mean()
    layout = Layout.of([(7,)], dtype)
    program = compile_graph({"loss": loss}, [w], [x], layout=layout, differentiate="loss")
    block, training = aligned_zeros(layout.length, dtype), aligned_zeros(layout.length, dtype)
    run = Run(program, block, training, flushes=flushes)
    run.step((np.full((rows, 7), SMALL[dtype], dtype),))
    want = 0 if flushes else SMALL[dtype] * 1e30
    np.testing.assert_allclose(layout.views(training)[0], want, rtol=1e-3)
    assert_own_mode()


@both
@flushed
def test_batches_that_are_only_looked_at(flushes, dtype):
    x = input_node(0, (64, 2), dtype, "x")
    program = compile_graph({"loss": (x * 1e30).mean()}, [], [x], layout=Layout.of([], dtype))
    run = Run(program, aligned_zeros(0, dtype), flushes=flushes)
    value = evaluate(run, None, (np.full((256, 2), SMALL[dtype], dtype),))[0]
    assert value == pytest.approx(0 if flushes else SMALL[dtype] * 1e30, rel=1e-3)
    assert_own_mode()
