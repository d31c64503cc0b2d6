"""Targets: their shapes and values, by loss."""

import numpy as np
import pytest

from fastbp.nn.targets import class_indices, targets

FLOAT32 = np.dtype("float32")


def check(value, kind="real", units=1, look=True):
    return targets("y", value, kind, units, FLOAT32, look=look)


def test_a_column_equals_a_row_for_one_unit():
    for y in ([1, 0, 1], [[1], [0], [1]]):
        array = check(y)
        assert array.shape == (3, 1)
        assert array.dtype == FLOAT32
        assert array.ravel().tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("shape", "units", "expected"),
    [
        ((3, 2), 1, r"\(rows,\) or \(rows, 1\)"),
        ((1, 3), 1, r"\(rows,\) or \(rows, 1\)"),
        ((3, 1, 1), 1, r"\(rows,\) or \(rows, 1\)"),
        ((), 1, r"\(rows,\) or \(rows, 1\)"),
        ((3,), 2, r"\(rows, 2\)"),
        ((3, 1), 2, r"\(rows, 2\)"),
        ((3, 3), 2, r"\(rows, 2\)"),
    ],
)
def test_any_other_mismatch_is_refused(shape, units, expected):
    with pytest.raises(ValueError, match=rf"y must have shape {expected}, one target an output"):
        check(np.zeros(shape), units=units)


@pytest.mark.parametrize("kind", ["real", "probability", "class"])
def test_empty_targets_are_refused(kind):
    with pytest.raises(ValueError, match=r"y is empty, expected at least one row"):
        check([], kind, units=3)


@pytest.mark.parametrize("kind", ["real", "probability"])
def test_targets_that_are_not_finite_are_refused(kind):
    with pytest.raises(ValueError, match=r"y must hold finite values, got y\[1\] = nan"):
        check([0.0, np.nan], kind)
    with pytest.raises(ValueError, match=r"y\[0\] is 1e\+300, too large for float32"):
        check([1e300], "real")


def test_probabilities_lie_between_0_and_1():
    assert check([0, 0.25, 1, True], "probability").ravel().tolist() == [0, 0.25, 1, 1]
    with pytest.raises(ValueError, match=r"y must lie in \[0, 1\] for a bce loss, got 1.5$"):
        check([0.0, 1.5], "probability")
    with pytest.raises(ValueError, match=r"got -0.5$"):
        check([0.0, -0.5], "probability")
    with pytest.raises(ValueError, match=r"got -1: \(y \+ 1\) / 2 maps -1 and 1 to 0 and 1"):
        check([-1, 1], "probability")
    with pytest.raises(ValueError, match=r"got 2: class indices go with a softmax output and"):
        check([0, 1, 2], "probability")
    assert check([2.0], "probability", look=False).tolist() == [[2.0]]


@pytest.mark.parametrize(
    "value",
    [
        [0, 2, 1],
        [[0], [2], [1]],
        [0.0, 2.0, 1.0],
        np.array([0, 2, 1], "uint8"),
        np.array([0, 2, 1], ">i4"),
    ],
)
def test_class_indices(value):
    array = check(value, "class", units=3)
    assert array.shape == (3,)
    assert array.dtype == FLOAT32
    assert array.tolist() == [0, 2, 1]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_class_indices_are_a_private_copy(dtype):
    y = np.array([0, 2, 1], dtype)
    array = check(y, "class", units=3)
    assert not np.shares_memory(array, y)
    assert not np.shares_memory(class_indices("y", y, 3), y)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([0, 3], r"y must hold class indices from 0 to 2, one an output unit, got 3$"),
        ([0, -1], r"got -1$"),
        ([1, 2, 3], r"got 3: they start at 0, so pass y - 1"),
        ([0, 1.5], r"y must hold class indices, whole numbers, got 1.5"),
        ([0, np.nan], r"y must hold finite values, got y\[1\] = nan"),
        ([1e300], r"from 0 to 2"),
        (np.array([2**63], "uint64"), r"got 9223372036854775808"),
        (np.eye(3), r"got shape \(3, 3\): one-hot labels become indices with y.argmax\(axis=1\)"),
        (np.zeros((2, 2)), r"of shape \(rows,\), got shape \(2, 2\)$"),
        (1, r"of shape \(rows,\), got shape \(\)$"),
    ],
)
def test_other_class_indices_are_refused(value, message):
    with pytest.raises(ValueError, match=message):
        check(value, "class", units=3, look=False)


def test_string_labels_are_refused():
    for y in (["cat", "dog"], np.array(["cat", "dog"], object)):
        with pytest.raises(TypeError, match=r"strings such as .*cat.*np.unique\(y, return_inverse"):
            check(y, "class", units=2)
