"""Signals are looked for in the midst of a batch: their handlers run there, and may end the call."""

import copy
import os
import signal

import numpy as np
import pytest

import fastbp as bp
from fastbp._signals import from_handler
from fastbp.engine import random

pytestmark = pytest.mark.skipif(os.name != "posix", reason="timers of POSIX")

SIDE = 600
X = np.random.default_rng(0).normal(size=(SIDE, SIDE)) / SIDE**0.5
Y = X[:, :1] * 0.5
LENGTHS = 8, 32, 128, 512, 2048


class Ended(Exception):
    pass


class Listener:
    """A handler that counts how often it runs during a call, and raises at the `last` of these."""

    def __init__(self):
        self.inside, self.runs, self.last = False, 0, None

    def __call__(self, *_):
        if self.inside:
            self.runs += 1
            if self.runs == self.last:
                self.inside = False
                raise Ended

    def during(self, call, last=None):
        self.inside, self.runs, self.last = True, 0, last
        try:
            call()
        finally:
            self.inside = False
        return self.runs


@pytest.fixture
def listener():
    made = Listener()
    before = signal.signal(signal.SIGALRM, made)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    yield made
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def long_enough(listener, make):
    """The first of calls of more and more steps within which the handler runs three times."""
    for length in LENGTHS:
        call = make(length)
        call()  # compiles
        if listener.during(call) >= 3:
            return call
    pytest.fail(f"in a call of {length} long steps nobody looked for signals")


def chain(length):
    def f(x):
        for _ in range(length):
            x = np.tanh(x @ x.T)
        return x

    return f


def wide(length):
    """A network whose layers are long steps, for a block of rows."""
    layers = [bp.Dense(SIDE, "tanh") for _ in range(length)]
    return bp.Sequential([*layers, bp.Dense(1)], dtype="float64", seed=0)


def test_compiled_functions(listener):
    def make(length):
        f = bp.compile(chain(length))
        return lambda: f(X)

    call = long_enough(listener, make)
    with pytest.raises(Ended):
        listener.during(call, 2)
    f = chain(8)
    assert np.allclose(bp.compile(f)(X), f(X))


LONG = {
    "rows": (lambda x: x @ x, lambda x: x @ x),
    "weights": (lambda x: x.T @ x, lambda x: x.T @ x),
    "gradient": (
        bp.grad(lambda x: ((x @ x) ** 2).sum() / 2),
        lambda x: x @ x @ x.T + x.T @ (x @ x),
    ),
}


@pytest.mark.parametrize("name", LONG)
def test_one_long_step(listener, name):
    """It is cut in pieces, and makes what NumPy makes."""
    function, by_numpy = LONG[name]
    compiled = bp.compile(function)

    def make(length):
        x = np.resize(X[0], (int(280 * length**0.4), int(280 * length**0.4)))
        return lambda: compiled(x)

    call = long_enough(listener, make)
    with pytest.raises(Ended):
        listener.during(call, 2)
    x = np.random.default_rng(1).normal(size=(1700, 1700)) / 41
    assert np.allclose(compiled(x), by_numpy(x), rtol=1e-10, atol=1e-12)


def test_the_call_after_an_ended_one(listener):
    made = {}

    def make(length):
        made["f"] = bp.value_and_grad(lambda x: chain(length)(x).sum())
        return lambda: made["f"](X)

    call = long_enough(listener, make)
    value, gradient = made["f"](X)
    for last in (1, 2, 3):
        with pytest.raises(Ended):
            listener.during(call, last)
        again = made["f"](X)
        assert again[0] == value
        assert np.array_equal(again[1], gradient)


@pytest.mark.parametrize("name", ["compile", "gradient", "step", "fit"])
def test_many_short_steps(listener, name):
    """Steps of a millisecond, thousands of them, in a program without blocks of rows."""
    start = np.linspace(-1, 1, 300_000)

    def f(x):
        for i in range(found["length"]):
            x = np.cumsum(x) / 1e5 if i % 9 == 0 else np.tanh(x * 1.01)
        return x

    found = {}

    def make(length):
        found["length"] = length
        loss = lambda x: (f(x) ** 2).mean()  # noqa: E731
        if name == "compile":
            compiled = bp.compile(f)
            return lambda: compiled(start)
        if name == "gradient":
            gradient = bp.grad(loss)
            return lambda: gradient(start)
        trainer = bp.Trainer(
            lambda p, x: loss(p) + 0 * x.mean(), params=start, optimizer=bp.SGD(1e-3)
        )
        if name == "step":
            return lambda: trainer.step(np.ones((4, 1)))
        return lambda: trainer.fit(np.ones((4, 1)), batch_size=4)

    call = long_enough(listener, make)
    with pytest.raises(Ended):
        listener.during(call, 2)


def again_and_again(call, seconds):
    signal.setitimer(signal.ITIMER_REAL, seconds)
    while True:
        call()


class Late(RuntimeError):
    """Like what Python's own threads raise."""


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # Thread.start, as it is interrupted
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kind", [Late, MemoryError, ValueError, TypeError])
def test_no_error_of_a_handler_is_lost(threads, kind):
    model = wide(1)
    model.build(SIDE)
    trainer = bp.Trainer(
        lambda p, x: ((x @ p) ** 2).mean(), params=np.ones(SIDE), optimizer=bp.SGD(1e-9)
    )
    calls = [lambda: model.predict(X, threads=threads), lambda: trainer.fit(X, threads=threads)]
    raised = []

    def handler(*_):
        raised.append(kind("of the handler"))
        raise raised[-1]

    before = signal.signal(signal.SIGALRM, handler)
    try:
        for turn in range(60):
            with pytest.raises(kind, match="of the handler"):
                again_and_again(calls[turn % 2], 0.001 + 0.0001 * (turn % 30))
            assert len(raised) == turn + 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_file_that_a_handler_saves_is_gone_on_from(threads, tmp_path):
    path, data = tmp_path / "t.npz", (X[:, :20].copy(), Y)
    trainer = bp.Trainer(wide(1), loss="mse", optimizer=bp.Adam(1e-3))
    trainer.fit(*data, batch_size=100)

    def saves(*_):
        if trainer.steps > 60:
            trainer.save(path)
            raise Ended

    before = signal.signal(signal.SIGALRM, saves)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        with pytest.raises(Ended):
            trainer.fit(*data, epochs=10**6, batch_size=100, threads=threads)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    again = bp.Trainer.load(path)
    assert again.model.shuffles == trainer.model.shuffles == -(-trainer.steps // 6)
    assert again.fit(*data, epochs=2)["loss"] == trainer.fit(*data, epochs=2)["loss"]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_child_that_a_handler_forks_ends(threads):
    trainer = bp.Trainer(wide(2), loss="mse", optimizer=bp.SGD(1e-3))
    children = []

    def forks(*_):
        child = os.fork()
        if child == 0:
            raise SystemExit(7)
        children.append(child)
        raise Ended

    before = signal.signal(signal.SIGALRM, forks)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        trainer.fit(X, Y, epochs=10**6, batch_size=SIDE, threads=threads)
    except SystemExit as error:
        os._exit(error.code)
    except Ended:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 7


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_predict_and_evaluate(listener, threads):
    def predicts(length):
        model = wide(length)
        model.build(SIDE)
        return lambda: model.predict(X, threads=threads)

    with pytest.raises(Ended):
        listener.during(long_enough(listener, predicts), 2)

    def evaluates(length):
        trainer = bp.Trainer(wide(length), loss="mse", optimizer=bp.SGD(1e-3))
        return lambda: trainer.evaluate(X, Y, threads=threads)

    with pytest.raises(Ended):
        listener.during(long_enough(listener, evaluates), 2)


def few_rows(length):
    """Steps that are long for a block of rows, which threads share."""
    return wide(length), X, Y


def many_rows(length):
    """Blocks of rows without end, groups of which threads take."""
    rows = np.resize(X, (4000 * length, 8))
    layers = [bp.Dense(256, "tanh"), bp.Dense(256, "tanh"), bp.Dense(1)]
    return bp.Sequential(layers, dtype="float64", seed=0), rows, rows[:, :1] * 0.5


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize("case", [few_rows, many_rows])
def test_a_training_ends_after_a_whole_batch(listener, case, threads, batches):
    found = {}

    def make(length):
        model, x, y = found["case"] = case(length)
        trainer = bp.Trainer(model, loss="mse", optimizer=bp.Adam(1e-3))
        return lambda: trainer.fit(x, y, epochs=1, batch_size=len(x), threads=threads)

    long_enough(listener, make)
    model, x, y = found["case"]
    size = len(x) // batches
    options = {"batch_size": size, "threads": threads}
    weights = {name: value * 0.1 for name, value in model.parameters.items()}
    for last in (2, 4):
        trainers = []
        for _ in "ab":
            model = copy.deepcopy(model)
            model.parameters.update(weights)
            trainers.append(bp.Trainer(model, loss="mse", optimizer=bp.Adam(1e-3)))
        ended, replay = trainers
        ended.fit(x, y, epochs=1, **options)
        with pytest.raises(Ended):
            listener.during(lambda t=ended: t.fit(x, y, epochs=1000, **options), last)
        epochs, rest = divmod(ended.steps, batches)
        assert ended.history.epochs == epochs - 1
        for _ in range(epochs):
            replay.fit(x, y, epochs=1, **options)
        if rest:  # the first half of an epoch, in its order
            order = np.empty(len(x), np.int64)
            random.permutation(order, replay.model.seed, replay.model.shuffles)
            replay.step(x[order[:size]], y[order[:size]])
        for name, value in ended.model.parameters.items():
            assert np.array_equal(value, replay.model.parameters[name]), name


def test_handlers_see_subnormal_numbers(listener):
    """A training takes them for zero, but what a handler computes is Python's."""
    tiny, seen = np.float32(1e-40), []

    class Looks(Listener):
        def __call__(self, *_):
            super().__call__()
            if self.inside:
                seen.append(tiny + np.float32(0))

    looks = Looks()
    signal.signal(signal.SIGALRM, looks)

    def make(length):
        trainer = bp.Trainer(wide(length), loss="mse", optimizer=bp.SGD(1e-3))
        return lambda: trainer.fit(X, Y, epochs=1, batch_size=SIDE, threads=1, verbose=0)

    long_enough(looks, make)
    assert set(seen) == {tiny}


def test_errors_of_handlers_are_known_as_such():
    """Also where Python puts an error of its own in their place, as its codecs do."""

    def handler(*_):
        raise Ended("in time")

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises(Ended) as caught:
            handler()
        instead = Ended("decoding failed")
        instead.__cause__ = caught.value
        assert from_handler(caught.value)
        assert from_handler(instead)
        assert not from_handler(Ended("of the user's"))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not from_handler(caught.value)
