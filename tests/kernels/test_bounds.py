"""Kernels touch nothing behind their operands: each array ends where a page begins that must not be touched."""

import ctypes
import faulthandler
import mmap
import os
import signal
import sys

import numpy as np
import pytest

from fastbp import kernels
from fastbp.kernels import elementwise, losses, moves, reduce_axes, reductions, rows, updates

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs mprotect")

PAGE = mmap.PAGESIZE


@pytest.fixture
def guarded():
    """A maker of arrays that end at a page without access; a touch behind ends the process."""
    libc = ctypes.CDLL(None, use_errno=True)
    held = []

    def protect(address, access):
        assert libc.mprotect(ctypes.c_void_p(address), PAGE, access) == 0

    def make(values, dtype):
        values = np.asarray(values, dtype)
        room = -(-values.nbytes // PAGE) * PAGE
        memory = mmap.mmap(-1, room + PAGE)
        whole = np.frombuffer(memory, np.uint8)
        array = whole[room - values.nbytes : room].view(dtype).reshape(values.shape)
        array[...] = values
        protect(whole.ctypes.data + room, 0)  # PROT_NONE
        held.append((whole, room))
        return array

    yield make
    for whole, room in held:
        protect(whole.ctypes.data + room, mmap.PROT_READ | mmap.PROT_WRITE)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("m", [1, 2, 7, 10, 16, 33])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (3, 5), (13, 28), (64, 17), (200, 900)])
def test_dense(guarded, n, k, m, dtype):
    rng = np.random.default_rng(n)
    x, w, b = (guarded(rng.normal(size=s), dtype) for s in ((n, k), (k, m), (m,)))
    out, dz = guarded(np.zeros((n, m)), dtype), guarded(rng.normal(size=(n, m)), dtype)
    dx, dw, db = (guarded(np.zeros(s), dtype) for s in ((n, k), (k, m), (m,)))
    kernels.dense_forward(x, w, b, out)
    kernels.dense_backward(x, w, dz, dx, dw, db)
    tolerance = 1e-3 if dtype == "float32" else 1e-10
    assert np.allclose(out, x.astype("f8") @ w + b, atol=tolerance)
    assert np.allclose(dx, dz.astype("f8") @ w.T, atol=tolerance)
    assert np.allclose(dw, x.T.astype("f8") @ dz, atol=tolerance)
    assert np.allclose(db, dz.astype("f8").sum(0), atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 3, 15, 16, 17, 100, 1023])
def test_vectors(guarded, n, dtype):
    rng = np.random.default_rng(n)
    x, y, out = (guarded(rng.uniform(0.1, 0.9, n), dtype) for _ in range(3))
    for name in ("exp", "log", "sigmoid", "tanh", "relu", "square", "sin", "erf", "floor"):
        elementwise.unary(name, x, out)
    for name in ("add", "multiply", "bce", "bce_with_logits", "power", "arctan2", "maximum"):
        elementwise.binary(name, x, y, out)
    elementwise.where(x, y, x, out)
    losses.bce_with_logits(x, y, out)
    losses.mse(x, y, out)
    p, m, v = (guarded(np.zeros(n), dtype) for _ in range(3))
    updates.adam(p, m, v, y, 0.1, 1)
    updates.momentum(p, m, y, 0.1, 0.9)
    updates.sgd(p, y, 0.1)
    assert reductions.first_nonfinite(p) == -1
    assert reductions.total(x) == pytest.approx(float(x.sum()), rel=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (5, 3), (33, 10), (7, 64), (40, 65)])
def test_rows(guarded, n, m, dtype):
    rng = np.random.default_rng(n)
    z, out = guarded(rng.normal(size=(n, m)), dtype), guarded(np.zeros((n, m)), dtype)
    y, one = guarded(rng.integers(0, m, n), dtype), guarded(np.zeros(n), dtype)
    losses.softmax_forward(z, out)
    losses.cross_entropy_forward(out, y, one)
    losses.cross_entropy_with_logits_forward(z, y, one)
    losses.softmax_cross_entropy(z, y, out)
    losses.class_hits(z, y, one)
    losses.one_hot(y, out)
    reductions.row_sums(z, one)
    columns = guarded(np.zeros(m), dtype)
    reductions.column_sums(z, columns)
    assert np.allclose(columns, z.sum(0), atol=1e-4)
    rows.gather_rows(z, np.arange(n)[::-1].copy(), out)
    assert np.array_equal(out, z[::-1])
    moves.take_rows(z, guarded(np.arange(n)[::-1], dtype), out)
    assert np.array_equal(out, z[::-1])
    moves.add_rows(z, guarded(np.arange(n)[::-1], dtype), out)
    assert np.array_equal(out, z[::-1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (5, 3), (33, 10), (7, 64), (40, 65)])
def test_columns_and_axes(guarded, n, m, dtype):
    z = guarded(np.random.default_rng(n).normal(size=(n, m)), dtype)
    for index in (guarded(np.arange(m), "int64"), guarded(np.arange(m)[::-1], "int64")):
        out, back = guarded(np.zeros((n, m)), dtype), guarded(np.zeros((n, m)), dtype)
        moves.gather_columns(z, index, out)
        moves.scatter_columns(out, index, back)
        assert np.array_equal(out, z[:, index])
        assert np.array_equal(back, z)
    for shape in ((n, m, 1), (1, n, m)):
        x, all_of_it = z.reshape(shape), guarded(np.zeros(shape), dtype)
        reduced = guarded(np.zeros((shape[0], shape[2])), dtype)
        for name in ("sum_axis", "max_axis", "min_axis"):
            getattr(reduce_axes, name)(x, reduced)
        assert np.array_equal(reduced, x.min(1))
        reduce_axes.cumsum_axis(x, all_of_it)
        reduce_axes.cumsum_axis(x, all_of_it, reverse=True)
        assert np.array_equal(all_of_it[:, -1], x[:, -1])


def test_a_touch_behind_ends_the_process(guarded):
    array = guarded(np.zeros(4), "float64")
    child = os.fork()
    if child == 0:  # nothing but the touch: this is a copy of the test runner
        faulthandler.disable()
        ctypes.c_double.from_address(array.ctypes.data + array.nbytes).value  # noqa: B018
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGSEGV
