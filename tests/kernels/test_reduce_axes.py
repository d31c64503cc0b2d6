"""Reductions along the middle of three axes, against NumPy; sums bit by bit against the kernels of two axes."""

import numpy as np
import pytest

from fastbp.kernels import reduce_axes, reductions

both = pytest.mark.parametrize("dtype", ["float32", "float64"])
shapes = pytest.mark.parametrize(
    "shape",
    [
        *[(outer, k, inner) for outer in (1, 3) for k in (1, 2, 5, 8, 31) for inner in (1, 2, 17)],
        *[(2, k, 1) for k in (32, 33, 63, 64, 65, 97, 1009)],
        *[(2, k, 130) for k in (3, 4, 9, 100)],
        (0, 3, 4),
        (2, 3, 0),
        (7, 4, 64),
    ],
)


def numbers(shape, dtype, seed=0):
    """Numbers of many sizes, so that another order of summation gives other bits."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) * np.exp(rng.normal(0, 3, shape))).astype(dtype)


def reduced(name, x):
    """The result, written between sevens that must stay."""
    size = x.shape[0] * x.shape[2]
    block = np.full(size + 64, 7, x.dtype)
    out = block[32 : 32 + size].reshape(x.shape[0], x.shape[2])
    getattr(reduce_axes, name)(x, out)
    assert (np.delete(block, np.s_[32 : 32 + size]) == 7).all()
    return out


@both
@shapes
def test_sums(shape, dtype):
    x = numbers(shape, dtype)
    expected = np.empty((shape[0], shape[2]), dtype)
    if shape[2] == 1:
        reductions.row_sums(x[:, :, 0].copy(), expected.reshape(-1))
    else:
        for part, row in zip(x, expected, strict=True):
            reductions.column_sums(part, row)
    np.testing.assert_array_equal(reduced("sum_axis", x), expected)
    np.testing.assert_allclose(expected, x.sum(1, dtype="f8"), rtol=1e-4, atol=1e-3)


@both
@shapes
@pytest.mark.parametrize("name", ["max", "min"])
def test_extremes(name, shape, dtype):
    x = numbers(shape, dtype)
    find = getattr(np, name)
    np.testing.assert_array_equal(reduced(f"{name}_axis", x), find(x, axis=1))
    x[x > 1] = np.inf
    x[x < -1] = -np.inf
    np.testing.assert_array_equal(reduced(f"{name}_axis", x), find(x, axis=1))
    np.testing.assert_array_equal(reduced(f"{name}_axis", -abs(x)), find(-abs(x), axis=1))
    np.testing.assert_array_equal(reduced(f"{name}_axis", abs(x)), find(abs(x), axis=1))


@both
@pytest.mark.parametrize("inner", [1, 2, 33])
@pytest.mark.parametrize("k", [1, 7, 40, 133])
@pytest.mark.parametrize("name", ["max", "min", "sum"])
def test_nan_passes_through(name, k, inner, dtype):
    for place in range(k):
        x = numbers((2, k, inner), dtype)
        x[1, place, inner // 2] = np.nan
        got = reduced(f"{name}_axis", x)
        np.testing.assert_array_equal(np.isnan(got), np.isnan(x).any(1))


@both
@shapes
@pytest.mark.parametrize("reverse", [False, True])
def test_cumsum(reverse, shape, dtype):
    x = numbers(shape, dtype)
    block = np.full(x.size + 64, 7, dtype)
    out = block[32 : 32 + x.size].reshape(shape)
    reduce_axes.cumsum_axis(x, out, reverse=reverse)
    assert (np.delete(block, np.s_[32 : 32 + x.size]) == 7).all()
    order = np.s_[:, ::-1] if reverse else np.s_[:]
    np.testing.assert_array_equal(out[order], np.cumsum(x[order], axis=1, dtype=dtype))
    same = x.copy()
    reduce_axes.cumsum_axis(same, same, reverse=reverse)
    np.testing.assert_array_equal(same, out)


@both
def test_sums_of_nothing(dtype):
    x = np.empty((2, 0, 3), dtype)
    np.testing.assert_array_equal(reduced("sum_axis", x), np.zeros((2, 3)))
    np.testing.assert_array_equal(reduced("sum_axis", x[:, :, :1].copy()), np.zeros((2, 1)))
    reduce_axes.cumsum_axis(x, np.empty((2, 0, 3), dtype), reverse=True)
    for name in ("max_axis", "min_axis"):
        with pytest.raises(ValueError, match=r"x: expected one number or more .*\(2, 0, 3\)"):
            reduced(name, x)


def test_refusals():
    x = np.ones((2, 3, 4))
    with pytest.raises(ValueError, match=r"out: expected shape \(2, 4\), got \(2, 3\)"):
        reduce_axes.sum_axis(x, np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"x: expected 3 dimensions, got shape \(2, 3\)"):
        reduce_axes.max_axis(x[:, :, 0].copy(), np.empty((2, 1)))
    with pytest.raises(TypeError, match=r"x: expected float32 as the output, got float64"):
        reduce_axes.min_axis(x, np.empty((2, 4), "f4"))
    with pytest.raises(ValueError, match=r"x: expected shape \(2, 3, 3\), got \(2, 3, 4\)"):
        reduce_axes.cumsum_axis(x, np.empty((2, 3, 3)))
    with pytest.raises(ValueError, match=r"x: .*C-contiguous"):
        reduce_axes.sum_axis(x.T, np.empty((4, 2)))
