"""Softmax, log-softmax and log-sum-exp by hand, with logits from -1e4 to 1e4."""

import numpy as np
import pytest

from fastbp.transforms import compile as compiled
from fastbp.transforms import grad

both = pytest.mark.parametrize("dtype", ["float32", "float64"])
RTOL = {"float32": 1e-5, "float64": 1e-13}
ROWS = np.array(
    [
        [1000.0, 0, -1000],
        [-1000, -1000, -1000],
        [1000, 1000, 1000],
        [0, 0, 0],
        [1, 2, 700],
        [-1e4, 1e4, 0],
    ]
)


def logsumexp(z):
    top = z.max(axis=-1, keepdims=True)
    return np.log(np.exp(z - top).sum(axis=-1, keepdims=True)) + top


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def close(found, wanted, dtype):
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, wanted, rtol=RTOL[dtype], atol=1e-37)


def by_hand(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


SOFTMAX = {
    "softmax": (by_hand, softmax),
    "softmax by a name": (
        lambda z: (lambda e: e / e.sum(axis=1, keepdims=True))(np.exp(z)),
        softmax,
    ),
    "softmax, last axis": (
        lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True),
        softmax,
    ),
    "shifted softmax": (
        lambda z: by_hand(z - z.max(axis=1, keepdims=True)),
        softmax,
    ),
    "log softmax": (lambda z: np.log(by_hand(z)), lambda z: z - logsumexp(z)),
    "log softmax by logsumexp": (
        lambda z: z - np.log(np.exp(z).sum(axis=1, keepdims=True)),
        lambda z: z - logsumexp(z),
    ),
    "logsumexp": (
        lambda z: np.log(np.sum(np.exp(z), axis=1, keepdims=True)),
        logsumexp,
    ),
    "logsumexp of columns": (
        lambda z: np.log(np.sum(np.exp(z), axis=0)),
        lambda z: logsumexp(z.T)[:, 0],
    ),
    "logsumexp of all": (
        lambda z: np.log(np.sum(np.exp(z))),
        lambda z: logsumexp(z.ravel())[0],
    ),
    "logsumexp of both axes": (
        lambda z: np.log(np.sum(np.exp(z), axis=(0, 1))),
        lambda z: logsumexp(z.ravel())[0],
    ),
    "logsumexp, three axes": (
        lambda z: np.log(np.exp(z.reshape(3, 2, 3)).sum(axis=1)),
        lambda z: logsumexp(np.moveaxis(z.reshape(3, 2, 3), 1, -1))[..., 0],
    ),
}


OTHER_AXES = {
    "softmax, new axis": (lambda z: np.exp(z) / np.exp(z).sum(axis=1)[:, None], softmax),
    "softmax of one axis": (
        lambda z: np.exp(z[0]) / np.exp(z[0]).sum(),
        lambda z: softmax(z[0]),
    ),
    "softmax of three axes": (
        lambda z: (lambda u: np.exp(u) / np.exp(u).sum(axis=-1, keepdims=True))(z.reshape(3, 2, 3)),
        lambda z: softmax(z.reshape(3, 2, 3)),
    ),
    "softmax of columns": (
        lambda z: np.exp(z) / np.exp(z).sum(axis=0),
        lambda z: softmax(z.T).T,
    ),
}


@both
@pytest.mark.parametrize(("f", "value"), SOFTMAX.values(), ids=SOFTMAX.keys())
def test_softmax_and_logsumexp(f, value, dtype):
    """Of logits up to 1e4, whose own rounding is in what is left of them."""
    found = compiled(f)(ROWS.astype(dtype))
    assert np.isfinite(found).all()
    rounding = 2000 * np.finfo(dtype).eps
    np.testing.assert_allclose(found, value(ROWS), rtol=10 * RTOL[dtype], atol=rounding)


@both
@pytest.mark.parametrize(("f", "value"), OTHER_AXES.values(), ids=OTHER_AXES.keys())
def test_softmax_over_other_axes(f, value, dtype):
    z = ROWS.astype(dtype)
    found, rounding = compiled(f)(z), 2e4 * np.finfo(dtype).eps  # of logits up to 1e4
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, value(ROWS), rtol=rounding, atol=rounding)
    assert np.isfinite(grad(lambda z: (f(z) ** 2).sum())(z)).all()


@both
@pytest.mark.parametrize(("f", "value"), SOFTMAX.values(), ids=SOFTMAX.keys())
def test_gradients_of_softmax_and_logsumexp(f, value, dtype):
    """Against differences of the closed form, in steps that its scale bears."""
    weights = np.random.default_rng(0).normal(size=value(ROWS).shape).astype(dtype)
    found = grad(lambda z: (weights * f(z)).sum())(ROWS.astype(dtype))
    wanted = np.zeros(ROWS.shape)
    for place in np.ndindex(ROWS.shape):
        step = np.zeros(ROWS.shape)
        step[place] = 1e-4
        difference = value(ROWS + step) - value(ROWS - step)
        wanted[place] = (weights.astype(float) * difference).sum() / 2e-4
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


@both
@pytest.mark.parametrize("pick", ["index", "one-hot", "take_along_axis"])
def test_cross_entropy_by_hand(pick, dtype):
    y = np.array([2, 0, 1, 1, 0, 1])
    hot = np.eye(3, dtype=dtype)[y]

    def loss(z):
        p = by_hand(z)
        if pick == "index":
            return -np.log(p[np.arange(6), y]).mean()
        if pick == "one-hot":
            return -(hot * np.log(p)).sum(axis=1).mean()
        return -np.log(np.take_along_axis(p, y[:, None], axis=1)).mean()

    z = ROWS.astype(dtype)
    wanted = np.mean(logsumexp(ROWS)[:, 0] - ROWS[np.arange(6), y])
    close(compiled(loss)(z), wanted, dtype)
    slope = grad(loss)(z)
    np.testing.assert_allclose(slope, (softmax(ROWS) - hot) / 6, rtol=1e-5, atol=RTOL[dtype])
