"""Indices among the data: rows, one element of each row, places along an axis."""

import numpy as np
import pytest

from fastbp.transforms import compile as compiled
from fastbp.transforms import grad

X = np.random.default_rng(0).normal(size=(5, 4, 3))
TABLE = np.random.default_rng(1).normal(size=(5, 4))
COLUMNS = np.array([3, 0, 1, 1, 2])
both = pytest.mark.parametrize("dtype", ["float32", "float64"])

INDICES = {
    "rows": (TABLE, np.array([4, 0, 0, 2])),
    "one axis": (TABLE[:, 0], np.array([4, 0, 0, 2])),
    "from the end": (TABLE, np.array([-1, 0, -5])),
    "two axes": (TABLE, np.array([[4, 0], [0, 2], [1, 1]])),
    "of three axes": (X, np.array([[4, 0], [0, 2]])),
    "none": (TABLE, np.array([], int)),
    "no axis": (TABLE, np.array(3)),
}
computed = pytest.mark.parametrize(("x", "i"), INDICES.values(), ids=INDICES.keys())
ways = pytest.mark.parametrize(
    "take",
    [lambda x, i: x[i], lambda x, i: np.take(x, i, axis=0), lambda x, i: x[i + 0]],
    ids=["index", "take", "arithmetic"],
)


@both
@ways
@computed
def test_computed_rows(x, i, take, dtype):
    x = x.astype(dtype)
    found = compiled(take)(x, i)
    assert found.shape == x[i].shape
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, x[i])


@computed
def test_gradient_of_computed_rows(x, i):
    weights = np.random.default_rng(2).normal(size=x[i].shape)
    wanted = np.zeros(x.shape)
    np.add.at(wanted, i, weights)
    found = grad(lambda x, i: (weights * x[i]).sum())(x, i)
    np.testing.assert_allclose(found, wanted, rtol=1e-13)


def test_computed_rows_of_flat_elements():
    i = np.array([[19, 0], [-1, 7]])
    f = lambda x, i: np.take(x, i)  # noqa: E731
    np.testing.assert_array_equal(compiled(f)(TABLE, i), f(TABLE, i))


def test_rows_by_an_order():
    f = lambda x: x[np.argsort(x[:, 0])]  # noqa: E731
    np.testing.assert_array_equal(compiled(f)(TABLE), f(TABLE))
    wanted = np.empty(TABLE.shape)
    wanted[np.argsort(TABLE[:, 0])] = np.arange(20.0).reshape(5, 4)
    weights = np.arange(20.0).reshape(5, 4)
    np.testing.assert_array_equal(grad(lambda x: (weights * f(x)).sum())(TABLE), wanted)


@both
def test_one_element_of_each_row(dtype):
    x = TABLE.astype(dtype)
    f = lambda x, y: x[np.arange(len(y)), y]  # noqa: E731
    found = compiled(f)(x, COLUMNS)
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, f(x, COLUMNS))


@pytest.mark.parametrize("rows", [[4, 0, 0], np.array([1, 2, 3]), range(3)])
def test_one_element_of_chosen_rows(rows):
    f = lambda x, y: x[np.asarray(rows), y[:3]]  # noqa: E731
    np.testing.assert_array_equal(compiled(f)(TABLE, COLUMNS), f(TABLE, COLUMNS))


def test_one_element_of_each_row_from_the_end():
    f = lambda x, y: x[np.arange(len(y)), y]  # noqa: E731
    columns = np.array([-1, 0, -4, 1, -2])
    np.testing.assert_array_equal(compiled(f)(TABLE, columns), f(TABLE, columns))


def test_gradient_of_a_hand_written_cross_entropy():
    def loss(z, y):
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return -np.log(p[np.arange(len(y)), y]).mean()

    p = np.exp(TABLE) / np.exp(TABLE).sum(axis=1, keepdims=True)
    assert compiled(loss)(TABLE, COLUMNS) == pytest.approx(loss(TABLE, COLUMNS), rel=1e-13)
    wanted = (p - np.eye(4)[COLUMNS]) / 5
    np.testing.assert_allclose(grad(loss)(TABLE, COLUMNS), wanted, rtol=1e-12, atol=1e-15)


def test_other_elements_do_not_spoil_the_chosen_ones():
    """What is not chosen may be infinite or no number."""
    z = np.array([[1.0, np.inf, np.nan], [-np.inf, 2.0, 0.0]])
    f = lambda z, y: z[np.arange(2), y]  # noqa: E731
    np.testing.assert_array_equal(compiled(f)(z, np.array([0, 1])), [1.0, 2.0])
    slope = grad(lambda z, y: f(z, y).sum())(z, np.array([0, 1]))
    np.testing.assert_array_equal(slope, [[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize(
    ("f", "i", "message"),
    [
        (lambda x, i: x[i], [0, 5, -6], r"argument 1\[1\] is 5: .* argument 0, which has 5"),
        (lambda x, i: x[i], [0, -6], r"argument 1\[1\] is -6"),
        (lambda x, i: x[i], 5, "argument 1 is 5"),
        (lambda x, i: x[i + 2], [[2, 3]], r"argument 1\[0, 1\] is 5"),
        (lambda x, i: np.take(x, i, axis=0), [2**62], "is 4611686018427387904"),
        (lambda x, i: x[[0, 1], i], [1, 4], r"argument 1\[1\] is 4: .*a row, which has 4"),
        (lambda x, i: np.take_along_axis(x, i, 0), [[0, 0, 0, 7]], r"argument 1\[0, 3\] is 7"),
        (lambda x, i: x[0] + i[3], [1, 2], "index 3 is out of bounds"),
    ],
)
def test_an_index_out_of_range(f, i, message):
    for call in (compiled(f), grad(lambda x, i: f(x, i).sum())):
        with pytest.raises(IndexError, match=message):
            call(TABLE, np.array(i))


def test_repeated_places_along_an_axis_add_their_gradients():
    i = np.array([[0, 0, 0, 1], [3, 3, 2, 2], [0, 1, 2, 3], [1, 1, 1, 1], [2, 0, 2, 0]])
    f = lambda x, i: np.take_along_axis(x, i, axis=1)  # noqa: E731
    np.testing.assert_array_equal(compiled(f)(TABLE, i), f(TABLE, i))
    weights = np.random.default_rng(2).normal(size=(5, 4))
    wanted = np.zeros((5, 4))
    np.add.at(wanted, (np.arange(5)[:, None], i), weights)
    found = grad(lambda x, i: (weights * f(x, i)).sum())(TABLE, i)
    np.testing.assert_allclose(found, wanted, rtol=1e-13)


def test_places_from_the_end_along_an_axis():
    i = np.array([[-1, 0, 1, 2]] * 5)
    f = lambda x, i: np.take_along_axis(x, i, axis=1)  # noqa: E731
    np.testing.assert_array_equal(compiled(f)(TABLE, i), f(TABLE, i))


def test_float_inputs_with_whole_numbers_take_rows():
    found = compiled(lambda x, i: x[i])(TABLE, np.array([1.0, 0.0, 1.0, 4.0, 2.0]))
    np.testing.assert_array_equal(found, TABLE[[1, 0, 1, 4, 2]])
