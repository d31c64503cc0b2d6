"""Dataclasses and containers with code of their own: none of it runs for the copies that a trace needs."""

from collections import Counter, OrderedDict, UserDict, defaultdict, namedtuple
from dataclasses import dataclass, field

import numpy as np
import pytest
from gradcheck import nested_slopes

import fastbp as bp
from fastbp import nesting

W = np.array([0.5, -1.0])


@dataclass
class Exponential:
    """Its first value is not what it holds."""

    w: object
    calls = 0

    def __post_init__(self):
        Exponential.calls += 1
        self.w = np.exp(self.w)


@dataclass
class Normed:
    w: object

    def __post_init__(self):
        self.w = self.w / np.linalg.norm(self.w)


@dataclass
class Late:
    w: object
    made: object = field(init=False, default=None)

    def __post_init__(self):
        self.made = 2 * self.w


@dataclass(frozen=True, slots=True)
class Frozen:
    w: object
    k: float = 2.0


@dataclass
class Noted:
    w: object

    def __init__(self, w, *, note):
        self.w, self.note = w, note


class Strict(dict):
    def __init__(self, *, name):
        self.name = name

    def __setitem__(self, key, value):
        raise AssertionError("nobody sets an item")


class Row(list):
    def __init__(self, first, second):
        super().__init__([first, second])


class Pair(tuple):
    __slots__ = ()

    def __new__(cls, first, second):
        return super().__new__(cls, (first, second))


class Point(namedtuple("Point", "a b")):
    __slots__ = ()

    def __new__(cls, a, b):
        return super().__new__(cls, 2 * a, b)


def strict():
    made = Strict(name="it")
    dict.__setitem__(made, "w", W.copy())
    return made


MADE = {
    "post_init": (lambda: Exponential(np.zeros(2)), lambda p: (p.w**2).sum()),
    "normed": (lambda: Normed(W.copy()), lambda p: p.w @ np.arange(1.0, 3.0)),
    "init=False": (lambda: Late(W.copy()), lambda p: (p.w * p.made).sum()),
    "frozen": (lambda: Frozen(W.copy()), lambda p: (p.w**2).sum() * p.k),
    "own init": (lambda: Noted(W.copy(), note=3), lambda p: (p.w**2).sum() * p.note),
    "strict": (strict, lambda p: (p["w"] ** 2).sum()),
    "defaultdict": (lambda: defaultdict(list, w=W.copy()), lambda p: (p["w"] ** 2).sum()),
    "ordered": (lambda: OrderedDict(b=W.copy(), a=1.5), lambda p: (p["b"] ** 2).sum() * p["a"]),
    "list": (lambda: Row(W.copy(), 2.0), lambda p: (p[0] ** 2).sum() * p[1]),
    "tuple": (lambda: Pair(W.copy(), 2.0), lambda p: (p[0] ** 2).sum() * p[1]),
    "namedtuple": (lambda: Point(W.copy(), 2.0), lambda p: (p.a**2).sum() * p.b),
}


@pytest.mark.parametrize("name", MADE)
def test_gradients(name):
    make, function = MADE[name]
    params = make()
    value, found = bp.value_and_grad(function)(params)
    assert value == pytest.approx(float(function(params)))
    assert type(found) is type(params)
    wanted = nested_slopes(function, params)
    for (_, a), (_, b) in zip(nesting.leaves(found, ""), nesting.leaves(wanted, ""), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)
    assert bp.compile(function)(params) == pytest.approx(float(function(params)))


@pytest.mark.parametrize("name", MADE)
def test_captured(name):
    make, function = MADE[name]
    held = {"params": make()}
    scaled = bp.compile(lambda x: x * function(held["params"]))
    np.testing.assert_allclose(scaled(W), W * function(held["params"]))


@pytest.mark.parametrize("name", [n for n in MADE if n not in ("init=False",)])
def test_trainers(name):
    make, function = MADE[name]
    params = make()
    trainer = bp.Trainer(lambda p, x: function(p) * x.mean(), params=params, optimizer=bp.SGD(1e-3))
    assert trainer.step(np.ones(3)) == pytest.approx(float(function(params)))
    assert type(trainer.params) is type(params)


def test_no_code_of_theirs_runs():
    params, before = Exponential(np.zeros(2)), Exponential.calls
    bp.value_and_grad(lambda p: p.w.sum())(params)
    assert Exponential.calls == before
    assert strict().__class__ is Strict
    assert bp.grad(lambda p: (p["w"] ** 2).sum())(strict()).name == "it"


def test_what_is_returned_is_the_callers_own():
    f = bp.compile(lambda x: (x * 2, np.zeros(3), {"c": np.ones(2)}, [np.arange(3)]))
    first = f(W)
    first[1][:], first[2]["c"][:], first[3][0][:] = 7, 7, 7
    second = f(W)
    np.testing.assert_array_equal(second[1], np.zeros(3))
    np.testing.assert_array_equal(second[2]["c"], np.ones(2))
    np.testing.assert_array_equal(second[3][0], np.arange(3))


class Holder:
    def __init__(self, value):
        self.value = value


@pytest.mark.parametrize(
    "hide",
    [Holder, lambda y: lambda: y, lambda y: {1, y}, lambda y: UserDict(a=y), lambda y: Counter],
)
def test_results_in_objects_of_other_kinds(hide):
    def f(x):
        y = x.sum() * 2
        return y, hide(y)

    if hide(3) is Counter:
        assert bp.compile(f)(W)[1] is Counter
        return
    with pytest.raises(TypeError, match="arrays that it computed: return these in dicts"):
        bp.compile(f)(W)
