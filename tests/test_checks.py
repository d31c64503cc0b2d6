"""What users hand in: accepted forms, and refusals that say what was expected and what came."""

from fractions import Fraction

import numpy as np
import pytest

from fastbp import checks

FLOAT32 = np.dtype("float32")
FLOAT64 = np.dtype("float64")


@pytest.mark.parametrize("value", [1, np.int64(7), np.uint8(3)])
def test_positive_integers_are_accepted(value):
    number = checks.positive_integer("epochs", value)
    assert number == value
    assert type(number) is int


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0, ValueError),
        (-3, ValueError),
        (True, TypeError),
        (np.True_, TypeError),
        (2.0, TypeError),
        ("8", TypeError),
        (None, TypeError),
        (np.array([1, 2]), TypeError),
        (int, TypeError),
    ],
)
def test_other_integers_are_refused(value, error):
    with pytest.raises(error, match=r"epochs must be a positive integer, got "):
        checks.positive_integer("epochs", value)


@pytest.mark.parametrize("value", [1, 0.5, np.float32(0.5), Fraction(1, 2)])
def test_positive_numbers_are_accepted(value):
    assert checks.positive_number("learning_rate", value) == float(value)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0.0, ValueError),
        (-1e-3, ValueError),
        (float("nan"), ValueError),
        (float("inf"), ValueError),
        (10**400, ValueError),
        ("0.1", TypeError),
        (True, TypeError),
        (None, TypeError),
        (1j, TypeError),
        (np.array([0.1]), TypeError),
    ],
)
def test_other_numbers_are_refused(value, error):
    with pytest.raises(error, match=r"learning_rate must be "):
        checks.positive_number("learning_rate", value)


@pytest.mark.parametrize("value", [0, 2**63 - 1, np.int32(4)])
def test_seeds(value):
    assert checks.seed_number(value) == value


@pytest.mark.parametrize(
    ("value", "error"), [(-1, ValueError), (2**63, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_other_seeds_are_refused(value, error):
    with pytest.raises(error, match=r"seed must be None or an integer in"):
        checks.seed_number(value)


@pytest.mark.parametrize("value", ["float32", np.float64, float, np.dtype("f4")])
def test_float_dtypes(value):
    assert checks.float_dtype(value) == np.dtype(value)


@pytest.mark.parametrize("value", ["float16", int, None, "no dtype", ">f4", 3])
def test_other_dtypes_are_refused(value):
    with pytest.raises(ValueError, match=r"dtype must be 'float32' or 'float64', got "):
        checks.float_dtype(value)


def test_flags():
    assert checks.flag("shuffle", np.True_) is True
    with pytest.raises(TypeError, match=r"shuffle must be True or False, got 1"):
        checks.flag("shuffle", 1)


def test_one_of():
    for value in ("auto", 0, 1, True, False):
        checks.one_of("verbose", value, ("auto", 0, 1))
    for value in (2, "yes", None, 1.0, np.zeros(2)):
        with pytest.raises(ValueError, match=r"verbose must be 'auto', 0 or 1, got "):
            checks.one_of("verbose", value, ("auto", 0, 1))


def test_unknown_names_list_the_known_and_the_nearest():
    known, foreign = ["bce", "mse"], {"binary_crossentropy": "bce"}
    text = str(checks.unknown_name("loss", "BinaryCrossentropy", known, foreign))
    assert text == "unknown loss 'BinaryCrossentropy': did you mean 'bce'? Known: 'bce', 'mse'"
    assert "did you mean 'mse'?" in str(checks.unknown_name("loss", "MSE", known, foreign))
    assert "did you mean 'mse'?" in str(checks.unknown_name("loss", "msee", known, foreign))
    far = str(checks.unknown_name("loss", "quantile", known, foreign))
    assert far == "unknown loss 'quantile'. Known: 'bce', 'mse'"


# ---------------------------------------------------------------- arrays


def matrix(value, dtype=FLOAT32, n_features=None, look=True):
    return checks.matrix("X", value, dtype, n_features, look=look)


def test_an_array_that_fits_is_used_as_it_is():
    X = np.ones((5, 3), "float32")
    X.setflags(write=False)
    assert matrix(X) is X


@pytest.mark.parametrize(
    "value",
    [
        [[1, 0, 1], [0, 1, 1]],
        np.array([[1, 0, 1], [0, 1, 1]], bool),
        np.array([[1, 0, 1], [0, 1, 1]], "int8"),
        np.array([[1, 0, 1], [0, 1, 1]], "uint64"),
        np.array([[1, 0, 1], [0, 1, 1]], "float16"),
        np.array([[1, 0, 1], [0, 1, 1]], ">f4"),
        np.array([[1, 0, 1], [0, 1, 1]], "longdouble"),
        np.asfortranarray(np.array([[1, 0, 1], [0, 1, 1]], "float32")),
        np.array([[1, 9, 0, 9, 1], [0, 9, 1, 9, 1]], "float32")[:, ::2],
        np.array([[0, 1, 1], [1, 0, 1]], "float32")[::-1],
        np.ma.masked_array([[1, 0, 1], [0, 1, 1]]),
    ],
)
def test_whatever_numpy_reads_is_converted(value):
    array = matrix(value)
    assert array.dtype == FLOAT32
    assert array.flags.c_contiguous
    assert array.flags.aligned
    assert array.tolist() == [[1, 0, 1], [0, 1, 1]]


def test_unaligned_arrays_are_converted():
    raw = np.zeros(25, np.uint8)
    X = raw[1:].view("float32").reshape(2, 3)
    assert not X.flags.aligned
    assert matrix(X).flags.aligned


def test_things_with_an_array_method_are_read():
    class Frame:
        def __array__(self, dtype=None, copy=None):
            return np.ones((2, 2))

    assert matrix(Frame()).shape == (2, 2)


def test_the_given_array_is_never_written():
    X = np.arange(6.0).reshape(2, 3)
    matrix(X)[...] = -1
    assert X.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ([1, 2], r"\(2,\): X.reshape\(-1, 1\) makes"),
        (3.0, r"\(\)"),
        (np.zeros((2, 2, 2)), r"\(2, 2"),
    ],
)
def test_features_are_2d(value, hint):
    with pytest.raises(ValueError, match=r"X must be 2-D \(rows, features\), got shape " + hint):
        matrix(value)


def test_empty_features_are_refused():
    with pytest.raises(
        ValueError, match=r"X is empty, expected at least one row, got shape \(0, 3"
    ):
        matrix(np.zeros((0, 3)))
    with pytest.raises(ValueError, match=r"X must have at least one feature \(column\)"):
        matrix(np.zeros((3, 0)))


def test_the_number_of_features_is_compared():
    with pytest.raises(ValueError, match=r"X must have 4 features \(columns\), got 3"):
        matrix(np.zeros((2, 3)), n_features=4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_found(bad):
    X = np.zeros((50_000, 3))
    X[49_999, 1] = bad
    with pytest.raises(ValueError, match=rf"X must hold finite values, got X\[49999, 1\] = {bad}"):
        matrix(X)
    assert matrix(X, look=False).shape == X.shape


def test_an_overflow_of_the_conversion_counts():
    X = np.array([[0.0, 1e300]])
    with pytest.raises(ValueError, match=r"X\[0, 1\] is 1e\+300, too large for float32: rescale"):
        matrix(X)
    assert matrix(X, FLOAT64)[0, 1] == 1e300


class Sparse:
    nnz = 1

    def toarray(self):
        return np.zeros((1, 1))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((2, 2), complex), r"X must hold real numbers, got complex128: pass X.real"),
        ([["a", "b"]], r"X must hold numbers, got strings such as .*'a'.*: number them"),
        (np.array([["a", 1.0]], object), r"X must hold numbers, got strings such as 'a'"),
        (["a", "b"], r"X must .* such as 'a': number them with np.unique\(X, return_inverse"),
        ([["1", "a"]], r"X must .* such as 'a': number .*\(column,.*each such column by itself"),
        ([["1.5", "2"], ["10", "1e3"]], r"such as '1.5': convert it with np.asarray\(X, float\)"),
        ([[None, 1.0]], r"X must hold numbers, got dtype object \(holding NoneType\): convert"),
        (np.array(["2020-01-01"], "M8[D]"), r"X must hold numbers, got dtype datetime64\[D\]"),
        (np.zeros(2, [("a", float)]), r"X must hold numbers, got dtype \[\('a'"),
        (Sparse(), r"X must be a dense array, got a sparse Sparse: pass X.toarray\(\)"),
        (np.ma.masked_array([[1.0]], [[True]]), r"X has masked entries.*X.filled"),
    ],
)
def test_what_holds_no_real_numbers_is_refused(value, message):
    with pytest.raises(TypeError, match=message):
        matrix(value)


def test_ragged_lists_are_refused_by_name():
    with pytest.raises(ValueError, match=r"X cannot be read as an array of numbers: "):
        matrix([[1.0, 2.0], [3.0]])


def test_lengths_are_compared():
    with pytest.raises(ValueError, match=r"X and y must have as many rows each, got 3 and 2"):
        checks.same_length("X", np.zeros((3, 1)), "y", np.zeros(2))
