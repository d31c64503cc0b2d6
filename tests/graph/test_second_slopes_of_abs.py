"""Second derivatives at 0 of smooth functions that are written with abs and maximum."""

import numpy as np
import pytest
from gradcheck import hessian_slopes

import fastbp as bp

ZERO, EYE = np.zeros(2), np.eye(2)
Y = np.array([0.0, 1.0])


def huber(z):
    d = np.minimum(abs(z), 1.0)
    return (0.5 * d * d + abs(z) - d).sum()


def loop(z):
    total = 0.0
    for a in (1.0, 2.0):
        size = abs(a * z)
        total = total + size + np.log1p(np.exp(-2 * size))
    return total.sum()


def sizes(z):
    rows = np.linalg.norm(np.stack([z, 2 * z], axis=1), axis=1)
    return rows @ rows


SMOOTH = {
    "bce": (
        lambda z: (np.maximum(z, 0) - z * Y + np.log1p(np.exp(-np.abs(z)))).sum(),
        0.25 * EYE,
    ),
    "bce, relu": (lambda z: (bp.relu(z) - z * Y + np.log1p(np.exp(-abs(z)))).sum(), 0.25 * EYE),
    "bce of columns": (
        lambda z: (np.maximum(z, 0)[:, None] + np.log1p(np.exp(-abs(z[:, None])))).mean(),
        0.125 * EYE,
    ),
    "log cosh": (lambda z: (abs(z) + np.log1p(np.exp(-2 * abs(z)))).sum(), EYE),
    "log cosh, reshaped": (
        lambda z: abs(z).sum() + np.log1p(np.exp(-2 * abs(z).reshape(2, 1))).sum(),
        EYE,
    ),
    "log cosh, twice": (loop, 5 * EYE),
    "huber": (huber, EYE),
    "dot": (lambda z: abs(z) @ abs(z), 2 * EYE),
    "dot of columns": (lambda z: (abs(z[None]) @ abs(z[None]).T).sum(), 2 * EYE),
    "einsum": (lambda z: np.einsum("i,i", 3 * abs(z), 3 * abs(z)), 18 * EYE),
    "norms of rows": (sizes, 10 * EYE),
    "sqrt of abs**4": (lambda z: np.sqrt(abs(z) ** 4).sum(), 2 * EYE),
    "sqrt of z**4": (lambda z: np.sqrt(z**4).sum(), 2 * EYE),
    "sqrt of z**6": (lambda z: np.sqrt(z**6).sum(), 0 * EYE),
    "sqrt of abs**6": (lambda z: np.sqrt(abs(z) ** 6).sum(), 0 * EYE),
    "sqrt of z**8": (lambda z: ((z**8) ** 0.5).sum(), 0 * EYE),
    "tanh": (lambda z: (abs(z) * np.tanh(abs(z))).sum(), 2 * EYE),
    "sigmoid": (lambda z: (abs(z) * bp.sigmoid(abs(z)) - abs(z) / 2).sum(), 0.5 * EYE),
    "quotient": (lambda z: (abs(z) * abs(z) / (1 + abs(z))).sum(), 2 * EYE),
    "exp": (lambda z: (np.exp(-abs(z)) * (1 + abs(z))).sum(), -EYE),
    "where": (lambda z: np.where(abs(z) < 2, np.exp(abs(z)) - abs(z), 0.0).sum(), EYE),
    "by its sign": (lambda z: (z * np.sign(z) * abs(z) * z).sum(), 0 * EYE),
}
KINKS = {
    "abs": lambda z: abs(z).sum(),
    "relu": lambda z: bp.relu(z).sum(),
    "maximum": lambda z: np.maximum(z, 0).sum(),
    "scaled": lambda z: (3 * abs(z) + z).sum(),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SMOOTH)
def test_at_zero(name, dtype):
    f, wanted = SMOOTH[name]
    x = ZERO.astype(dtype)
    np.testing.assert_allclose(bp.hessian(f)(x), wanted, atol=1e-6)
    np.testing.assert_allclose(bp.hvp(f)(x, np.ones(2, dtype)), wanted.sum(axis=1), atol=1e-6)
    np.testing.assert_allclose(bp.jacobian(bp.grad(f))(x), wanted, atol=1e-6)


@pytest.mark.parametrize("name", SMOOTH)
def test_elsewhere(name):
    f, _ = SMOOTH[name]
    x = np.array([0.3, -0.7])
    np.testing.assert_allclose(bp.compile(f)(x), f(x), rtol=1e-13)
    bp.check_grad(f, x)
    np.testing.assert_allclose(bp.hessian(f)(x), hessian_slopes(f, x), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_not_seen(name):
    np.testing.assert_array_equal(bp.hessian(KINKS[name])(ZERO), 0 * EYE)


def test_nan_stays():
    for name in ("bce", "log cosh", "huber"):
        assert np.isnan(bp.hessian(SMOOTH[name][0])(np.array([np.nan, 1.0]))[0, 0])


def test_the_sign_itself_is_numpys():
    x = np.array([-2.0, 0.0, 3.0])
    for f in (lambda z: np.sign(z) ** 2, lambda z: np.sign(z) * np.sign(z) * z):
        np.testing.assert_array_equal(bp.compile(f)(x), f(x))
    np.testing.assert_array_equal(bp.grad(lambda z: (np.sign(z) * abs(z)).sum())(x), [1, 1, 1])


def test_third_derivative():
    def slope(f):
        return bp.grad(lambda z: f(z).sum())

    third = slope(slope(slope(lambda z: abs(z) + np.log1p(np.exp(-2 * abs(z))))))
    x = np.array([-0.5, 0.0, 0.5])
    wanted = -2 * np.tanh(x) / np.cosh(x) ** 2
    np.testing.assert_allclose(third(x), wanted, atol=1e-12)


def test_long_sums_of_sizes():
    def f(z):
        total = 0.0
        for _ in range(300):
            total = total + np.log1p(np.exp(-2 * abs(z))) + abs(z)
        return total.sum()

    np.testing.assert_allclose(bp.hessian(f)(np.array([0.3]))[0, 0], 300 / np.cosh(0.3) ** 2)
