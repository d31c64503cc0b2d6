"""Losses refuse what they cannot mean; what they can, they take."""

import numpy as np
import pytest

import fastbp as bp

HALF = np.array([0.5, 0.5])


@pytest.mark.parametrize("delta", [-1, 0, -1e-9, np.nan, np.inf, -np.inf])
def test_huber_needs_a_positive_delta(delta):
    with pytest.raises(ValueError, match="delta"):
        bp.huber([1.0], [0.0], delta)
    with pytest.raises(ValueError, match="delta"):
        bp.grad(lambda x: bp.huber(x, np.zeros(1), delta))(np.ones(1))
    with pytest.raises(TypeError, match="delta"):
        bp.huber([1.0], [0.0], "1")


def test_a_delta_may_be_computed():
    found = bp.grad(lambda d: bp.huber(np.array([3.0]), np.zeros(1), d))(0.5)
    assert found == pytest.approx(3 - 0.5)  # d (|e| - d / 2)


@pytest.mark.parametrize("loss", [bp.mae, bp.huber, bp.mse, bp.bce, bp.bce_with_logits])
@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_nothing_has_no_mean(loss, shape):
    with pytest.raises(ValueError, match="is empty"):
        loss(np.zeros(shape), np.zeros(shape))


@pytest.mark.parametrize("wrong", [2.0, -1.0, 1.0001, -1e-9, np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bce_takes_probabilities_alone(wrong, dtype):
    bad = np.array([0.5, wrong], dtype)
    for loss in (bp.bce, bp.bce_with_logits):
        with pytest.raises(ValueError, match=r"target must lie in \[0, 1\]"):
            loss(HALF.astype(dtype), bad)
        with pytest.raises(ValueError, match=r"target must lie in \[0, 1\]"):
            bp.grad(lambda p, loss=loss: loss(p, [0.5, wrong]))(HALF.astype(dtype))
    with pytest.raises(ValueError, match=r"prediction must lie in \[0, 1\]"):
        bp.bce(bad, HALF.astype(dtype))
    assert np.isfinite(bp.bce_with_logits(bad[:1] * 100, HALF[:1]))  # logits are any numbers


def test_the_ends_are_probabilities():
    assert bp.bce([0.0, 1.0], [0.0, 1.0]) == 0
    assert bp.bce([1, 0], [True, False]) == 0


@pytest.mark.parametrize(
    "rows", [[[0.5, 0.6]], [[0.5, 0.5], [2.0, -1.0]], [[0.2, 0.2]], [[1.5, -0.5]], [[3.0, 1.0]]]
)
def test_cross_entropy_takes_probabilities_alone(rows):
    rows = np.array(rows)
    match = r"prediction must have rows of probabilities, which add up to 1, got prediction\[\d\]"
    with pytest.raises(ValueError, match=match):
        bp.cross_entropy(rows, np.zeros(len(rows), int))
    with pytest.raises(ValueError, match=match):
        bp.cross_entropy(rows, np.tile(HALF, (len(rows), 1)))
    with pytest.raises(ValueError, match=match):
        bp.cross_entropy(rows, np.zeros(len(rows), int), label_smoothing=0.1)
    for loss in (bp.cross_entropy, bp.cross_entropy_with_logits):
        with pytest.raises(ValueError, match=r"target must have rows of probabilities"):
            loss(np.tile(HALF, (len(rows), 1)), rows)
    assert np.isfinite(bp.cross_entropy_with_logits(rows, np.zeros(len(rows), int)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_softmax_has_rows_of_probabilities(dtype):
    rows = bp.softmax(np.random.default_rng(0).normal(size=(50, 1000)).astype(dtype) * 5)
    assert np.isfinite(bp.cross_entropy(rows, np.zeros(50, int)))
    assert np.isfinite(bp.cross_entropy(rows, rows))
    assert bp.cross_entropy([[0.333, 0.333, 0.334]], [0]) == pytest.approx(-np.log(0.333))


def test_nan_passes_through():
    assert np.isnan(bp.bce([np.nan, 0.5], [0.0, 1.0]))
    assert np.isnan(bp.cross_entropy([[np.nan, 0.5]], [0]))
