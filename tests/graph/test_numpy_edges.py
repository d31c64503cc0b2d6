"""NumPy's functions at kinks and ties, and with what has no answer."""

import numpy as np
import pytest

import fastbp as bp
from fastbp.transforms import compile as compiled
from fastbp.transforms import grad

# Gradients of the sum at points where there is more than one answer, or none by the textbook's rule.
KINKS = {
    "max of equal ones": (np.max, [1, 1, 0], [0.5, 0.5, 0]),
    "min of equal ones": (lambda x: np.min(x, axis=0), [1, 0, 0], [0, 0.5, 0.5]),
    "maximum of equals": (lambda x: np.maximum(x, 1.0), [1, 2, 0], [0.5, 1, 0]),
    "relu": (bp.relu, [0, 2, -1], [0, 1, 0]),
    "maximum and minimum of one": (
        lambda x: np.maximum(x, x) + np.minimum(x, x),
        [0, 2, -1],
        [2, 2, 2],
    ),
    "clip": (lambda x: np.clip(x, 0, 1), [0, 1, 0.5], [0.5, 0.5, 1]),
    "clip from below": (lambda x: np.clip(x, 0, None), [0, 2, -1], [0.5, 1, 0]),
    "clip from above": (lambda x: np.clip(x, None, 0), [0, 2, -1], [0.5, 0, 1]),
    "absolute": (np.abs, [0, 2, -1], [0, 1, -1]),
    "sign": (np.sign, [0, 2, -1], [0, 0, 0]),
    "product with a zero": (np.prod, [0, 2, 3], [6, 0, 0]),
    "product with two": (np.prod, [0, 0, 3], [0, 0, 0]),
    "hypot": (lambda x: np.hypot(x, x), [0, 0, 0], [0, 0, 0]),
    "norm": (np.linalg.norm, [0, 0, 0], [0, 0, 0]),
    "std": (np.std, [2, 2, 2], [0, 0, 0]),
    "sinh": (np.sinh, [0, 0, 0], [1, 1, 1]),
    "arcsinh": (np.arcsinh, [0, 0, 0], [1, 1, 1]),
    "logaddexp of equals": (lambda x: np.logaddexp(x, x), [0, 1000, -1000], [1, 1, 1]),
    "power 0": (lambda x: x**0, [0, 2, -1], [0, 0, 0]),
    "power 0.0 of an array": (lambda x: np.power(x, np.zeros(3)), [0, 2, -1], [0, 0, 0]),
    "power 1": (lambda x: x**1, [0, 2, -1], [1, 1, 1]),
    "power 2": (lambda x: x**2.0, [0, 2, -1], [0, 4, -2]),
    "power 3": (lambda x: x**3, [0, 2, -1], [0, 12, 3]),
    "powers of an array": (lambda x: x ** np.array([1, 2, 3]), [0, -2, -1], [1, -4, 3]),
    "power 1.5": (lambda x: x**1.5, [0, 4, 1], [0, 3, 1.5]),
    "sort of equal ones": (lambda x: np.sort(x) * np.array([1, 2, 3]), [1, 1, 0], [2, 3, 1]),
}


@pytest.mark.parametrize(("f", "point", "wanted"), KINKS.values(), ids=KINKS.keys())
def test_gradient_at_a_kink(f, point, wanted):
    found = grad(lambda x: f(x).sum())(np.array(point, float))
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


@pytest.mark.parametrize(("f", "point", "wanted"), KINKS.values(), ids=KINKS.keys())
def test_value_at_a_kink(f, point, wanted):
    x = np.array(point, float)
    np.testing.assert_allclose(compiled(f)(x), f(x), rtol=1e-14)


NAN = np.array([1.0, np.nan, 2.0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "function",
    [np.sum, np.max, np.min, np.mean, np.std, np.prod, np.median, np.cumsum, np.sort, np.argsort],
)
def test_nan_goes_through(function, dtype):
    x = NAN.astype(dtype)
    np.testing.assert_array_equal(compiled(function)(x), function(x))


@pytest.mark.parametrize("axis", [0, 1])
def test_nan_goes_through_its_own_lane(axis):
    x = np.arange(12.0).reshape(4, 3)
    x[2, 1] = np.nan
    for function in (np.median, np.max, np.min, np.sort):
        f = lambda x, function=function: function(x, axis=axis)  # noqa: E731
        np.testing.assert_array_equal(compiled(f)(x), f(x))


def test_equal_ones_keep_their_order():
    x = np.array([[1.0, 0, 1, 0, 1], [2, 2, 2, 2, 2]])
    np.testing.assert_array_equal(compiled(np.argsort)(x), np.argsort(x, kind="stable"))


def test_arrays_of_half_precision_are_refused():
    with pytest.raises(TypeError, match="float16"):
        compiled(lambda x: x * 2)(np.ones(3, "float16"))


def test_a_place_that_is_none_is_no_partition():
    with pytest.raises(ValueError, match="kth"):
        compiled(lambda x: np.partition(x, 9))(np.ones(3))


def test_masks_have_no_negative():
    with pytest.raises(TypeError):
        compiled(lambda x: -(x > 0))(np.ones(3))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: 2 * x + 1,
        lambda x: np.where(x > 0, x, -x) / 3,
        lambda x: np.cumsum(x, axis=-1),
        lambda x: np.concatenate([x, x], axis=-1),
        lambda x: np.pad(x, 1),
        lambda x: x.sum(axis=-1),
        lambda x: x.sum(axis=0) ** 2,
        lambda x: np.linalg.norm(x),
        lambda x: np.sort(x),
        lambda x: np.flip(x).T,
        lambda x: x.prod(),
        lambda x: np.outer(x, x),
        lambda x: np.broadcast_to(x, (2, *x.shape)),
    ],
)
def test_arrays_without_elements(f, shape):
    x = np.zeros(shape)
    found = compiled(f)(x)
    np.testing.assert_array_equal(found, f(x))
    assert found.shape == f(x).shape
    assert grad(lambda x: f(x).sum())(x).shape == shape
