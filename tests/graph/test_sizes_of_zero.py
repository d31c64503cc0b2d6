"""Products and reductions with a size of 0 give what NumPy gives, or are refused."""

import numpy as np
import pytest

import fastbp as bp

PRODUCTS = [
    ((0,), (0,)), ((0,), (0, 2)), ((2, 3, 0), (0, 2)), ((3, 0), (0, 2)), ((0, 3), (3, 2)), ((2, 3), (3, 0)),
    ((3,), (3, 0)), ((0, 3), (3,)), ((2, 0, 3), (3, 2)), ((2, 0), (0,)), ((0,), (0, 0)), ((4, 2, 0), (4, 0, 3)),
    ((2, 0), (2, 0, 3)), ((0, 2, 3), (0, 3, 4)), ((2, 3, 4), (2, 4, 0)), ((0, 0), (0, 0)),
]  # fmt: skip
FUNCTIONS = {
    "sum": lambda x: x.sum(),
    "sum of rows": lambda x: x.sum(axis=0),
    "sum of columns": lambda x: x.sum(axis=1, keepdims=True),
    "prod": lambda x: (x.prod(), x.prod(axis=0), x.prod(axis=1)),
    "norm": lambda x: (np.linalg.norm(x), np.linalg.norm(x, axis=1)),
    "any": lambda x: (np.any(x > 0), np.any(x > 0, axis=0), np.any(x > 0, axis=1)),
    "all": lambda x: (np.all(x > 0), np.all(x > 0, axis=0), np.all(x > 0, axis=1)),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "sort": lambda x: (np.sort(x, axis=0), np.sort(x, axis=1), np.argsort(x, axis=1)),
    "moves": lambda x: (
        x.T,
        x[:0],
        np.concatenate([x, x]),
        np.stack([x, x]),
        np.tile(x, (2, 1)),
        np.pad(x, 1),
    ),
    "elementwise": lambda x: (np.exp(x), np.where(x > 0, x, 0), x + np.ones((1, x.shape[1]))),
    "einsum": lambda x: (np.einsum("ij,kj->ik", x, x), np.einsum("ij,ij->", x, x)),
    "products": lambda x: (
        np.outer(x, x),
        np.kron(x, x),
        np.inner(x, x),
        np.vdot(x, x),
        np.dot(x, x.T),
    ),
    "tensordot": lambda x: (np.tensordot(x, x, 2), np.tensordot(x, x.T, 1)),
    "log of a sum": lambda x: np.log(np.sum(np.exp(x), axis=1) + 1),
    "largest of rows": lambda x: x.max(axis=1) if x.shape[1] else x.sum(axis=1),
    "median": lambda x: np.median(x, axis=1) if x.shape[1] else x.sum(axis=1),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("left", "right"), PRODUCTS)
def test_products(left, right, dtype):
    a, b = np.full(left, 2.0, dtype), np.full(right, 3.0, dtype)
    found, wanted = bp.compile(lambda a, b: a @ b)(a, b), a @ b
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted, strict=wanted.ndim > 0)
    slopes = bp.grad(lambda a, b: (a @ b).sum(), (0, 1))(a, b)
    assert [s.shape for s in slopes] == [left, right] and not any(s.any() for s in slopes)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, shape):
    x = np.ones(shape)
    found, wanted = bp.compile(FUNCTIONS[name])(x), FUNCTIONS[name](x)
    pairs = zip(found, wanted, strict=True) if type(wanted) is tuple else [(found, wanted)]
    for one, like in pairs:
        assert np.shape(one) == np.shape(like) and np.asarray(one).dtype == np.asarray(like).dtype
        np.testing.assert_array_equal(one, like)


@pytest.mark.parametrize("function", [np.mean, np.var, np.std, np.median, np.max, np.min])
def test_what_nothing_has_not_is_refused(function):
    with pytest.raises(ValueError, match=r"elements"):
        bp.compile(lambda x: function(x, axis=1))(np.ones((3, 0)))


@pytest.mark.parametrize(("base", "exponent"), [(-2.0, 3.0), (-2.0, 2.5), (-1.0, 0.0)])
def test_a_power_of_a_negative_number_has_no_slope_by_its_exponent(base, exponent):
    assert np.isnan(bp.grad(lambda a, b: a**b, 1)(base, exponent))
    assert np.isnan(bp.grad(lambda b: base**b)(exponent))


def test_powers_of_zero_and_of_others():
    by_exponent = bp.grad(lambda a, b: a**b, 1)
    assert by_exponent(0.0, 2.0) == 0 and by_exponent(0.0, 0.0) == 0
    assert by_exponent(2.0, 3.0) == pytest.approx(8 * np.log(2))
    assert bp.grad(lambda a, b: a**b, 0)(-2.0, 3.0) == 12.0
    mixed = bp.grad(lambda b: (np.array([-1.0, 0.0, 2.0]) ** b).sum())(np.array([2.0, 2.0, 2.0]))
    np.testing.assert_allclose(mixed, [np.nan, 0, 4 * np.log(2)])
