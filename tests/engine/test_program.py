"""Programs: blocks of rows, memory, fused steps, epochs, and what is refused."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from reference import evaluate as reference
from reference import evaluate_all

from fastbp.compiler import compile_graph
from fastbp.compiler.steps import Step
from fastbp.engine import random
from fastbp.engine.epochs import Snapshot, evaluate, fit
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.run import Run
from fastbp.graph import functions, gradients, input_node, parameter_node

DTYPES = ("float32", "float64")
RTOL = {"float32": 1e-4, "float64": 1e-11}
STATES = {None: 1, "sgd": 1, "momentum": 2, "adam": 3}
both = pytest.mark.parametrize("dtype", DTYPES)


class Bound:
    """A program with memory: what every test needs."""

    def __init__(self, outputs, parameters, inputs, values, *, update=None, differentiate="loss"):
        dtype = inputs[0].dtype
        self.layout = Layout.of([p.shape for p in parameters], dtype)
        self.program = compile_graph(
            outputs, parameters, inputs, layout=self.layout,
            differentiate=differentiate, update=update,
        )  # fmt: skip
        self.block = aligned_zeros(self.layout.length, dtype)
        self.training = aligned_zeros(STATES[update] * self.layout.length, dtype)
        self.hyper = np.zeros(16)
        self.hyper[[0, 1, 2, 3, 5, 6]] = 0.01, 0.9, 0.999, 1e-8, 1, 1
        if update == "momentum":
            self.hyper[2] = 1
        for view, value in zip(self.views, values, strict=True):
            view[...] = value
        self.run = Run(self.program, self.block, self.training, self.hyper)

    @property
    def views(self):
        return self.layout.views(self.block)

    @property
    def slopes(self):
        return self.layout.views(self.training[: self.layout.length])

    def snapshot(self):
        return Snapshot(self.block, self.training, self.hyper)


def mlp(n, dtype="float64", kind="bce"):
    """x (n, 5) -> relu (8) -> one logit, or three; and the mean loss."""
    units = {"bce": 1, "mse": 1, "cross_entropy": 3}[kind]
    x = input_node(0, (n, 5), dtype, "x")
    y = input_node(1, (n,) if units > 1 else (n, 1), dtype, "y")
    shapes = [(5, 8), (8,), (8, units), (units,)]
    parameters = [parameter_node(i, shape, dtype) for i, shape in enumerate(shapes)]
    w1, b1, w2, b2 = parameters
    z = functions.relu(x @ w1 + b1) @ w2 + b2
    if kind == "bce":
        loss = functions.bce(functions.sigmoid(z), y)
    elif kind == "mse":
        loss = functions.mse(z, y)
    else:
        loss = functions.cross_entropy(functions.softmax(z), y)
    return [x, y], parameters, z, loss if loss.shape == () else loss.mean()


def batch(n, dtype="float64", kind="bce", seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5)).astype(dtype)
    if kind == "cross_entropy":
        return x, rng.integers(0, 3, n).astype(dtype)
    return x, rng.integers(0, 2, (n, 1)).astype(dtype)


def weights(parameters, seed=1):
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 0.5, p.shape).astype(p.dtype) for p in parameters]


def bound_mlp(n, dtype="float64", kind="bce", update=None):
    inputs, parameters, _, loss = mlp(n, dtype, kind)
    return Bound({"loss": loss}, parameters, inputs, weights(parameters), update=update)


def assert_like_the_reference(loss, parameters, inputs, arrays, values, dtype):
    bound = Bound({"loss": loss}, parameters, inputs, values)
    number = bound.run.step(arrays)
    wanted = evaluate_all([loss, *gradients(loss, parameters)], arrays, values)
    for found, want in zip([np.float64(number), *bound.slopes], wanted, strict=True):
        scale = max(1e-3, np.abs(want).max())
        np.testing.assert_allclose(found, want, rtol=RTOL[dtype], atol=RTOL[dtype] * scale)
    return bound


@both
@pytest.mark.parametrize("kind", ["bce", "mse", "cross_entropy"])
@pytest.mark.parametrize("n", [1, 511, 1300])
def test_blocks_of_rows(n, kind, dtype):
    inputs, parameters, _, loss = mlp(n, dtype, kind)
    bound = assert_like_the_reference(
        loss, parameters, inputs, batch(n, dtype, kind), weights(parameters), dtype
    )
    assert bound.program.blocked
    assert (bound.program.rows, bound.program.block) == (n, min(n, 512))
    assert ("in blocks of 512" in str(bound.program)) == (n > 512)


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
    return fuse._dense(node, uses) or fuse._dense_inputs(node, uses) or fuse._product(node, uses)


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


@pytest.mark.parametrize(("rows", "full"), [(7, 3), (6, 3), (2, 3), (1300, 600), (1, 1)])
def test_evaluate_weights_by_rows(rows, full):
    def bound(n):
        inputs, parameters, z, loss = mlp(n)
        outputs = {"loss": loss, "z": z.mean()}
        return Bound(outputs, parameters, inputs, weights(parameters), differentiate=None).run

    short = rows % full
    found = evaluate(
        bound(full) if rows >= full else None, bound(short) if short else None, batch(rows)
    )
    _, parameters, z, loss = mlp(rows)
    wanted = evaluate_all([loss, z.mean()], batch(rows), weights(parameters))
    np.testing.assert_allclose(found, wanted, rtol=1e-11)


def shuffling(batch_rows, last_rows, lr=0.25):
    """Runs over rows of one number: w moves towards each, and the loss sums them."""

    def bound(n):
        x, w = input_node(0, (n, 1), "float64"), parameter_node(0, (1,), "float64")
        outputs = {"loss": ((w - x) ** 2).sum(), "rows": x.mean()}
        return Bound(outputs, [w], [x], [0.0], update="sgd")

    first = bound(batch_rows)
    first.hyper[0] = lr
    last = bound(last_rows).program if last_rows else None
    short = Run(last, first.block, first.training, first.hyper) if last else None
    return first, short


def train(first, short, x, epochs=2, seed=3, first_shuffle=0, shuffle=True):
    results = np.full((epochs, 2), np.nan)
    ended = fit(
        first.run, short, (x,), epochs=epochs, shuffle=shuffle, seed=seed,
        first_shuffle=first_shuffle, results=results, snapshot=first.snapshot(),
    )  # fmt: skip
    assert ended == (epochs, -1)
    return results


@pytest.mark.parametrize(("rows", "size"), [(20, 3), (20, 4), (21, 20), (20, 1), (20, 20)])
@pytest.mark.parametrize("shuffle", [False, True])
def test_an_epoch_takes_each_row_once(rows, size, shuffle):
    x = 2.0 ** np.arange(rows)[:, None]  # twenty of these add up to 2**20 - 1 in one way only
    first, short = shuffling(size, rows % size, lr=0.0)
    results = train(first, short, x, epochs=3, shuffle=shuffle)
    np.testing.assert_array_equal(np.round(results[:, 1] * rows, 3), [2.0**rows - 1] * 3)


@pytest.mark.parametrize("first_shuffle", [0, 5])
def test_the_order_is_the_seeds(first_shuffle):
    x = np.random.default_rng(0).normal(size=(11, 1))
    first, short = shuffling(1, 0)
    train(first, short, x, epochs=3, seed=9, first_shuffle=first_shuffle)
    w, index = 0.0, np.empty(11, np.int64)
    for epoch in range(3):
        random.permutation(index, 9, first_shuffle + epoch)
        for row in index:
            w -= 0.25 * 2 * (w - x[row, 0])
    assert first.views[0][0] == pytest.approx(w, rel=1e-12)


@both
@pytest.mark.parametrize("update", ["sgd", "momentum", "adam"])
def test_the_same_seed_gives_the_same_bits(update, dtype):
    def trained(seed, pieces):
        bound = bound_mlp(16, dtype, update=update)
        for start in range(0, 6, 6 // pieces):
            fit(
                bound.run, None, batch(64, dtype), epochs=6 // pieces, shuffle=True, seed=seed,
                first_shuffle=start, results=np.empty((6 // pieces, 1)), snapshot=bound.snapshot(),
            )  # fmt: skip
        assert bound.hyper[4] == 24
        return bound.block.tobytes() + bound.training.tobytes() + bound.hyper.tobytes()

    assert trained(1, 1) == trained(1, 1) == trained(1, 3)
    assert trained(1, 1) != trained(2, 1)


def test_a_loss_that_is_not_finite_leads_back():
    bound = bound_mlp(16, update="adam")
    before = bound.block.copy()
    x, y = batch(64)
    x[37] = np.nan
    results = np.full((3, 1), np.nan)
    snapshot = bound.snapshot()
    options = dict(epochs=3, shuffle=False, seed=0, first_shuffle=0)  # noqa: C408
    ended = fit(bound.run, None, (x, y), **options, results=results, snapshot=snapshot)
    assert ended == (0, 2)
    assert snapshot.bad == -1
    np.testing.assert_array_equal(bound.block, before)
    assert not bound.training[bound.layout.length :].any()
    assert bound.hyper[4] == 0


@pytest.mark.parametrize(("rows", "size", "where"), [(1, 1, 0), (2, 2, 0), (2, 1, 1), (3, 2, 1)])
def test_a_parameter_that_is_not_finite_is_named(rows, size, where):
    x, w = input_node(0, (size, 2), "float32"), parameter_node(0, (20, 2), "float32")
    outputs = {"loss": (x * w.sum(axis=0)).sum()}
    bound = Bound(outputs, [w], [x], [1.0], update="sgd")
    bound.hyper[0] = 1e38
    short = None
    if rows % size:
        tail = input_node(0, (rows % size, 2), "float32")
        program = Bound(
            {"loss": (tail * w.sum(axis=0)).sum()}, [w], [tail], [1.0], update="sgd"
        ).program
        short = Run(program, bound.block, bound.training, bound.hyper)
    snapshot = bound.snapshot()
    arrays = (np.full((rows, 2), [0, 1e10], "float32"),)
    results = np.empty((2, 1))
    ended = fit(
        bound.run, short, arrays, epochs=2, shuffle=False, seed=0, first_shuffle=0,
        results=results, snapshot=snapshot,
    )  # fmt: skip
    assert ended == (0, where)
    assert snapshot.bad == 1
    assert (bound.views[0] == 1).all()


def test_a_training_that_diverges_keeps_the_last_good_epoch():
    def trained(epochs):
        bound = bound_mlp(16, "float32", "mse", update="sgd")
        bound.hyper[0] = 1.0
        ended = fit(
            bound.run, None, batch(64, "float32"), epochs=epochs, shuffle=True, seed=0,
            first_shuffle=0, results=np.empty((epochs, 1)), snapshot=bound.snapshot(),
        )  # fmt: skip
        return ended, bound.block.copy(), bound.hyper[4]

    (epoch, where), values, steps = trained(1000)
    assert where >= 0
    assert steps == 4 * epoch
    assert np.isfinite(values).all()
    if epoch:
        ended, fewer, _ = trained(epoch)
        assert ended == (epoch, -1)
        np.testing.assert_array_equal(values, fewer)


def test_restore_goes_back():
    bound = bound_mlp(16, update="adam")
    snapshot, before = bound.snapshot(), bound.block.copy()
    bound.run.step(batch(16))
    assert (bound.block != before).any()
    snapshot.restore()
    np.testing.assert_array_equal(bound.block, before)
    assert bound.hyper[4] == 0


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


def test_fit_refuses_what_does_not_add_up():
    bound = bound_mlp(16, update="sgd")
    options = dict(shuffle=True, seed=0, first_shuffle=0, snapshot=bound.snapshot())  # noqa: C408
    with pytest.raises(ValueError, match="33 rows are not batches of 16 and a last one of 0"):
        fit(bound.run, None, batch(33), epochs=1, results=np.empty((1, 1)), **options)
    with pytest.raises(ValueError, match=r"results: expected shape \(2, 1\), got \(1, 1\)"):
        fit(bound.run, None, batch(32), epochs=2, results=np.empty((1, 1)), **options)
    with pytest.raises(ValueError, match="a run for full batches, or one for a short one"):
        fit(None, None, batch(32), epochs=2, results=np.empty((2, 1)), **options)
    with pytest.raises(ValueError, match="gives"):
        bound.run.forward(batch(16), np.empty((16, 1)))


def test_no_epochs_change_nothing():
    bound = bound_mlp(16, update="sgd")
    before = bound.block.copy()
    ended = fit(
        bound.run, None, batch(32), epochs=0, shuffle=True, seed=0, first_shuffle=0,
        results=np.empty((0, 1)), snapshot=bound.snapshot(),
    )  # fmt: skip
    assert ended == (0, -1)
    np.testing.assert_array_equal(bound.block, before)


def test_an_output_that_is_no_number_is_refused():
    x = input_node(0, (4, 2), "float32")
    with pytest.raises(ValueError, match=r"outputs\['loss'\]: expected a number, of shape \(\)"):
        compile_graph({"loss": x * x}, [], [x], layout=Layout.of([], "float32"))
