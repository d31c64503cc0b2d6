"""Reductions of the middle axis."""

import numpy as np
import pytest

from fastbp.kernels import axes

DTYPES = ("float32", "float64")
SHAPES = [
    (0, 3, 2),
    (1, 1, 1),
    (3, 5, 1),
    (2, 37, 1),
    (4, 100, 1),
    (3, 5, 7),
    (1, 7, 53),
    (2, 3, 0),
]
each = pytest.mark.parametrize("shape", SHAPES)
both = pytest.mark.parametrize("dtype", DTYPES)


def made(name, x, **options):
    outer, _, inner = x.shape
    out = np.full(x.shape if name == "cumsum_axis" else (outer, inner), 7, x.dtype)
    getattr(axes, name)(x, out, **options)
    return out


@both
@each
def test_values(shape, dtype):
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    exact = x.astype(float)
    rtol = 1e-5 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(made("sum_axis", x), exact.sum(axis=1), rtol=rtol, atol=rtol)
    np.testing.assert_array_equal(made("max_axis", x), x.max(axis=1))
    np.testing.assert_array_equal(made("min_axis", x), x.min(axis=1))
    np.testing.assert_allclose(made("cumsum_axis", x), exact.cumsum(axis=1), rtol=rtol, atol=rtol)
    back = np.flip(np.flip(exact, 1).cumsum(axis=1), 1)
    np.testing.assert_allclose(made("cumsum_axis", x, reverse=True), back, rtol=rtol, atol=rtol)


@both
@pytest.mark.parametrize("inner", [1, 3])
@pytest.mark.parametrize("at", [0, 1, 15, 16, 40])
def test_nan_wins(at, inner, dtype):
    x = np.random.default_rng(at).normal(size=(2, 41, inner)).astype(dtype)
    x[1, at, 0] = np.nan
    for name in ("max_axis", "min_axis"):
        found = made(name, x)
        assert np.isnan(found[1, 0])
        assert np.isfinite(np.delete(found.ravel(), inner)).all()


@both
def test_infinities(dtype):
    x = np.array([[[-np.inf], [1], [np.inf]]], dtype)
    assert made("max_axis", x)[0, 0] == np.inf
    assert made("min_axis", x)[0, 0] == -np.inf


@both
def test_sums_may_be_made_in_place(dtype):
    x = np.arange(24, dtype=dtype).reshape(2, 4, 3)
    wanted = x.cumsum(axis=1)
    axes.cumsum_axis(x, x)
    np.testing.assert_array_equal(x, wanted)


def test_refusals():
    x = np.ones((2, 3, 4))
    with pytest.raises(ValueError, match=r"x: expected 3 dimensions, got shape \(2, 3\)"):
        axes.sum_axis(x[0, :2, :3].copy(), np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"out: expected shape \(2, 4\), got \(2, 3\)"):
        axes.max_axis(x, np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"x: expected at least one element along the middle axis"):
        axes.min_axis(np.empty((2, 0, 3)), np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"out: expected shape \(2, 3, 4\), got \(2, 3, 3\)"):
        axes.cumsum_axis(x, np.empty((2, 3, 3)))
