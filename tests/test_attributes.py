"""An attribute that means nothing is refused, not kept in silence."""

import copy
import pickle

import numpy as np
import pytest

import fastbp as bp


def loss(params, x):
    return ((x @ params["w"]) ** 2).mean()


def things():
    model = bp.Sequential([bp.Dense(3, activation="relu"), bp.Dense(1)], seed=0)
    model.build(2)
    return {
        "model": model,
        "layer": model.layers[0],
        "parameters": model.parameters,
        "trainer": bp.Trainer(model, loss="mse"),
        "function's trainer": bp.Trainer(loss, params={"w": np.ones(2)}),
        "sgd": bp.SGD(0.1),
        "adam": bp.Adam(),
    }


@pytest.mark.parametrize("name", ["trainable", "sed", "lr", "learnin_rate", "foo"])
@pytest.mark.parametrize("thing", list(things()))
def test_an_unknown_attribute_is_refused(thing, name):
    it = things()[thing]
    with pytest.raises(AttributeError, match=name):
        setattr(it, name, 1)
    assert not hasattr(it, name)


@pytest.mark.parametrize("thing", ["model", "layer", "trainer", "function's trainer"])
def test_the_refusal_says_what_there_is(thing):
    it = things()[thing]
    with pytest.raises(AttributeError, match=f"a {type(it).__name__} has no attribute 'sed'"):
        it.sed = 3
    if thing == "model":
        with pytest.raises(AttributeError, match="did you mean 'seed'"):
            it.sed = 3
    if thing == "layer":
        with pytest.raises(AttributeError, match="these can be set: bias, weight"):
            it.trainable = False


@pytest.mark.parametrize(("thing", "name"), [("model", "seed"), ("model", "layers"), ("layer", "units"),
                                             ("layer", "activation"), ("trainer", "optimizer"), ("trainer", "loss"),
                                             ("function's trainer", "params"), ("adam", "learning_rate")])  # fmt: skip
def test_what_is_fixed_stays(thing, name):
    it = things()[thing]
    before = getattr(it, name)
    with pytest.raises(AttributeError, match=name):
        setattr(it, name, 1)
    after = getattr(it, name)
    assert after is before or after == before or isinstance(before, dict)


def test_what_can_be_set_is_set():
    layer = things()["layer"]
    layer.weight, layer.bias = np.full((2, 3), 2.0), [1, 2, 3]
    assert (layer.weight == 2).all() and layer.bias.tolist() == [1, 2, 3]


class Mine(bp.Sequential):
    """A user's own class, with attributes of its own."""

    def __init__(self, note):
        super().__init__([bp.Dense(1)], seed=0)
        self.note = note


def test_a_class_of_the_users_may_have_its_own():
    mine = Mine("ours")
    mine.later = 2
    other = pickle.loads(pickle.dumps(mine))
    assert (other.note, other.later) == ("ours", 2)


@pytest.mark.parametrize("thing", ["model", "layer", "trainer"])
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_refuse_alike(thing, duplicate):
    other = duplicate(things()[thing])
    with pytest.raises(AttributeError):
        other.foo = 1


@pytest.mark.parametrize("optimizer", [bp.SGD(0.5, momentum=0.9), bp.Adam(0.1)])
def test_optimizers_are_copied_and_compared(optimizer):
    for other in (
        copy.copy(optimizer),
        copy.deepcopy(optimizer),
        pickle.loads(pickle.dumps(optimizer)),
    ):
        assert other == optimizer and hash(other) == hash(optimizer)
