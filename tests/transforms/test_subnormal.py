"""Functions of the user's take subnormal numbers as NumPy does; results below the normal range may be 0."""

import numpy as np
import pytest
from autograd import grad as autograd_grad
from autograd import numpy as anp

import fastbp as bp

DTYPES = ["float32", "float64"]
both = pytest.mark.parametrize("dtype", DTYPES)


def subnormal(dtype, n=101):
    info, rng = np.finfo(dtype), np.random.default_rng(0)
    x = np.floor(2.0 ** rng.uniform(0, info.nmant, n)).astype(dtype) * info.smallest_subnormal
    return np.unique(x.astype(dtype))


VALUES = {
    "log": lambda x: np.log(x),
    "log2": lambda x: np.log2(x),
    "log10": lambda x: np.log10(x),
    "log1p": lambda x: np.log1p(x),
    "sqrt": lambda x: np.sqrt(x),
    "root": lambda x: x**0.5,
    "fourth root": lambda x: x**0.25,
    "inverse root": lambda x: x**-0.5,
    "reciprocal": lambda x: 1 / x,
    "division": lambda x: 1e-30 / x,
    "ratio": lambda x: x / x.max(),
    "product": lambda x: x * 1e30,
    "sum": lambda x: x.sum() * 1e30,
    "dot": lambda x: x @ np.full_like(x, 1e30),
    "sorted": lambda x: np.sort(-x) * 1e30,
    "sign": lambda x: np.sign(-x),
    "is positive": lambda x: x > 0,
    "is less": lambda x: x[1:] > x[:-1],
    "is zero": lambda x: x == 0,
    "truth": lambda x: np.where(x, 1.0, 2.0),
    "where": lambda x: np.where(x > 0, 1.0, 2.0),
    "maximum": lambda x: np.maximum(x, 0) * 1e30,
    "ceil": lambda x: np.ceil(x),
    "floor": lambda x: np.floor(-x),
    "arctan2": lambda x: np.arctan2(x, x[::-1]),
    "hypot": lambda x: np.hypot(x, x[::-1]) * 1e30,
    "expm1": lambda x: np.expm1(x) * 1e30,
    "tanh": lambda x: np.tanh(x) * 1e30,
    "mod": lambda x: np.mod(1.0, x),
    "x log x": lambda x: x * np.log(x) * 1e30,
}


@both
@pytest.mark.parametrize("name", VALUES)
def test_compiled_values(name, dtype):
    x, tiny = subnormal(dtype), np.finfo(dtype).tiny
    with np.errstate(all="ignore"):
        got, want = bp.compile(VALUES[name])(x), VALUES[name](x)
    np.testing.assert_allclose(got, want, rtol=16 * np.finfo(dtype).eps, atol=tiny)


GRADIENTS = {
    "log": (lambda np, x: np.log(x), 1e-4),
    "log of many": (lambda np, x: x * np.log(x), 1),
    "root": (lambda np, x: np.sqrt(x), 1),
    "product": (lambda np, x: (x * 1e20) ** 2, 1),
    "where": (lambda np, x: np.where(x > 0, 3 * x, 5 * x), 1),
    "maximum": (lambda np, x: np.maximum(x, 0), 1),
    "absolute": (lambda np, x: np.abs(-x), 1),
    "sigmoid": (lambda np, x: 1 / (1 + np.exp(-x)), 1),
}


@both
@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name, dtype):
    x, (f, scale) = subnormal(dtype), GRADIENTS[name]
    value, got = bp.value_and_grad(lambda x: f(np, x).sum() * scale)(x)
    with np.errstate(over="ignore"):
        want = autograd_grad(lambda x: anp.sum(f(anp, x)) * scale)(x.astype("f8")).astype(dtype)
    tiny, eps = np.finfo(dtype).tiny, np.finfo(dtype).eps
    np.testing.assert_allclose(got, want, rtol=64 * eps, atol=tiny)
    np.testing.assert_allclose(value, f(np, x).sum() * scale, rtol=64 * eps, atol=tiny)
    np.testing.assert_array_equal(bp.grad(lambda x: f(np, x).sum() * scale)(x), got)


@both
def test_other_transforms(dtype):
    x = subnormal(dtype, 5)
    big = x.dtype.type(1e30)
    eps = 64 * np.finfo(dtype).eps
    np.testing.assert_allclose(
        bp.jacobian(lambda x: np.sqrt(x))(x), np.diag(0.5 / np.sqrt(x)), rtol=eps
    )
    np.testing.assert_allclose(
        bp.hvp(lambda x: (x**3).sum() * 1e30)(x, np.full_like(x, 1)), 6 * (x * big), rtol=eps
    )
    np.testing.assert_allclose(
        bp.hessian(lambda x: (x**3).sum() * 1e30)(x), np.diag(6 * (x * big)), rtol=eps
    )
    rows = bp.per_sample_grad(lambda w, X: (X @ w).sum() * 1e30)(np.ones(1, dtype), x[:, None])
    np.testing.assert_allclose(rows, (x * big)[:, None], rtol=eps)
    traced = bp.trace(lambda x: np.log(x).sum(), x)
    np.testing.assert_allclose(traced.output.value, np.log(x).sum(), rtol=eps)


@both
def test_a_large_batch(dtype):
    """Many blocks of rows, and groups of them."""
    x = np.full((20_000, 8), np.finfo(dtype).tiny / 1024, dtype)
    w = np.full(8, 2.0**40, dtype)
    got = bp.compile(lambda X, w: (X @ w).mean())(x, w)
    assert got == 8 * x[0, 0] * w[0]
    gradient = bp.grad(lambda w, X: (X @ w).mean() * 2.0**40)(w, x)
    np.testing.assert_allclose(gradient, x[0] * w, rtol=1e-3)


@both
def test_functions_of_arrays(dtype):
    x = np.concatenate([subnormal(dtype), -subnormal(dtype)])
    tiny = np.finfo(dtype).tiny
    np.testing.assert_array_equal(bp.relu(x), np.maximum(x, 0))
    np.testing.assert_array_equal(bp.tanh(x), x)
    np.testing.assert_array_equal(bp.sigmoid(x), 0.5)
    np.testing.assert_array_equal(bp.hard_sigmoid(x), 0.5)
    np.testing.assert_allclose(bp.softplus(x), np.log(2), rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(bp.erf(x), x * 2 / np.sqrt(np.pi), atol=tiny / 2**20)
    p, y = np.abs(x[:, None]), np.zeros((x.size, 1), dtype)
    np.testing.assert_allclose(bp.mae(p, y), p.mean(), rtol=1e-3)


@both
def test_a_training_flushes_them(dtype):
    """Where a gradient of 1e-39 would move a weight."""
    small = np.finfo(dtype).tiny / 16
    params = {"w": np.zeros(3, dtype)}
    trainer = bp.Trainer(
        lambda params, x: (params["w"] * x).sum(), params=params, optimizer=bp.SGD(1e30)
    )
    trainer.step(np.full((1, 3), small, dtype))
    assert not trainer.params["w"].any()
    found, _ = bp.optimize(lambda w: (w * small).sum(), np.zeros(3, dtype), lr=1e30, n_iter=2)
    assert not found.any()
