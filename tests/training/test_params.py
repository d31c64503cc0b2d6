"""What is assigned in a trainer's parameters is written, or refused at its next use; nothing is lost."""

import copy
import dataclasses
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import fastbp as bp

START = np.array([1.0, 2.0])
NEW = np.array([5.0, 6.0])
X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


@dataclasses.dataclass
class Record:
    w: np.ndarray


NESTINGS = {
    "dict": ({"w": START}, lambda p: p["w"], lambda p, v: p.update(w=v)),
    "ordered": (OrderedDict(w=START), lambda p: p["w"], lambda p, v: p.update(w=v)),
    "list": ([START], lambda p: p[0], lambda p, v: p.__setitem__(0, v)),
    "record": (Record(START), lambda p: p.w, lambda p, v: setattr(p, "w", v)),
    "deep": (
        {"a": [{"w": START}, (np.zeros(1),)]},
        lambda p: p["a"][0]["w"],
        lambda p, v: p["a"][0].update(w=v),
    ),
}


def trainer_of(name, optimizer=bp.SGD(0.5)):  # noqa: B008  (it never changes)
    start, get, put = NESTINGS[name]
    trainer = bp.Trainer(lambda p, x: ((x @ get(p)) ** 2).mean(), params=start, optimizer=optimizer)
    return trainer, get, put


def loss_of(w):
    return ((X @ np.asarray(w)) ** 2).mean()


USES = {
    "evaluate": lambda t: t.evaluate(X)["loss"],
    "step": lambda t: t.step(X),
    "gradients": lambda t: t.gradients(X)[0],
    "fit": lambda t: t.fit(X, batch_size=3, verbose=0)["loss"][0],
    "deepcopy": lambda t: copy.deepcopy(t).evaluate(X)["loss"],
    "pickle": lambda t: t._packed() and t.evaluate(X)["loss"],
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("name", NESTINGS)
def test_an_assignment_is_written(name, use):
    trainer, get, put = trainer_of(name)
    if use == "deepcopy":
        trainer._state.model.function = quadratic if name == "dict" else trainer.loss
    trainer.step(X)
    kept = trainer.params  # one object, whenever it was taken
    put(trainer.params, NEW)
    assert USES[use](trainer) == pytest.approx(loss_of(NEW))
    put(kept, np.array([0.5, 0.25]))
    assert USES[use](trainer) == pytest.approx(loss_of([0.5, 0.25]))
    get(trainer.params)[...] = NEW  # again a live view
    assert trainer.evaluate(X)["loss"] == pytest.approx(loss_of(NEW))
    assert trainer.params is kept and (NEW == [5, 6]).all()


def quadratic(p, x):
    return ((x @ p["w"]) ** 2).mean()


def test_it_is_saved(tmp_path):
    trainer, _, put = trainer_of("dict")
    put(trainer.params, NEW)
    trainer.save(tmp_path / "t.npz")
    loaded = bp.Trainer.load(tmp_path / "t.npz", loss=quadratic, params={"w": START})
    assert loaded.params["w"].tolist() == [5, 6]


def test_it_is_pickled():
    trainer = bp.Trainer(quadratic, params={"w": START})
    trainer.params["w"] = NEW
    assert pickle.loads(pickle.dumps(trainer)).params["w"].tolist() == [5, 6]


def test_numbers_and_other_dtypes_are_converted():
    trainer = bp.Trainer(lambda p, x: ((x * p["b"]) ** 2).mean(), params={"b": 1.0})
    trainer.params["b"] = 3
    assert trainer.evaluate(X)["loss"] == pytest.approx(((X * 3) ** 2).mean())
    assert trainer.params["b"].shape == () and trainer.params["b"] == 3.0
    trainer, _, put = trainer_of("dict")
    put(trainer.params, np.array([1, 2]))
    assert trainer.params["w"].dtype == np.float64


@pytest.mark.parametrize("use", ["evaluate", "step", "fit"])
@pytest.mark.parametrize(
    ("wrong", "error", "match"),
    [
        (np.zeros(3), ValueError, r"params\['w'\] must have shape \(2,\), got \(3,\)"),
        (np.array(["a", "b"]), TypeError, r"params\['w'\]"),
        ([5.0, 6.0], ValueError, r"params must keep its parts"),
        ({"v": START}, ValueError, r"params must keep its parts, params\['w'\]"),
    ],
)
def test_what_does_not_fit_is_refused(use, wrong, error, match):
    trainer = bp.Trainer(quadratic, params={"w": START}, optimizer=bp.SGD(0.5))
    trainer.params["w"] = wrong
    for _ in range(2):
        with pytest.raises(error, match=match):
            USES[use](trainer)
    trainer.params["w"] = NEW  # the way out
    assert USES[use](trainer) == pytest.approx(loss_of(NEW))


@pytest.mark.parametrize("change", [lambda p: p.pop("w"), lambda p: p.update(more=START)])
def test_parts_stay(change):
    trainer = bp.Trainer(quadratic, params={"w": START})
    change(trainer.params)
    with pytest.raises(ValueError, match="params must keep its parts"):
        trainer.evaluate(X)


def test_the_callers_nesting_is_the_callers():
    given = {"w": START.copy()}
    trainer = bp.Trainer(quadratic, params=given)
    given["v"] = given.pop("w")
    assert trainer.evaluate(X)["loss"] == pytest.approx(loss_of(START))
    assert list(trainer.params) == ["w"]


def test_a_tuple_refuses_by_itself():
    trainer = bp.Trainer(lambda p, x: ((x @ p[0]) ** 2).mean(), params=(START,))
    with pytest.raises(TypeError):
        trainer.params[0] = NEW
    with pytest.raises(AttributeError, match="params"):
        trainer.params = (NEW,)
