"""Gradients of functions of arrays: values, nestings, dtypes, orders, and one inside another."""

from __future__ import annotations

import dataclasses
import math
from collections import namedtuple

import numpy as np
import pytest

import fastbp as bp

RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 3))
W = RNG.normal(size=3)


def mlp(params, x, y):
    W1, b1, W2, b2 = params
    return bp.bce(bp.sigmoid(np.tanh(x @ W1 + b1) @ W2 + b2), y)


def mlp_arguments(dtype="float64"):
    rng = np.random.default_rng(1)
    params = [rng.normal(size=s).astype(dtype) for s in ((2, 5), (5,), (5, 1), (1,))]
    x = rng.normal(size=(9, 2)).astype(dtype)
    return params, x, (x[:, :1] > 0).astype(dtype)


def test_value_and_gradients_of_a_network():
    params, x, y = mlp_arguments()
    value, grads = bp.value_and_grad(mlp)(params, x, y)
    W1, b1, W2, b2 = params
    a1 = np.tanh(x @ W1 + b1)
    p = 1 / (1 + np.exp(-(a1 @ W2 + b2)))
    d2 = (p - y) / len(x)
    d1 = d2 @ W2.T * (1 - a1**2)
    assert value == pytest.approx(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())
    for found, wanted in zip(grads, (x.T @ d1, d1.sum(0), a1.T @ d2, d2.sum(0)), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_float32_in_float32_out():
    value, grads = bp.value_and_grad(mlp)(*mlp_arguments("float32"))
    assert type(value) is np.float32
    assert type(grads) is list
    assert [g.dtype for g in grads] == [np.float32] * 4
    exact, _ = bp.value_and_grad(mlp)(*mlp_arguments())
    assert value == pytest.approx(exact, rel=1e-5)


def test_float32_parameters_with_float64_data():
    """NumPy computes in float64; gradients come in the parameters' dtype."""
    f = bp.value_and_grad(lambda w, x: ((x @ w) ** 2).sum())
    value, slope = f(W.astype("f4"), X)
    assert type(value) is np.float64
    assert slope.dtype == np.float32
    np.testing.assert_allclose(slope, 2 * X.T @ (X @ W), rtol=1e-6)


Pair = namedtuple("Pair", "left right")


@dataclasses.dataclass
class Record:
    weight: np.ndarray
    bias: float


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"w": W, "b": 0.5}, {"w": 2 * W, "b": 1.0}),
        ([W, [0.5]], [2 * W, [1.0]]),
        (Pair(W, (0.5,)), Pair(2 * W, (1.0,))),
        (Record(W, 0.5), Record(2 * W, 1.0)),
        ({"a": {"w": W}, "n": 3}, {"a": {"w": 2 * W}, "n": 6.0}),
        (W, 2 * W),
        (0.5, 1.0),
    ],
)
def test_gradients_come_in_the_nesting_of_the_argument(params, wanted):
    def leaves(value):
        if isinstance(value, dict):
            return [leaf for v in value.values() for leaf in leaves(v)]
        if isinstance(value, list | tuple):
            return [leaf for v in value for leaf in leaves(v)]
        if isinstance(value, Record):
            return [value.weight, value.bias]
        return [value]

    found = bp.grad(lambda p: sum((leaf * leaf).sum() for leaf in leaves(p)))(params)
    assert type(found) is type(wanted)
    for have, want in zip(leaves(found), leaves(wanted), strict=True):
        assert type(have) is type(want)
        np.testing.assert_allclose(have, want)


def test_a_number_has_a_number_for_a_gradient():
    assert bp.grad(math_free_cube)(2.0) == 12.0
    assert type(bp.grad(math_free_cube)(2.0)) is float
    assert type(bp.grad(math_free_cube)(np.float32(2))) is np.float32
    assert bp.grad(math_free_cube)(2) == 12.0  # a whole number that is differentiated is a number


def math_free_cube(x):
    return x**3


def test_argnums():
    f = lambda a, b, c: (a * b).sum() + c  # noqa: E731
    np.testing.assert_array_equal(bp.grad(f, 1)(W, X[0], 1.0), W)
    np.testing.assert_array_equal(bp.grad(f, -1)(W, X[0], 1.0), 1.0)
    both = bp.grad(f, (0, 1))(W, X[0], 1.0)
    assert isinstance(both, tuple)
    np.testing.assert_array_equal(both[0], X[0])
    np.testing.assert_array_equal(both[1], W)
    value, slopes = bp.value_and_grad(f, (2,))(W, X[0], 1.0)
    assert slopes == (1.0,)
    assert value == pytest.approx(W @ X[0] + 1)


def test_keyword_arguments():
    f = bp.grad(lambda w, *, scale, power=2: scale * (w**power).sum())
    np.testing.assert_allclose(f(W, scale=3.0), 6 * W)
    np.testing.assert_allclose(f(W, scale=4.0, power=3), 12 * W**2)


def test_sine_to_the_sixth_derivative():
    f = np.sin
    for wanted in (np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin) * 2:
        f = bp.grad(f)
        assert f(0.3) == pytest.approx(wanted(0.3), rel=1e-14)


def test_one_inside_another():
    """u_xx = -sin(x) cos(t), by differentiating inside a function that is differentiated again."""

    def u(a, x, t):
        return a * np.sin(x) * np.cos(t)

    def u_xx(a, x, t):
        return bp.grad(lambda x: bp.grad(lambda x: u(a, x, t).sum())(x).sum())(x)

    x, t = X[:, 0], X[:, 1]
    np.testing.assert_allclose(bp.compile(u_xx)(2.0, x, t), -u(2.0, x, t), rtol=1e-13)
    slope = bp.grad(lambda a, x, t: (u_xx(a, x, t) ** 2).sum())(2.0, x, t)
    assert slope == pytest.approx(4 * ((np.sin(x) * np.cos(t)) ** 2).sum())


def test_what_a_function_has_from_outside_is_not_its_argument():
    """d/dx of x * y by the first x alone, even where y is x."""
    assert bp.grad(lambda x: bp.grad(lambda y: y * x)(x))(3.0) == 1.0


def test_jacobian_and_hessian():
    f = lambda x: np.stack([x[0] * x[1], np.sin(x[2]), x.sum()])  # noqa: E731
    x = W
    wanted = [[x[1], x[0], 0], [0, 0, math.cos(x[2])], [1, 1, 1]]
    np.testing.assert_allclose(bp.jacobian(f)(x), wanted)
    square = lambda w: (X @ w) ** 2  # noqa: E731
    np.testing.assert_allclose(bp.jacobian(square)(W), 2 * (X @ W)[:, None] * X)
    np.testing.assert_allclose(bp.hessian(lambda w: square(w).sum())(W), 2 * X.T @ X)
    found = bp.jacobian(lambda p: p["a"] * p["b"])({"a": W, "b": 2.0})
    np.testing.assert_allclose(found["a"], 2 * np.eye(3))
    np.testing.assert_allclose(found["b"], W)


def test_hvp_is_the_hessian_times_a_vector():
    params, x, y = mlp_arguments()
    flat = np.concatenate([p.ravel() for p in params])
    shapes = [p.shape for p in params]

    def loss(theta, x, y):
        parts, at = [], 0
        for shape in shapes:
            size = math.prod(shape)
            parts.append(theta[at : at + size].reshape(shape))
            at += size
        return mlp(parts, x, y)

    v = np.random.default_rng(2).normal(size=flat.shape)
    H = bp.hessian(loss)(flat, x, y)
    np.testing.assert_allclose(H, H.T, atol=1e-14)
    np.testing.assert_allclose(bp.hvp(loss)(flat, v, x, y), H @ v, rtol=1e-10, atol=1e-14)
    eps = 1e-5
    slope = bp.grad(loss)
    differences = (slope(flat + eps * v, x, y) - slope(flat - eps * v, x, y)) / (2 * eps)
    np.testing.assert_allclose(H @ v, differences, rtol=1e-6, atol=1e-8)


def test_per_sample_gradients_add_up():
    params, x, y = mlp_arguments()
    each = bp.per_sample_grad(mlp)(params, x, y)
    whole = bp.grad(mlp)(params, x, y)
    for found, wanted in zip(each, whole, strict=True):
        assert found.shape == (len(x), *wanted.shape)
        np.testing.assert_allclose(found.mean(axis=0), wanted, rtol=1e-10, atol=1e-14)
    with pytest.raises(ValueError, match="one row a sample each"):
        bp.per_sample_grad(mlp)(params, x, y[:-1])


def test_compile_keeps_nesting_and_what_is_not_computed():
    def f(x, flag, n):
        return {"double": 2 * x, "pair": (x.sum(), "text", None), "n": n}

    found = bp.compile(f)(X, True, 3)
    np.testing.assert_array_equal(found["double"], 2 * X)
    assert found["pair"][0] == pytest.approx(X.sum())
    assert found["pair"][1:] == ("text", None)
    assert found["n"] == 3


def test_check_grad_passes_and_catches(monkeypatch):
    assert bp.check_grad(mlp, *mlp_arguments()) < 1e-6
    from fastbp.graph import OPS

    row = OPS["tanh"]
    wrong = dataclasses.replace(
        row, local=lambda out, g, x: tuple(-d for d in row.local(out, g, x))
    )
    monkeypatch.setitem(OPS, "tanh", wrong)
    with pytest.raises(AssertionError, match=r"the gradient gives .* differences give"):
        bp.check_grad(mlp, *mlp_arguments())


def test_large_batches_run_in_blocks():
    """More rows than a block has: results with a row for each, and sums over rows."""
    x = np.random.default_rng(0).normal(size=(1300, 3))
    value, slope = bp.value_and_grad(lambda w, x: (np.tanh(x @ w) ** 2).mean())(W, x)
    h = np.tanh(x @ W)
    np.testing.assert_allclose(value, (h**2).mean())
    np.testing.assert_allclose(slope, x.T @ (2 * h * (1 - h**2)) / len(x), rtol=1e-11)
    np.testing.assert_allclose(bp.compile(lambda w, x: np.tanh(x @ w))(W, x), h)
    np.testing.assert_allclose(bp.grad(lambda x: (x**2).sum())(x), 2 * x)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: np.asfortranarray(x),
        lambda x: x[::-1][::-1],
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x.astype(">f8"),
        lambda x: np.frombuffer(x.tobytes()).reshape(x.shape),
    ],
)
def test_any_layout_of_arrays(make):
    f = bp.value_and_grad(lambda w, x: ((x @ w) ** 2).sum())
    wanted = f(W, X)
    for _ in range(2):  # traced, and found again
        value, slope = f(W, make(X))
        assert value == wanted[0]
        np.testing.assert_array_equal(slope, wanted[1])
    np.testing.assert_array_equal(f(make(W[:, None])[:, 0], X)[1], wanted[1])


def test_results_are_new_arrays():
    f = bp.grad(lambda w: (w**2).sum())
    first = f(W)
    kept = first.copy()
    f(2 * W)
    np.testing.assert_array_equal(first, kept)
