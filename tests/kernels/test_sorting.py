"""Rows in order."""

import numpy as np
import pytest

import fastbp as bp
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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("m", [1, 2, 3, 50, 63, 64, 65, 255, 256, 257, 1000, 65_537])
def test_long_rows_are_in_numpys_order(m, dtype):
    """Around the length from which bytes are counted: equal numbers in their order, -0 beside 0, NaN last."""
    rng, info = np.random.default_rng(m), np.finfo(dtype)
    special = [
        np.nan,
        -np.nan,
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        info.max,
        -info.max,
        info.tiny,
        -info.tiny,
    ]
    special += [info.smallest_subnormal, -info.smallest_subnormal, 1.0, -1.0]
    rows = [
        rng.normal(size=m),
        rng.integers(0, 3, m),
        np.zeros(m),
        np.arange(m)[::-1],
        rng.choice(special, m),
        np.exp(rng.uniform(-80, 80, m)) * rng.choice([-1, 1], m),
    ]
    x = np.array(rows).astype(dtype)
    out = np.empty_like(x)
    sorting.argsort(x, out)
    np.testing.assert_array_equal(out, np.argsort(x, axis=1, kind="stable"))


@pytest.mark.parametrize("m", [40, 100, 3000])
def test_a_sort_in_a_program(m):
    """Its scratch is the program's: also by threads, and beside products that need some, too."""
    x, w = np.random.default_rng(0).normal(size=(2, 200, m))
    f = bp.value_and_grad(lambda x: (np.sort(x @ w.T @ w / m, axis=1) * np.arange(m)).mean())
    value, slopes = f(x)
    product = x @ w.T @ w / m
    assert value == pytest.approx((np.sort(product, axis=1) * np.arange(m)).mean(), rel=1e-10)
    ranks = np.argsort(np.argsort(product, axis=1, kind="stable"), axis=1, kind="stable")
    np.testing.assert_allclose(slopes, ranks @ w.T @ w / m / x.size, rtol=1e-9, atol=1e-12)
