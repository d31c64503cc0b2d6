"""Optimizer steps against their formulas in NumPy."""

import numpy as np
import pytest

from fastbp.kernels import updates

DTYPES = ["float32", "float64"]
SIZES = [0, 1, 7, 16, 29, 65, 1000]


def arrays(n, dtype, count):
    rng = np.random.default_rng(n)
    return [rng.normal(size=n).astype(dtype) for _ in range(count)]


def tolerance(dtype):
    return {"rtol": 1e-5, "atol": 1e-6} if dtype == "float32" else {"rtol": 1e-13, "atol": 1e-14}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_sgd(n, dtype):
    p, g = arrays(n, dtype, 2)
    expected = p.astype("f8") - 0.1 * g.astype("f8")
    updates.sgd(p, g, 0.1)
    np.testing.assert_allclose(p, expected, **tolerance(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("n", SIZES)
def test_momentum(n, nesterov, dtype):
    p, *gradients = arrays(n, dtype, 4)
    v = np.zeros_like(p)
    q, u = p.astype("f8"), np.zeros(n)
    for g in gradients:
        updates.momentum(p, v, g, 0.1, momentum=0.9, nesterov=nesterov)
        u = 0.9 * u + g
        q = q - 0.1 * (g + 0.9 * u if nesterov else u)
    np.testing.assert_allclose(p, q, **tolerance(dtype))
    np.testing.assert_allclose(v, u, **tolerance(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_adam(n, dtype):
    p, *gradients = arrays(n, dtype, 6)
    m, v = np.zeros_like(p), np.zeros_like(p)
    q, a, b = p.astype("f8"), np.zeros(n), np.zeros(n)
    for t, g in enumerate(gradients, 1):
        updates.adam(p, m, v, g, 0.01, t, beta_1=0.8, beta_2=0.95, epsilon=1e-7)
        a = 0.8 * a + 0.2 * g.astype("f8")
        b = 0.95 * b + 0.05 * g.astype("f8") ** 2
        q = q - 0.01 * (a / (1 - 0.8**t)) / (np.sqrt(b / (1 - 0.95**t)) + 1e-7)
    np.testing.assert_allclose(p, q, **tolerance(dtype))
    np.testing.assert_allclose(m, a, **tolerance(dtype))
    np.testing.assert_allclose(v, b, **tolerance(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_first_step_of_adam_is_the_learning_rate(dtype):
    p, g = np.zeros(40, dtype), arrays(40, dtype, 1)[0] * 100
    updates.adam(p, np.zeros_like(p), np.zeros_like(p), g, 0.01, 1)
    np.testing.assert_allclose(p, -0.01 * np.sign(g), rtol=1e-4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_adam_without_gradients_stands_still(dtype):
    p = np.arange(20, dtype=dtype)
    updates.adam(p, np.zeros_like(p), np.zeros_like(p), np.zeros_like(p), 0.01, 1)
    np.testing.assert_array_equal(p, np.arange(20))


def step(name, p, g):
    state = [np.zeros_like(p) for _ in range({"sgd": 0, "momentum": 1, "adam": 2}[name])]
    getattr(updates, name)(p, *state, g, 0.1, *([1] if name == "adam" else []))
    return state


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sgd", "momentum", "adam"])
def test_nan_passes_through(name, dtype):
    g = np.ones(40, dtype)
    g[[0, 17, 39]] = np.nan
    p = np.zeros_like(g)
    for array in [*step(name, p, g), p]:
        np.testing.assert_array_equal(np.isnan(array), np.isnan(g))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sgd", "momentum", "adam"])
def test_a_number_gives_the_same_bits_wherever_it_stands(name, dtype):
    p, g = arrays(70, dtype, 2)
    whole = p.copy()
    step(name, whole, g)
    for n in range(71):
        part = p[:n].copy()
        step(name, part, g[:n])
        np.testing.assert_array_equal(part, whole[:n])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sgd", "momentum", "adam"])
def test_nothing_beside_the_parameters_is_written(name, dtype):
    for n in (0, 1, 13, 29):
        block = np.full(n + 40, 7, dtype)
        g = np.ones(n, dtype)
        g.flags.writeable = False
        step(name, block[20 : 20 + n], g)
        assert (block[20 : 20 + n] < 7).all()
        np.testing.assert_array_equal(np.delete(block, np.s_[20 : 20 + n]), 7)


def test_refusals():
    p = np.ones(3)
    frozen = np.broadcast_to(p, (3,))
    with pytest.raises(ValueError, match=r"g: expected shape \(3,\), got \(2,\)"):
        updates.sgd(p, np.ones(2), 0.1)
    with pytest.raises(ValueError, match=r"v: expected a writable array, got a read-only one"):
        updates.momentum(p, frozen, p, 0.1)
    with pytest.raises(TypeError, match=r"m: expected float64 as the output, got float32"):
        updates.adam(p, p.astype("f4"), p, p, 0.1, 1)
    with pytest.raises(ValueError, match=r"t: expected the number of the step, from 1, got 0"):
        updates.adam(p, p.copy(), p.copy(), p, 0.1, 0)
    np.testing.assert_array_equal(p, 1)
