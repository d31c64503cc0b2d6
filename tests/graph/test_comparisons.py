"""== and != compare with whatever NumPy makes an array of, element by element; what is none is not equal."""

import array
from collections import deque
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import fastbp as bp

X = np.array([1.0, 2.0, 3.0])
OTHERS = {
    "list": [1.0, 2.0, 5.0],
    "ints": [1, 0, 3],
    "truths": [True, False, True],
    "tuple": (1.0, 2.0, 5.0),
    "nested": [[1.0, 2.0, 5.0], [0.0, 2.0, 3.0]],
    "a column": [[1.0], [3.0]],
    "one": [2.0],
    "range": range(1, 4),
    "array.array": array.array("d", [1.0, 0.0, 3.0]),
    "array.array of ints": array.array("i", [1, 0, 3]),
    "deque": deque([1.0, 0.0, 3.0]),
    "float": 2.0,
    "array": np.array([1.0, 2.0, 5.0]),
}
WAYS = {
    "==": lambda x, other: x == other,
    "!=": lambda x, other: x != other,
    "other ==": lambda x, other: other == x,
    "other !=": lambda x, other: other != x,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_element_by_element(way, other, dtype):
    x = X.astype(dtype)
    got = bp.compile(lambda x: (way(x, other), x * way(x, other)))(x)
    for mine, numpys in zip(got, (way(x, other), x * way(x, other)), strict=True):
        assert mine.dtype == numpys.dtype
        np.testing.assert_array_equal(mine, numpys)


def test_lists_of_nodes_are_refused():
    with pytest.raises(TypeError, match=r"np\.stack"):
        bp.compile(lambda x: x == [x[0], 1.0, x[1]])(X)


def test_what_follows_from_floats():
    got = bp.compile(lambda x: (x * 2).astype(int) == [2, 5, 6])(X)
    np.testing.assert_array_equal(got, [True, False, True])


def test_float32_is_compared_in_float64_with_a_list():
    x = np.array([0.1, 0.5], np.float32)
    np.testing.assert_array_equal(bp.compile(lambda x: x == [0.1, 0.5])(x), x == [0.1, 0.5])


def test_slopes():
    np.testing.assert_array_equal(
        bp.grad(lambda x: (x * (x == [1.0, 2.0, 5.0])).sum())(X), [1, 1, 0]
    )


@pytest.mark.parametrize("other", [[1.0, 2.0], [], [[1.0, 2.0]]])
def test_shapes_that_do_not_fit(other):
    for compared in (lambda x: x == other, lambda x: x != other):
        with pytest.raises(ValueError, match="broadcast"):
            bp.compile(compared)(X)


@pytest.mark.parametrize(
    ("other", "name"),
    [(Decimal(2), "decimal.Decimal"), (Fraction(2), "fractions.Fraction"), (2 + 0j, "complex")],
)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_other_numbers_are_refused(way, other, name):
    message = rf"compared with a {name} .*test_comparisons.py, line \d+.*float\(value\)"
    with pytest.raises(TypeError, match=message):
        bp.compile(lambda x: x * way(x, other))(X)


@pytest.mark.parametrize("other", [None, "text", b"bytes", {}, set(), object(), len])
def test_what_is_no_array_is_not_equal(other):
    f = bp.compile(lambda x: x * (2.0 if x == other else 1.0) * (1.0 if x != other else 3.0))
    np.testing.assert_array_equal(f(X), X)
