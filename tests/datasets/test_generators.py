"""Data made from a seed."""

import numpy as np
import pytest

from fastbp.datasets import make_moons, make_regression, make_xor

MAKERS = [make_moons, make_regression, make_xor]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("rows", [1, 2, 101])
def test_shapes_and_dtypes(make, rows):
    X, y = make(rows)
    assert X.shape == (rows, 5 if make is make_regression else 2)
    assert y.shape == (rows,)
    assert X.dtype == y.dtype == np.float32


@pytest.mark.parametrize("make", MAKERS)
def test_the_seed_decides_and_the_global_state_is_left_alone(make):
    np.random.seed(1)  # noqa: NPY002  (the global state is what is tested)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again, other = make(50, seed=5), make(50, seed=5), make(50, seed=6)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_xor_without_noise_is_the_truth_table():
    X, y = make_xor(8, noise=0)
    np.testing.assert_array_equal(X[:4], [[0, 0], [0, 1], [1, 0], [1, 1]])
    np.testing.assert_array_equal(y, [0, 1, 1, 0, 0, 1, 1, 0])


def test_xor_has_the_noise_that_was_asked_for():
    X, _ = make_xor(40_000, noise=0.2)
    corners, _ = make_xor(40_000, noise=0)
    assert (X - corners).std() == pytest.approx(0.2, rel=0.02)


def test_moons_without_noise_lie_on_their_half_circles():
    X, y = make_moons(300, noise=0)
    upper, lower = X[y == 0], X[y == 1]
    assert len(upper) == len(lower) == 150
    np.testing.assert_allclose(np.hypot(*upper.T), 1, rtol=1e-6)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1, rtol=1e-6)
    assert (upper[:, 1] >= 0).all()
    assert (lower[:, 1] <= 0.5).all()


def test_regression_without_noise_is_linear():
    X, y = make_regression(60, 4, noise=0)
    A = np.column_stack([X, np.ones(60)]).astype(float)
    solution = np.linalg.lstsq(A, y)[0]
    np.testing.assert_allclose(A @ solution, y, atol=1e-5)
    _, noisy = make_regression(60, 4, noise=0.5)
    assert 0.3 < (noisy - y).std() < 0.7


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_samples": 0}, ValueError, "n_samples must be a positive integer, got 0"),
        ({"n_samples": 2.0}, TypeError, "n_samples must be a positive integer, got 2.0"),
        ({"noise": -1}, ValueError, "noise must be at least 0, got -1"),
        ({"noise": np.nan}, ValueError, "noise must be finite"),
        ({"noise": "a"}, TypeError, "noise must be a number, got 'a'"),
        ({"seed": -1}, ValueError, "seed must be .* got -1"),
    ],
)
def test_generators_refuse(make, options, error, message):
    with pytest.raises(error, match=message):
        make(**options)


def test_regression_refuses_no_features():
    with pytest.raises(ValueError, match="n_features must be a positive integer, got 0"):
        make_regression(5, 0)
