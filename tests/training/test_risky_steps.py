"""A step that would leave numbers that are not finite is not made; one that does not is made as ever."""

import numpy as np
import pytest

import fastbp as bp

OPTIMIZERS = {
    "sgd": lambda rate: bp.SGD(rate),
    "momentum": lambda rate: bp.SGD(rate, momentum=0.9),
    "nesterov": lambda rate: bp.SGD(rate, momentum=0.9, nesterov=True),
    "adam": lambda rate: bp.Adam(rate),
}
DTYPES = ("float32", "float64")
LARGEST = {"float32": 38, "float64": 308}  # the largest power of ten
# Rows and layers: one block; two groups, whose gradients the update adds up; many groups; shared by threads.
NETWORKS = {
    "small": (64, (5, 8, 1)),
    "halves": (450, (28, 64, 32, 1)),
    "groups": (5000, (4, 32, 16, 1)),
    "shared": (300, (90, 400, 300, 1)),
}


def linear(w, x):
    return (w * x).sum()


def trainer_of(gradient, start, optimizer, dtype):
    """A trainer whose gradient is the data."""
    return bp.Trainer(linear, params=np.array(start, dtype), optimizer=optimizer), np.array(
        [gradient], dtype
    )


def until_refused(trainer, *batch):
    """Make steps until one is not made; what there was before it, and the error."""
    for _ in range(9):
        before = everything(trainer)
        try:
            trainer.step(*batch)
        except bp.DivergenceError as error:
            return before, error
    raise AssertionError("no step was refused")


def everything(trainer):
    found = {k: v.tobytes() for k, v in trainer._state.arrays().items() if k != "hyper"}
    values, _ = trainer._state.model.block()
    return found | {"values": values.tobytes(), "steps": trainer.steps}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_finite_or_as_before(name, dtype):
    """Gradients, learning rates and parameters of all sizes: what a step leaves is finite, or what there was."""
    rng = np.random.default_rng(0)
    most, made, refused = LARGEST[dtype], 0, 0
    for _ in range(300):
        rate = 10.0 ** rng.uniform(-8, min(most - 1, 300))
        optimizer = OPTIMIZERS[name](rate)
        start = rng.choice([-1, 1], 3) * 10.0 ** rng.uniform(-5, most, 3)
        trainer, _ = trainer_of([0.0] * 3, start, optimizer, dtype)
        for _ in range(4):
            size = 10.0 ** rng.uniform(-most / 2, most) if rng.random() < 0.5 else 1.0
            x = np.array([rng.normal(size=3) * size], dtype)
            x[~np.isfinite(x)] = 1
            before = everything(trainer)
            try:
                trainer.step(x)
                made += 1
            except bp.DivergenceError:
                assert everything(trainer) == before
                refused += 1
            state = trainer._state
            assert np.isfinite(state.model.block()[0]).all()
            assert np.isfinite(state.training[state.model.layout.length :]).all()
    assert made > 100 and refused > 100


@pytest.mark.parametrize("size", NETWORKS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_model_keeps_its_weights(name, size):
    rows, layers = NETWORKS[size]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, layers[0])).astype("f4")
    y = X[:, 0] * 1e3
    hidden = [bp.Dense(units, activation="tanh") for units in layers[1:-1]]
    model = bp.Sequential([*hidden, bp.Dense(1)], seed=0)
    trainer = bp.Trainer(model, loss="mse", optimizer=OPTIMIZERS[name](1e38))
    model.build(layers[0])
    before, error = until_refused(trainer, X, y)
    assert everything(trainer) == before and "which has made no update" in str(error)
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("size", NETWORKS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_fit(name, size):
    """Held back at first, where nobody knows how large the means are, or not: the bits are the same."""
    rows, layers = NETWORKS[size]
    X = np.random.default_rng(0).normal(size=(rows, layers[0])).astype("f4")

    def trainer():
        hidden = [bp.Dense(units, activation="relu") for units in layers[1:-1]]
        model = bp.Sequential([*hidden, bp.Dense(1)], seed=0)
        return bp.Trainer(model, loss="mse", optimizer=OPTIMIZERS[name](1e-3))

    stepping, fitting = trainer(), trainer()
    for _ in range(3):
        stepping.step(X, X[:, 0])
        assert stepping._state.run("train", rows).held is False
    fitting.fit(X, X[:, 0], batch_size=rows, epochs=3, shuffle=False, verbose=0)
    assert everything(stepping) == everything(fitting)
    fitting.step(X, X[:, 0])  # nobody has kept count in fit
    stepping.step(X, X[:, 0])
    assert everything(stepping) == everything(fitting)
    fitting.step(X, X[:, 0])
    assert fitting._state.run("train", rows).held is False


def test_a_file_that_nobody_kept_count_in(tmp_path):
    """What a file says of the largest mean is not taken on trust."""
    trainer, _ = trainer_of([0.0], [1.0], bp.SGD(1.0, momentum=0.5), "float32")
    trainer._state.training[trainer._state.model.layout.length] = 3e38
    trainer.save(tmp_path / "trainer.npz")
    loaded = bp.Trainer.load(tmp_path / "trainer.npz", loss=linear, params=np.array([1.0], "f4"))
    before, _ = until_refused(loaded, np.array([[3e38]], "f4"))
    assert everything(loaded) == before
