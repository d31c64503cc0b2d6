"""Random functions against HIPS autograd; JAX and PyTorch where they are installed."""

from __future__ import annotations

from itertools import pairwise

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastbp as bp

UNARY = ("tanh", "sin", "cos", "exp", "arctan", "square", "negative", "abs", "sinh", "log1p_abs")
BINARY = ("add", "subtract", "multiply", "divide_safe", "maximum", "where", "matmul_like")
REDUCE = ("sum0", "mean1", "max1", "logsumexp", "var", "prod", "none")
MOVE = ("transpose", "reshape", "reverse", "rolled", "concatenate", "index", "none")


def unary(np_, name, x):
    if name == "abs":
        return np_.abs(x + 0.1)
    if name == "log1p_abs":
        return np_.log1p(np_.abs(x))
    return getattr(np_, name)(np_.tanh(x) if name in ("exp", "square", "sinh") else x)


def binary(np_, name, a, b):
    if name == "divide_safe":
        return a / (1 + b**2)
    if name == "maximum":
        return np_.maximum(a, b + 0.01)
    if name == "where":
        return np_.where(a > b, a * b, a - b)
    if name == "matmul_like":
        return a @ np_.transpose(b) @ a
    return getattr(np_, name)(a, b)


def reduce_(np_, name, x):
    if name == "sum0":
        return x + np_.sum(x, axis=0)
    if name == "mean1":
        return x - np_.mean(x, axis=1, keepdims=True)
    if name == "max1":
        return x - np_.max(x, axis=1, keepdims=True)
    if name == "logsumexp":
        return x - np_.log(np_.sum(np_.exp(x), axis=1, keepdims=True))
    if name == "var":
        return x / (1 + np_.var(x))
    if name == "prod":
        return x + np_.prod(np_.tanh(x), axis=0)
    return x


def move(np_, name, x):
    n, m = x.shape
    if name == "transpose":
        return x + np_.transpose(np_.reshape(x, (m, n)))
    if name == "reshape":
        return np_.reshape(np_.reshape(x, (n * m,)), (n, m))
    if name == "reverse":
        return x[::-1]
    if name == "rolled":
        return x * np_.roll(x, 1, axis=1)
    if name == "concatenate":
        return np_.concatenate([x[:, 1:], x[:, :1]], axis=1)
    if name == "index":
        return x[np.arange(n)[::-1]] * x[:, 0:1]
    return x


stages = st.lists(
    st.tuples(
        st.sampled_from(UNARY),
        st.sampled_from(BINARY),
        st.sampled_from(REDUCE),
        st.sampled_from(MOVE),
    ),
    min_size=1,
    max_size=4,
)


def function(np_, plan):
    def f(a, b):
        for one, two, three, four in plan:
            a, b = binary(np_, two, unary(np_, one, a), b), a
            a = np_.tanh(reduce_(np_, three, move(np_, four, a)))
        return np_.sum(a * b) + np_.sum(a)

    return f


@settings(max_examples=60, deadline=None, derandomize=True)
@given(plan=stages, n=st.integers(1, 5), m=st.integers(1, 5), seed=st.integers(0, 9))
def test_random_functions(plan, n, m, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, m)), rng.normal(size=(n, m))
    value, found = bp.value_and_grad(function(np, plan), (0, 1))(a, b)
    wanted = autograd.grad(function(anp, plan), (0, 1))(a, b)
    assert value == pytest.approx(function(np, plan)(a, b), rel=1e-9, abs=1e-12)
    for have, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-7, atol=1e-9)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(plan=stages, seed=st.integers(0, 9))
def test_second_derivatives_of_random_functions(plan, seed):
    plan = [
        (a, b, "none" if c == "prod" else c, d) for a, b, c, d in plan
    ]  # autograd divides by zeros there
    rng = np.random.default_rng(seed)
    a, b, v = (rng.normal(size=(3, 2)) for _ in range(3))
    found = bp.hvp(function(np, plan))(a, v, b)
    wanted = autograd.make_hvp(function(anp, plan))(a, b)[0](v)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


def network(np_, params, x):
    h = x
    for W, b in params[:-1]:
        h = np_.tanh(h @ W + b)
    W, b = params[-1]
    z = h @ W + b
    return np_.mean(np_.maximum(z, 0) - z * 0.3 + np_.log1p(np_.exp(-np_.abs(z))))


def network_arguments():
    rng = np.random.default_rng(0)
    sizes = (3, 5, 4, 1)
    params = [(rng.normal(size=(n, m)), rng.normal(size=m)) for n, m in pairwise(sizes)]
    return params, rng.normal(size=(11, 3))


def test_a_network_against_jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    params, x = network_arguments()
    value, found = bp.value_and_grad(lambda p, x: network(np, p, x))(params, x)
    other, wanted = jax.value_and_grad(lambda p, x: network(jax.numpy, p, x))(params, x)
    assert value == pytest.approx(float(other), rel=1e-12)
    for have, want in zip(found, wanted, strict=True):
        for one, two in zip(have, want, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-14)


def test_a_network_against_torch():
    torch = pytest.importorskip("torch")
    params, x = network_arguments()
    _, found = bp.value_and_grad(lambda p, x: network(np, p, x))(params, x)
    leaves = [torch.tensor(a, requires_grad=True) for pair in params for a in pair]
    h = torch.tensor(x)
    for i in range(0, len(leaves), 2):
        h = h @ leaves[i] + leaves[i + 1]
        h = torch.tanh(h) if i < len(leaves) - 2 else h
    loss = torch.nn.functional.binary_cross_entropy_with_logits(h, torch.full_like(h, 0.3))
    wanted = torch.autograd.grad(loss, leaves)
    for one, two in zip((a for pair in found for a in pair), wanted, strict=True):
        np.testing.assert_allclose(one, two.numpy(), rtol=1e-10, atol=1e-14)
