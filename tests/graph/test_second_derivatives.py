"""Second derivatives where a norm meets 0: right where there is one, NaN where there is none."""

import numpy as np
import pytest
from gradcheck import hessian_slopes

import fastbp as bp

ZERO, EYE = np.zeros(2), np.eye(2)
ONES = np.ones((2, 2))
norm = np.linalg.norm
SCALE = np.array(0.5)  # a number that is known only when the program runs
SCALES = np.array([0.5, 2.0])


def gauss_of_pairs(x):
    points = np.stack([x, np.zeros(2), np.zeros(2)])
    distances = norm(points[:, None] - points[None], axis=-1)
    return np.exp(-0.5 * (distances / SCALE) ** 2).sum()


EXISTING = {
    "norm**2": (lambda x: norm(x) ** 2, 2 * EYE),
    "norm * norm": (lambda x: norm(x) * norm(x), 2 * EYE),
    "square(norm)": (lambda x: np.square(norm(x)), 2 * EYE),
    "norm**2.0": (lambda x: norm(x) ** 2.0, 2 * EYE),
    "power(norm, 2)": (lambda x: np.power(norm(x), 2), 2 * EYE),
    "norm**3": (lambda x: norm(x) ** 3, 0 * EYE),
    "norm**4": (lambda x: norm(x) ** 4, 0 * EYE),
    "norm**5": (lambda x: norm(x) ** 5, 0 * EYE),
    "(3 norm)**2": (lambda x: (3 * norm(x)) ** 2, 18 * EYE),
    "(-norm / 2)**2": (lambda x: (-norm(x) / 2) ** 2, 0.5 * EYE),
    "sqrt(sum(x**2))**2": (lambda x: np.sqrt((x**2).sum()) ** 2, 2 * EYE),
    "((x @ x)**0.5)**2": (lambda x: ((x @ x) ** 0.5) ** 2, 2 * EYE),
    "std**2": (lambda x: np.std(x) ** 2, EYE - 0.5 * ONES),
    "std * std": (lambda x: np.std(x) * np.std(x), EYE - 0.5 * ONES),
    "hypot**2": (lambda x: np.hypot(x[0], x[1]) ** 2, 2 * EYE),
    "hypot**4": (lambda x: np.hypot(x[0], x[1]) ** 4, 0 * EYE),
    "abs**2": (lambda x: (np.abs(x) ** 2).sum(), 2 * EYE),
    "abs * abs": (lambda x: (np.abs(x) * np.abs(x)).sum(), 2 * EYE),
    "abs**4": (lambda x: (np.abs(x) ** 4).sum(), 0 * EYE),
    "sqrt(x**2)**2": (lambda x: (np.sqrt(x**2) ** 2).sum(), 2 * EYE),
    "huber": (lambda x: 2 * bp.huber(x, np.zeros(2)), EYE),
    "huber, delta": (lambda x: 2 * bp.huber(x, np.zeros(2), 0.1), EYE),
    "gauss": (lambda x: np.exp(-(norm(x) ** 2)), -2 * EYE),
    "gauss of rows": (
        lambda x: np.exp(-(norm(x[None, :] - np.zeros((3, 2)), axis=1) ** 2)).sum(),
        -6 * EYE,
    ),
    "gauss, scaled": (lambda x: np.exp(-0.5 * (norm(x) / 2) ** 2), -0.25 * EYE),
    "gauss, scaled by an array": (lambda x: np.exp(-0.5 * (norm(x) / SCALE) ** 2), -4 * EYE),
    "gauss, all pairs": (gauss_of_pairs, -16 * EYE),
    "times an array": (lambda x: ((SCALES * norm(x)) ** 2).sum(), 8.5 * EYE),
    "hypot times an array": (lambda x: ((np.hypot(*x) * SCALES) ** 2).sum(), 8.5 * EYE),
    "abs by an array": (lambda x: ((np.abs(x) / SCALE) ** 2).sum(), 8 * EYE),
    "std by an array": (lambda x: (np.std(x) / SCALE) ** 2, 4 * EYE - 2 * ONES),
    "norm by norm": (lambda x: (norm(x) * norm(1 + x)) ** 2, 4 * EYE),
    "0.5 * norm * norm": (lambda x: 0.5 * norm(x) * norm(x), EYE),
    "l * norm * norm / l": (lambda x: SCALE * norm(x) * norm(x) / 4, 0.25 * EYE),
    "norm * other * norm": (lambda x: norm(x) * norm(1 + x) * norm(x), 8**0.5 * EYE),
    "norm / l * norm": (lambda x: norm(x) / SCALE * norm(x), 4 * EYE),
    "-abs * 3 * abs": (lambda x: -(np.abs(x) * 3 * np.abs(x)).sum(), -6 * EYE),
    "(-3 norm)**3": (lambda x: (-3 * norm(x)) ** 3, 0 * EYE),
    "reshaped": (lambda x: (norm(x).reshape(1, 1) ** 2).sum(), 2 * EYE),
    "repeated": (lambda x: (np.broadcast_to(norm(x), (3, 2)) ** 2).sum(), 12 * EYE),
    "one of the rows": (lambda x: norm(np.stack([1 + x, x]), axis=1)[1] ** 2, 2 * EYE),
    "stacked": (lambda x: (np.stack([norm(x), x[0], norm(x)]) ** 2).sum(), EYE * [6, 4]),
    "turned": (lambda x: (np.abs(x[None] * ONES).T ** 2).sum(), 4 * EYE),
    "log1p": (lambda x: np.log1p(norm(x) ** 2), 2 * EYE),
    "rational": (lambda x: norm(x) ** 2 / (1 + norm(x) ** 2), 2 * EYE),
    "keepdims": (lambda x: (norm(x.reshape(1, 2), axis=1, keepdims=True) ** 2).sum(), 2 * EYE),
    "frobenius": (lambda x: norm(x.reshape(2, 1)) ** 2, 2 * EYE),
    "two axes": (lambda x: norm(x.reshape(2, 1), axis=(0, 1)) ** 2, 2 * EYE),
}
MISSING = {
    "norm": lambda x: norm(x),
    "sqrt of squares": lambda x: np.sqrt((x**2).sum()),
    "std": lambda x: np.std(x),
    "hypot": lambda x: np.hypot(x[0], x[1]),
    "exp(-norm)": lambda x: np.exp(-norm(x)),
    "norm + norm**2": lambda x: norm(x) + norm(x) ** 2,
    "norm by itself, to 1": lambda x: norm(x) * norm(x) / (1e-300 + norm(x)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", EXISTING)
def test_where_mathematics_has_an_answer(name, dtype):
    f, wanted = EXISTING[name]
    x = ZERO.astype(dtype)
    np.testing.assert_allclose(bp.hessian(f)(x), wanted, atol=1e-6)
    np.testing.assert_allclose(bp.hvp(f)(x, np.ones(2, dtype)), wanted.sum(axis=1), atol=1e-6)
    assert (bp.grad(f)(x) == 0).all()


@pytest.mark.parametrize("name", EXISTING)
def test_elsewhere_it_is_as_ever(name):
    f, _ = EXISTING[name]
    x = np.array([0.3, -0.7])
    if name.startswith("huber"):
        x = np.array([0.05, 0.7])
    bp.check_grad(f, x)
    np.testing.assert_allclose(bp.hessian(f)(x), hessian_slopes(f, x), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", MISSING)
def test_where_there_is_none_it_is_nan(name):
    f = MISSING[name]
    assert (bp.grad(f)(ZERO) == 0).all()  # a subgradient
    assert np.isnan(bp.hessian(f)(ZERO)).all()
    assert np.isnan(bp.hvp(f)(ZERO, np.ones(2))).all()
    assert np.isfinite(bp.hessian(f)(np.array([0.3, -0.7]))).all()


def test_rows_that_are_not_zero_are_not_touched():
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    found = bp.hessian(lambda x: norm(x, axis=1).sum())(x)
    assert np.isnan(found[0, :, 0]).all()
    wanted = (EYE - np.outer([0.6, 0.8], [0.6, 0.8])) / 5
    np.testing.assert_allclose(found[1, :, 1], wanted, atol=1e-12)


def test_signs_and_values_are_numpys():
    x = np.array([-2.0, 0.5])
    for f in (
        lambda x: (-np.abs(x)) ** 3,
        lambda x: np.abs(-2 * x) ** 4,
        lambda x: (-norm(x)) ** 3,
        lambda x: (norm(x) * -2) ** 3.0,
        lambda x: norm(x) ** 1.5,
        lambda x: norm(x) ** -2.0,
        lambda x: (norm(x) / 3) ** 5,
        lambda x: np.hypot(x, 2 * x) ** 3,
    ):
        np.testing.assert_allclose(bp.compile(f)(x), f(x), rtol=1e-14)


def test_the_square_of_a_root_is_none_where_the_root_is_none():
    def f(x):
        return np.sqrt(x) ** 2

    x = np.array([-1.0, 0.0, 4.0, np.inf, np.nan])
    np.testing.assert_array_equal(bp.compile(f)(x), [np.nan, 0.0, 4.0, np.inf, np.nan])
    slopes = bp.grad(lambda x: f(x).sum())(x[:3])
    np.testing.assert_array_equal(slopes, [np.nan, 1.0, 1.0])
    np.testing.assert_array_equal(bp.hessian(lambda x: (f(x) ** 2).sum())(np.zeros(2)), 2 * EYE)


@pytest.mark.parametrize("scale", [np.float32(1e-24), np.float32(1e24)])
def test_factors_do_not_leave_the_range(scale):
    x = np.float32([1e14, 3e14]) if scale < 1 else np.float32([1e-14, 3e-14])
    wide, number = x.astype(float), float(scale)
    for f in (
        lambda x, c: (norm(x) * c) ** 2,
        lambda x, c: (norm(x) / (1 / c)) ** 2,
        lambda x, c: (c * norm(x)) ** 3,
        lambda x, c: (np.hypot(*x) * c) ** 2,
        lambda x, c: ((np.abs(x) * c) ** 2).sum(),
        lambda x, c: ((np.sqrt(x) * c) ** 2).sum(),
    ):
        for c in (scale, np.array(scale)):
            found = bp.compile(lambda x, f=f, c=c: f(x, c))(x)
            np.testing.assert_allclose(found, f(wide, number), rtol=1e-5, atol=1e-37)
