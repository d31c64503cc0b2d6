"""The random numbers: permutations, streams, moments, and values that never change."""

import numpy as np
import pytest

from fastbp.engine import random


def permutation(n, seed=0, stream=0):
    index = np.full(n, -1, np.int64)
    random.permutation(index, seed, stream)
    return index


def uniform(n, dtype="float64", seed=0, stream=0, low=0.0, high=1.0):
    out = np.full(n, np.nan, dtype)
    random.uniform(out, seed, stream, low, high)
    return out


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_a_permutation_holds_each_number_once(n, seed):
    for stream in range(5):
        assert sorted(permutation(n, seed, stream).tolist()) == list(range(n))


def test_each_stream_of_a_seed_is_another_permutation():
    seen = {permutation(1000, seed, stream).tobytes() for seed in range(5) for stream in range(20)}
    assert len(seen) == 100
    assert permutation(1000, 3, 4).tobytes() == permutation(1000, 3, 4).tobytes()


def test_permutations_of_two_and_of_five_are_fair():
    firsts = np.array([permutation(5, 7, stream) for stream in range(5000)])
    for place in range(5):
        counts = np.bincount(firsts[:, place], minlength=5)
        assert abs(counts - 1000).max() < 150  # more than five standard deviations
    assert 400 < sum(permutation(2, 7, s)[0] for s in range(1000)) < 600


def test_values_that_never_change():
    """A saved seed must give the same training in every version."""
    assert permutation(8, 42, 0).tolist() == PERMUTATION
    np.testing.assert_array_equal(uniform(4, seed=42, stream=1, low=-1, high=1), UNIFORM)


PERMUTATION = [2, 0, 3, 4, 6, 1, 5, 7]
UNIFORM = [0.3487800215417274, 0.13633877063791489, -0.6538502173953287, -0.7268256794464893]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (-0.25, 0.75), (3, 3)])
def test_range_and_moments(low, high):
    n = 100_000
    x = uniform(n, low=low, high=high)
    width = high - low
    assert x.min() >= low
    assert x.max() <= high
    assert x.mean() == pytest.approx((low + high) / 2, abs=0.006 * width)
    assert x.var() == pytest.approx(width**2 / 12, rel=0.02)
    if width:
        u = (x - low) / width
        assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.02
        counts, _ = np.histogram(u, bins=20, range=(0, 1))
        assert abs(counts - n / 20).max() < 400  # of a standard deviation of 69


def test_streams_and_seeds_are_not_correlated():
    rows = np.array([uniform(20_000, seed=s, stream=t) for s in range(3) for t in range(3)])
    correlation = np.corrcoef(rows) - np.eye(len(rows))
    assert abs(correlation).max() < 0.04


def test_float32_is_float64_rounded():
    x = uniform(1000, "float64", seed=5, low=-0.3, high=0.7)
    np.testing.assert_array_equal(
        uniform(1000, "float32", seed=5, low=-0.3, high=0.7), x.astype("f4")
    )


def test_a_longer_array_begins_like_a_shorter_one():
    np.testing.assert_array_equal(uniform(1000)[:10], uniform(10))
    assert uniform(0).size == 0


def test_arguments():
    with pytest.raises(TypeError, match="out: expected an array of float32 or float64"):
        random.uniform(np.zeros(3, np.int64), 0, 0, 0.0, 1.0)
    with pytest.raises(TypeError, match="index: expected an array of int64, got an array of int32"):
        random.permutation(np.zeros(3, np.int32), 0, 0)
    with pytest.raises(ValueError, match="index: expected an aligned C-contiguous array"):
        random.permutation(np.zeros(6, np.int64)[::2], 0, 0)
    with pytest.raises(OverflowError, match="seed: expected a whole number from 0 to"):
        random.permutation(np.zeros(3, np.int64), -1, 0)
