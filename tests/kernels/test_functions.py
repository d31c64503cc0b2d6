"""The elementwise functions that a plain network has no use for: errors in ULP, special values, NumPy's conventions."""

import numpy as np
import pytest
from true_functions import OTHER_BINARY as BINARY
from true_functions import OTHER_UNARY as UNARY
from true_functions import SMOOTH as TRUE

from fastbp.kernels import elementwise

DTYPES = ["float32", "float64"]
LONGDOUBLE_IS_WIDER = np.finfo(np.longdouble).eps < 1e-18
WIDER = {np.dtype("float32"): np.float64, np.dtype("float64"): np.longdouble}
COMPARISONS = list(BINARY)[5:]


def call(name, *operands):
    out = np.empty_like(operands[0])
    (elementwise.unary if len(operands) == 1 else elementwise.binary)(name, *operands, out)
    return out


def worst_error(name, *operands):
    """In units of the last place of the true value, where that is a normal number."""
    dtype = operands[0].dtype
    wide, info = WIDER[dtype], np.finfo(dtype)
    with np.errstate(all="ignore"):
        true = (TRUE | BINARY)[name](*(x.astype(wide) for x in operands))
    normal = (np.abs(true) >= info.tiny) & (np.abs(true) <= info.max)
    assert np.count_nonzero(normal) > 1000
    true = true[normal]
    error = np.abs(call(name, *operands)[normal].astype(wide) - true)
    return np.max(error / np.spacing(np.abs(true).astype(dtype)).astype(wide))


def spread(rng, n, low, high, signed=True):
    """Numbers of all sizes between exp(low) and exp(high)."""
    sign = rng.choice([-1.0, 1.0], n) if signed else 1.0
    return sign * np.exp(rng.uniform(low, high, n))


def limits(dtype):
    return (-87, 88.7) if dtype == "float32" else (-708, 709.7)


def grids(name, dtype):
    """Where the function is not flat, by even steps and by numbers of all sizes."""
    n, rng = 100_003, np.random.default_rng(0)
    low, high = limits(dtype)
    small = spread(rng, n, low, 0)
    if name == "log1p":
        return [spread(rng, n, low, high, False), -abs(small), np.linspace(-0.999, 3, n)]
    if name in ("sin", "cos"):
        end = 1e4 if dtype == "float32" else 1e6
        zeros = np.arange(1, end / 1.571, 1 if dtype == "float32" else 10) * (np.pi / 2)
        return [small, zeros, np.linspace(-end, end, n), np.linspace(-4, 4, n)]
    if name == "arctan":
        return [spread(rng, n, low, high), np.linspace(-5, 5, n), np.linspace(0.9, 1.2, n)]
    if name == "erf":
        return [small, np.linspace(-7, 7, n), np.linspace(0.9, 1.2, n)]
    return [small, np.linspace(low, high, n), np.linspace(-2, 2, n), np.linspace(0.3, 0.6, n)]


def needs_reference(dtype):
    if dtype == "float64" and not LONGDOUBLE_IS_WIDER:
        pytest.skip("no wider type to compare with")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TRUE)
def test_within_two_ulps(name, dtype):
    needs_reference(dtype)
    for grid in grids(name, dtype):
        assert worst_error(name, grid.astype(dtype)) <= 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_arctan2_within_two_ulps(dtype):
    needs_reference(dtype)
    rng = np.random.default_rng(1)
    low, high = limits(dtype)
    assert worst_error("arctan2", *rng.normal(size=(2, 100_003)).astype(dtype)) <= 2
    y, x = (spread(rng, 100_003, low, high).astype(dtype) for _ in range(2))
    assert worst_error("arctan2", y, x) <= 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_power_within_two_ulps(dtype):
    """Bases of all sizes, and near 1, with exponents that lead to results of all sizes; squares and roots."""
    needs_reference(dtype)
    n, rng = 100_003, np.random.default_rng(2)
    low, high = limits(dtype)
    wide, near = spread(rng, n, low, high, False), rng.uniform(0.3, 3, n)
    close = 1 + spread(rng, n, -12, 0)
    for base in (wide, near, close):
        a = base.astype(dtype)
        a = a[a != 1]
        b = rng.uniform(low, high, a.size) / np.log(a.astype("f8"))
        assert worst_error("power", a, b.astype(dtype)) <= 2
    for exponent in (2, 0.5, -1, 3, 1):
        assert worst_error("power", wide.astype(dtype), np.full(n, exponent, dtype)) <= 2
    whole = rng.integers(-9, 10, n)
    assert worst_error("power", -near.astype(dtype), whole.astype(dtype)) <= 2


def special(dtype):
    info = np.finfo(dtype)
    numbers = [0, 0.5, 1, 2, 2.5, 3, 7, 1e4 + 0.5, 2**24 + 1, 1e9, 1e30, info.tiny, info.max]
    numbers = [*numbers, np.inf]
    return np.array([*numbers, *(-v for v in numbers), np.nan], dtype)


def assert_same(got, expected, dtype, rtol=4):
    """Equal up to the last places, with the same signs of zeros; below the normal range there may be 0."""
    tiny = np.finfo(dtype).tiny
    got, expected = (np.where(np.abs(v) < tiny, np.copysign(0, v), v) for v in (got, expected))
    np.testing.assert_allclose(got, expected, rtol=rtol * np.finfo(dtype).eps)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[number], np.signbit(expected)[number])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_special_values(name, dtype):
    x = special(dtype)
    with np.errstate(all="ignore"):
        assert_same(call(name, x), UNARY[name](x).astype(dtype), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
def test_special_pairs(name, dtype):
    a, b = (np.ascontiguousarray(v.ravel()) for v in np.meshgrid(special(dtype), special(dtype)))
    if name in ("maximum", "minimum"):  # of 0 and -0 either will do
        a, b = a + 0, b + 0
    with np.errstate(all="ignore"):
        expected = BINARY[name](a, b).astype(dtype)
    assert_same(call(name, a, b), expected, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_large_angles_stay_in_range(name, dtype):
    x = spread(np.random.default_rng(3), 20_001, 5, limits(dtype)[1]).astype(dtype)
    assert np.abs(call(name, x)).max() <= 1
    assert np.isnan(call(name, np.array([np.inf, -np.inf, np.nan], dtype))).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["absolute", "sign", "floor", "ceil", "single"])
def test_the_exact_ones_are_those_of_numpy(name, dtype):
    x = np.random.default_rng(4).normal(0, 50, 1009).astype(dtype)
    np.testing.assert_array_equal(call(name, x), UNARY[name](x))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["mod", "maximum", "minimum", *COMPARISONS])
def test_the_exact_pairs_are_those_of_numpy(name, dtype):
    rng = np.random.default_rng(5)
    for n in (0, 1, 2, 7, 16, 33, 1009):
        a, b = rng.normal(0, 50, (2, n)).astype(dtype)
        a[::3] = b[::3]
        np.testing.assert_array_equal(call(name, a, b), BINARY[name](a, b))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_a_number_gives_the_same_bits_wherever_it_stands_and_in_place(name, dtype):
    x = np.random.default_rng(6).normal(0, 3, 67).astype(dtype)
    x = np.abs(x) if name == "log1p" else x
    x[[5, 40, 66]] = np.nan
    whole = call(name, x)
    np.testing.assert_array_equal(np.isnan(whole), np.isnan(x))
    for n in range(x.size + 1):
        np.testing.assert_array_equal(call(name, x[:n]), whole[:n])
        np.testing.assert_array_equal(call(name, x[n:]), whole[n:])
    elementwise.unary(name, x, x)
    np.testing.assert_array_equal(x, whole)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
def test_pairs_in_place_and_broadcast(name, dtype):
    x, y = np.random.default_rng(7).uniform(0.1, 3, (2, 6, 150)).astype(dtype)
    for other in (y, y[:1], np.ascontiguousarray(y[:, :1])):
        spread_out = np.ascontiguousarray(np.broadcast_to(other, x.shape))
        first, second = x.copy(), x.copy()
        elementwise.binary(name, first, other, first)
        elementwise.binary(name, other, second, second)
        np.testing.assert_array_equal(first, call(name, x, spread_out))
        np.testing.assert_array_equal(second, call(name, spread_out, x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_beside_the_output_is_written(dtype):
    for n in (0, 1, 5, 16, 31):
        block, x = np.full(100, 7, dtype), np.full(n, 2, dtype)
        for name in UNARY:
            elementwise.unary(name, x, block[20 : 20 + n])
        for name in BINARY:
            elementwise.binary(name, x, x, block[20 : 20 + n])
        elementwise.where(x, x, x, block[20 : 20 + n])
        np.testing.assert_array_equal(np.delete(block, np.s_[20 : 20 + n]), 7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 2, 7, 16, 33, 1009])
def test_where(n, dtype):
    rng = np.random.default_rng(n)
    c, a, b = rng.integers(-1, 2, n).astype(dtype), *rng.normal(size=(2, n)).astype(dtype)
    c[::5] = np.nan
    one, other = np.array(3, dtype), np.array([[np.nan]], dtype)
    for u, v in ((a, b), (one, b), (a, other), (one, other)):
        out = np.empty_like(c)
        elementwise.where(c, u, v, out)
        np.testing.assert_array_equal(out, np.where(c, u.ravel(), v.ravel()))
    for i in range(3):
        operands = [c.copy(), a.copy(), b.copy()]
        elementwise.where(*operands, operands[i])
        np.testing.assert_array_equal(operands[i], np.where(c, a, b))


def test_refusals_of_where():
    x = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"b: expected shape \(2, 3\), got \(3,\)"):
        elementwise.where(x, x, np.ones(3), np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"c: expected shape \(2, 3\), got \(1,\)"):
        elementwise.where(np.ones(1), x, x, np.empty((2, 3)))
    with pytest.raises(TypeError, match=r"a: expected float64 as the output, got float32"):
        elementwise.where(x, x.astype("f4"), x, np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"out: expected a writable array"):
        elementwise.where(x, x, x, np.broadcast_to(x, (2, 3)))
