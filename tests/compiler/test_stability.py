"""Stability: what is written by hand stays finite and right where it would overflow or lose digits."""

import numpy as np
import pytest

from fastbp.transforms import compile as compiled
from fastbp.transforms import grad

both = pytest.mark.parametrize("dtype", ["float32", "float64"])
RTOL = {"float32": 1e-5, "float64": 1e-13}
LOGITS = np.array([-1000.0, -745, -100, -88, -40, -17, -1, 0, 1, 17, 40, 88, 100, 745, 1000])
TINY = np.array([-0.3, -1e-3, -1e-8, -1e-20, 0, 1e-20, 1e-17, 1e-8, 1e-5, 1e-3, 0.3])


def softplus(z):
    """log(1 + exp(z)): the larger of z and 0, and a small rest."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def close(found, wanted, dtype):
    assert np.isfinite(found).all()
    tiny = 0 if dtype == "float64" else 1e-37
    np.testing.assert_allclose(found, np.float64(wanted), rtol=RTOL[dtype], atol=max(tiny, 1e-307))


def value_and_slope(f, z, dtype):
    """f(z), and the derivative of the sum of f(z)."""
    z = z.astype(dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        return compiled(f)(z), grad(lambda z: f(z).sum())(z)


# Of logits from -1000 to 1000: the function by hand, its value and its derivative in closed form.
AT_LOGITS = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "sigmoid, other order": (
        lambda z: 1 / (np.exp(-z) + 1),
        sigmoid,
        lambda z: sigmoid(z) * sigmoid(-z),
    ),
    "sigmoid of minus": (
        lambda z: 1 / (1 + np.exp(z)),
        lambda z: sigmoid(-z),
        lambda z: -sigmoid(z) * sigmoid(-z),
    ),
    "reciprocal": (
        lambda z: np.reciprocal(1 + np.exp(-z)),
        sigmoid,
        lambda z: sigmoid(z) * sigmoid(-z),
    ),
    "power -1": (lambda z: (1 + np.exp(-z)) ** -1, sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "log sigmoid": (
        lambda z: np.log(1 / (1 + np.exp(-z))),
        lambda z: -softplus(-z),
        lambda z: sigmoid(-z),
    ),
    "log of 1 - sigmoid": (
        lambda z: np.log(1 - 1 / (1 + np.exp(-z))),
        lambda z: -softplus(z),
        lambda z: -sigmoid(z),
    ),
    "log1p of -sigmoid": (
        lambda z: np.log1p(-(1 / (1 + np.exp(-z)))),
        lambda z: -softplus(z),
        lambda z: -sigmoid(z),
    ),
    "log of 1 + exp": (lambda z: np.log(1 + np.exp(z)), softplus, sigmoid),
    "log of exp + 1": (lambda z: np.log(np.exp(z) + 1.0), softplus, sigmoid),
    "log1p of exp": (lambda z: np.log1p(np.exp(z)), softplus, sigmoid),
    "logaddexp": (lambda z: np.logaddexp(0, z), softplus, sigmoid),
    "logaddexp, other order": (lambda z: np.logaddexp(z, 0), softplus, sigmoid),
    "tanh by hand": (
        lambda z: 2 * (1 / (1 + np.exp(-2 * z))) - 1,
        np.tanh,
        lambda z: 4 * sigmoid(2 * z) * sigmoid(-2 * z),
    ),
}


@both
@pytest.mark.parametrize(("f", "value", "slope"), AT_LOGITS.values(), ids=AT_LOGITS.keys())
def test_logits_from_minus_to_plus_1000(f, value, slope, dtype):
    found, slopes = value_and_slope(f, LOGITS, dtype)
    z = LOGITS.astype(dtype).astype(float)
    if value is np.tanh:
        np.testing.assert_allclose(found, np.tanh(z), atol=10 * RTOL[dtype])
    else:
        close(found, value(z), dtype)
    assert np.isfinite(slopes).all()  # s (1 - s) has no digits of its own where s rounds to 1
    np.testing.assert_allclose(slopes, slope(z), rtol=RTOL[dtype], atol=4 * np.finfo(dtype).eps)


@both
@pytest.mark.parametrize("target", [0.0, 1.0, 0.25])
@pytest.mark.parametrize(
    "bce",
    [
        lambda p, y: -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(),
        lambda p, y: np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)),
        lambda p, y: -(y * np.log(p) + (1 - y) * np.log1p(-p)).sum() / len(p),
    ],
)
def test_bce_by_hand(bce, target, dtype):
    z = LOGITS.astype(dtype)[:, None]
    y = np.full(z.shape, target, dtype)

    def loss(z, y):
        return bce(1 / (1 + np.exp(-z)), y)

    wide = z.astype(float)
    close(compiled(loss)(z, y), np.mean(softplus(wide) - target * wide), dtype)
    slope = grad(loss)(z, y)
    assert np.isfinite(slope).all()
    wanted = (sigmoid(wide) - target) / len(z)
    np.testing.assert_allclose(slope, wanted, rtol=1e-4, atol=RTOL[dtype] / 10)


@both
def test_bce_of_a_network_by_hand(dtype):
    """The gradient at the weights of a network whose logits are all over the place."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(6, 3)).astype(dtype) * 1000, rng.normal(size=3).astype(dtype)
    y = np.array([0, 1, 0, 1, 1, 0], dtype)

    def loss(w):
        p = 1 / (1 + np.exp(-(x @ w)))
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()

    z = x.astype(float) @ w.astype(float)
    close(compiled(loss)(w), np.mean(softplus(z) - y * z), dtype)
    close(grad(loss)(w), x.astype(float).T @ (sigmoid(z) - y) / 6, dtype)


AT_TINY = {
    "log of 1 + x": (lambda x: np.log(1 + x), np.log1p, lambda x: 1 / (1 + x)),
    "log of x + 1": (lambda x: np.log(x + 1), np.log1p, lambda x: 1 / (1 + x)),
    "log of 1 - x": (lambda x: np.log(1 - x), lambda x: np.log1p(-x), lambda x: -1 / (1 - x)),
    "exp less 1": (lambda x: np.exp(x) - 1, np.expm1, np.exp),
    "sinh": (np.sinh, np.sinh, np.cosh),
    "arcsinh": (np.arcsinh, np.arcsinh, lambda x: 1 / np.sqrt(1 + x * x)),
    "arctanh": (np.arctanh, np.arctanh, lambda x: 1 / (1 - x * x)),
    "arcsin": (np.arcsin, np.arcsin, lambda x: 1 / np.sqrt(1 - x * x)),
}


@both
@pytest.mark.parametrize(("f", "value", "slope"), AT_TINY.values(), ids=AT_TINY.keys())
def test_tiny_numbers_keep_their_digits(f, value, slope, dtype):
    found, slopes = value_and_slope(f, TINY, dtype)
    x = TINY.astype(dtype).astype(float)
    close(found, value(x), dtype)
    close(slopes, slope(x), dtype)


NORMS = {
    "square": lambda x: np.sqrt((x**2).sum()),
    "product": lambda x: np.sqrt((x * x).sum()),
    "np.square": lambda x: np.sqrt(np.sum(np.square(x))),
    "power": lambda x: (x**2).sum() ** 0.5,
    "np.linalg.norm": np.linalg.norm,
    "difference": lambda x: np.sqrt(((x - np.zeros(3)) ** 2).sum()),
    "std": lambda x: np.std(x) * np.sqrt(3.0),
}


@both
@pytest.mark.parametrize("f", NORMS.values(), ids=NORMS.keys())
def test_the_gradient_of_a_norm_at_0_is_0(f, dtype):
    x = np.zeros(3, dtype)
    assert compiled(f)(x) == 0
    np.testing.assert_array_equal(grad(f)(x), np.zeros(3))


@both
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sqrt((x**2).sum(axis=1)),
        lambda x: np.sqrt((x * x).sum(axis=1, keepdims=True)),
        lambda x: np.linalg.norm(x, axis=1),
    ],
)
def test_norms_of_rows_of_which_one_is_0(f, dtype):
    x = np.array([[3.0, 4], [0, 0], [1, 0]], dtype)
    np.testing.assert_allclose(np.ravel(compiled(f)(x)), [5, 0, 1], rtol=1e-6)
    slope = grad(lambda x: f(x).sum())(x)
    np.testing.assert_allclose(slope, [[0.6, 0.8], [0, 0], [1, 0]], rtol=1e-6)


def test_distances_between_equal_points():
    """The diagonal of a matrix of distances is 0, and pulls at nothing."""

    def f(x):
        return np.sqrt(((x[:, None, :] - x[None, :, :]) ** 2).sum(axis=-1)).sum()

    x = np.array([[0.0, 0], [3, 4], [3, 4]])
    assert compiled(f)(x) == pytest.approx(20)
    wanted = [[-2.4, -3.2], [1.2, 1.6], [1.2, 1.6]]
    np.testing.assert_allclose(grad(f)(x), wanted, rtol=1e-13)


def test_second_derivatives_far_out():
    slopes = grad(lambda z: grad(lambda z: np.log(1 + np.exp(z)).sum())(z).sum())(LOGITS)
    assert np.isfinite(slopes).all()
    np.testing.assert_allclose(slopes, sigmoid(LOGITS) * sigmoid(-LOGITS), rtol=1e-13, atol=1e-15)
