"""Where operands are equal, each has half of the slope, as HIPS autograd has it: where one is a constant zero, too."""

import numpy as np
import pytest

import fastbp as bp

autograd = pytest.importorskip("autograd")
anp = pytest.importorskip("autograd.numpy")

ZERO = 0
ZEROS = np.zeros((5, 3))
RNG = np.random.default_rng(3)
# Few values, so that each function meets ties; -0 is one of 0.
X = RNG.choice([-2.0, -1.0, -0.0, 0.0, 1.0, 2.0], (5, 3))
# How a function of NumPy's, or of autograd's, is written with a tie at 0 and elsewhere.
FORMS = {
    "maximum(x, 0)": lambda n, x: n.maximum(x, 0),
    "maximum(0, x)": lambda n, x: n.maximum(0, x),
    "maximum(x, 0.0)": lambda n, x: n.maximum(x, 0.0),
    "maximum(-0.0, x)": lambda n, x: n.maximum(-0.0, x),
    "maximum(x, float32)": lambda n, x: n.maximum(x, np.float32(0)),
    "maximum(x, array ())": lambda n, x: n.maximum(x, np.array(0.0)),
    "maximum(x, zeros(1))": lambda n, x: n.maximum(x, np.zeros(1)),
    "maximum(x, zeros)": lambda n, x: n.maximum(x, np.zeros((5, 3))),
    "maximum(x, whole zeros)": lambda n, x: n.maximum(x, np.zeros((5, 3), int)),
    "maximum(x, column)": lambda n, x: n.maximum(x, np.zeros((5, 1))),
    "maximum(x, a global)": lambda n, x: n.maximum(x, ZERO) + n.maximum(ZEROS, x),
    "maximum(x, 0 * x)": lambda n, x: n.maximum(x, 0 * x),
    "maximum of itself": lambda n, x: n.maximum(x, x),
    "maximum(x, 1)": lambda n, x: n.maximum(x, 1),
    "maximum(-x, 0)": lambda n, x: n.maximum(-x, 0),
    "minimum(x, 0)": lambda n, x: n.minimum(x, 0),
    "minimum(0, x)": lambda n, x: n.minimum(0, x),
    "minimum(x, zeros)": lambda n, x: n.minimum(x, np.zeros(3)),
    "both": lambda n, x: n.maximum(x, 0) * n.minimum(x, 0) + n.maximum(x, 0),
    "of both": lambda n, x: n.minimum(n.maximum(x, -1), 1),
    "one in another": lambda n, x: n.maximum(n.maximum(x, 0), 0),
    "beyond a sum": lambda n, x: n.maximum(x.sum(axis=0) - x.sum(axis=0), 0),
    "of a number": lambda n, x: n.maximum((x - x).sum(), 0.0),
    "absolute": lambda n, x: n.abs(x),
    "to a power": lambda n, x: n.maximum(x, 0) ** 2 + x * n.maximum(x, 0),
}
each = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
both = pytest.mark.parametrize("dtype", ["float32", "float64"])


@both
@each
def test_slopes_are_shared(form, dtype):
    wanted = autograd.grad(lambda x: (anp.cos(X) * form(anp, x)).sum())(X)
    found = bp.grad(lambda x, c: (c * form(np, x)).sum())(X.astype(dtype), np.cos(X).astype(dtype))
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)


@each
def test_of_a_higher_order(form):
    direction = np.sin(np.arange(15.0)).reshape(5, 3)

    def by(grad, n):
        def along(x):
            return (direction * grad(lambda x: (n.sin(1 + form(n, x))).sum())(x)).sum()

        return grad(along)(X)

    wanted = by(autograd.grad, anp)
    if form is FORMS["absolute"]:  # the one beside 0, so that it is right where kinks cancel
        wanted = np.where(X == 0, -np.sin(1) * direction, wanted)
    np.testing.assert_allclose(by(bp.grad, np), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [0, 0.0, np.float64(0)])
def test_a_zero_that_is_an_argument(n):
    found = bp.grad(lambda x, n: np.maximum(x, n).sum())(np.array([0.0, 1, -1]), n)
    assert found.tolist() == [0.5, 1, 0]


@both
@pytest.mark.parametrize("n", [1, 15, 16, 17, 100])
def test_cross_entropy_by_hand_at_a_logit_of_0(n, dtype):
    """Training from zero weights begins here."""
    y = np.random.default_rng(n).random(n).astype(dtype)
    x = np.random.default_rng(n).normal(size=(n, 3)).astype(dtype)

    def loss(z, y):
        return (np.maximum(z, 0) - z * y + np.log1p(np.exp(-abs(z)))).sum()

    np.testing.assert_allclose(bp.grad(loss)(np.zeros(n, dtype), y), 0.5 - y, rtol=1e-6)
    found = bp.grad(lambda w, x, y: loss(x @ w, y))(np.zeros(3, dtype), x, y)
    np.testing.assert_allclose(found, x.T @ (0.5 - y), rtol=1e-4, atol=1e-5)


def test_nothing_flows_from_what_is_no_number():
    x = np.array([np.nan, 1.0, 0.0])
    assert np.isnan(bp.compile(lambda x: np.maximum(x, 0))(x)).tolist() == [True, False, False]
    assert bp.grad(lambda x: np.maximum(x, 0)[1:].sum())(x).tolist() == [0, 1, 0.5]
