"""Epochs: order of rows, weights of rows, divergence, snapshots."""

from __future__ import annotations

import numpy as np
import pytest
from networks import (
    Bound,
    batch,
    both,
    bound_mlp,
    mlp,
    weights,
)
from reference import evaluate_all

from fastbp.engine import random
from fastbp.engine.epochs import evaluate, fit
from fastbp.engine.run import Run
from fastbp.graph import input_node, parameter_node


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
