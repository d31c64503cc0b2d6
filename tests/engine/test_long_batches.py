"""Sums over the rows of large batches: block by block, in pieces, with a few roundings however many rows there are."""

import importlib
import math

import numpy as np
import pytest
from networks import Bound, both

from fastbp.engine.threads import Share
from fastbp.graph import input_node, parameter_node

plan = importlib.import_module("fastbp.compiler.plan")
TERMS, STRETCH = 4096, 2048  # kernels/reductions.pxd's


def program(rows, dtype, width=3, units=2):
    """sum(y * (x @ w + b)), whose gradients are x.T @ y and the sums of y, and these are exact in float64."""
    x, y = input_node(0, (rows, width), dtype, "x"), input_node(1, (rows, units), dtype, "y")
    w, b = parameter_node(0, (width, units), dtype), parameter_node(1, (units,), dtype)
    values = [np.ones(w.shape, dtype), np.zeros(b.shape, dtype)]
    return Bound({"loss": (y * (x @ w + b)).sum()}, [w, b], [x, y], values)


def arrays(rows, dtype, width=3, units=2, mean=100):
    rng = np.random.default_rng(rows)
    return tuple(rng.normal(mean, 1, (rows, n)).astype(dtype) for n in (width, units))


def results(bound, x, y, lanes=1):
    with Share(lanes, True) as share:
        loss = bound.run.step((x, y), share)
    return [np.array(loss, x.dtype), *(slope.copy() for slope in bound.slopes)]


def assert_right(bound, x, y):
    eps = np.finfo(x.dtype).eps
    found = results(bound, x, y)
    wide, y = x.astype(np.longdouble), y.astype(np.longdouble)
    h, size = wide.sum(1, keepdims=True), abs(wide).sum(1, keepdims=True)
    wanted = [(y * h).sum(), wide.T @ y, y.sum(0)]
    sizes = [(abs(y) * size).sum(), abs(wide).T @ abs(y), abs(y).sum(0)]
    for out, want, size in zip(found, wanted, sizes, strict=True):
        assert (abs(out - want) <= (8 + math.log2(len(x))) * eps * size).all()
    return found


@pytest.fixture
def one_group(monkeypatch):
    """Blocks that all threads share, as if the sums were too large for groups."""
    monkeypatch.setattr(plan, "SMALL_SUMS", 0)
    monkeypatch.setattr(plan, "SUMS", 0)


@both
@pytest.mark.parametrize("mean", [0, 100])
@pytest.mark.parametrize(
    "rows", [TERMS + 1, TERMS + STRETCH, 2 * TERMS - 1, 2 * TERMS, 2 * TERMS + 1, 300_003]
)
@pytest.mark.usefixtures("one_group")
def test_blocks_that_threads_share(rows, mean, dtype):
    bound = program(rows, dtype)
    assert bound.program.groups == 1
    assert bound.program.block < rows
    x, y = arrays(rows, dtype, mean=mean)
    found = assert_right(bound, x, y)
    for lanes in (1, 2, 3):  # with what the last batch left in the places of the sums
        for one, other in zip(found, results(bound, x, y, lanes), strict=True):
            np.testing.assert_array_equal(one, other)


@both
@pytest.mark.parametrize("rows", [32 * TERMS - 511, 32 * TERMS + 1, 300_000])
def test_groups_of_many_blocks(rows, dtype):
    bound = program(rows, dtype, 2, 1)
    assert bound.program.groups > 1
    x, y = arrays(rows, dtype, 2, 1)
    found = assert_right(bound, x, y)
    for lanes in (1, 2, 3):
        for one, other in zip(found, results(bound, x, y, lanes), strict=True):
            np.testing.assert_array_equal(one, other)


@both
@pytest.mark.usefixtures("one_group")
def test_up_to_4096_rows_blocks_add_to_what_the_blocks_before_left(dtype):
    rows = TERMS
    bound = program(rows, dtype)
    x, y = arrays(rows, dtype, mean=3)
    _, w, b = results(bound, x, y)
    sums = np.zeros(2, dtype)
    for row in y:
        sums = sums + row
    np.testing.assert_array_equal(b, sums)
    longer = program(2 * rows, dtype)
    zeros = np.zeros_like(x), np.zeros_like(y)
    _, w2, b2 = results(longer, np.concatenate([zeros[0], x]), np.concatenate([zeros[1], y]))
    assert np.isfinite(w2).all()
    assert (b2 != b).any()  # in pieces: another order
    np.testing.assert_allclose(w2, w, rtol=1e-5)


@both
@pytest.mark.parametrize("bad", [np.inf, np.nan])
@pytest.mark.usefixtures("one_group")
def test_what_is_not_finite_stays_so(bad, dtype):
    bound = program(2 * TERMS + 1, dtype)
    x, y = arrays(2 * TERMS + 1, dtype)
    y[5000, 1] = bad
    loss, w, b = results(bound, x, y)
    assert np.array_equal(loss, bad, equal_nan=True)
    assert np.array_equal(b[1], bad, equal_nan=True)
    assert np.isfinite(b[0])
    assert np.isfinite(w[:, 0]).all()
    assert not np.isfinite(w[:, 1]).any()
