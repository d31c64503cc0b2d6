"""Rows in order."""

import numpy as np
import pytest

from fastbp.kernels import sorting

DTYPES = ("float32", "float64")
both = pytest.mark.parametrize("dtype", DTYPES)


def order_of(x):
    out = np.full(x.shape, 7, x.dtype)
    sorting.argsort(x, out)
    return out


@both
@pytest.mark.parametrize("m", [0, 1, 2, 3, 7, 64, 101, 1000])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_the_order_is_numpys_stable_one(n, m, dtype):
    x = np.random.default_rng(m).integers(-20, 20, (n, m)).astype(dtype)
    np.testing.assert_array_equal(order_of(x), np.argsort(x, axis=1, kind="stable"))


@both
def test_nan_infinities_and_zeros(dtype):
    x = np.array([[np.nan, 1, -np.inf, 0.0, np.nan, -0.0, np.inf]], dtype)
    np.testing.assert_array_equal(order_of(x), np.argsort(x, axis=1, kind="stable"))


@both
@pytest.mark.parametrize("m", [1, 5, 33])
def test_along_an_order_and_back(m, dtype):
    x = np.random.default_rng(m).normal(size=(4, m)).astype(dtype)
    order, out, back = order_of(x), np.empty_like(x), np.empty_like(x)
    sorting.take_along(x, order, out)
    np.testing.assert_array_equal(out, np.sort(x, axis=1))
    sorting.put_along(out, order, back)
    np.testing.assert_array_equal(back, x)


@both
def test_what_is_no_column(dtype):
    x = np.array([[1, 2, 3]], dtype)
    index = np.array([[0, 3, np.nan]], dtype)
    out = np.empty_like(x)
    sorting.take_along(x, index, out)
    np.testing.assert_array_equal(out, [[1, np.nan, np.nan]])
    sorting.put_along(x, index, out)
    np.testing.assert_array_equal(out, [[1, 0, 0]])


def test_refusals():
    x = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"x: expected shape \(2, 2\), got \(2, 3\)"):
        sorting.argsort(x, np.empty((2, 2)))
    with pytest.raises(TypeError, match=r"index: expected float64 as the output, got float32"):
        sorting.take_along(x, x.astype("f4"), np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"out: expected a writable array"):
        sorting.put_along(x, x, np.broadcast_to(x, (2, 3)))
