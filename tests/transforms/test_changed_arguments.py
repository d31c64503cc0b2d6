"""Functions that change the dicts and lists that they are given: results have the nesting of the arguments."""

import copy
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import pytest
from gradcheck import nested_slopes

import fastbp as bp
from fastbp import nesting


@dataclass
class Pair:
    a: np.ndarray
    b: np.ndarray


W = np.arange(1.0, 4.0)
U = np.array([0.5, -0.25])


def popped(p):
    a = p.pop("a")
    return (a**2).sum() + np.sum(p["b"] ** 3)


def popped_last(p):
    name, b = p.popitem()
    return (b**2).sum() * (3 if name == "b" else 5) + np.sin(p["a"]).sum()


def deleted(p):
    p["a"] = np.tanh(p["a"])
    b = p["b"]
    del p["b"]
    return (p["a"] ** 2).sum() * (b**2).sum()


def added(p):
    p["sum"] = p["a"].sum() * 2
    p.setdefault("more", p["b"])
    return p["sum"] ** 2 + (p["more"] ** 2).sum()


def emptied(p):
    a, b = p["a"], p["b"]
    p.clear()
    return (a**2).sum() + b.sum()


def swapped(p):
    p["a"], p["b"] = p["b"], p["a"]
    return (p["a"] ** 2).sum() + (p["b"] ** 3).sum()


def ordered_otherwise(p):
    p["a"] = p.pop("a") * 2
    return (p["a"] ** 2).sum() + p["b"].sum() * 7


def from_list(p):
    last = p["layers"].pop()
    p["layers"].append(p["layers"][0] * 3)
    p["layers"].insert(0, last**2)
    return sum(layer.sum() for layer in p["layers"])


def from_record(p):
    p.a, p.b = p.b * 2, p.a
    return (p.a**2).sum() + (p.b**3).sum()


PARAMS = {"a": W, "b": U}
CASES = [
    *((f, PARAMS) for f in (popped, popped_last, deleted, added, emptied, swapped)),
    (ordered_otherwise, PARAMS),
    (popped, OrderedDict(PARAMS)),
    (popped, {"b": 1.5, "a": W}),
    (from_list, {"layers": [W, U], "rest": 2.0}),
    (from_record, Pair(W, U)),
]
IDS = [f"{f.__name__}-{type(p).__name__}-{i}" for i, (f, p) in enumerate(CASES)]


def assert_alike(found, wanted):
    found, wanted = list(nesting.leaves(found, "p")), list(nesting.leaves(wanted, "p"))
    assert [name for name, _ in found] == [name for name, _ in wanted]
    for (_, a), (_, b) in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("function", "params"), CASES, ids=IDS)
def test_gradients(function, params):
    wanted, given = nested_slopes(function, params), copy.deepcopy(params)
    value, found = bp.value_and_grad(function)(given)
    assert type(found) is type(params)
    np.testing.assert_allclose(value, function(copy.deepcopy(params)))
    assert_alike(found, wanted)
    assert_alike(bp.grad(function)(given), wanted)
    assert_alike(bp.jacobian(function)(given), wanted)
    assert_alike(given, params)  # what the caller has stays
    assert bp.check_grad(function, given) < 1e-4
    assert_alike(given, params)


@pytest.mark.parametrize(("function", "params"), CASES, ids=IDS)
def test_products_with_the_hessian(function, params):
    along = nesting.mapped(
        params, lambda leaf: np.cos(np.arange(np.size(leaf)).reshape(np.shape(leaf)))
    )
    h = 1e-5
    ends = [
        bp.grad(function)(
            nesting.rebuilt(
                params,
                iter(
                    [
                        a + sign * h * d
                        for (_, a), (_, d) in zip(
                            nesting.leaves(params, ""), nesting.leaves(along, ""), strict=True
                        )
                    ]
                ),
            )
        )
        for sign in (1, -1)
    ]
    wanted = iter(
        [
            (a - b) / (2 * h)
            for (_, a), (_, b) in zip(*(nesting.leaves(e, "") for e in ends), strict=True)
        ]
    )
    assert_alike(bp.hvp(function)(params, along), nesting.rebuilt(params, wanted))


def test_gradients_for_each_sample():
    x = np.arange(6.0).reshape(3, 2)

    def loss(p, x):
        return (x @ p.pop("b")).sum() * p["a"].sum()

    found = bp.per_sample_grad(loss)({"a": W, "b": U}, x)
    np.testing.assert_allclose(found["a"], np.repeat(x @ U, 3).reshape(3, 3))
    np.testing.assert_allclose(found["b"], x * W.sum())


def test_several_arguments_that_are_one():
    p = {"a": W.copy(), "b": U.copy()}

    def loss(p, q):
        return (p.pop("a") * q["a"]).sum() + (q.pop("b") ** 2).sum()

    for_p, for_q = bp.grad(loss, argnums=(0, 1))(p, p)
    assert_alike(for_p, {"a": W, "b": 0 * U})
    assert_alike(for_q, {"a": W, "b": 2 * U})
    assert list(p) == ["a", "b"]


def test_inside_another_transformation():
    """The inner function changes a copy, as one that is called from outside does."""

    def inner(p):
        return (p.pop("a") ** 3).sum()

    def outer(w):
        p = {"a": w, "b": 2 * w}
        slopes = bp.grad(inner)(p)
        return (slopes["a"] * p["a"]).sum() + slopes["b"].sum()

    np.testing.assert_allclose(bp.grad(outer)(W), 9 * W**2)


def test_a_function_trainer():
    def loss(p, x):
        b = p.pop("b")
        p["w"] = p["w"] * 2
        return ((x @ p["w"] + b) ** 2).mean()

    def plain(p, x):
        return ((x @ (p["w"] * 2) + p["b"]) ** 2).mean()

    x = np.random.default_rng(0).normal(size=(20, 2))
    found = []
    for function in (loss, plain):
        trainer = bp.Trainer(
            function, params={"b": 1.0, "w": U.copy()}, optimizer=bp.SGD(0.05), seed=0
        )
        trainer.fit(x, epochs=3, verbose=0)
        trainer.step(x)
        found.append(trainer.params)
    assert_alike(*found)


@pytest.mark.parametrize("argnums", [(0, 0), (1, -1), (0, 1, -2)])
def test_an_argument_is_named_once(argnums):
    for transform in (bp.grad, bp.value_and_grad, bp.jacobian):
        with pytest.raises(TypeError, match=r"argnums names argument [01] twice"):
            transform(lambda a, b: (a * b).sum(), argnums)(W, W)
