"""A training that goes on from its file gives the bits of one that was never interrupted."""

import json

import numpy as np
import pytest

import fastbp as bp

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(70, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(float)


def make(optimizer="adam", dtype="float32"):
    model = bp.Sequential([bp.Dense(8, "relu"), bp.Dense(1, "sigmoid")], dtype=dtype, seed=3)
    return bp.Trainer(model, loss="bce", optimizer=optimizer, metrics=["accuracy"])


def same(one, other):
    return all(
        np.array_equal(view, other.model.parameters[name])
        for name, view in one.model.parameters.items()
    )


OPTIMIZERS = ["adam", "sgd", bp.SGD(0.1, 0.9, nesterov=True), bp.Adam(0.02, 0.8, 0.9, 1e-4)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_resuming_gives_the_bits_of_an_unbroken_run(tmp_path, optimizer, dtype):
    unbroken, broken = make(optimizer, dtype), make(optimizer, dtype)
    history = unbroken.fit(X, Y, epochs=6)
    first = broken.fit(X, Y, epochs=2)
    broken.save(tmp_path / "t.npz")
    broken.fit(X, Y, epochs=1)  # what happens after the save does not matter
    resumed = bp.Trainer.load(tmp_path / "t.npz")
    second = resumed.fit(X, Y, epochs=4)
    for name, values in history.items():
        assert first[name] + second[name] == values
    assert same(resumed, unbroken)
    assert resumed.steps == unbroken.steps
    assert repr(resumed) == repr(unbroken)


def test_steps_resume_too(tmp_path):
    one, other = make(), make()
    for i in range(6):
        if i == 3:
            other.save(tmp_path / "t.npz")
            other = bp.Trainer.load(tmp_path / "t.npz")
        assert one.step(X[i:], Y[i:]) == other.step(X[i:], Y[i:])
    assert same(one, other)


def test_an_unbuilt_trainer(tmp_path):
    make().save(tmp_path / "t.npz")
    again = bp.Trainer.load(tmp_path / "t.npz")
    assert not again.model.built
    assert again.fit(X, Y) == make().fit(X, Y)


def test_the_model_alone_can_be_loaded(tmp_path):
    trainer = make()
    trainer.fit(X, Y)
    trainer.save(tmp_path / "t.npz")
    model = bp.load(tmp_path / "t.npz")
    assert np.array_equal(model.predict(X), trainer.model.predict(X))


def test_a_model_alone_is_no_trainer(tmp_path):
    make().model.save(tmp_path / "m.npz")
    with pytest.raises(ValueError, match=r"m.npz'?: it holds a model alone: load it with bp.load"):
        bp.Trainer.load(tmp_path / "m.npz")


def rewrite(path, arrays=(), **changes):
    with np.load(path) as file:
        content = dict(file)
    description = json.loads(content["fastbp"].tobytes())
    description["trainer"] |= changes
    content["fastbp"] = np.frombuffer(json.dumps(description).encode(), np.uint8)
    content.update(arrays)
    np.savez(path, **{k: v for k, v in content.items() if v is not None})


@pytest.mark.parametrize(
    ("arrays", "changes", "message"),
    [
        (
            {"state/0/0.weight": np.zeros((8, 3), "f4")},
            {},
            r"'state/0/0.weight' must have shape \(3, 8\)",
        ),
        ({"state/1/1.bias": None}, {}, r"it is damaged .*state/1/1.bias"),
        ({"hyper": np.zeros(15)}, {}, r"'hyper' must have shape \(16,\)"),
        ({"hyper": np.zeros(16, "f4")}, {}, r"and dtype float64, got \(16,\) and float32"),
        ({}, {"loss": "mean_squared_error"}, "unknown loss 'mean_squared_error'"),
        ({}, {"loss": "cross_entropy"}, "needs at least 2 output units"),
        ({}, {"metrics": ["speed"]}, "unknown metric 'speed'"),
        ({}, {"optimizer": {"type": "lion"}}, "unknown optimizer 'lion'"),
        ({}, {"optimizer": {"type": "sgd", "learning_rate": -1}}, "learning_rate must be positive"),
        ({}, {"optimizer": {"type": "sgd", "rate": 1}}, "it is damaged .*rate"),
        ({}, {"optimizer": None}, "it is damaged"),
    ],
)
def test_what_does_not_fit(tmp_path, arrays, changes, message):
    path = tmp_path / "t.npz"
    trainer = make()
    trainer.fit(X, Y)
    trainer.save(path)
    rewrite(path, arrays, **changes)
    with pytest.raises(ValueError, match=message) as caught:
        bp.Trainer.load(path)
    assert f"cannot load {str(path)!r}: " in str(caught.value)


def test_truncated_files(tmp_path):
    path = tmp_path / "t.npz"
    make().save(path)
    whole = path.read_bytes()
    for end in range(0, len(whole), 61):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"cannot load .*t\.npz"):
            bp.Trainer.load(path)
