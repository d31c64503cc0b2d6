"""History is a dict with one float an epoch."""

import copy
import json
import pickle

import numpy as np
import pytest

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


def test_the_model_and_the_trainer_keep_the_last_one():
    model = bp.Sequential([bp.Dense(1, "sigmoid")], seed=0)
    assert model.history == {}
    history = model.fit(X, Y, loss="bce", epochs=2)
    assert model.history is history
    trainer = bp.Trainer(model, loss="bce")
    assert trainer.history == {}
    second = trainer.fit(X, Y, epochs=3)
    assert trainer.history is model.history is second
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.history == second
        assert other.history is not second


def test_a_training_that_diverges_keeps_the_epochs_before():
    model = bp.Sequential([bp.Dense(1)], seed=0)
    trainer = bp.Trainer(model, loss="mse", optimizer=bp.SGD(3.0))
    with pytest.raises(bp.DivergenceError) as caught:
        trainer.fit(X, Y, epochs=10_000, batch_size=40, verbose=0)
    error = caught.value
    assert error.history is trainer.history is model.history
    assert error.history.epochs == error.epoch - 1 == trainer.steps > 0
    again = bp.Trainer(bp.Sequential([bp.Dense(1)], seed=0), loss="mse", optimizer=bp.SGD(3.0))
    assert again.fit(X, Y, epochs=error.epoch - 1, batch_size=40, verbose=0) == error.history
    assert bp.DivergenceError("m", 1, 1, None).history == {}
    assert pickle.loads(pickle.dumps(error)).history == error.history


def test_numbers_that_are_found_on_the_way(tmp_path):
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", "f8", X.shape)
    x[:], x[5, 1] = X, np.nan
    model = bp.Sequential([bp.Dense(1)], dtype="float64", seed=0)
    with pytest.raises(ValueError, match="must hold finite values") as caught:
        model.fit(x, Y, loss="mse", epochs=2)
    assert caught.value.history == model.history == {}
