"""Activations and losses written in NumPy: on arrays, on nodes, their gradients, and far out."""

import math

import numpy as np
import pytest

import fastbp as bp

X = np.array([-3.5, -1.2, -0.3, 0.4, 1.7, 4.1])
ERF = np.array([math.erf(x) for x in X])
ERF_HALF = np.array([math.erf(x / math.sqrt(2)) for x in X])

CASES = [
    (bp.erf, ERF),
    (bp.softplus, np.log1p(np.exp(X))),
    (bp.leaky_relu, np.where(X > 0, X, 0.01 * X)),
    (lambda x: bp.leaky_relu(x, 0.3), np.where(X > 0, X, 0.3 * X)),
    (bp.elu, np.where(X > 0, X, np.exp(X) - 1)),
    (lambda x: bp.elu(x, alpha=0.5), np.where(X > 0, X, 0.5 * (np.exp(X) - 1))),
    (bp.selu, 1.0507009873554805 * np.where(X > 0, X, 1.6732632423543772 * (np.exp(X) - 1))),
    (bp.gelu, 0.5 * X * (1 + ERF_HALF)),
    (lambda x: bp.gelu(x, approximate=True),
     0.5 * X * (1 + np.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3)))),
    (bp.silu, X / (1 + np.exp(-X))),
    (bp.softsign, X / (1 + np.abs(X))),
    (bp.hard_sigmoid, np.clip(X / 6 + 0.5, 0, 1)),
    (bp.log_softmax, X - np.log(np.exp(X).sum())),
    (bp.logsumexp, np.log(np.exp(X).sum())),
    (bp.softmax, np.exp(X) / np.exp(X).sum()),
]  # fmt: skip
each = pytest.mark.parametrize(("function", "wanted"), CASES)


@each
def test_on_arrays_and_on_nodes(function, wanted):
    np.testing.assert_allclose(function(X), wanted, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(bp.compile(lambda x: function(x))(X), wanted, rtol=1e-12, atol=1e-15)
    for found in (function(X.astype("f4")), bp.compile(lambda x: function(x))(X.astype("f4"))):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(function(X.tolist()), wanted, rtol=1e-12, atol=1e-15)


@each
def test_gradients(function, wanted):
    weights = np.linspace(-1, 2, wanted.size).reshape(wanted.shape)
    assert bp.check_grad(lambda x: (weights * function(x)).sum(), X) < 1e-6
    assert bp.check_grad(bp.grad(lambda a, x: (weights * function(a * x)).sum()), 1.1, X) < 1e-5


# Slopes where two pieces meet, as PyTorch has them.
KINKS = [
    (bp.relu, 0, 0),
    (bp.leaky_relu, 0, 0.01),
    (bp.elu, 0, 1),
    (lambda x: bp.elu(x, alpha=0.5), 0, 0.5),
    (bp.selu, 0, 1.7580993408473766),
    (bp.softsign, 0, 1),
    (bp.hard_sigmoid, -3, 0),
    (bp.hard_sigmoid, 3, 0),
    (lambda x: bp.mae(x, 0 * x), 0, 0),
    (lambda x: bp.huber(x, 0 * x), 0, 0),
    (lambda x: bp.huber(x, 0 * x), 1, 1),
    (lambda x: bp.huber(x, 0 * x, delta=0.5), -0.5, -0.5),
]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(("function", "x", "slope"), KINKS)
def test_slopes_at_kinks(function, x, slope, dtype):
    slope_of = bp.grad(lambda p: p.size * function(p).mean())
    points = [np.full(n, x, dtype) for n in (1, 37)]
    points += [np.array([-0.0], dtype)] if x == 0 else []
    for point in points:
        np.testing.assert_allclose(slope_of(point), np.full(point.size, slope), rtol=1e-6)


@pytest.mark.parametrize("function", [bp.leaky_relu, bp.elu, bp.selu, bp.hard_sigmoid, bp.softsign])
def test_of_a_number_and_of_what_is_none(function):
    assert isinstance(function(0.5), np.float64)
    assert np.isnan(function(np.nan))
    assert np.isnan(bp.compile(function)(np.array([np.nan, 1.0]))).tolist() == [True, False]


@pytest.mark.parametrize("x", [-1000.0, 1000.0])
@pytest.mark.parametrize("function", [f for f, w in CASES if w.shape])
def test_far_out(function, x):
    points = np.array([x, 0.5])
    for found in (function(points), bp.grad(lambda p: function(p).sum())(points)):
        assert np.isfinite(found).all()


@pytest.mark.parametrize("axis", [0, 1, 2, -1, (0, 2), None])
@pytest.mark.parametrize("keepdims", [False, True])
def test_logsumexp_over_axes(axis, keepdims):
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    wanted = np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))
    for found in (
        bp.logsumexp(x, axis, keepdims),
        bp.compile(lambda x: bp.logsumexp(x, axis, keepdims))(x),
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_logsumexp_of_infinities():
    for x in ([-np.inf, -np.inf], [np.inf, 1.0], [-np.inf, 2.0]):
        wanted = np.logaddexp(*x)
        assert bp.logsumexp(x) == wanted
        assert bp.compile(bp.logsumexp)(np.array(x)) == wanted


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_of_any_axes(axis):
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    wanted = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(np.exp(bp.log_softmax(x, axis)), wanted, rtol=1e-12)
    found = bp.compile(lambda x: np.exp(bp.log_softmax(x, axis)))(x)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    if axis == -1:
        np.testing.assert_allclose(bp.softmax(x), wanted, rtol=1e-12)
        np.testing.assert_allclose(bp.compile(bp.softmax)(x), wanted, rtol=1e-12)


P = np.array([0.5, -2.0, 3.0])
Y = np.array([0.0, 0.5, 1.0])


def test_losses_of_real_numbers():
    e = np.abs(P - Y)
    huber = np.where(e <= 1, e**2 / 2, e - 0.5).mean()
    for found, wanted in ((bp.mae, e.mean()), (bp.huber, huber)):
        assert found(P, Y) == pytest.approx(wanted)
        assert bp.compile(lambda p, y, f=found: f(p, y))(P, Y) == pytest.approx(wanted)
        assert found(P[:, None], Y) == pytest.approx(wanted)
        assert bp.check_grad(lambda p, f=found: f(p, Y), P) < 1e-6
        with pytest.raises(ValueError, match=r"expected a target of the prediction's shape \(3,\)"):
            found(P, Y[:2])
        with pytest.raises(ValueError, match="expected a target of the prediction's shape"):
            bp.compile(lambda p, y, f=found: f(p, y))(P, Y[:2])
    wide = np.where(e <= 2, e**2 / 2, 2 * (e - 1)).mean()
    assert bp.huber(P, Y, delta=2.0) == pytest.approx(wide)


def test_networks_are_trained_with_them():
    x = np.linspace(-1, 1, 60)[:, None]
    for loss in ("mae", "huber"):
        model = bp.Sequential([bp.Dense(16, "tanh"), bp.Dense(1)], seed=0)
        history = model.fit(x, x**2, loss=loss, optimizer=bp.Adam(1e-2), epochs=200)
        assert history["loss"][-1] < 0.05
        assert model.evaluate(x, x**2, loss=getattr(bp, loss))["loss"] < 0.05


Z = np.random.default_rng(0).normal(size=(5, 3))
LABELS = np.array([0, 2, 1, 1, 0])


def soft(targets, z=Z):
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -(targets * log_p).sum(axis=1).mean()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("one_hot", [False, True])
def test_cross_entropy_of_rows_and_with_smoothing(one_hot, smoothing):
    rows = np.eye(3)[LABELS]
    target = rows if one_hot else LABELS
    wanted = soft((1 - smoothing) * rows + smoothing / 3)

    def on_logits(z):
        return bp.cross_entropy_with_logits(z, target, label_smoothing=smoothing)

    def on_probabilities(z):
        return bp.cross_entropy(bp.softmax(z), target, label_smoothing=smoothing)

    for function in (on_logits, on_probabilities):
        assert function(Z) == pytest.approx(wanted)
        assert bp.compile(function)(Z) == pytest.approx(wanted)
        assert bp.check_grad(function, Z) < 1e-6
        far = bp.grad(function)(1000 * Z)
        assert np.isfinite(far).all()


def test_rows_of_probabilities():
    targets = np.random.default_rng(1).dirichlet(np.ones(3), 5)
    assert bp.cross_entropy_with_logits(Z, targets) == pytest.approx(soft(targets))
    with pytest.raises(ValueError, match=r"label_smoothing must be in \[0, 1\), got 1"):
        bp.cross_entropy_with_logits(Z, LABELS, label_smoothing=1)
