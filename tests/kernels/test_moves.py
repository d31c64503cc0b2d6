"""Numbers that move by tables of positions and by indices."""

import numpy as np
import pytest

from fastbp.kernels import moves

DTYPES = ("float32", "float64")
SIZES = (0, 1, 7, 53)
both = pytest.mark.parametrize("dtype", DTYPES)


def table(rng, m, width):
    """Columns in any order, some twice, some none."""
    return rng.integers(-1, width, m) if width else np.full(m, -1)


@both
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(("m", "width"), [(0, 3), (1, 1), (5, 3), (3, 40), (64, 7), (2, 0)])
def test_columns(n, m, width, dtype):
    rng = np.random.default_rng(n + m)
    index = table(rng, m, width).astype(np.int64)
    x = rng.normal(size=(n, width)).astype(dtype)
    out = np.full((n, m), 7, dtype)
    moves.gather_columns(x, index, out)
    wanted = np.zeros((n, m), dtype)
    wanted[:, index >= 0] = x[:, index[index >= 0]]
    np.testing.assert_array_equal(out, wanted)
    back = np.full((n, width), 7, dtype)
    moves.scatter_columns(out, index, back)
    total = np.zeros((n, width))
    for j in np.flatnonzero(index >= 0):
        total[:, index[j]] += out[:, j]
    np.testing.assert_allclose(back, total, rtol=1e-5, atol=1e-6)


@both
@pytest.mark.parametrize("start", [0, 2])
def test_a_slice_of_columns(start, dtype):
    x = np.arange(35, dtype=dtype).reshape(5, 7)
    out = np.empty((5, 4), dtype)
    moves.gather_columns(x, np.arange(start, start + 4), out)
    np.testing.assert_array_equal(out, x[:, start : start + 4])


@both
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("width", [0, 1, 3, 17])
def test_rows(n, width, dtype):
    rng = np.random.default_rng(n)
    x = rng.normal(size=(9, width)).astype(dtype)
    index = rng.integers(-9, 9, n).astype(dtype)
    out = np.full((n, width), 7, dtype)
    moves.take_rows(x, index, out)
    np.testing.assert_array_equal(out, x[index.astype(int)])
    back = np.full((9, width), 7, dtype)
    moves.add_rows(out, index, back)
    wanted = np.zeros((9, width))
    np.add.at(wanted, index.astype(int), out)
    np.testing.assert_allclose(back, wanted, rtol=1e-5, atol=1e-5)


@both
@pytest.mark.parametrize("bad", [3.0, -4.0, 0.5, np.nan, np.inf, -np.inf, 1e30])
def test_an_index_that_names_no_row(bad, dtype):
    x = np.ones((3, 2), dtype)
    index = np.array([1, bad, 2], dtype)
    out = np.empty((3, 2), dtype)
    moves.take_rows(x, index, out)
    np.testing.assert_array_equal(np.isnan(out), [[False] * 2, [True] * 2, [False] * 2])
    back = np.empty((3, 2), dtype)
    moves.add_rows(np.ones((3, 2), dtype), index, back)
    np.testing.assert_array_equal(back, [[0, 0], [1, 1], [1, 1]])


def test_refusals():
    x, index, out = np.ones((2, 3)), np.array([0, 1]), np.empty((2, 2))
    with pytest.raises(IndexError, match=r"index: expected values below 3, got 3 at position 1"):
        moves.gather_columns(x, np.array([0, 3]), out)
    with pytest.raises(ValueError, match=r"out: expected shape \(2, 2\), got \(2, 3\)"):
        moves.gather_columns(x, index, np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"g: expected shape \(2, 2\), got \(2, 3\)"):
        moves.scatter_columns(x, index, np.empty((2, 5)))
    with pytest.raises(TypeError, match=r"index: expected float64 as the output, got float32"):
        moves.take_rows(x, index.astype("f4"), np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"g: expected shape \(2, 2\), got \(2, 3\)"):
        moves.add_rows(x, index.astype("f8"), out)
