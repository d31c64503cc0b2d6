"""Programs: blocks of rows, memory, fused steps, and what is refused."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from networks import (
    RTOL,
    Bound,
    assert_like_the_reference,
    batch,
    both,
    bound_mlp,
    mlp,
    weights,
)
from reference import evaluate as reference
from reference import evaluate_all

from fastbp.compiler import compile_graph
from fastbp.compiler.steps import Step
from fastbp.engine.epochs import fit
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.run import Run
from fastbp.graph import functions, gradients, input_node, parameter_node


@both
@pytest.mark.parametrize("kind", ["bce", "mse", "cross_entropy"])
@pytest.mark.parametrize("n", [1, 511, 1300])
def test_blocks_of_rows(n, kind, dtype):
    inputs, parameters, _, loss = mlp(n, dtype, kind)
    bound = assert_like_the_reference(
        loss, parameters, inputs, batch(n, dtype, kind), weights(parameters), dtype
    )
    assert bound.program.blocked
    block = bound.program.block
    assert bound.program.rows == n
    assert block == n or (block < min(n, 513) and block % 16 == 0)
    assert (f"in blocks of {block}" in str(bound.program)) == (n > block)


@both
def test_a_graph_that_mixes_rows_runs_unblocked(dtype):
    x = input_node(0, (1300, 5), dtype, "x")
    w = parameter_node(0, (5, 2), dtype)
    loss = (functions.tanh((x - x.mean(axis=0)) @ w) ** 2).mean()
    arrays = (batch(1300, dtype)[0],)
    bound = assert_like_the_reference(loss, [w], [x], arrays, weights([w]), dtype)
    assert not bound.program.blocked
    assert bound.program.block == 1300


def test_the_batch_has_no_part_in_the_memory_of_the_next():
    bound = bound_mlp(1300)
    bound.run.step(batch(1300, seed=5))
    again = bound.run.step(batch(1300)), bound.training.tobytes()
    fresh = bound_mlp(1300)
    assert again == (fresh.run.step(batch(1300)), fresh.training.tobytes())


@both
@pytest.mark.parametrize("rows", [1, 63, 64, 65, 1300])
def test_forward_takes_any_number_of_rows(rows, dtype):
    inputs, parameters, z, _ = mlp(64, dtype)
    bound = Bound({"output": z}, parameters, inputs[:1], weights(parameters), differentiate=None)
    x, out = batch(rows, dtype)[0], np.full((rows + 1, 1), np.nan, dtype)
    bound.run.forward((x,), out[:rows])
    wanted = reference(mlp(rows, dtype)[2], (x,), weights(parameters))
    np.testing.assert_allclose(out[:rows], wanted, rtol=RTOL[dtype], atol=RTOL[dtype])
    assert np.isnan(out[rows:]).all()
    with pytest.raises(ValueError, match=f"out: expected {rows} elements for {rows} rows"):
        bound.run.forward((x,), out)


@pytest.mark.parametrize("shape", [(4, 3), (4, 1)])
def test_forward_of_an_output_that_needs_no_data(shape):
    x, w = input_node(0, (4, 2), "float64"), parameter_node(0, shape, "float64")
    value = weights([w])
    bound = Bound({"output": functions.exp(w)}, [w], [x], value, differentiate=None)
    out = np.full(shape, np.nan)
    bound.run.forward((np.zeros((4, 2)),), out)
    np.testing.assert_allclose(out, np.exp(value[0]))


def test_a_step_of_a_function_of_parameters_alone():
    w = parameter_node(0, (3,), "float64")
    layout = Layout.of([(3,)], "float64")
    program = compile_graph(
        {"loss": (w**2).sum()}, [w], [], layout=layout, differentiate="loss"
    )  # fmt: skip
    block, training = aligned_zeros(16, "float64"), aligned_zeros(16, "float64")
    block[:3] = 1, 2, 3
    assert Run(program, block, training).step(()) == 14
    assert training[:3].tolist() == [2, 4, 6]


@pytest.mark.parametrize("scale", [1, 2.5])
def test_a_gradient_that_is_a_number(scale):
    x, w = input_node(0, (4, 2), "float64"), parameter_node(0, (), "float64")
    bound = Bound({"loss": scale * w}, [w], [x], [3.0])
    assert bound.run.step((np.zeros((4, 2)),)) == 3 * scale
    assert bound.slopes[0] == scale


@pytest.mark.parametrize(
    ("kind", "fused"),
    [
        ("bce", "bce_with_logits_fused"),
        ("mse", "squared_error_fused"),
        ("cross_entropy", "cross_entropy_fused"),
    ],
)
@pytest.mark.parametrize("update", ["sgd", "momentum", "adam"])
def test_the_table_of_a_network_names_its_fused_steps(kind, fused, update):
    program = bound_mlp(32, "float32", kind, update).program
    ops = [line.split()[2] for line in str(program).splitlines() if line[:3].strip().isdigit()]
    assert ops[:3] == ["dense", "dense", fused]
    assert ops.count("dense_inputs") == 1
    assert ops.count("dense_weights") == ops.count("sum_rows") == 2
    assert ops[-1] == update
    assert len(program.steps) == len(ops) <= 10
    assert "relu(x @" in str(program)
    assert "takes x: 5 a row" in str(program)
    assert repr(program) == f"<Program of {len(ops)} steps, 32 rows, float32>"


def unfused(node, uses, losses):
    """Each node a step of its own; the engine's only product is the dense step's."""
    if node.op != "matmul":
        return Step(node.op, (node,), node.inputs, node.attrs)
    fuse = importlib.import_module("fastbp.compiler.fuse")
    return fuse.dense(node, uses) or fuse.dense_inputs(node, uses) or fuse._product(node, uses)


@both
@pytest.mark.parametrize("n", [7, 1300])
@pytest.mark.parametrize("kind", ["bce", "mse", "cross_entropy"])
def test_fused_steps_equal_their_unfused_twins(kind, n, dtype, monkeypatch):
    fused = bound_mlp(n, dtype, kind)
    monkeypatch.setattr(importlib.import_module("fastbp.compiler.fuse"), "_pattern", unfused)
    twin = bound_mlp(n, dtype, kind)
    assert len(twin.program.steps) > len(fused.program.steps)
    assert "_fused" not in str(twin.program)
    arrays = batch(n, dtype, kind)
    assert fused.run.step(arrays) == pytest.approx(twin.run.step(arrays), rel=RTOL[dtype] / 10)
    scale = np.abs(twin.training).max()
    np.testing.assert_allclose(fused.training, twin.training, RTOL[dtype], RTOL[dtype] * scale)


def random_graph(rng, n, dtype, mixes):
    """Some thirty operations on rows, parameters, sums and reshaped nodes; a loss and metrics."""
    inputs = [input_node(i, (n, 3), dtype) for i in range(2)]
    shapes = [(3, 3), (3,), (3,), (3, 1), ()]
    parameters = [parameter_node(i, shape, dtype) for i, shape in enumerate(shapes)]
    w, b, c, column, scale = parameters
    pool = [*inputs, inputs[0] @ w + b]
    unary = [functions.tanh, functions.sigmoid, functions.relu, functions.softmax, abs_like]
    for _ in range(12):
        x, y = (pool[i] for i in rng.integers(0, len(pool), 2))
        choices = [
            lambda x, y: x + y,
            lambda x, y: functions.tanh(x * y),
            lambda x, y: x - y * scale,
            lambda x, y: functions.tanh(x @ w + b),
            lambda x, y: x * functions.tanh(y @ column),
            lambda x, y: x + c.reshape(1, 3),
            lambda x, y: x / (2 + (y * y).sum(axis=1, keepdims=True)),
            lambda x, y: unary[rng.integers(len(unary))](x),
            lambda x, y: functions.tanh(x) @ (w.T + w),
        ]
        if mixes:
            choices += [
                lambda x, y: x - y.mean(axis=0),
                lambda x, y: x - functions.tanh(y.sum(axis=0).reshape(1, 3)) * b.reshape(1, 3),
                lambda x, y: functions.tanh(x * y.mean()),
                lambda x, y: x @ functions.tanh(x.T @ y / n),
            ]
        pool.append(choices[rng.integers(len(choices))](x, y))
    outputs = {"loss": (pool[-1] ** 2).mean() + (pool[-2] * pool[-4]).mean() + 0.1 * (w * w).sum()}
    for i in range(4):
        node = pool[rng.integers(2, len(pool))]
        outputs[f"metric {i}"] = (node * functions.tanh(node)).sum() / n
    return inputs, parameters, outputs


def abs_like(x):
    return functions.sqrt(x * x + 1)


@pytest.mark.parametrize("n", [1, 5, 600])
@pytest.mark.parametrize("mixes", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_places_in_memory_never_overlap_wrongly(seed, mixes, n):
    """A place that is taken too early shows in some result."""
    rng = np.random.default_rng([seed, n])
    inputs, parameters, outputs = random_graph(rng, n, "float64", mixes)
    values = weights(parameters)
    bound = Bound(outputs, parameters, inputs, values)
    for _ in range(2):  # the second batch finds the memory as the first left it
        arrays = tuple(rng.normal(size=(n, 3)) for _ in range(2))
        bound.run.step(arrays)
        nodes = [*outputs.values(), *gradients(outputs["loss"], parameters)]
        wanted = evaluate_all(nodes, arrays, values)
        found = [*bound.run.results, *bound.slopes]
        for have, want in zip(found, wanted, strict=True):
            scale = max(1.0, np.abs(want).max())
            np.testing.assert_allclose(have, want, rtol=1e-9, atol=1e-10 * scale)


@both
def test_arrays_are_never_written(dtype):
    """Read-only arrays are taken, and keep their bits."""
    arrays = batch(33, dtype)
    for array in arrays:
        array.flags.writeable = False
    bits = [a.tobytes() for a in arrays]
    bound, short = bound_mlp(16, dtype, update="adam"), bound_mlp(1, dtype, update="adam").program
    last = Run(short, bound.block, bound.training, bound.hyper)
    for shuffle in (False, True):
        fit(
            bound.run, last, arrays, epochs=2, shuffle=shuffle, seed=0, first_shuffle=0,
            results=np.empty((2, 1)), snapshot=bound.snapshot(),
        )  # fmt: skip
    assert bits == [a.tobytes() for a in arrays]


X, Y = batch(16)


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        ((X,), ValueError, "arrays: expected 2, got 1"),
        ((X, Y, Y), ValueError, "arrays: expected 2, got 3"),
        ((X, Y[:15]), ValueError, r"arrays\[1\]: expected 1 elements in each of 16 rows"),
        ((X[:15], Y[:15]), ValueError, "expected 16 rows, got 15"),
        ((X[:, :4].copy(), Y), ValueError, r"arrays\[0\]: expected 5 elements in each of"),
        ((X, np.hstack([Y, Y])), ValueError, r"arrays\[1\]: expected 1 elements"),
        ((X.astype("f4"), Y), TypeError, r"arrays\[0\]: expected float64, got buffer format 'f'"),
        ((X, Y.astype("i8")), TypeError, r"arrays\[1\]: expected float64, got buffer format 'l'"),
        ((X.astype(">f8"), Y), TypeError, r"arrays\[0\]: expected float64"),
        ((np.asfortranarray(X), Y), ValueError, r"arrays\[0\]: expected a C-contiguous array"),
        ((np.repeat(X, 2, 0)[::2], Y), ValueError, r"arrays\[0\]: expected a C-contiguous array"),
        ((X.tolist(), Y), TypeError, "list"),
        ([X, Y], TypeError, "tuple"),
        (None, TypeError, "arrays"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, error, message):
    with pytest.raises(error, match=message):
        bound_mlp(16).run.step(arrays)


def test_memory_that_does_not_fit_is_refused():
    program = bound_mlp(16, update="adam").program
    n = program.parameters
    good, state, hyper = aligned_zeros(n, "f8"), aligned_zeros(3 * n, "f8"), np.zeros(16)
    Run(program, good, state, hyper)
    with pytest.raises(ValueError, match=f"values: expected at least {n} elements, got 16"):
        Run(program, good[:16], state, hyper)
    with pytest.raises(ValueError, match=f"training: expected at least {3 * n} elements"):
        Run(program, good, state[:-1], hyper)
    with pytest.raises(ValueError, match="hyper: expected at least 16 elements, got 7"):
        Run(program, good, state, hyper[:7])
    with pytest.raises(TypeError, match="values: expected float64, got buffer format 'f'"):
        Run(program, good.astype("f4"), state, hyper)
    with pytest.raises(TypeError):
        Run(program, good)
    hyper.flags.writeable = False
    with pytest.raises((BufferError, ValueError)):
        Run(program, good, state, hyper)


def test_an_output_that_is_no_number_is_refused():
    x = input_node(0, (4, 2), "float32")
    with pytest.raises(ValueError, match=r"outputs\['loss'\]: expected a number, of shape \(\)"):
        compile_graph({"loss": x * x}, [], [x], layout=Layout.of([], "float32"))
