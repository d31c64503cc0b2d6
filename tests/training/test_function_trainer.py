"""Trainer(loss, params=params): a function of parameters and data is the model."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import fastbp as bp

RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 3))
Y = np.sin(X @ [1.0, -2.0, 0.5])
START = {"hidden": (RNG.normal(0, 0.5, (3, 8)), np.zeros(8)), "out": [RNG.normal(0, 0.5, 8), 0.1]}


def loss(params, x, y):
    W, b = params["hidden"]
    v, c = params["out"]
    return ((np.tanh(x @ W + b) @ v + c - y) ** 2).mean()


def gradient(params, x, y):
    """By hand."""
    (W, b), (v, c) = params["hidden"], params["out"]
    h = np.tanh(x @ W + b)
    e = 2 * (h @ v + c - y) / len(x)
    d = e[:, None] * v * (1 - h**2)
    return {"hidden": (x.T @ d, d.sum(0)), "out": [h.T @ e, e.sum()]}


def flat(params):
    (W, b), (v, c) = params["hidden"], params["out"]
    return np.concatenate([np.ravel(a) for a in (W, b, v, c)])


def make(optimizer=None, **options):
    return bp.Trainer(loss, params=START, optimizer=optimizer or bp.SGD(0.1), seed=0, **options)


def test_steps_are_those_of_gradient_descent():
    trainer, theta = make(), flat(START)
    for i in range(3):
        x, y = X[10 * i : 10 * i + 10], Y[10 * i : 10 * i + 10]
        slope = flat(gradient(trainer.params, x, y))
        value = loss(trainer.params, x, y)
        assert trainer.step(x, y) == pytest.approx(value, rel=1e-12)
        theta = theta - 0.1 * slope
        np.testing.assert_allclose(flat(trainer.params), theta, rtol=1e-12, atol=1e-15)
    assert trainer.steps == 3


def test_fit_takes_each_row_once_with_a_short_last_batch():
    """100 rows in batches of 32: len(y), y.size, x.shape[0] and np.arange(len(x)) mean the batch in hand."""
    trainers = []
    for mean in (
        lambda e, y: (e**2).mean(),
        lambda e, y: (e**2).sum() / len(y),
        lambda e, y: (e**2).sum() / y.size,
        lambda e, y: (e**2).sum() / y.shape[0],
        lambda e, y: (e**2)[np.arange(len(y))].sum() / len(np.arange(len(y))),
    ):

        def one(params, x, y, mean=mean):
            W, b = params["hidden"]
            v, c = params["out"]
            return mean(np.tanh(x @ W + b) @ v + c - y, y)

        trainer = bp.Trainer(one, params=START, optimizer=bp.Adam(0.01), seed=0)
        history = trainer.fit((X, Y), epochs=3, batch_size=32)
        trainers.append((history["loss"], flat(trainer.params)))
    for history, theta in trainers[1:]:
        np.testing.assert_allclose(history, trainers[0][0], rtol=1e-12)
        np.testing.assert_allclose(theta, trainers[0][1], rtol=1e-10)


def test_it_is_the_training_of_the_same_network():
    model = bp.Sequential([bp.Dense(8, "tanh"), bp.Dense(1)], dtype="float64", seed=3)
    model.build(3)
    start = {k: v.copy() for k, v in model.parameters.items()}

    def same(p, x, y):
        h = np.tanh(x @ p["0.weight"] + p["0.bias"])
        return bp.mse(h @ p["1.weight"] + p["1.bias"], y)

    ours = bp.Trainer(same, params=start, optimizer=bp.Adam(0.01), seed=3)
    theirs = bp.Trainer(model, loss="mse", optimizer=bp.Adam(0.01))
    column = Y[:, None]
    assert ours.fit((X, column), epochs=4) == theirs.fit(X, column, epochs=4)
    for name, view in model.parameters.items():
        np.testing.assert_array_equal(ours.params[name], view)


def test_params_are_live_and_the_users_are_not_written():
    given = copy.deepcopy(START)
    trainer = bp.Trainer(loss, params=given, optimizer=bp.SGD(0.1), seed=0)
    before = flat(given).copy()
    view = trainer.params["hidden"][0]
    trainer.step(X, Y)
    assert (view != given["hidden"][0]).any()
    np.testing.assert_array_equal(flat(given), before)
    view[...] = 0
    assert trainer.evaluate((X, Y))["loss"] == pytest.approx(loss(trainer.params, X, Y))
    assert trainer.params["out"][1].shape == ()


def test_gradients_without_an_update():
    trainer = make()
    value, found = trainer.gradients(X, Y)
    wanted = gradient(START, X, Y)
    assert value == pytest.approx(loss(START, X, Y))
    assert list(found) == [
        "params['hidden'][0]", "params['hidden'][1]", "params['out'][0]", "params['out'][1]",
    ]  # fmt: skip
    np.testing.assert_allclose(found["params['hidden'][0]"], wanted["hidden"][0], rtol=1e-11)
    assert trainer.steps == 0


def test_validation_and_evaluation_take_all_rows_at_once():
    trainer = make()
    history = trainer.fit((X, Y), epochs=2, validation_data=(X[:57], Y[:57]))
    assert list(history) == ["loss", "val_loss"]
    value = loss(trainer.params, X[:57], Y[:57])
    assert history["val_loss"][-1] == pytest.approx(value, rel=1e-12)
    assert trainer.evaluate((X[:57], Y[:57])) == {"loss": pytest.approx(value, rel=1e-12)}


def test_going_on_from_a_file_gives_the_bits_of_one_training(tmp_path):
    whole = make(bp.Adam(0.01))
    expected = whole.fit((X, Y), epochs=4)["loss"]
    first = make(bp.Adam(0.01))
    found = first.fit((X, Y), epochs=2)["loss"]
    first.save(tmp_path / "t.npz")
    second = bp.Trainer.load(tmp_path / "t.npz", loss=loss, params=START)
    found += second.fit((X, Y), epochs=2)["loss"]
    assert found == expected
    np.testing.assert_array_equal(flat(second.params), flat(whole.params))
    with pytest.raises(ValueError, match="it is of a trainer of a function: load it with"):
        bp.Trainer.load(tmp_path / "t.npz")
    with pytest.raises(ValueError, match=r"params\['w'\]|cannot load"):
        bp.Trainer.load(tmp_path / "t.npz", loss=loss, params={"w": np.zeros(3)})


def test_copies_share_nothing():
    trainer = make(bp.Adam(0.01))
    trainer.fit((X, Y))
    for other in (copy.deepcopy(trainer), pickle.loads(pickle.dumps(trainer))):
        assert other.step(X, Y) == copy.deepcopy(trainer).step(X, Y)
        assert (flat(other.params) != flat(trainer.params)).any()


def test_what_the_function_captured_may_change():
    scale, table = 1.0, np.ones(3)

    def scaled(w, x):
        return scale * ((x * table) @ w).mean() + (w**2).sum()

    trainer = bp.Trainer(scaled, params=np.zeros(3), optimizer=bp.SGD(1e-9))
    w = np.array([1.0, 2.0, 3.0])
    for change in range(3):
        trainer.params[...] = w
        if change == 1:
            scale = 2.0
        if change == 2:
            table[0] = 10
        value = scale * ((X * table) @ w).mean() + (w**2).sum()
        assert trainer.step(X) == pytest.approx(value, rel=1e-7)
        assert trainer.evaluate(X)["loss"] == pytest.approx(value, rel=1e-7)


def test_embeddings_and_class_indices():
    rng = np.random.default_rng(0)
    words = rng.integers(0, 6, (200, 2))
    label = (words.sum(axis=1) % 3).astype(np.int64)

    def classify(p, words, label):
        h = np.tanh((p["E"][words[:, 0]] + p["E"][words[:, 1]]) @ p["W"])
        return bp.cross_entropy_with_logits(h @ p["V"], label)

    start = {
        "E": rng.normal(size=(6, 8)),
        "W": rng.normal(size=(8, 16)),
        "V": rng.normal(size=(16, 3)),
    }
    for dtype in ("float32", "float64"):
        params = {k: v.astype(dtype) for k, v in start.items()}
        trainer = bp.Trainer(classify, params=params, optimizer=bp.Adam(0.02), seed=0)
        history = trainer.fit((words, label), epochs=60)
        assert history["loss"][-1] < 0.1
    with pytest.raises(ValueError, match=r"data\[1\] must hold class indices from 0 to 2, .*got 3"):
        trainer.fit((words, label + 1))


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ((X, Y[:-1]), ValueError, r"data\[1\] must have 100 rows"),
        ((X, 1.0), ValueError, r"data\[1\] must have 100 rows"),
        ((X, np.where(Y > 0, np.nan, Y)), ValueError, r"data\[1\] must hold finite values"),
        ((X[:0], Y[:0]), ValueError, r"data\[0\] is empty"),
        ((X, np.array(["a"] * 100)), TypeError, r"data\[1\] must hold numbers, got strings"),
        ((X,), TypeError, "missing 1 required positional argument: 'y'"),
        ((X, X), ValueError, "do not broadcast"),
    ],
)
def test_bad_data(data, error, message):
    trainer = make()
    with pytest.raises(error, match=message):
        trainer.fit(data)
    assert trainer.steps == 0


@pytest.mark.parametrize(
    ("function", "params", "error", "message"),
    [
        (loss, {}, ValueError, "params holds no parameters"),
        (loss, {"w": np.arange(3)}, TypeError, r"params\['w'\] must be a float array"),
        (loss, {"w": np.array([np.nan])}, ValueError, r"params\['w'\] must hold finite values"),
        (lambda p, x, y: p * x, 1.0, ValueError, "loss must return one number, got shape"),
        (lambda p, x, y: None, 1.0, TypeError, "is its return missing"),
    ],
)
def test_bad_functions_and_parameters(function, params, error, message):
    with pytest.raises(error, match=message):
        bp.Trainer(function, params=params).fit((X, Y))


def test_validation_data_of_another_form():
    with pytest.raises(ValueError, match="validation_data must be like data"):
        make().fit((X, Y), validation_data=(X[:, :2], Y))


def test_divergence_goes_back_and_names_the_parameter():
    trainer = bp.Trainer(lambda w, x: (x @ w).mean() ** 2, params=np.ones(3), optimizer=bp.SGD(1e9))
    with pytest.raises(bp.DivergenceError) as caught:
        trainer.fit(X, epochs=200)
    assert caught.value.parameter in ("params", None)
    assert np.isfinite(trainer.params).all()


def test_a_function_without_params():
    with pytest.raises((TypeError, ValueError)):
        bp.Trainer(loss)
