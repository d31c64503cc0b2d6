"""Holding rows out, and bringing features to one scale."""

import numpy as np
import pytest

from fastbp.datasets import standardize, train_test_split


@pytest.mark.parametrize(("rows", "share", "held_out"), [(8, 0.25, 2), (7, 0.25, 2), (2, 0.5, 1)])
def test_split_takes_each_row_once_with_its_label(rows, share, held_out):
    X = np.arange(2 * rows, dtype=np.float32).reshape(rows, 2)
    y = np.arange(rows)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=share)
    assert len(X_test) == len(y_test) == held_out
    np.testing.assert_array_equal(np.sort(np.concatenate([y_train, y_test])), y)
    np.testing.assert_array_equal(X_train, X[y_train])
    np.testing.assert_array_equal(X_test, X[y_test])
    assert X_train.dtype == np.float32


def test_split_follows_its_seed_and_copies():
    X, y = np.eye(20), np.arange(20)
    first, again = train_test_split(X, y, seed=3), train_test_split(X, y, seed=3)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[3], train_test_split(X, y, seed=4)[3])
    first[0][...] = 7
    np.testing.assert_array_equal(X, np.eye(20))


@pytest.mark.parametrize(
    ("X", "y", "share", "message"),
    [
        (np.eye(3), np.arange(4), 0.25, r"X and y .* got shapes \(3, 3\) and \(4,\)"),
        (np.eye(3), np.array(1), 0.25, r"X and y .* got shapes"),
        (np.eye(3), np.arange(3), 0.0, "test_size must be .* got 0.0"),
        (np.eye(3), np.arange(3), 1, "test_size must be .* got 1"),
        (np.eye(3), np.arange(3), float("nan"), "test_size must be .* got nan"),
        (np.eye(1), np.arange(1), 0.5, "X has 1 rows"),
    ],
)
def test_split_refuses(X, y, share, message):
    with pytest.raises(ValueError, match=message):
        train_test_split(X, y, test_size=share)


def test_standardize_measures_on_the_training_rows():
    rng = np.random.default_rng(0)
    train = rng.normal(5, 3, (100, 4)).astype(np.float32)
    test = rng.normal(5, 3, (50, 4)).astype(np.float32)
    before = train.copy()
    scaled, scaled_test = standardize(train, test)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-6)
    expected = (test - train.mean(axis=0, dtype=float)) / train.std(axis=0, dtype=float)
    np.testing.assert_allclose(scaled_test, expected, rtol=1e-6)
    assert scaled.dtype == scaled_test.dtype == np.float32
    np.testing.assert_array_equal(train, before)


@pytest.mark.parametrize("value", [0.1, 1e-30, 3])
def test_a_constant_feature_is_only_shifted(value):
    train = np.full((7, 1), value)
    scaled, scaled_test = standardize(train, np.full((1, 1), value + 1))
    np.testing.assert_allclose(scaled, 0, atol=1e-15)
    np.testing.assert_allclose(scaled_test, 1, rtol=1e-12)


def test_standardize_makes_integers_floats():
    scaled, _ = standardize(np.array([[0], [2]]), np.array([[1]]))
    assert scaled.dtype == np.float64
    np.testing.assert_array_equal(scaled, [[-1], [1]])


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (np.eye(3), np.eye(2), r"same number of features, got shapes \(3, 3\) and \(2, 2\)"),
        (np.arange(3), np.arange(3), "must be 2-D"),
        (np.empty((0, 3)), np.eye(3), "at least one row"),
    ],
)
def test_standardize_refuses(train, test, message):
    with pytest.raises(ValueError, match=message):
        standardize(train, test)
