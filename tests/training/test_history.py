"""History is a dict with one float an epoch."""

import json

import numpy as np

import fastbp as bp
from fastbp.training import History

X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(float)


def test_a_training_reports_floats():
    model = bp.Sequential([bp.Dense(1, "sigmoid")], seed=0)
    history = model.fit(
        X, Y, loss="bce", epochs=3, metrics=["accuracy"], validation_data=(X[:9], Y[:9])
    )
    assert isinstance(history, dict)
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    for values in history.values():
        assert len(values) == 3
        assert all(type(value) is float for value in values)
    assert history.epochs == 3
    assert json.loads(json.dumps(history)) == history


def test_repr():
    assert repr(History()) == "History(0 epochs)"
    assert repr(History({"loss": [0.5]})) == "History(1 epoch: loss 0.5 -> 0.5)"
    text = repr(History({"loss": [0.5, 0.25], "val_loss": [0.75, 0.123456]}))
    assert text == "History(2 epochs: loss 0.5 -> 0.25, val_loss 0.75 -> 0.1235)"


def test_values_are_appended():
    history = History()
    history.append({"loss": np.float64(1.0), "accuracy": 0.5})
    history.append({"loss": 0.5, "accuracy": 0.75})
    history.append({"val_loss": 2})
    assert history == {"loss": [1.0, 0.5], "accuracy": [0.5, 0.75], "val_loss": [2.0]}
