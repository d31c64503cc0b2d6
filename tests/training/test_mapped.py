"""Data in files that are mapped to memory: read as it is used, and looked at as it is read."""

import numpy as np
import pytest

import fastbp as bp
from fastbp import checks

ROWS = 300


@pytest.fixture
def mapped(tmp_path):
    """A function that writes an array to a file and maps it, read-only."""

    def write(array, name="x"):
        path = tmp_path / f"{name}.npy"
        np.save(path, array)
        return np.load(path, mmap_mode="r")

    return write


def data(dtype="float32"):
    X = np.random.default_rng(0).normal(size=(ROWS, 6)).astype(dtype)
    return X, X[:, 0] > 0


def trainer(dtype="float32"):
    model = bp.Sequential([bp.Dense(8, "relu"), bp.Dense(1, "sigmoid")], dtype=dtype, seed=0)
    return bp.Trainer(model, loss="bce", optimizer=bp.Adam(1e-2))


def bits(trained):
    return [view.tobytes() for view in trained.model.parameters.values()]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [32, ROWS])
def test_it_trains_as_any_array_does(mapped, dtype, batch):
    X, y = data(dtype)
    one, other = trainer(dtype), trainer(dtype)
    one.fit(X, y, epochs=3, batch_size=batch, verbose=0)
    other.fit(mapped(X), y, epochs=3, batch_size=batch, verbose=0)
    assert bits(one) == bits(other)


def test_it_is_not_read_whole_first(mapped, monkeypatch):
    X, y = data()
    looked = []
    finite = checks.finite
    monkeypatch.setattr(checks, "finite", lambda *given: looked.append(given[0]) or finite(*given))
    trainer().fit(mapped(X), y, verbose=0)
    assert "X" not in looked
    trainer().fit(X, y, verbose=0)
    assert "X" in looked


def test_what_counts_as_mapped(mapped):
    X, _ = data()
    found = mapped(X)
    assert checks.mapped(found)
    assert checks.mapped(found[10:20])
    assert checks.mapped(np.asarray(found)[:, None])
    assert not checks.mapped(X)
    assert not checks.mapped(np.array(found))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch", [32, 128, ROWS])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite(mapped, value, batch, shuffle, threads):
    X, y = data()
    X[177, 4] = value
    found = trainer()
    found.step(X[:10], y[:10])
    before, steps = bits(found), found.steps
    message = (
        rf"X must hold finite values, got X\[177, 4\] = {value}, read in epoch 1 .*the start again"
    )
    with pytest.raises(ValueError, match=message):
        found.fit(
            mapped(X), y, epochs=3, batch_size=batch, shuffle=shuffle, threads=threads, verbose=0
        )
    assert bits(found) == before
    assert found.steps == steps
    X[177, 4] = 0
    found.fit(mapped(X), y, batch_size=batch, verbose=0)  # in use again
    assert bits(found) != before


def test_an_error_of_another_kind_afterwards(mapped):
    """What was found in the data is not found again when the training itself breaks off."""
    X, y = data()
    X[0, 0] = np.nan
    found = trainer()
    with pytest.raises(ValueError, match="X must hold finite values"):
        found.fit(mapped(X), y, verbose=0)
    X[0, 0] = 0
    found.model.layers[0].weight = np.full((6, 8), 3e38)
    with pytest.raises(bp.DivergenceError):
        found.fit(mapped(np.abs(X) * 1e3 + 1), y, verbose=0)


def test_a_function_of_mapped_arrays(mapped):
    X, y = data("float64")
    X[20, 1] = np.nan

    def loss(params, x, y):
        return ((x @ params["w"] - y) ** 2).mean()

    found = bp.Trainer(loss, params={"w": np.zeros(6)}, seed=0)
    with pytest.raises(
        ValueError, match=r"data\[0\] must hold finite values, got data\[0\]\[20, 1\] = nan"
    ):
        found.fit((mapped(X), y.astype(float)), verbose=0)
    assert not found.params["w"].any()


def test_validation_data_is_looked_at_first(mapped):
    X, y = data()
    bad = X.copy()
    bad[3, 2] = np.nan
    found = trainer()
    with pytest.raises(ValueError, match=r"validation_data\[0\]\[3, 2\] = nan"):
        found.fit(X, y, validation_data=(mapped(bad), y), verbose=0)
    assert found.steps == 0
