"""Optimizers as immutable descriptions."""

import copy
import dataclasses
import inspect
import pickle

import numpy as np
import pytest

import fastbp as bp
from fastbp.optim import get_optimizer


def test_the_signatures():
    def defaults(kind):
        return {k: p.default for k, p in inspect.signature(kind).parameters.items()}

    assert defaults(bp.SGD) == {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False}
    assert defaults(bp.Adam) == {
        "learning_rate": 1e-3,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
    }


@pytest.mark.parametrize("optimizer", [bp.SGD(0.1, 0.9, nesterov=True), bp.Adam(0.1)])
def test_they_are_values(optimizer):
    with pytest.raises(dataclasses.FrozenInstanceError):
        optimizer.learning_rate = 1.0
    with pytest.raises((AttributeError, TypeError)):
        optimizer.other = 1.0
    assert eval(repr(optimizer), vars(bp)) == optimizer
    assert pickle.loads(pickle.dumps(optimizer)) == optimizer
    assert copy.deepcopy(optimizer) == optimizer
    assert hash(optimizer) == hash(copy.copy(optimizer))


def test_numbers_become_floats():
    assert repr(bp.SGD(1)) == "SGD(learning_rate=1.0, momentum=0.0, nesterov=False)"
    assert type(bp.Adam(np.float32(0.5)).learning_rate) is float


@pytest.mark.parametrize("kind", [bp.SGD, bp.Adam])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_learning_rates_are_positive_and_finite(kind, value):
    with pytest.raises(ValueError, match=r"learning_rate must be (positive and )?finite, got "):
        kind(value)


@pytest.mark.parametrize("kind", [bp.SGD, bp.Adam])
@pytest.mark.parametrize("value", ["0.1", None, True, [0.1]])
def test_learning_rates_are_numbers(kind, value):
    with pytest.raises(TypeError, match=r"learning_rate must be a number, got "):
        kind(value)


@pytest.mark.parametrize("value", [-0.1, 1.0])
def test_fractions(value):
    with pytest.raises(ValueError, match=rf"momentum must be in \[0, 1\), got {value}"):
        bp.SGD(momentum=value)
    with pytest.raises(ValueError, match=rf"beta_1 must be in \[0, 1\), got {value}"):
        bp.Adam(beta_1=value)
    with pytest.raises(ValueError, match=rf"beta_2 must be in \[0, 1\), got {value}"):
        bp.Adam(beta_2=value)


def test_other_constants():
    with pytest.raises(ValueError, match=r"epsilon must be positive and finite, got 0"):
        bp.Adam(epsilon=0)
    with pytest.raises(TypeError, match=r"nesterov must be True or False, got 1"):
        bp.SGD(momentum=0.9, nesterov=1)
    with pytest.raises(ValueError, match=r"nesterov=True needs a momentum above 0"):
        bp.SGD(nesterov=True)


def test_what_the_engine_is_told():
    assert (bp.SGD().kernel, bp.SGD().n_state) == ("sgd", 0)
    assert (bp.SGD(momentum=0.5).kernel, bp.SGD(momentum=0.5).n_state) == ("momentum", 1)
    assert (bp.Adam().kernel, bp.Adam().n_state) == ("adam", 2)
    hyper = bp.SGD(0.1, 0.9, nesterov=True).hyper()
    assert hyper.dtype == np.float64
    assert hyper[:7].tolist() == [0.1, 0.9, 1.0, 0.0, 0.0, 1.0, 1.0]
    hyper = bp.Adam().hyper()
    assert hyper[:7].tolist() == [1e-3, 0.9, 0.999, 1e-8, 0.0, 1.0, 1.0]
    assert bp.Adam().hyper() is not bp.Adam().hyper()


def test_names():
    assert get_optimizer("adam") == bp.Adam()
    assert get_optimizer("sgd") == bp.SGD()
    optimizer = bp.Adam(0.5)
    assert get_optimizer(optimizer) is optimizer


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Adam", ": did you mean 'adam'?"),
        ("SGD", ": did you mean 'sgd'?"),
        ("adamw", ": did you mean 'adam'?"),
        ("momentum", ": did you mean 'sgd'?"),
        ("lbfgs", "."),
    ],
)
def test_unknown_names(name, hint):
    with pytest.raises(ValueError) as caught:
        get_optimizer(name)
    assert str(caught.value) == f"unknown optimizer {name!r}{hint} Known: 'sgd', 'adam'"


def test_other_objects():
    with pytest.raises(TypeError, match=r"got the class: write Adam\(\)"):
        get_optimizer(bp.Adam)

    class SGD:
        pass

    with pytest.raises(TypeError, match=r"or an object such as bp.Adam.*did you mean 'sgd'"):
        get_optimizer(SGD())
    with pytest.raises(TypeError, match=r"or an object such as bp.Adam\(1e-3\), got 0.1"):
        get_optimizer(0.1)
