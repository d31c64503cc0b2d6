"""Random numbers in a traced function are refused, however they are drawn; the generators are left as they were."""

# ruff: noqa: NPY002  (the old generators, too)

import copy
import functools
import os
import pickle
import random
import secrets
import sys
import threading
import types
import uuid
from collections import deque

import numpy as np
import pytest
from numpy.random import normal

import fastbp as bp

X = np.ones(3)
GENERATOR = np.random.default_rng(0)
BITS = np.random.PCG64(3)
SETTINGS = types.ModuleType("settings")
SETTINGS.rng = np.random.default_rng(9)
NESTED = {"g": [{"h": np.random.RandomState(2)}]}


class Noisy:
    def __init__(self):
        self.rng, self.random = np.random.default_rng(1), random.Random(3)

    def loss(self, w):
        return (w * self.rng.normal(size=3)).sum()

    def __call__(self, w):
        return (w * self.random.random()).sum()


NOISY = Noisy()


def helper():
    return np.random.rand(3)


def fresh():
    return np.random.default_rng().random(3)


def by_default(w, g=np.random.default_rng(5)):  # noqa: B008
    return (w * g.normal(size=3)).sum()


def by_keyword(w, *, g=np.random.default_rng(5)):  # noqa: B008
    return (w * g.normal(size=3)).sum()


def dropout(w):
    return (w * (np.random.rand(3) > 0.5)).sum()


def closed_over():
    own = np.random.default_rng(4)
    return lambda w: (w * own.normal(size=3)).sum()


def deep():
    def inner():
        def innermost():
            return np.random.standard_normal(3)

        return innermost()

    return lambda w: (w * inner()).sum()


class Slotted:
    __slots__ = ("rng",)

    def __init__(self):
        self.rng = np.random.default_rng(11)


class Net:
    """Draws in each kind of method."""

    rng = np.random.default_rng(12)

    def drop(self, w):
        return w * (np.random.rand(3) > 0.5)

    def loss(self, w):
        return self.drop(w).sum()

    def __call__(self, w):
        return (w * random.random()).sum()

    @property
    def noise(self):
        return np.random.rand(3)

    @staticmethod
    def still(w):
        return (w * np.random.rand(3)).sum()

    @classmethod
    def of_class(cls, w):
        return (w * cls.rng.random(3)).sum()


class Derived(Net):
    def loss(self, w):
        return super().loss(w)


class MadeInside:
    def __init__(self):
        self.k = np.random.rand()

    def __enter__(self):
        return random.random()

    def __exit__(self, *error):
        pass


@functools.lru_cache(None)
def kept(n):
    return np.random.rand(n)


def in_a_block(w):
    with MadeInside.__new__(MadeInside) as k:
        return (w * k).sum()


NET, SLOTTED, DEQUE = Net(), Slotted(), deque([np.random.default_rng(13)])
TABLE = {"drop": lambda w: w * (np.random.rand(3) > 0.5)}
SPACE = types.SimpleNamespace(drop=TABLE["drop"], net=NET)
SETTINGS.sub = types.ModuleType("sub")
SETTINGS.sub.rng = np.random.default_rng(14)
other_name, system = np.random.default_rng, os.urandom
DRAWS = {
    "a method's helper": NET.loss,
    "an object's method": lambda w: NET.drop(w).sum(),
    "an inherited method": Derived().loss,
    "a callable object": NET,
    "a callable object inside": lambda w: NET(w),
    "a property": lambda w: (w * NET.noise).sum(),
    "a static method": lambda w: NET.still(w),
    "a class method": lambda w: NET.of_class(w),
    "a class attribute": lambda w: (w * Net.rng.random(3)).sum(),
    "slots": lambda w: (w * SLOTTED.rng.random(3)).sum(),
    "a deque": lambda w: (w * DEQUE[0].random(3)).sum(),
    "a module in a module": lambda w: (w * SETTINGS.sub.rng.random(3)).sum(),
    "a lambda in a dict": lambda w: TABLE["drop"](w).sum(),
    "a lambda in a namespace": lambda w: SPACE.drop(w).sum(),
    "an object in a namespace": lambda w: SPACE.net.drop(w).sum(),
    "what is made inside": lambda w: (w * MadeInside().k).sum(),
    "a block": in_a_block,
    "a cache": lambda w: (kept.cache_clear(), (w * kept(3)).sum())[1],
    "another name": lambda w: (w * other_name().random(3)).sum(),
    "another name of the system's": lambda w: (w * system(1)[0]).sum(),
    "a partial of another name": functools.partial(
        lambda make, w: (w * make().random(3)).sum(), np.random.default_rng
    ),
    "global": lambda w: (w * np.random.rand(3)).sum(),
    "by its name": lambda w: (w * normal(size=3)).sum(),
    "python": lambda w: (w * random.random()).sum(),
    "gauss": lambda w: (w * random.gauss(0, 1)).sum(),
    "captured": lambda w: (w * GENERATOR.normal(size=3)).sum(),
    "closed over": closed_over(),
    "attribute": lambda w: (w * NOISY.rng.normal(size=3)).sum(),
    "method": NOISY.loss,
    "object": NOISY,
    "module": lambda w: (w * SETTINGS.rng.random(3)).sum(),
    "helper": lambda w: (w * helper()).sum(),
    "deep": deep(),
    "container": lambda w: (w * NESTED["g"][0]["h"].rand(3)).sum(),
    "partial": functools.partial(lambda g, w: (w * g.normal(size=3)).sum(), GENERATOR),
    "default": by_default,
    "keyword": by_keyword,
    "dropout": dropout,
    "bits": lambda w: (w * float(BITS.random_raw() % 7)).sum(),
    "spawned": lambda w: (w * GENERATOR.spawn(1)[0].normal(size=3)).sum(),
    "seed": lambda w: (np.random.seed(0), (w * np.random.rand(3)).sum())[1],
    "unseeded": lambda w: (w * np.random.default_rng().normal(size=3)).sum(),
    "unseeded, in a helper": lambda w: (w * fresh()).sum(),
    "unseeded, old": lambda w: (w * np.random.RandomState().rand(3)).sum(),
    "unseeded, python": lambda w: (w * random.Random().random()).sum(),
    "system": lambda w: (w * random.SystemRandom().random()).sum(),
    "secrets": lambda w: (w * secrets.randbelow(100)).sum(),
    "uuid": lambda w: (w * float(uuid.uuid4().int % 7)).sum(),
}
USES = {
    "grad": lambda f: bp.grad(f)(X),
    "compile": lambda f: bp.compile(f)(X),
    "trainer": lambda f: bp.Trainer(lambda w, x: f(w) + 0 * x.sum(), params=X).fit(
        np.ones((4, 1)), verbose=0
    ),
    "optimize": lambda f: bp.optimize(f, X, lr=0.1, n_iter=2),
}


def states():
    found = [np.random.get_state(legacy=False), random.getstate(), GENERATOR.bit_generator.state]
    found += [one.bit_generator.state for one in (Net.rng, SLOTTED.rng, DEQUE[0], SETTINGS.sub.rng)]
    found += [BITS.state, SETTINGS.rng.bit_generator.state, NOISY.rng.bit_generator.state]
    return pickle.dumps([*found, NOISY.random.getstate(), NESTED["g"][0]["h"].get_state()])


@pytest.mark.thread_unsafe  # the generators of all are drawn from
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_is_refused(name, use):
    before = states()
    with pytest.raises(TypeError, match="random numbers are drawn in a traced function") as caught:
        USES[use](DRAWS[name])
    assert "Pass them as data" in str(caught.value)
    assert states() == before


@pytest.mark.thread_unsafe
def test_the_line_is_named():
    with pytest.raises(
        TypeError, match=r"\(test_draws.py, line \d+: return \(w \* \(np.random.rand"
    ):
        bp.grad(dropout)(X)
    with pytest.raises(
        TypeError, match=r"\(test_draws.py, line \d+: return np.random.default_rng\(\)"
    ):
        bp.grad(lambda w: (w * fresh()).sum())(X)


FIRST = """
import numpy as np
import fastbp as bp
R = np.random.default_rng(0)
def loss(x, a):
    return (np.tanh(x @ a) * (R.random(3) > 0.5)).sum()
try:
    bp.grad(loss)(np.ones((3, 2)), np.ones(2))
except TypeError as error:
    print(error)
"""


def test_the_line_is_named_by_the_first_call_of_a_process(run_python):
    """What fastbp itself imports meanwhile is not the user's line."""
    assert "(<string>, line 6)" in run_python("-c", FIRST).stdout


def test_a_generator_among_the_arguments():
    with pytest.raises(TypeError, match="random numbers are drawn"):
        bp.grad(lambda w, g: (w * g.normal(size=3)).sum())(X, np.random.default_rng(0))


def test_what_has_a_seed_is_the_same_each_time():
    for f in (
        lambda w: (w * np.random.default_rng(0).normal(size=3)).sum(),
        lambda w: (w * random.Random(3).random()).sum(),
        lambda w: (w * np.random.RandomState(7).rand(3)).sum(),
    ):
        wanted = f(np.ones(1))
        assert bp.grad(f)(np.ones(1)).sum() == pytest.approx(wanted)


def test_numbers_that_are_data_are_taken():
    rng = np.random.default_rng(0)
    slope = bp.grad(lambda w, mask: (w * mask).sum())
    for _ in range(3):
        mask = rng.random(3)
        assert (slope(X, mask) == mask).all()


@pytest.mark.thread_unsafe
def test_another_thread_may_draw_meanwhile():
    stop = threading.Event()

    def draw():
        while not stop.is_set():
            np.random.rand()
            random.random()

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        for n in range(2, 30):
            assert bp.grad(lambda w: (w**2).sum())(np.ones(n)).sum() == 2 * n
    finally:
        stop.set()
        thread.join()


def test_a_profiler_goes_on():
    events = []

    def profiler(frame, event, arg):
        events.append(event)

    sys.setprofile(profiler)
    try:
        bp.grad(lambda w: (w * np.random.default_rng(0).random(3)).sum())(X)
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)
    assert events


def test_deep_copies_of_generators_are_their_own():
    own = copy.deepcopy(GENERATOR)
    with pytest.raises(TypeError, match="random numbers"):
        bp.grad(lambda w: (w * own.normal(size=3)).sum())(X)
    assert own.bit_generator.state == GENERATOR.bit_generator.state
