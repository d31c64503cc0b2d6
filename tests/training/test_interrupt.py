"""Ctrl-C leaves the parameters of the last whole batch, and a model that goes on."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import fastbp as bp

X = np.random.default_rng(0).normal(size=(64, 3))
Y = (X[:, 0] > 0).astype(float)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture(autouse=True)
def python_listens():
    """Python's own handler: a process that was started in the background ignores the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt_when(ready):
    """Send SIGINT once `ready()`; it is looked for from a thread."""

    def wait():
        while not ready():
            time.sleep(0.001)
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def interrupted(trainer, **options):
    started = trainer.steps
    thread = interrupt_when(lambda: trainer.steps > started)
    with pytest.raises(KeyboardInterrupt) as caught:
        trainer.fit(X, Y, epochs=10_000_000, batch_size=16, **options)
    thread.join()
    assert caught.value.history is trainer.history is trainer.model.history
    return caught.value.history


def make():
    model = bp.Sequential([bp.Dense(4, "tanh"), bp.Dense(1, "sigmoid")], dtype="float64", seed=0)
    trainer = bp.Trainer(model, loss="bce", optimizer=bp.SGD(1e-3))
    model.build(3)
    return trainer


@pytest.mark.parametrize("options", [{"verbose": 0}, {"validation_data": (X, Y)}])
def test_the_parameters_are_those_after_the_last_whole_batch(options):
    trainer = make()
    history = interrupted(trainer, **options)
    steps = trainer.steps
    assert steps > 0
    replay = make()
    whole, rest = divmod(steps, 4)
    validation = options.get("validation_data")
    wanted = replay.fit(X, Y, epochs=whole, batch_size=16, verbose=0, validation_data=validation)
    # An epoch that is not validated yet is not reported.
    assert whole - history.epochs in ((0, 1) if validation else (0,))
    assert history == {name: values[: history.epochs] for name, values in wanted.items()}
    if rest:  # the batches of the epoch that was cut short, in its order
        from fastbp.engine import random

        order = np.empty(len(X), np.int64)
        random.permutation(order, replay.model.seed, whole)
        for start in range(0, 16 * rest, 16):
            rows = order[start : start + 16]
            replay.step(X[rows], Y[rows])
    for name, view in trainer.model.parameters.items():
        assert np.array_equal(view, replay.model.parameters[name])


def test_the_model_goes_on_with_the_next_shuffle():
    trainer = make()
    interrupted(trainer, verbose=0)
    assert trainer.model.shuffles == -(-trainer.steps // 4)
    before = trainer.steps
    assert len(trainer.fit(X, Y, epochs=2, batch_size=16)["loss"]) == 2
    assert trainer.steps == before + 8
    assert trainer.model.predict(X).shape == (64, 1)


class Timeout(Exception):
    pass


def test_a_handler_that_raises_something_else_leaves_the_same():
    def raises(*_):
        raise Timeout

    signal.signal(signal.SIGINT, raises)
    trainer = make()
    thread = interrupt_when(lambda: trainer.steps > 0)
    with pytest.raises(Timeout) as caught:
        trainer.fit(X, Y, epochs=10_000_000, batch_size=16, verbose=0)
    thread.join()
    assert trainer.model.shuffles == -(-trainer.steps // 4)
    assert caught.value.history.epochs == trainer.steps // 4
    assert trainer.fit(X, Y, epochs=2, batch_size=16).epochs == trainer.history.epochs == 2


def test_an_interrupted_training_of_a_function():
    trainer = bp.Trainer(
        lambda p, x: ((x @ p) ** 2).mean(), params=np.ones(3), optimizer=bp.SGD(1e-9)
    )
    thread = interrupt_when(lambda: trainer.steps > 0)
    with pytest.raises(KeyboardInterrupt) as caught:
        trainer.fit(X, epochs=10_000_000, batch_size=16, verbose=0)
    thread.join()
    assert caught.value.history is trainer.history
    assert trainer.history.epochs == trainer.steps // 4 > 0
