"""What a traced function may not do: each refusal names the call, the line and the way out."""

import math

import numpy as np
import pytest

import fastbp as bp

W = np.array([1.0, -2.0, 0.5])
LIST = [0.0]


def branches(w):
    return w.sum() if w.sum() > 0 else -w.sum()


def writes(w):
    w[0] = 0
    return w.sum()


def adds_in_place(w):
    total = np.zeros(3)
    total += w
    return total.sum()


def selects(w):
    return w[w > 0].sum()


def loops(w):
    total = 0.0
    while total < w.sum():
        total += 1
    return w.sum()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (branches, ["truth value", "if w.sum() > 0", "np.where"]),
        (loops, ["truth value", "while total < w.sum()"]),
        (lambda w: float(w.sum()) * w.sum(), ["Python number", "float(w.sum())"]),
        (lambda w: math.exp(w.sum()) * w.sum(), ["Python number", "np.exp instead of math.exp"]),
        (lambda w: np.array([w.sum(), 1.0]).sum(), ["cannot become an array", "np.stack"]),
        (writes, ["cannot be written to", "w[0] = 0", "np.where"]),
        (adds_in_place, ["np.add into an existing array", "total += w", "a = a + x"]),
        (selects, ["x[mask]", "np.where(mask, x, 0)"]),
        (lambda w: np.linalg.svd(w.reshape(3, 1)), ["np.linalg.svd", "np.linalg.svd(w"]),
        (lambda w: np.unique(w).sum(), ["np.unique", "pass the result as data"]),
        (lambda w: np.nonzero(w), ["np.nonzero"]),
        (lambda w: np.rint(w).sum(), ["np.rint"]),
        (lambda w: np.sum(w, where=w > 0), ["np.sum", "where"]),
        (lambda w: np.add.accumulate(w).sum(), ["np.add.accumulate"]),
        (lambda w: w[0.5], ["only integers"]),
        (lambda w: 1.0 in w, ["searched", "1.0 in w"]),
        (lambda w: range(w.sum()), ["Python number"]),
    ],
)
def test_refusals_name_the_call_the_line_and_the_way_out(function, words):
    with pytest.raises((TypeError, IndexError)) as caught:
        bp.grad(function)(W)
    for word in words:
        assert word in str(caught.value)


def test_the_line_is_the_users():
    with pytest.raises(TypeError, match=r"\(test_errors.py, line \d+: return w.sum\(\) if w.sum"):
        bp.grad(branches)(W)


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        (lambda w: w * 2, (W,), TypeError, r"must return one number, got shape \(3,\)"),
        (lambda w: None, (W,), TypeError, "must return an array or a number, got None"),
        (lambda w: (w.sum(), 1), (W,), TypeError, "must return an array or a number, got "),
        (lambda w: w.sum(), (np.arange(3),), TypeError, r"int64: convert it with .astype\(float\)"),
        (lambda w: w.sum(), (), TypeError, "argument 0 of 0"),
        (lambda w: w.sum(), (W.astype(complex),), TypeError, "argument 0: .* complex128"),
        (lambda w: w.sum(), (np.array(["a"]),), TypeError, "argument 0: .*<U1"),
        (
            lambda w: w.sum(),
            (W.astype(np.longdouble),),
            TypeError,
            "argument 0: .*longdouble|float128",
        ),
        (lambda w: 1.0, ({},), TypeError, "hold no arrays or numbers"),
        (lambda w: 1.0, ("text",), TypeError, "must be arrays or numbers, got 'text'"),
        (lambda w: w @ np.ones(4), (W,), ValueError, r"\(3,\) @ \(4,\)"),
        (lambda w: w + np.ones(4), (W,), ValueError, r"\(3,\) and \(4,\) do not broadcast"),
        (lambda w: w[5], (W,), IndexError, "index 5 is out of bounds"),
    ],
)
def test_bad_functions_and_arguments(function, arguments, error, message):
    with pytest.raises(error, match=message):
        bp.grad(function)(*arguments)


@pytest.mark.parametrize("make", [bp.grad, bp.value_and_grad, bp.jacobian])
@pytest.mark.parametrize("argnums", [(), 1.5, "w", True, (0, "w")])
def test_bad_argnums(make, argnums):
    with pytest.raises(TypeError, match="argnums must be a place, or several"):
        make(np.sum, argnums)


@pytest.mark.parametrize("make", [bp.grad, bp.compile, bp.hvp, bp.hessian])
def test_what_is_no_function(make):
    with pytest.raises(TypeError, match="expected a function, got 3"):
        make(3)


def test_hvp_with_a_vector_of_another_shape():
    with pytest.raises(ValueError, match="v must have the nesting and the shapes of x"):
        bp.hvp(lambda x: (x**3).sum())(W, np.ones(2))


def test_a_function_that_depends_on_nothing():
    np.testing.assert_array_equal(bp.grad(lambda w: 1.0)(W), np.zeros(3))
    np.testing.assert_array_equal(bp.grad(lambda w, x: (x**2).sum())(W, W), np.zeros(3))
    with pytest.raises(TypeError, match="returns nothing that it computed"):
        bp.compile(lambda w: 1.0)(W)


def test_an_array_that_an_earlier_call_kept():
    kept = {}

    def memo(x):
        return x + kept.setdefault("tanh", np.tanh(x)).sum()

    compiled = bp.compile(memo)
    compiled(np.ones(3))
    with pytest.raises(
        TypeError, match="the function uses argument 0 of another call, which it kept"
    ):
        compiled(np.ones(4))


def test_a_hessian_of_a_nesting():
    with pytest.raises(
        TypeError, match=r"must return an array or a number, got .*: take one flat array"
    ):
        bp.hessian(lambda p: (p["a"] ** 2).sum())({"a": np.ones(2)})
