"""Whole numbers that follow from floats: NumPy's values and dtypes, or a refusal; never a wrong number."""

import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from whole_numbers import DTYPES, MIXING, UNARY, array, expression, outcome

import fastbp as bp

KINDS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")
both = pytest.mark.parametrize("dtype", ["float32", "float64"])


def cast(x, kind):
    return x > 0 if kind == "bool" else x.astype(kind)


def fitting(rng, kind, dtype, scale):
    """Floats whose whole parts the dtype has."""
    x = rng.normal(size=(5, 3)) * scale
    if kind != "bool":
        info = np.iinfo(kind)
        x = np.clip(abs(x) if kind[0] == "u" else x, info.min / 2, info.max / 2)
    return x.astype(dtype)


@seed(0)
@settings(max_examples=250, deadline=None, database=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(KINDS),
    st.sampled_from(KINDS),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from([1, 10, 1e3, 1e5, 1e9, 1e15]),
    st.booleans(),
)
def test_random_functions(number, left, right, dtype, scale, beside_whole):
    rng = np.random.default_rng(number)
    inner = expression(rng, int(rng.integers(1, 4)), 2, UNARY + MIXING)
    x, y = fitting(rng, left, dtype, scale), fitting(rng, right, dtype, 3)
    i = array(rng, str(rng.choice(DTYPES)), (5, 3))

    def function(x, y, i):
        return inner(cast(x, left), i if beside_whole else cast(y, right))

    with np.errstate(all="ignore"):
        wanted, found = outcome(function, x, y, i), outcome(bp.compile(function), x, y, i)
    if isinstance(found, type):  # a refusal
        return
    assert not isinstance(wanted, type), found
    if wanted.dtype != np.float16:
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


X = np.array([-2.5, 0.0, 0.5, 3.0])


@both
@pytest.mark.parametrize(
    "function",
    [
        lambda x: (x > 0) + (x < 1),
        lambda x: (x > 0) * (x < 1),
        lambda x: (x > 0) + 1,
        lambda x: ~(x > 0),
        lambda x: (x > 0) ^ (x < 1),
        lambda x: (x > 0) | np.array([True, False, False, True]),
        lambda x: (x > 0) ** 2,
        lambda x: np.power(x > 0, 2),
        lambda x: (x > 0) // (x < 5),
        lambda x: ((x > 0).reshape(2, 2) @ (x < 1).reshape(2, 2), np.dot(x > 0, x < 1)),
        lambda x: 1 / -x.astype(int),
        lambda x: (x > 0) & True,
        lambda x: x.astype(int) ** 15,
        lambda x: x.astype(np.uint8) > 300,
        lambda x: x.astype(np.int8) == 257,
        lambda x: x.astype(np.int8) <= 2**70,
        lambda x: x.astype(int) // 2,
        lambda x: x.astype(int) % 3,
        lambda x: ((x > 0).sum(), (x > 0).mean(), (x > 0).cumsum()),
        lambda x: np.prod((x > 0).astype(np.int8)),
        lambda x: (x > 0).astype(np.uint8).sum(),
        lambda x: (x * 2.0**50).astype(int),
        lambda x: x.astype(int),
    ],
)
def test_masks_and_casts(function, dtype):
    x = (abs(X) if "uint8" in str(function.__code__.co_names) else X).astype(dtype)
    with np.errstate(divide="ignore"):
        found, wanted = bp.compile(function)(x), function(x)
    parts = [(found, wanted)] if not isinstance(found, tuple) else zip(found, wanted, strict=True)
    for one, other in parts:
        assert np.asarray(one).dtype == np.asarray(other).dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda x: (x > 0) - (x < 1), TypeError, "boolean subtract"),
        (lambda x: -(x > 0), TypeError, "boolean negative|no negative"),
        (lambda x: x.astype(np.uint8) + 300, OverflowError, "300 out of bounds for uint8"),
        (lambda x: np.maximum(x.astype(np.int8), 300), OverflowError, "300 out of bounds for int8"),
        (lambda x: np.einsum("i,i->", x > 0, x > 1), TypeError, "a product of bool that follows"),
        (lambda x: (x > 0) % (x > 1), OverflowError, "mod of int8"),
        (lambda x: x.astype(int) ** -1, ValueError, "negative integer powers"),
        (
            lambda x: x.astype(int) ** x.astype(int),
            TypeError,
            "np.power of whole numbers that follow",
        ),
        (lambda x: x.astype(int) & 1, TypeError, "np.bitwise_and of whole numbers that follow"),
        (lambda x: ~x.astype(int), TypeError, "np.invert of whole numbers that follow"),
        (lambda x: x.astype(int) << 1, TypeError, "np.left_shift"),
        (lambda x: x & 1, TypeError, "floats have no bits"),
        (lambda x: (x * 1e16).astype(int) + 1, OverflowError, r"add of int64.*\[0\].* got"),
        (lambda x: (x > 0).astype(np.int8) * 100 * 2, OverflowError, "multiply of int8"),
        (lambda x: x.astype(np.uint8) - 5, OverflowError, "of uint8"),
        (lambda x: (x * 100).astype(np.int8) * 1.0, OverflowError, r"int8.*\[0\].*got -250"),
        (lambda x: (x / 0).astype(int) + 1, OverflowError, "int64.*(inf|nan)"),
        (lambda x: x.astype(int) + np.array([2**60] * 4), OverflowError, "of int64"),
        (lambda x: x.astype(int) % x.astype(int), OverflowError, "mod of int64"),
    ],
)
def test_refusals(function, error, message):
    with pytest.raises(error, match=message):
        bp.compile(function)(X)


@both
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda t, x: t[x.astype(int)], r"\[3\] is 4: .* out of bounds for 4"),
        (lambda t, x: t[(x + 0.5).astype(int)], r"\[3\] is 4"),
        (lambda t, x: t[x], r"argument 1\[0\] is -2.5"),
        (lambda t, x: t[np.argsort(x) * 2], r"is 4: |is 6: "),
        (lambda t, x: np.take(t, (x * 2).astype(int)), r"\[0\] is -5"),
        (lambda t, x: t.reshape(2, 2)[[0, 1], x[2:].astype(int)], r"is 4: .* out of bounds for 2"),
    ],
)
def test_computed_indices_out_of_range(function, message, dtype):
    t, x = np.arange(4.0).astype(dtype), np.array([-2.5, 0.0, 0.5, 4.0], dtype)
    for call in (bp.compile(function), bp.grad(lambda t, x: function(t, x).sum())):
        with pytest.raises(IndexError, match=message):
            call(t, x)


@both
def test_computed_indices(dtype):
    t = np.arange(4.0).astype(dtype)
    for x in ([-0.7, 2, 1.5, 3.9], [-4.0, 3, 0, -1]):
        x = np.array(x, dtype)
        found = bp.compile(lambda t, x: t[x.astype(int)])(t, x)
        np.testing.assert_array_equal(found, t[x.astype(int)])
    np.testing.assert_array_equal(bp.compile(lambda t, x: t[x])(t, x), t[x.astype(int)])


def test_labels_that_are_floats():
    z, loss = np.zeros((3, 4)), bp.grad(bp.cross_entropy_with_logits)
    assert np.isfinite(loss(z, np.array([0.0, 3.0, 1.0]))).all()
    for bad in ([0.0, 4.0, 1.0], [-1.0, 0, 0], [0.5, 0, 0], [np.nan, 0, 0]):
        with pytest.raises(IndexError, match=r"argument 1\[\d\] is .*out of bounds for 4"):
            loss(z, np.array(bad))


@both
def test_comparisons_of_narrow_floats_with_wide_whole_numbers(dtype):
    x = np.array([2**24, 2**24 + 2, -(2**24)], dtype)
    i = np.array([2**24 + 1, 2**24 + 1, -(2**24) - 1], np.int32)
    for function in (
        lambda x, i: x > i,
        lambda x, i: np.equal(x, i),
        lambda x, i: np.maximum(x, i),
    ):
        np.testing.assert_array_equal(bp.compile(function)(x, i), function(x, i))


def test_astype_rounds():
    x = np.array([0.1, 1 / 3, 1e300, np.nan, np.inf, 16777217.0])
    i = np.array([2**24 + 1, 2**53 + 1, 3, 4, 5, 6])
    for function in (
        lambda x, i: x.astype(np.float32).astype(np.float64) - x,
        lambda x, i: x.astype(np.float32),
        lambda x, i: i.astype(np.float32) + 0.0 * x,
        lambda x, i: (x > 1).astype(np.float32) * x,
        lambda x, i: i.astype(np.float64) + x,
        lambda x, i: (x > 0).cumsum().astype(np.float32) / 3,
    ):
        with np.errstate(all="ignore"):
            wanted = function(x, i)
        found = bp.compile(function)(x, i)
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
    assert bp.grad(lambda x: x.astype(np.float32).sum())(x).tolist() == [1] * 6
    for call in (lambda x, i: x.astype(np.float16), lambda x, i: i.astype(np.float16)):
        with pytest.raises(TypeError, match="float16"):
            bp.compile(call)(x, i)
