"""NumPy's functions on nodes: values, shapes and dtypes are NumPy's, gradients those of differences.

Every function in the two tables has calls in the modules `numpy_*`; what is compared with is the
same Python function, called with arrays.
"""

import numpy as np
import pytest
from numpy_elementwise import BINARY, ELEMENTWISE, UNARY
from numpy_moves import MOVES
from numpy_products import PRODUCTS
from numpy_reductions import REDUCTIONS

from fastbp.graph.numpy_protocol import FUNCTIONS, UFUNCS
from fastbp.transforms import compile as compiled
from fastbp.transforms import grad

CALLS = ELEMENTWISE | REDUCTIONS | PRODUCTS | MOVES
RTOL = {"float32": 2e-5, "float64": 1e-12}
WALK = [
    pytest.param(call, id=f"{function.__name__}-{i}")
    for function, calls in CALLS.items()
    for i, call in enumerate(calls)
]
walk = pytest.mark.parametrize("call", WALK)
both = pytest.mark.parametrize("dtype", ["float32", "float64"])


def lacking(tables, calls):
    """The functions of the tables that have no calls, and calls of functions in no table."""
    return sorted(f.__name__ for f in set(tables) ^ set(calls))


def test_every_function_has_calls():
    assert lacking([*UFUNCS, *FUNCTIONS], CALLS) == []
    assert all(CALLS.values())


def test_a_new_function_without_calls_is_noticed():
    assert lacking([*UFUNCS, *FUNCTIONS, np.cbrt], CALLS) == ["cbrt"]


def parts(result):
    """The arrays of a result, which may be a list of them."""
    return list(result) if isinstance(result, list | tuple) else [result]


def same(found, wanted, dtype):
    assert type(found) in (list, tuple) or not isinstance(wanted, list | tuple)
    assert len(parts(found)) == len(parts(wanted))
    for one, other in zip(parts(found), parts(wanted), strict=True):
        assert np.shape(one) == np.shape(other)
        assert np.asarray(one).dtype == np.asarray(other).dtype
        scale = max(1.0, float(np.abs(np.asarray(other, float)).max(initial=0)))
        np.testing.assert_allclose(one, other, rtol=RTOL[dtype], atol=RTOL[dtype] * scale)


@both
@walk
def test_value_shape_and_dtype(call, dtype):
    arrays = call.arrays(dtype)
    same(compiled(call.function)(*arrays), call.function(*arrays), dtype)


def weighted(call):
    """A number from a call: all elements of its results with fixed weights."""
    rng = np.random.default_rng(1)
    wanted = parts(call.function(*call.arrays("float64")))
    weights = [
        rng.uniform(0.5, 1.5, np.shape(a)) * rng.choice([-1, 1], np.shape(a)) for a in wanted
    ]

    def number(*arrays):
        results = parts(call.function(*arrays))
        return sum((w * a).sum() for w, a in zip(weights, results, strict=True))

    return number


def differences(number, arrays, step=1e-6):
    """Central differences of a number for each element of each array."""
    found = []
    for k, array in enumerate(arrays):
        slope = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            values = []
            for h in (step, -step):
                moved = [a.copy() for a in arrays]
                moved[k][place] += h
                values.append(float(number(*moved)))
            slope[place] = (values[0] - values[1]) / (2 * step)
        found.append(slope)
    return found


def agree(found, wanted, arrays):
    for slope, difference, array in zip(found, wanted, arrays, strict=True):
        assert np.shape(slope) == array.shape
        scale = max(1.0, float(np.abs(difference).max(initial=0)))
        np.testing.assert_allclose(slope, difference, rtol=2e-6, atol=1e-7 * scale)


@walk
def test_gradient_against_differences(call):
    arrays = call.arrays("float64")
    number = weighted(call)
    found = grad(number, argnums=range(len(arrays)))(*arrays)
    agree(found, differences(number, arrays), arrays)


@pytest.mark.parametrize("call", [p for p in WALK if p.values[0].curved])
def test_second_gradient_against_differences(call):
    """Of a function of the results that is curved itself: both orders go through every call."""
    arrays = call.arrays("float64")
    number = weighted(call)
    rng = np.random.default_rng(2)
    directions = [np.array(rng.uniform(-1, 1, a.shape)) for a in arrays]

    def slope(*points):
        value = grad(lambda *inner: np.square(number(*inner)), argnums=range(len(arrays)))(*points)
        return sum((d * g).sum() for d, g in zip(directions, value, strict=True))

    found = grad(slope, argnums=range(len(arrays)))(*arrays)
    agree(found, differences(compiled(slope), arrays), arrays)


SPECIAL = np.array(
    [
        np.nan,
        np.inf,
        -np.inf,
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        2.0,
        -2.0,
        3.7,
        -3.7,
        1e-30,
        88.5,
        -88.5,
        1e30,
    ]
)
FAR = {np.sin, np.cos, np.tan}  # lose digits far out, as their kernels' documentation says
EXACT = {
    np.isnan,
    np.isfinite,
    np.logical_not,
    np.floor,
    np.ceil,
    np.sign,
    np.absolute,
    np.negative,
}


@both
@pytest.mark.parametrize("function", [f for f in UNARY if isinstance(f, np.ufunc)])
def test_special_values(function, dtype):
    x = SPECIAL[: -1 if function in FAR else None].astype(dtype)
    with np.errstate(all="ignore"):
        wanted = function(x)
    found = compiled(lambda x: function(x))(x)
    np.testing.assert_allclose(
        found, wanted, rtol=0 if function in EXACT else RTOL[dtype], atol=1e-37
    )


@both
@pytest.mark.parametrize("function", [f for f in BINARY if isinstance(f, np.ufunc)])
def test_special_values_in_pairs(function, dtype):
    a, b = np.meshgrid(SPECIAL.astype(dtype), SPECIAL.astype(dtype))
    with np.errstate(all="ignore"):
        wanted = function(a, b)
    found = compiled(lambda a, b: function(a, b))(a, b)
    wrong = ~np.isclose(found, wanted, rtol=10 * RTOL[dtype], atol=1e-37, equal_nan=True)
    assert not wrong.any(), list(zip(a[wrong], b[wrong], found[wrong], wanted[wrong], strict=True))[
        :12
    ]


@both
def test_infinities_and_nan_become_numbers(dtype):
    x = SPECIAL.astype(dtype)
    same(compiled(np.nan_to_num)(x), np.nan_to_num(x), dtype)
    f = lambda x: np.nan_to_num(x, nan=1.5, posinf=10.0, neginf=-10.0)  # noqa: E731
    same(compiled(f)(x), f(x), dtype)


WHOLE = {
    "divide": lambda i, x: i / 2 + x,
    "mean": lambda i, x: i.mean(axis=0) + x,
    "sum": lambda i, x: i.sum() * x,
    "compare": lambda i, x: (i == 2) * x,
    "negative": lambda i, x: -i * x,
    "square": lambda i, x: i**2 + x,
    "root": lambda i, x: np.sqrt(i) + x,
    "power": lambda i, x: x**i,
    "max": lambda i, x: np.max(i) + x,
    "maximum": lambda i, x: np.maximum(i, 1) * x,
    "relu": lambda i, x: np.maximum(i, 0) * x,
    "std": lambda i, x: i.std() * x,
    "sigmoid": lambda i, x: 1 / (1 + np.exp(-i)) + x,
    "whole result": lambda i, x: (i + 1, x),
    "floor division": lambda i, x: (i // 2, i % 2, x),
    "sum of a mask": lambda i, x: ((i > 1).sum(), (i > 1).mean(), x),
}


@both
@pytest.mark.parametrize("f", WHOLE.values(), ids=WHOLE.keys())
def test_whole_numbers_promote_as_numpy_has_it(f, dtype):
    i, x = np.array([[0, 1, 2], [3, 2, 4]]), np.array([0.5, 1.5, 2.5], dtype)
    same(compiled(f)(i, x), f(i, x), dtype)


@pytest.mark.parametrize("kind", ["int8", "int32", "uint8", "bool"])
def test_narrow_whole_numbers(kind):
    i, x = np.array([0, 1, 1]).astype(kind), np.array([0.5, 1.5, 2.5], "float32")
    for f in (lambda i, x: i * x, lambda i, x: i.sum() * x, lambda i, x: np.where(i > 0, x, 0)):
        same(compiled(f)(i, x), f(i, x), "float32")


def test_mixed_floats_give_the_wider():
    a, b = np.ones((4, 3), "float32"), np.full(3, 0.1)
    same(compiled(lambda a, b: a * b)(a, b), a * b, "float64")
    same(compiled(lambda a, b: (a + 0.1, b))(a, b), (a + 0.1, b), "float32")
