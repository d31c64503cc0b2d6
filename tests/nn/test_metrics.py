"""Accuracy, by loss, and its name."""

import numpy as np
import pytest

import fastbp as bp
from fastbp.nn.losses import get_loss
from fastbp.nn.metrics import get_metrics


def test_names_are_taken_once():
    loss = get_loss("bce")
    assert [m.name for m in get_metrics(["accuracy", "accuracy"], loss)] == ["accuracy"]
    assert get_metrics("accuracy", loss) == get_metrics(["accuracy"], loss)
    assert get_metrics((), get_loss("mse")) == ()


@pytest.mark.parametrize("name", ["acc", "Accuracy", "binary_accuracy", "accuracy_score"])
def test_unknown_metrics(name):
    message = rf"unknown metric '{name}': did you mean 'accuracy'\? Known: 'accuracy'"
    with pytest.raises(ValueError, match=message):
        get_metrics([name], get_loss("bce"))


def test_metrics_are_names():
    with pytest.raises(TypeError, match=r"metrics must be a list of names, got 3"):
        get_metrics(3, get_loss("bce"))
    with pytest.raises(TypeError, match=r"metrics must be a list of names, got <.*> in it"):
        get_metrics([np.mean], get_loss("bce"))


def test_a_regression_has_no_accuracy():
    with pytest.raises(
        ValueError, match=r"metrics: 'accuracy' counts right answers, which loss 'mse'"
    ):
        get_metrics(["accuracy"], get_loss("mse"))


def outputs_of(units, activation, loss, rows=1100):
    """A model that passes its inputs on, random inputs, and targets."""
    random = np.random.default_rng(0)
    model = bp.Sequential([bp.Dense(units, activation)], dtype="float64")
    model.build(units)
    model.layers[0].weight = np.eye(units)
    X = random.normal(size=(rows, units))
    y = random.integers(0, units if "cross" in loss else 2, rows)
    return model, X, y


@pytest.mark.parametrize(("loss", "activation"), [("bce", "sigmoid"), ("bce_with_logits", None)])
def test_binary_accuracy(loss, activation):
    model, X, y = outputs_of(1, activation, loss)
    right = ((X[:, 0] > 0) == (y == 1)).mean()
    result = model.evaluate(X, y, loss=loss, metrics=["accuracy"])
    assert list(result) == ["loss", "accuracy"]
    assert result["accuracy"] == pytest.approx(right, abs=1e-12)


@pytest.mark.parametrize(
    ("loss", "activation"), [("cross_entropy", "softmax"), ("cross_entropy_with_logits", None)]
)
def test_class_accuracy(loss, activation):
    model, X, y = outputs_of(4, activation, loss)
    right = (X.argmax(axis=1) == y).mean()
    result = model.evaluate(X, y, loss=loss, metrics="accuracy")
    assert result["accuracy"] == pytest.approx(right, abs=1e-12)


def test_accuracy_of_several_binary_outputs_counts_each():
    model, X, _ = outputs_of(3, "sigmoid", "bce")
    y = np.random.default_rng(1).integers(0, 2, X.shape)
    result = model.evaluate(X, y, loss="bce", metrics=["accuracy"])
    assert result["accuracy"] == pytest.approx(((X > 0) == (y == 1)).mean(), abs=1e-12)
