"""Whole numbers: values, dtypes and refusals are NumPy's, up to the ends of every dtype."""

import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from whole_numbers import DTYPES, MIXING, UNARY, array, expression, outcome

import fastbp as bp


def same(found, wanted):
    if isinstance(wanted, type):
        assert isinstance(found, type), (found, wanted)
        assert issubclass(found, wanted) or issubclass(wanted, found)
        return
    assert not isinstance(found, type), (found, wanted)
    assert np.asarray(found).dtype == np.asarray(wanted).dtype
    np.testing.assert_array_equal(found, wanted)


def refused(wanted):
    """What NumPy has, and programs have not."""
    return not isinstance(wanted, type) and wanted.dtype == np.float16


@seed(0)
@settings(max_examples=150, deadline=None, database=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from(DTYPES), st.sampled_from(DTYPES), st.integers(1, 4)
)
def test_functions_of_whole_numbers(number, left, right, depth):
    rng = np.random.default_rng(number)
    function = expression(rng, depth, 2, UNARY + MIXING)
    a, b = array(rng, left, (5, 3)), array(rng, right, (5, 3))
    wanted = outcome(function, a, b)
    if not refused(wanted):
        same(outcome(bp.compile(function), a, b), wanted)


@seed(1)
@settings(max_examples=60, deadline=None, database=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(DTYPES), st.sampled_from(["float32", "float64"]))
def test_they_meet_floats_as_numpy_has_it(number, kind, dtype):
    """The float operation alone rounds, and in no other dtype than NumPy's."""
    rng = np.random.default_rng(number)
    inner = expression(rng, 2, 2)
    a, b = array(rng, kind, (4, 3)), array(rng, "int64", (4, 3))
    x = rng.normal(size=(4, 3)).astype(dtype)

    def function(x, a, b):
        return np.where(inner(a, b) > 2, x, 0) * (inner(a, b) + x), x > inner(a, b)

    wanted = outcome(function, x, a, b)
    found = outcome(bp.compile(function), x, a, b)
    if isinstance(wanted, type):
        assert isinstance(found, type)
        return
    assert [one.dtype for one in found] == [one.dtype for one in wanted]
    eps = np.finfo(wanted[0].dtype).eps
    np.testing.assert_allclose(found[0], wanted[0], rtol=8 * eps, atol=0)
    np.testing.assert_array_equal(found[1], wanted[1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "number", [0, 1, -1, 127, 128, 255, 256, 300, 2**53 + 1, 2**63, 2**70, -(2**70)]
)
def test_pythons_numbers_out_of_range(dtype, number):
    a = array(np.random.default_rng(0), dtype, (7,))
    for function in (
        lambda a: a + number,
        lambda a: number - a,
        lambda a: a * number,
        lambda a: a > number,
        lambda a: a == number,
        lambda a: number != a,
        lambda a: a <= number,
        lambda a: np.maximum(a, number),
    ):
        same(outcome(bp.compile(function), a), outcome(function, a))


@pytest.mark.parametrize("number", [2**24 + 1, 2**53 + 1, 2**63, 2**70, -(2**100)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_whole_numbers_beside_floats(dtype, number):
    x = np.array([1.0, -3.0, 2.0**24], dtype)
    for function in (lambda x: x + number, lambda x: number * x, lambda x: x > number):
        same(outcome(bp.compile(function), x), outcome(function, x))
    with pytest.raises(OverflowError):
        bp.compile(lambda x: x + 2**2000)(x)


def test_captured_whole_numbers_are_exact():
    table, key = np.arange(7) + 2**62, np.array([2**60 + 1, 5, 2**53 + 1])
    for function in (
        lambda i: i == key,
        lambda i: np.take_along_axis(table, i % 7, 0),
        lambda i: np.isin(i, key),
        lambda i: np.searchsorted(key[1:2], i),
    ):
        same(bp.compile(function)(key + np.array([0, 0, 1])), function(key + np.array([0, 0, 1])))
    changed = bp.compile(lambda i: i + key)
    np.testing.assert_array_equal(changed(np.ones(3, int)), key + 1)
    key[0] = 7
    np.testing.assert_array_equal(changed(np.ones(3, int)), key + 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_beside_exact_places(dtype):
    rng = np.random.default_rng(0)
    t = rng.normal(size=1000).astype(dtype)
    i = rng.integers(2**61, 2**62, 40)
    wanted = np.zeros(1000)
    np.add.at(wanted, i % 1000, 2 * t[i % 1000])
    found = bp.grad(lambda t, i: (t[i % 1000] ** 2).sum())(t, i)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    mask = bp.grad(lambda w, d: (w * (d > 2**53)).sum())(np.ones(3, dtype), 2**53 + np.arange(3))
    np.testing.assert_array_equal(mask, [0, 1, 1])


def test_places_beyond_what_float32_tells_apart():
    n = 2**24 + 8
    x = np.zeros(n, np.float32)
    x[-9:] = np.arange(9)
    i = np.arange(n - 9, n)
    found = bp.compile(lambda x, i: x[i])(x, i)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.arange(9))
    slope = bp.grad(lambda x, i: (np.arange(9.0) * x[i]).sum())(x, i)
    np.testing.assert_array_equal(slope[-9:], np.arange(9))
    assert not slope[:-9].any()


def test_results_are_the_callers_own():
    i = np.arange(3)
    for function in (lambda i: i, lambda i: i.reshape(3, 1), lambda i: i[::-1]):
        found = bp.compile(function)(i)
        assert not np.shares_memory(found, i)
        assert found.flags.writeable
    assert isinstance(bp.compile(lambda i: i.sum())(i), np.int64)
    assert isinstance(bp.compile(lambda i: (i.sum() > 2) ** 2)(i), type((i.sum() > 2) ** 2))
    assert isinstance(bp.compile(lambda i: i.mean())(i), np.float64)


def test_one_program_for_other_numbers_and_another_for_other_dtypes():
    f = bp.compile(lambda i, x: (i % 7, x * (i > 2)))
    for dtype in ("int64", "int32", ">i4", "uint8"):
        for low in (0, 100):
            i = np.arange(low, low + 4).astype(dtype)
            found = f(i, np.ones(4))
            np.testing.assert_array_equal(found[0], i % 7)
            np.testing.assert_array_equal(found[1], i > 2)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda i: i[i > 1], r"x\[mask\]"),
        (lambda i: np.repeat(np.arange(3), i), "np.repeat"),
        (lambda i: np.roll(i, i.max()), "np.roll"),
        (lambda i: np.unique(i), "np.unique"),
        (lambda i: np.nonzero(i), "np.nonzero"),
        (lambda i: np.where(i > 1), "np.where"),
        (lambda i: np.sqrt(i.astype(np.int8)), "np.sqrt of int8, which is float16"),
        (lambda i: i * 1j, "complex128"),
        (lambda i: range(i.max()), "Python number"),
        (lambda i: i if i.max() > 2 else -i, "truth value"),
        (lambda i: np.add(i, 1, out=np.zeros(3, int)), "into an existing array"),
    ],
)
def test_refusals(function, message):
    with pytest.raises(TypeError, match=message):
        bp.compile(function)(np.arange(3))


def test_labels_are_looked_at():
    z = np.zeros((3, 4))
    loss = bp.value_and_grad(bp.cross_entropy_with_logits)
    assert loss(z, np.array([0, 3, 1]))[0] == pytest.approx(np.log(4))
    for bad in ([0, 4, 1], [0, -1, 2], [2**53, 0, 0]):
        with pytest.raises(ValueError, match="argument 1 must hold class indices from 0 to 3"):
            loss(z, np.array(bad))
    captured = np.array([0, 4, 1])
    with pytest.raises(ValueError, match="class indices from 0 to 3"):
        bp.grad(lambda z: bp.cross_entropy(z, captured))(z)
