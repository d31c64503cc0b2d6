"""Hyperbolic functions and their inverses, to the ends of the dtypes: values and slopes are NumPy's."""

import numpy as np
import pytest

import fastbp as bp

FAR = {"float32": (np.float32, 89.0, 3.3e38), "float64": (np.float64, 710.3, 1.7e308)}
SLOPES = {
    np.cosh: np.sinh,
    np.sinh: np.cosh,
    np.arcsinh: lambda x: 1 / np.hypot(x, 1),
    np.arccosh: lambda x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)),
}


def close(got, want, dtype):
    want = want.astype(dtype)
    ulps = np.abs(got - want) / np.spacing(np.abs(want))
    assert got.dtype == dtype
    assert ulps.max() <= 5, ulps.max()


def points(function, kind):
    dtype, exponent, largest = FAR[kind]
    if function in (np.cosh, np.sinh):
        near = np.linspace(-exponent, exponent, 201)
        x = np.concatenate([near, exponent - 10.0 ** np.linspace(-2, 1, 50), [1e-5, -1e-5, 0.3]])
        return x.astype(dtype)
    x = np.geomspace(1.5, largest, 300)
    return (x if function is np.arccosh else np.concatenate([-x, 1e-5 * x[:50], x])).astype(dtype)


@pytest.mark.parametrize("kind", FAR)
@pytest.mark.parametrize("function", SLOPES, ids=lambda f: f.__name__)
def test_values_and_slopes(function, kind):
    x = points(function, kind)
    dtype = FAR[kind][0]
    exact = x.astype(np.float64)
    close(bp.compile(function)(x), function(exact), dtype)
    slopes = SLOPES[function](exact)
    got = bp.grad(lambda x: function(x).sum())(x)
    normal = np.abs(slopes) >= np.finfo(dtype).tiny
    close(got[normal], slopes[normal], dtype)


@pytest.mark.parametrize("kind", FAR)
def test_ends(kind):
    dtype = FAR[kind][0]
    x = np.array([0.0, np.inf, -np.inf, np.nan], dtype)
    for function in (np.cosh, np.sinh, np.arcsinh):
        np.testing.assert_array_equal(bp.compile(function)(x), function(x))
    np.testing.assert_array_equal(bp.compile(np.cosh)(2 * dtype(FAR[kind][1])), np.inf)
    np.testing.assert_array_equal(bp.compile(np.arccosh)(x[[1, 3]]), x[[1, 3]])


@pytest.mark.parametrize("function", [np.cosh, np.sinh, np.arcsinh], ids=lambda f: f.__name__)
def test_second_slopes(function):
    x = np.array([-3.0, 0.0, 0.5, 20.0])
    second = {np.cosh: np.cosh, np.sinh: np.sinh, np.arcsinh: lambda x: -x / np.hypot(x, 1) ** 3}
    got = bp.hvp(lambda x: function(x).sum())(x, np.ones(4))
    np.testing.assert_allclose(got, second[function](x), rtol=1e-14)
