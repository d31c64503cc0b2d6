"""Numbers, columns and rows by index, against NumPy's indexing; what is added back, bit by bit in its order."""

import numpy as np
import pytest

from fastbp.kernels import moves

both = pytest.mark.parametrize("dtype", ["float32", "float64"])
sizes = pytest.mark.parametrize("n", [0, 1, 2, 7, 16, 31, 1009])


def numbers(shape, dtype, seed=0):
    """Numbers of many sizes, so that another order of summation gives other bits."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) * np.exp(rng.normal(0, 3, shape))).astype(dtype)


def added(shape, index, g, out=None):
    """out[index[i]] += g[i], one after another."""
    out = np.zeros(shape, g.dtype) if out is None else out.copy()
    for k, row in zip(index, g, strict=True):
        if k >= 0:
            out[k] += row
    return out


def within(shape, dtype):
    """An array in the middle of sevens, and the check that these are untouched."""
    size = int(np.prod(shape))
    block = np.full(size + 64, 7, dtype)

    def untouched():
        return (np.delete(block, np.s_[32 : 32 + size]) == 7).all()

    return block[32 : 32 + size].reshape(shape), untouched


@both
@sizes
def test_elements_there_and_back(n, dtype):
    rng = np.random.default_rng(n)
    x, index = numbers((5, 13), dtype), rng.integers(-1, 65, n)
    out, untouched = within(n, dtype)
    moves.gather_elements(x, index, out)
    np.testing.assert_array_equal(out, np.where(index < 0, 0, x.ravel()[index]))
    assert untouched()
    g = numbers(n, dtype, 1)
    back, untouched = within((5, 13), dtype)
    moves.scatter_elements(g, index, back)
    np.testing.assert_array_equal(back.ravel(), added(65, index, g))
    moves.scatter_elements(g, index, back, accumulate=True)
    np.testing.assert_array_equal(back.ravel(), added(65, index, g, added(65, index, g)))
    assert untouched()


@both
@pytest.mark.parametrize("rows", [0, 1, 5])
@pytest.mark.parametrize(
    "index",
    [
        [],
        [3],
        [-1],
        [0, 1, 2],
        [2, 1, 0],
        [-1, 0, 1],
        [5, -7, 5, 5],
        range(4, 41),
        range(41),
        [*range(40), 3],
    ],
)
def test_columns_there_and_back(index, rows, dtype):
    index, x = np.array(index, np.int64), numbers((rows, 41), dtype)
    out, untouched = within((rows, index.size), dtype)
    moves.gather_columns(x, index, out)
    np.testing.assert_array_equal(out, np.where(index < 0, 0, x[:, index]))
    assert untouched()
    g = numbers((rows, index.size), dtype, 1)
    back, untouched = within((rows, 41), dtype)
    moves.scatter_columns(g, index, back)
    np.testing.assert_array_equal(back, added((41, rows), index, g.T).T)
    assert untouched()


@both
@pytest.mark.parametrize("width", [0, 1, 3, 16, 37])
@sizes
def test_rows_there_and_back(n, width, dtype):
    rng = np.random.default_rng(n)
    x, k = numbers((11, width), dtype), rng.integers(-11, 11, n)
    index = k.astype(dtype)
    out, untouched = within((n, width), dtype)
    moves.take_rows(x, index, out)
    np.testing.assert_array_equal(out, x[k])
    assert untouched()
    g = numbers((n, width), dtype, 1)
    back, untouched = within((11, width), dtype)
    moves.add_rows(g, index, back)
    np.testing.assert_array_equal(back, added((11, width), k % 11, g))
    once = back.copy()
    moves.add_rows(g, index, back, accumulate=True)
    np.testing.assert_array_equal(back, added((11, width), k % 11, g, once))
    assert untouched()


@both
def test_what_is_no_row(dtype):
    x = np.arange(12, dtype=dtype).reshape(4, 3)
    almost = np.nextafter(np.array([-1, 1, -4, 3], dtype), np.array(-9, dtype))
    bad = [4, -5, 0.5, -0.5, -1e-30, 1e30, -1e30, np.inf, -np.inf, np.nan, *almost]
    index = np.array([*bad, -0.0, -4, 3], dtype)
    out, sums = np.empty((index.size, 3), dtype), np.empty((4, 3), dtype)
    moves.take_rows(x, index, out)
    assert np.isnan(out[:-3]).all()
    np.testing.assert_array_equal(out[-3:], x[[0, 0, 3]])
    moves.add_rows(np.ones((index.size, 3), dtype), index, sums)
    np.testing.assert_array_equal(sums, np.outer([2, 0, 0, 1], np.ones(3)))
    moves.take_rows(x[:0], index, out)
    assert np.isnan(out).all()


def test_sources_may_be_read_only():
    x, index, out = np.eye(3), np.array([2, 0]), np.empty((3, 2))
    x.flags.writeable = index.flags.writeable = False
    moves.gather_columns(x, index, out)
    np.testing.assert_array_equal(out, x[:, [2, 0]])


X = np.zeros((4, 3))
TWO = np.array([1, 0])


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("gather_elements", (X, np.array([12]), np.ones(1)), IndexError, "below 12, got 12 at pos"),
        ("gather_elements", (X, TWO, np.ones(3)), ValueError, r"out: expected shape \(2,\), got"),
        ("gather_elements", (X, TWO, np.ones(2, "f4")), TypeError, "x: expected float32 as the"),
        ("scatter_elements", (np.ones(2), TWO + 11, X), IndexError, "below 12, got 12 at position"),
        ("scatter_elements", (np.ones(3), TWO, X), ValueError, r"g: expected shape \(2,\), got"),
        ("gather_columns", (X, TWO + 2, np.ones((4, 2))), IndexError, "below 3, got 3 at position"),
        ("gather_columns", (X, TWO, np.ones((3, 2))), ValueError, r"out: expected shape \(4, 2\)"),
        (
            "scatter_columns",
            (np.ones((4, 2)), TWO + 2, X),
            IndexError,
            "below 3, got 3 at position",
        ),
        ("scatter_columns", (np.ones((4, 1)), TWO, X), ValueError, r"g: expected shape \(4, 2\)"),
        (
            "take_rows",
            (X, np.ones(2), np.ones((1, 3))),
            ValueError,
            r"out: expected shape \(2, 3\)",
        ),
        ("take_rows", (X, TWO, np.ones((2, 3))), TypeError, "index: expected an array of float32"),
        ("add_rows", (np.ones((1, 3)), np.ones(2), X), ValueError, r"g: expected shape \(2, 3\)"),
        ("add_rows", (X[:, ::2], np.ones(4), X), ValueError, "g: expected an aligned C-contiguous"),
    ],
)
def test_refusals(name, arguments, error, message):
    before = arguments[-1].copy()
    with pytest.raises(error, match=message):
        getattr(moves, name)(*arguments)
    np.testing.assert_array_equal(arguments[-1], before)


def test_tables_are_int64():
    with pytest.raises(TypeError, match="index: expected an array of int64, got an array of int32"):
        moves.gather_elements(X, TWO.astype(np.int32), np.ones(2))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [0, 1, 7])
@pytest.mark.parametrize(("k", "m"), [(0, 3), (1, 1), (5, 18), (33, 0)])
def test_join_columns(rows, k, m, dtype):
    rng = np.random.default_rng(k)
    a, b = rng.normal(size=(rows, k)).astype(dtype), rng.normal(size=(rows, m)).astype(dtype)
    out = np.full((rows, k + m), 7, dtype)
    moves.join_columns(a, b, out)
    np.testing.assert_array_equal(out, np.concatenate((a, b), axis=1))


def test_join_columns_refuses():
    with pytest.raises(ValueError, match=r"b: expected shape \(2, 3\), got \(1, 3\)"):
        moves.join_columns(np.ones((2, 1)), np.ones((1, 3)), np.empty((2, 4)))
    with pytest.raises(ValueError, match=r"out: expected shape \(2, 4\), got \(2, 3\)"):
        moves.join_columns(np.ones((2, 1)), np.ones((2, 3)), np.empty((2, 3)))
