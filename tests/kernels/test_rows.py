"""Rows gathered by index, against NumPy's indexing."""

import numpy as np
import pytest

from fastbp.kernels.rows import gather_rows

both = pytest.mark.parametrize("dtype", ["float32", "float64"])


@both
@pytest.mark.parametrize("width", [*range(40), 63, 64, 65, 784, 1500])
@pytest.mark.parametrize("n", [0, 1, 7, 50])
def test_gather(n, width, dtype):
    rng = np.random.default_rng(width)
    x = rng.normal(size=(23, width)).astype(dtype)
    x[3 : 4 if width else 3] = np.nan
    index = rng.integers(0, 23, n)  # rows may come more than once
    room = np.full(n * width + 64, 7, dtype)
    gather_rows(x, index, room[: n * width].reshape(n, width))
    np.testing.assert_array_equal(room[: n * width].reshape(n, width), x[index])
    assert (room[n * width :] == 7).all()


@both
def test_a_permutation_there_and_back(dtype):
    x = np.random.default_rng(0).normal(size=(101, 13)).astype(dtype)
    index = np.random.default_rng(1).permutation(101)
    out, back = np.empty_like(x), np.empty_like(x)
    gather_rows(x, index, out)
    gather_rows(out, np.argsort(index), back)
    np.testing.assert_array_equal(back, x)


def test_the_source_may_be_read_only():
    x, index, out = np.eye(3), np.array([2, 0]), np.empty((2, 3))
    x.flags.writeable = index.flags.writeable = False
    gather_rows(x, index, out)
    np.testing.assert_array_equal(out, x[[2, 0]])


X = np.zeros((4, 3))


@pytest.mark.parametrize(
    ("x", "index", "out", "error", "message"),
    [
        (X, [0, 4], X[:2], IndexError, r"expected values in \[0, 4\), got 4 at position 1"),
        (X, [-1, 0], X[:2], IndexError, r"expected values in \[0, 4\), got -1 at position 0"),
        (X[:0], [0], X[:1], IndexError, r"expected values in \[0, 0\), got 0 at position 0"),
        (X, [0], X[:2], ValueError, r"out: expected shape \(1, 3\), got \(2, 3\)"),
        (X, [0], np.ones((1, 2)), ValueError, r"out: expected shape \(1, 3\), got \(1, 2\)"),
        (
            X,
            [0],
            np.ones((1, 3), "f4"),
            TypeError,
            "x: expected float32 as the output, got float64",
        ),
        (X, [0], np.ones((1, 3), int), TypeError, "out: expected an array of float32 or float64"),
        (X[0], [0], np.ones((1, 3)), ValueError, r"x: expected 2 dimensions, got shape \(3,\)"),
        (X[:, ::2], [0], np.ones((1, 2)), ValueError, "x: expected an aligned C-contiguous array"),
    ],
)
def test_arguments(x, index, out, error, message):
    before = np.array(out)
    with pytest.raises(error, match=message):
        gather_rows(x, np.array(index, np.int64), out)
    np.testing.assert_array_equal(out, before)


def test_the_index_is_int64():
    with pytest.raises(TypeError, match="index: expected an array of int64, got an array of int32"):
        gather_rows(X, np.zeros(1, np.int32), np.ones((1, 3)))
