"""Indexing: what NumPy takes as a key, nodes take, and values and gradients are NumPy's."""

import numpy as np
import pytest

from fastbp.graph import Node, input_node
from fastbp.transforms import compile as compiled
from fastbp.transforms import grad

X = np.random.default_rng(0).normal(size=(5, 4, 3))
MASK = np.array([True, False, True, True, False])
TABLE = np.random.default_rng(1).normal(size=(5, 4))
both = pytest.mark.parametrize("dtype", ["float32", "float64"])

KEYS = {
    "first": 0,
    "last": -1,
    "number of numpy's": np.int64(2),
    "slice": slice(1, 3),
    "from the end": slice(-2, None),
    "beyond the end": slice(3, 99),
    "empty": slice(3, 1),
    "all": slice(None),
    "reversed": slice(None, None, -1),
    "stepped": slice(None, None, 2),
    "stepped back": slice(4, 0, -2),
    "none": None,
    "dots": ...,
    "nothing": (),
    "one element": (1, 2, 0),
    "two numbers": (1, -2),
    "column": (slice(None), 1),
    "columns": (slice(None), slice(1, 3)),
    "columns back": (slice(None), slice(None, None, -1)),
    "last columns": (slice(None), slice(None), -1),
    "all rows, all columns": (slice(None), slice(None)),
    "number and slice": (2, slice(1, None)),
    "dots first": (..., 0),
    "dots between": (0, ..., slice(1)),
    "dots last": (slice(2), ...),
    "new axis first": (None, slice(None)),
    "new axis between": (slice(None), None, slice(2)),
    "new axis last": (..., None),
    "new axes": (None, 0, None, ..., None),
    "mask of rows": MASK,
    "mask of nothing": np.zeros(5, bool),
    "mask of columns": (slice(None), np.array([True, False, False, True])),
    "mask of elements": X > 0.5,
    "mask of rows, as a list": [True, False, True, True, False],
    "rows": [0, 2, 2, -1],
    "rows as an array": np.array([4, 0]),
    "rows of two axes": np.array([[0, 1], [3, -1]]),
    "no rows": np.array([], int),
    "columns as a list": (slice(None), [2, 0]),
    "columns behind dots": (..., [2, 0, 2]),
    "pairs": ([0, 1, 4], [3, 2, 0]),
    "pairs with a slice": ([0, 1], slice(None), [2, 0]),
    "pairs behind a slice": (slice(1, 3), [0, 3], [2, 0]),
    "outer": np.ix_([0, 3], [1, 2]),
    "mask and number": (MASK, 1),
    "mask and rows": (MASK, [0, 1, 2]),
    "true": True,
}
keys = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())


@both
@keys
def test_values(key, dtype):
    x = X.astype(dtype)
    found = compiled(lambda x: x[key])(x)
    assert found.shape == x[key].shape
    assert found.dtype == x[key].dtype
    np.testing.assert_array_equal(found, x[key])


@keys
def test_gradient(key):
    """Of a weighted sum: the weights, added up where the elements came from."""
    weights = np.random.default_rng(2).normal(size=X[key].shape)
    wanted = np.zeros(X.shape)
    np.add.at(wanted, key, weights)
    found = grad(lambda x: (weights * x[key]).sum())(X)
    np.testing.assert_allclose(found, wanted, rtol=1e-13)


@pytest.mark.parametrize("shape", [(5,), (5, 1), (1, 5), (1,), (0, 3), (3, 0)])
@pytest.mark.parametrize(
    "key", [slice(None, None, -1), slice(0), None, (..., None), slice(1, None), (..., slice(1))]
)
def test_small_shapes(shape, key):
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    found, slope = compiled(lambda x: x[key])(x), grad(lambda x: (x[key] ** 2).sum())(x)
    np.testing.assert_array_equal(found, x[key])
    wanted = np.zeros(shape)
    wanted[key] = 2 * x[key]
    np.testing.assert_array_equal(slope, wanted)


def test_indexing_twice_is_one_move():
    f = lambda x: x[1:][::2][:, [2, 0]][..., 1]  # noqa: E731
    np.testing.assert_array_equal(compiled(f)(X), f(X))


def test_iteration_and_unpacking():
    def f(x):
        a, b, *rest = x
        total = a * 2 - b
        for i, row in enumerate(rest):
            total = total + (i + 1) * row
        return total, [row.sum() for row in x], len(x)

    for found, wanted in zip(compiled(f)(TABLE), f(TABLE), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-14)
    weights = np.array([2.0, -1, 1, 2, 3])
    found = grad(lambda x: f(x)[0].sum())(TABLE)
    np.testing.assert_array_equal(found, np.broadcast_to(weights[:, None], TABLE.shape))


def test_iteration_ends():
    assert len(list(input_node(0, (4, 3), "float64"))) == 4
    assert list(input_node(0, (0, 3), "float64")) == []
    with pytest.raises(TypeError):
        list(input_node(0, (), "float64"))


@pytest.fixture
def x():
    return input_node(0, (5, 4), "float64", "x")


@pytest.fixture
def i():
    return input_node(1, (5,), "int64", "i")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x, i: x[x[:, 0] > 0], TypeError, r"x\[mask\].* np.where\(mask, x, 0\)"),
        (lambda x, i: x[x > 0], TypeError, r"x\[mask\]"),
        (lambda x, i: x[1.0], (TypeError, IndexError), "integers|whole"),
        (lambda x, i: x[np.array([0.0, 1.0])], (TypeError, IndexError), "integer"),
        (lambda x, i: x["a"], (TypeError, IndexError), "integers"),
        (lambda x, i: x[x[:, 0] * 1.0], TypeError, "whole numbers, got computed ones of float64"),
        (lambda x, i: x[5], IndexError, "out of bounds"),
        (lambda x, i: x[-6], IndexError, "out of bounds"),
        (lambda x, i: x[:, 4], IndexError, "out of bounds"),
        (lambda x, i: x[[0, 5]], IndexError, "out of bounds"),
        (lambda x, i: x[0, 0, 0], IndexError, "too many indices"),
        (lambda x, i: x[..., ...], IndexError, "ellipsis"),
        (lambda x, i: x[np.ones(4, bool)], IndexError, "boolean index"),
        (lambda x, i: x[:, i], TypeError, r"x\[:, i\]"),
        (lambda x, i: x[1:3, i], TypeError, r"take the rows first"),
        (lambda x, i: x[np.arange(3), i], IndexError, "3 rows and 5 columns"),
        (lambda x, i: x[i, i], TypeError, "may take rows"),
        (lambda x, i: x[i, 0], TypeError, "may take rows"),
        (lambda x, i: x[None, i], (TypeError, IndexError), "."),
        (lambda x, i: x.sum()[i], TypeError, r"shape \(\)"),
        (lambda x, i: x.sum()[0], IndexError, "too many indices"),
    ],
)
def test_errors(x, i, call, error, message):
    with pytest.raises(error, match=message):
        call(x, i)


def test_integer_nodes_take_rows(x, i):
    assert isinstance(x[i], Node)
    assert x[i].shape == (5, 4)
    assert x[i].dtype == np.float64
    assert i[:2].dtype == np.int64
