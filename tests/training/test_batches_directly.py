"""Trainer.step and gradients, the short way: the bits of the careful way, and whatever does not fit goes there."""

import copy
import gc
import math
import pickle
import sys
import threading
import weakref

import numpy as np
import pytest

import fastbp as bp

DTYPES = ["float32", "float64"]
CASES = {  # loss: units, activation, targets
    "bce": (1, "sigmoid", "one"),
    "bce_with_logits": (3, None, "several"),
    "mse": (2, None, "several"),
    "cross_entropy": (4, "softmax", "class"),
    "cross_entropy_with_logits": (4, None, "class"),
}


def make(loss, dtype="float32", seed=0, optimizer="adam"):
    units, activation, _ = CASES[loss]
    layers = [bp.Dense(6, "relu"), bp.Dense(units, activation)]
    return bp.Trainer(bp.Sequential(layers, dtype=dtype, seed=seed), loss=loss, optimizer=optimizer)


def batch(loss, n=10, dtype="float32", seed=0):
    units, _, targets = CASES[loss]
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5)).astype(dtype)
    if targets == "class":
        return X, rng.integers(0, units, n)
    return X, rng.uniform(size=(n, units)).astype(dtype)


def everything(trainer):
    arrays = trainer._state.arrays()
    arrays |= {name: view.copy() for name, view in trainer.model.parameters.items()}
    return {name: array.tobytes() for name, array in arrays.items()}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", CASES)
@pytest.mark.parametrize("n", [1, 10, 700])
def test_steps_have_the_bits_of_the_careful_way(loss, dtype, n):
    short, careful = make(loss, dtype), make(loss, dtype)
    X, y = batch(loss, n, dtype)
    assert short.step(X, y) == careful.step(X, y)  # the first one makes the run
    for i in range(4):
        X, y = batch(loss, n, dtype, seed=i)
        value = short._updates.step(X, y)
        assert type(value) is float
        assert value == careful._step(X, y)
    assert everything(short) == everything(careful)
    assert short.steps == careful.steps == 5


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", CASES)
@pytest.mark.parametrize("n", [1, 10, 700])
def test_gradients_have_the_bits_of_the_careful_way(loss, dtype, n):
    trainer = make(loss, dtype)
    X, y = batch(loss, n, dtype)
    trainer.gradients(X, y)
    before = everything(trainer)
    value, found = trainer._slopes.gradients(X, y)
    again, expected = trainer._gradients(X, y)
    assert value == again and list(found) == list(expected) == list(trainer.model.parameters)
    for name, gradient in found.items():
        assert gradient.tobytes() == expected[name].tobytes()
        assert gradient.shape == trainer.model.parameters[name].shape
        assert gradient.dtype == np.dtype(dtype)
    assert everything(trainer) == before


def test_gradients_belong_to_the_caller():
    trainer, (X, y) = make("mse"), batch("mse")
    first = trainer.gradients(X, y)[1]
    first = trainer.gradients(X, y)[1]
    kept = {name: gradient.copy() for name, gradient in first.items()}
    second = trainer.gradients(*batch("mse", seed=1))[1]
    for name, gradient in first.items():
        assert gradient.flags.owndata and gradient.flags.writeable
        assert np.array_equal(gradient, kept[name])
        assert not np.shares_memory(gradient, second[name])


def test_a_column_of_targets_may_lie_flat():
    short, careful = make("bce"), make("bce")
    X, y = batch("bce")
    short.step(X, y)
    careful.step(X, y)
    assert short._updates.step(X, y.reshape(-1)) == careful._step(X, y)
    trainer, (X, y) = make("cross_entropy"), batch("cross_entropy")
    trainer.gradients(X, y)
    assert trainer._slopes.gradients(X, y[:, None])[0] == trainer._slopes.gradients(X, y)[0]


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_another_number_of_rows_is_checked_once(loss):
    trainer = make(loss)
    trainer.step(*batch(loss, 10))
    X, y = batch(loss, 7)
    assert trainer._updates.step(X, y) is None
    trainer.step(X, y)
    assert trainer._updates.step(X, y) is not None
    assert trainer._updates.step(*batch(loss, 10)) is not None
    for n in range(1, 40):  # more sizes than are kept
        X, y = batch(loss, n)
        trainer.step(X, y)
        assert trainer._updates.step(X, y) is not None


CHANGES = {
    "X float64": (lambda X: X.astype("f8"), None),
    "X in Fortran order": (np.asfortranarray, None),
    "X strided": (lambda X: np.repeat(X, 2, axis=1)[:, ::2], None),
    "X a subclass": (lambda X: X.view(type("Sub", (np.ndarray,), {})), None),
    "X a list": (lambda X: X.tolist(), None),
    "y float64": (None, lambda y: y.astype("f8")),
    "y strided": (None, lambda y: np.repeat(y, 2, axis=0)[::2]),
    "y a list": (None, lambda y: y.tolist()),
    "y big-endian": (None, lambda y: y.astype(y.dtype.newbyteorder(">"))),
    "y a subclass": (None, lambda y: y.view(type("Sub", (np.ndarray,), {}))),
}


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_must_be_converted_is_converted(loss, change):
    short, careful = make(loss), make(loss)
    X, y = batch(loss)
    short.step(X, y)
    careful.step(X, y)
    first, second = CHANGES[change]
    other = (first(X) if first else X), (second(y) if second else y)
    assert short._updates.step(*other) is None
    assert short.step(*other) == careful.step(X, y)
    assert everything(short) == everything(careful)


@pytest.mark.parametrize(
    "dtype", ["int64", "int32", "uint8", "int16", "bool", "float32", "float64"]
)
def test_class_indices_of_any_dtype(dtype):
    short, careful = make("cross_entropy"), make("cross_entropy")
    X, y = batch("cross_entropy")
    y = (y % 2).astype(dtype)
    short.step(X, y)
    careful.step(X, y)
    assert (short._updates.step(X, y) is not None) is (dtype in ("int64", "int32"))
    careful._step(X, y)
    if dtype not in ("int64", "int32"):
        short.step(X, y)
    assert everything(short) == everything(careful)


@pytest.mark.parametrize("wrong", [-1, 4, 2**40, -(2**62)])
def test_class_indices_are_looked_at_each_time(wrong):
    trainer, (X, y) = make("cross_entropy"), batch("cross_entropy")
    trainer.step(X, y)
    trainer.gradients(X, y)
    before = everything(trainer)
    y[-1] = wrong
    assert trainer._updates.step(X, y) is None
    assert trainer._slopes.gradients(X, y) is None
    for call in (trainer.step, trainer.gradients):
        with pytest.raises(
            ValueError, match=f"class indices from 0 to 3, one an output unit, got {wrong}"
        ):
            call(X, y)
    assert everything(trainer) == before


def test_class_indices_that_change_meanwhile_are_never_read_unchecked():
    """Another thread writes wild indices into y all the time; what is stepped with is a checked copy."""
    trainer = make("cross_entropy")
    X, y = batch("cross_entropy", 200)
    trainer.step(X, y)
    good, stop = y.copy(), threading.Event()

    def disturb():
        while not stop.is_set():
            y[:] = 2**50
            y[:] = good

    other = threading.Thread(target=disturb)
    other.start()
    outcomes = set()
    try:
        for _ in range(300):
            try:
                outcomes.add(math.isfinite(trainer.step(X, y)))
            except ValueError as error:
                outcomes.add("class indices" in str(error))
    finally:
        stop.set()
        other.join()
    assert outcomes == {True}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X[:, :4].copy(), y), "xb must have 5 features"),
        (lambda X, y: (X[:5].copy(), y), "xb and yb must have as many rows each, got 5 and 10"),
        (lambda X, y: (X, y[:5].copy()), "xb and yb must have as many rows each, got 10 and 5"),
        (lambda X, y: (X, np.zeros((10, 3), "f4")), "yb must have shape"),
        (lambda X, y: (X, np.zeros(10, "f4")), "yb must have shape"),
        (lambda X, y: (X[0], y), "xb must be 2-D"),
        (lambda X, y: (X[:0], y[:0]), "xb is empty"),
        (lambda X, y: (X, None), "yb must hold numbers"),
    ],
)
def test_refusals_are_the_careful_ones(change, message):
    trainer, (X, y) = make("mse"), batch("mse")
    trainer.step(X, y)
    trainer.gradients(X, y)
    before = everything(trainer)
    for call in (trainer.step, trainer.gradients):
        with pytest.raises((ValueError, TypeError), match=message):
            call(*change(X, y))
    assert everything(trainer) == before
    assert trainer._updates.step(X, y) is not None  # nobody holds the model


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_stops_it(bad):
    trainer, (X, y) = make("mse"), batch("mse")
    trainer.step(X, y)
    before = everything(trainer)
    y[3] = bad
    assert trainer._updates.step(X, y) is None
    with pytest.raises(bp.DivergenceError, match="in step 2, which has made no update") as caught:
        trainer.step(X, y)
    assert (caught.value.epoch, caught.value.batch, caught.value.parameter) == (1, 2, None)
    assert everything(trainer) == before
    assert not math.isfinite(trainer.gradients(X, y)[0])
    assert not math.isfinite(trainer._slopes.gradients(X, y)[0])
    trainer.step(*batch("mse"))
    assert trainer.steps == 2


def test_a_bad_parameter_is_named():
    trainer, (X, y) = make("mse"), batch("mse")
    trainer.step(X, y)
    trainer.model.layers[1].bias[1] = np.nan
    with pytest.raises(bp.DivergenceError) as caught:
        trainer.step(X, y)
    assert caught.value.parameter == "1.bias"


def test_a_model_in_use_refuses_it():
    trainer, (X, y) = make("mse"), batch("mse")
    trainer.step(X, y)
    trainer.gradients(X, y)
    guard = trainer.model.guard
    for call in (trainer.step, trainer.gradients):
        with (
            guard.reading(),
            pytest.raises(RuntimeError, match="this model is in use by another thread"),
        ):
            call(X, y)
        with (
            guard.training(),
            pytest.raises(RuntimeError, match="this model is being trained already"),
        ):
            call(X, y)
    assert trainer._updates.step(X, y) is not None


def test_two_trainers_of_one_model_take_turns():
    trainer = make("mse")
    other = bp.Trainer(trainer.model, loss="mse", optimizer=bp.SGD(0.1))
    X, y = batch("mse")
    for _ in range(3):
        assert other.gradients(X, y)[0] == trainer.step(X, y)
        assert trainer.gradients(X, y)[0] == other.step(X, y)
    assert trainer.steps == other.steps == 3


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_copies_go_on_alike_and_share_nothing(duplicate):
    trainer, (X, y) = make("cross_entropy"), batch("cross_entropy")
    for _ in range(3):
        trainer.step(X, y)
    other = duplicate(trainer)
    before = everything(trainer)
    assert everything(other) == before
    losses = [other.step(X, y) for _ in range(3)]
    assert everything(trainer) == before
    assert [trainer.step(X, y) for _ in range(3)] == losses
    assert everything(trainer) == everything(other)


def test_steps_and_fits_mix():
    trainer, (X, y) = make("mse"), batch("mse")
    for _ in range(2):
        trainer.step(X, y)
        trainer.fit(X, y, epochs=2, batch_size=10, shuffle=False, verbose=0)
    other = make("mse")
    other.fit(X, y, epochs=6, batch_size=10, shuffle=False, verbose=0)
    assert everything(trainer) == everything(other)


def test_nothing_is_held_and_memory_does_not_grow():
    trainer, (X, y) = make("cross_entropy"), batch("cross_entropy")

    def work(times):
        for _ in range(times):
            trainer.step(X, y)
            trainer.gradients(X, y)
        gc.collect()
        return sys.getrefcount(X), sys.getrefcount(y), sys.getallocatedblocks()

    before, after = work(10), work(2000)
    assert after[:2] == before[:2]
    assert after[2] - before[2] < 200
    held = weakref.ref(X), weakref.ref(y)
    X = y = None
    assert [array() for array in held] == [None, None]
