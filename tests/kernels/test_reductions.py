"""Sums bit by bit against their order written out in NumPy; the search for what is not finite."""

import numpy as np
import pytest

from fastbp.kernels import reductions

DTYPES = ["float32", "float64"]


def numbers(shape, dtype, seed=0):
    """Numbers of many sizes, so that another order of summation gives other bits."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) * np.exp(rng.normal(0, 3, shape))).astype(dtype)


def sum_in_lanes(x):
    """64-byte lanes, then halves."""
    lanes = np.zeros(64 // x.itemsize, x.dtype)
    for start in range(0, x.size, lanes.size):
        part = x[start : start + lanes.size]
        lanes[: part.size] += part
    while lanes.size > 1:
        lanes = lanes[: lanes.size // 2] + lanes[lanes.size // 2 :]
    return lanes[0]


def sum_in_order(x):
    """The rows, one after another."""
    out = np.zeros(x.shape[1:], x.dtype)
    for row in x:
        out = out + row
    return out


def column_sums(x, out=None, **options):
    out = np.empty(x.shape[1], x.dtype) if out is None else out
    reductions.column_sums(x, out, **options)
    return out


def row_sums(x):
    out = np.empty(x.shape[0], x.dtype)
    reductions.row_sums(x, out)
    return out


@pytest.mark.parametrize("dtype", DTYPES)
def test_total(dtype):
    for n in [*range(70), 255, 256, 257, 4096]:
        x = numbers(n, dtype)
        assert reductions.total(x) == sum_in_lanes(x)
    x = numbers((13, 7), dtype)
    assert reductions.total(x) == sum_in_lanes(x.ravel())
    np.testing.assert_allclose(reductions.total(x), x.astype("f8").sum(), rtol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [2, 3, 4, 7, 8, 10, 15, 16, 17, 31, 33, 62, 63, 64, 65, 100, 300])
def test_column_sums_go_from_the_first_row_to_the_last(m, dtype):
    for n in (0, 1, 2, 7, 8, 9, 33):
        x = numbers((n, m), dtype)
        np.testing.assert_array_equal(column_sums(x), sum_in_order(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_column_is_summed_as_total_does(dtype):
    x = numbers((1000, 1), dtype)
    assert column_sums(x)[0] == sum_in_lanes(x.ravel())
    start = np.array([2.5], dtype)
    assert column_sums(x, start.copy(), accumulate=True)[0] == start[0] + sum_in_lanes(x.ravel())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [2, 10, 40, 70, 130])
def test_column_sums_of_blocks_are_those_of_the_whole(m, dtype):
    x = numbers((50, m), dtype)
    out = column_sums(x[:17])
    column_sums(x[17:], out, accumulate=True)
    np.testing.assert_array_equal(out, column_sums(x))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [0, 1, 2, 10, 31, 32, 33, 100])
def test_row_sums(m, dtype):
    x = numbers((9, m), dtype)
    expected = [sum_in_order(row) if m < 32 else sum_in_lanes(row) for row in x]
    np.testing.assert_array_equal(row_sums(x), np.array(expected, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bad", [np.nan, -np.nan, np.inf, -np.inf])
def test_first_nonfinite(bad, dtype):
    x = np.full(5000, np.finfo(dtype).max, dtype)
    x[::2] = -np.finfo(dtype).smallest_subnormal
    assert reductions.first_nonfinite(x) == -1
    for place in (4999, 4096, 3000, 1025, 1024, 1023, 17, 0):
        x[place] = bad
        assert reductions.first_nonfinite(x) == place
    assert reductions.first_nonfinite(x[:0]) == -1
    assert reductions.first_nonfinite(np.zeros((3, 4), dtype)) == -1


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_passes_through(dtype):
    x = np.ones((40, 70), dtype)
    x[11, 5] = x[39, 69] = np.nan
    assert np.isnan(reductions.total(x))
    np.testing.assert_array_equal(np.isnan(column_sums(x)), np.isnan(x).any(0))
    np.testing.assert_array_equal(np.isnan(row_sums(x)), np.isnan(x).any(1))
    np.testing.assert_array_equal(np.isnan(column_sums(x[:, :9].copy())), np.isnan(x[:, :9]).any(0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_beside_the_output_is_written(dtype):
    for m in (2, 5, 19, 61, 75):
        block = np.full(m + 40, 7, dtype)
        column_sums(np.ones((3, m), dtype), block[20 : 20 + m])
        np.testing.assert_array_equal(block[20 : 20 + m], 3)
        np.testing.assert_array_equal(np.delete(block, np.s_[20 : 20 + m]), 7)


def test_read_only_inputs_and_no_numbers():
    x = np.ones((2, 3))
    x.flags.writeable = False
    assert reductions.total(x) == 6
    assert reductions.total(x[:0]) == 0
    np.testing.assert_array_equal(column_sums(x[:0].copy()), np.zeros(3))
    np.testing.assert_array_equal(row_sums(np.empty((0, 3))), np.zeros(0))


def test_refusals():
    x = np.ones((2, 3))
    with pytest.raises(TypeError, match=r"x: expected an array of float32 or float64, got list"):
        reductions.total([1.0])
    with pytest.raises(ValueError, match=r"x: .*C-contiguous"):
        reductions.first_nonfinite(x.T)
    with pytest.raises(ValueError, match=r"x: expected 2 dimensions, got shape \(6,\)"):
        reductions.row_sums(x.ravel(), np.empty(2))
    with pytest.raises(ValueError, match=r"out: expected shape \(3,\), got \(2,\)"):
        reductions.column_sums(x, np.empty(2))
    with pytest.raises(ValueError, match=r"out: expected shape \(2,\), got \(3,\)"):
        reductions.row_sums(x, np.empty(3))
    with pytest.raises(TypeError, match=r"x: expected float32 as the output, got float64"):
        reductions.column_sums(x, np.empty(3, "f4"))
