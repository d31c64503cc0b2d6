"""Elementwise kernels against NumPy in a wider type, at the extremes, for NaN, and for refusals."""

import decimal

import numpy as np
import pytest
from true_functions import NETWORK_BINARY as BINARY
from true_functions import NETWORK_UNARY as UNARY

from fastbp.kernels import elementwise

DTYPES = ["float32", "float64"]
LONGDOUBLE_IS_WIDER = np.finfo(np.longdouble).eps < 1e-18


def unary(name, x):
    out = np.empty_like(x)
    elementwise.unary(name, x, out)
    return out


def binary(name, a, b):
    out = np.empty(np.broadcast_shapes(a.shape, b.shape), a.dtype)
    elementwise.binary(name, a, b, out)
    return out


def in_decimal(name, x):
    """The true value in 40 digits, rounded to float64 twice: what it is, and what is left."""
    d = decimal.Decimal(float(x))
    value = {
        "exp": lambda: d.exp(),
        "log": lambda: d.ln(),
        "sigmoid": lambda: 1 / (1 + (-d).exp()),
        "tanh": lambda: 1 - 2 / ((2 * d).exp() + 1),
    }[name]()
    return float(value), float(value - decimal.Decimal(float(value)))


def errors_in_ulps(name, x):
    """How far `unary` is from the true value, in units of the last place."""
    if x.dtype == np.float32 or LONGDOUBLE_IS_WIDER:
        wide = np.float64 if x.dtype == np.float32 else np.longdouble
        true, rest = UNARY[name](x.astype(wide)), 0
    else:
        x = x[:: max(1, x.size // 2000)]
        with decimal.localcontext(decimal.Context(prec=40, Emax=10**6, Emin=-(10**6))):
            true, rest = np.array([in_decimal(name, v) for v in x]).T
    normal = np.abs(true) >= np.finfo(x.dtype).tiny
    got = unary(name, x)[normal].astype(true.dtype)
    error = np.abs((got - true[normal]) - (rest if np.isscalar(rest) else rest[normal]))
    return error / np.spacing(np.abs(true[normal]).astype(x.dtype)).astype(true.dtype)


def grids(name, dtype):
    """Dense grids where the function is not flat: even steps, and even steps of the logarithm."""
    low, high = (-87, 88.7) if dtype == "float32" else (-708, 709.7)
    n = 200_001
    small = np.exp(np.linspace(low / 2, 0, n))
    if name == "log":
        return [np.exp(np.linspace(low, high, n)), np.linspace(0.3, 3, n), 1 + small, 1 - small]
    if name == "exp":
        return [np.linspace(low, high, n), np.linspace(-1, 1, n), small, -small]
    return [np.linspace(low, 40, n), np.linspace(-6, 6, n), np.linspace(-1, 1, n), small, -small]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["exp", "log", "sigmoid", "tanh"])
def test_within_two_ulps(name, dtype):
    for grid in grids(name, dtype):
        x = grid.astype(dtype)
        error = errors_in_ulps(name, x[x > 0] if name == "log" else x)
        assert error.size > 1000
        assert error.max() <= 2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sqrt", "square", "reciprocal", "negative", "relu"])
def test_the_exact_ones_are_those_of_numpy(name, dtype):
    x = np.random.default_rng(0).normal(size=1000).astype(dtype)
    x = np.abs(x) if name == "sqrt" else x
    np.testing.assert_array_equal(unary(name, x), UNARY[name](x).astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["exp", "log", "sigmoid", "tanh", "relu"])
def test_extremes(name, dtype):
    info = np.finfo(dtype)
    x = np.array(
        [
            0,
            -0.0,
            1,
            -1,
            np.inf,
            -np.inf,
            info.max,
            -info.max,
            info.tiny,
            1e3,
            -1e3,
            89,
            -104,
            np.nan,
        ],
        dtype,
    )
    with np.errstate(all="ignore"):
        expected = UNARY[name](x).astype(dtype)
    expected[np.abs(expected) < info.tiny] *= 0  # results below the normal range are flushed
    got = unary(name, x)
    np.testing.assert_allclose(got, expected, rtol=4 * info.eps)
    if name == "tanh":
        np.testing.assert_array_equal(np.signbit(got[:2]), [False, True])


@pytest.mark.parametrize("dtype", DTYPES)
def test_exp_at_the_ends_of_its_range(dtype):
    info = np.finfo(dtype)
    last, first = np.log(info.max.astype("f8")), np.log(info.tiny.astype("f8"))
    x = np.array([last - 1e-3, last + 1e-3, first + 1e-3, first - 1e-3], dtype)
    got = unary("exp", x)
    np.testing.assert_array_equal(got[[1, 3]], [np.inf, 0])
    np.testing.assert_allclose(got[[0, 2]], np.exp(x[[0, 2]]), rtol=4 * info.eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_log_of_subnormal_numbers(dtype):
    x = np.arange(1, 5000).astype(dtype) * np.finfo(dtype).smallest_subnormal
    np.testing.assert_allclose(unary("log", x), np.log(x), rtol=2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_and_sigmoid_stay_exact_near_zero(dtype):
    x = np.array([1e-30, -1e-30, 1e-20, 3e-9], dtype)
    np.testing.assert_array_equal(unary("tanh", x), x)
    np.testing.assert_array_equal(unary("sigmoid", x[:3]), np.full(3, 0.5, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_where_its_polynomials_meet(dtype):
    ends = np.array([0.5, 1, 2, 3, 5, 7, 9, 9.03, 10, 19, 20, 100], dtype)
    x = np.concatenate([ends + k * np.spacing(ends) for k in range(-200, 201)])
    assert errors_in_ulps("tanh", x).max() <= 2
    y = unary("tanh", x)
    assert y.max() == 1
    np.testing.assert_array_equal(unary("tanh", -x), -y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_nan_passes_through_unary(name, dtype):
    bits = np.array([0x7FC00000, 0xFFC00000, 0x7FC00001, 0x7FC00ABC, 0xFFFFFFFF], np.uint32)
    nans = bits.view(np.float32) if dtype == "float32" else np.full(5, np.nan)
    x = np.ones(41, dtype)
    x[[0, 9, 17, 33, 40]] = nans
    np.testing.assert_array_equal(np.isnan(unary(name, x)), np.isnan(x))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
def test_nan_passes_through_binary(name, dtype):
    good, bad = np.full(37, 0.5, dtype), np.full(37, 0.5, dtype)
    bad[[0, 20, 36]] = np.nan
    np.testing.assert_array_equal(np.isnan(binary(name, bad, good)), np.isnan(bad))
    if name not in ("relu_grad", "ramp_grad"):  # there the second operand only says where
        np.testing.assert_array_equal(np.isnan(binary(name, good, bad)), np.isnan(bad))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_a_number_gives_the_same_bits_wherever_it_stands(name, dtype):
    x = np.random.default_rng(1).normal(0, 3, 67).astype(dtype)
    x = np.abs(x) if name in ("sqrt", "log") else x
    whole = unary(name, x)
    for n in range(x.size + 1):
        np.testing.assert_array_equal(unary(name, x[:n]), whole[:n])
        np.testing.assert_array_equal(unary(name, x[n:]), whole[n:])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
def test_binary_against_numpy(name, dtype):
    rng = np.random.default_rng(2)
    for n in (0, 1, 2, 7, 16, 33, 513, 2000):
        a, b = rng.uniform(0.01, 0.99, (2, n)).astype(dtype)
        expected = BINARY[name](a.astype("f8"), b.astype("f8"))
        rtol = 4 * np.finfo(dtype).eps
        np.testing.assert_allclose(binary(name, a, b), expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["subtract", "divide", "bce_with_logits"])
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((), (3, 5)),
        ((3, 5), ()),
        ((1,), (5,)),
        ((5,), (3, 5)),
        ((1, 5), (3, 5)),
        ((3, 1), (3, 5)),
        ((3, 1), (1, 5)),
        ((3, 1), (5,)),
        ((40, 1), (40, 1)),
        ((40, 1), (1, 1)),
        ((1, 1), (40, 1)),
        ((0, 5), (5,)),
        ((200, 10), (1, 10)),
        ((200, 1), (200, 10)),
        ((200, 1), (1, 10)),
        ((3, 1), (3, 1300)),
        ((3, 1), (1, 1300)),
        ((3, 1300), (1300,)),
        ((), (3, 1300)),
        ((), ()),
    ],
)
def test_broadcasting(left, right, name, dtype):
    rng = np.random.default_rng(3)
    a, b = rng.uniform(0.1, 1, left).astype(dtype), rng.uniform(0.1, 1, right).astype(dtype)
    a, b = np.asarray(a), np.asarray(b)
    shape = np.broadcast_shapes(left, right)
    whole = binary(
        name,
        np.ascontiguousarray(np.broadcast_to(a, shape)).reshape(shape),
        np.ascontiguousarray(np.broadcast_to(b, shape)).reshape(shape),
    )
    np.testing.assert_array_equal(binary(name, a, b), whole)
    np.testing.assert_allclose(
        whole, BINARY[name](a.astype("f8"), b.astype("f8")), rtol=8 * np.finfo(dtype).eps, atol=1e-6
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(dtype):
    x, y = np.random.default_rng(4).uniform(0.1, 0.9, (2, 6, 150)).astype(dtype)
    for name in UNARY:
        out = x.copy()
        elementwise.unary(name, out, out)
        np.testing.assert_array_equal(out, unary(name, x))
    for name in BINARY:
        for other in (y, y[:1], np.ascontiguousarray(y[:, :1])):
            first, second = x.copy(), x.copy()
            elementwise.binary(name, first, other, first)
            elementwise.binary(name, other, second, second)
            np.testing.assert_array_equal(first, binary(name, x, other))
            np.testing.assert_array_equal(second, binary(name, other, x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_beside_the_output_is_written(dtype):
    block = np.full(100, 7, dtype)
    for n in (0, 1, 5, 16, 31):
        elementwise.unary("exp", np.zeros(n, dtype), block[20 : 20 + n])
        np.testing.assert_array_equal(block[20 : 20 + n], 1)
        block[20 : 20 + n] = 7
        np.testing.assert_array_equal(block, 7)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bce_of_a_certain_and_wrong_prediction(dtype):
    p, y = np.array([0, 1, 0, 1], dtype), np.array([1, 0, 0, 1], dtype)
    np.testing.assert_array_equal(binary("bce", p, y), [100, 100, 0, 0])
    grad = binary("bce_grad", p, y)
    np.testing.assert_allclose(grad, [-1e12, 1e12, 0, 0], rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bce_with_logits_of_large_logits(dtype):
    z, y = np.array([50, -50, 1e4, -1e4, 50], dtype), np.array([1, 0, 0, 1, 0], dtype)
    expected = [np.exp(-50), np.exp(-50), 1e4, 1e4, 50]
    np.testing.assert_allclose(binary("bce_with_logits", z, y), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_hits(dtype):
    p = np.array([0.9, 0.2, 0.5, 0.6, np.nan, np.nan], dtype)
    y = np.array([1, 0, 0, 0, 0, 1], dtype)
    out = np.empty(6, dtype)
    elementwise.binary_hits(p, y, out)
    np.testing.assert_array_equal(out, [1, 1, 1, 0, 0, 0])
    elementwise.binary_hits(p, y, out, threshold=0.7)
    np.testing.assert_array_equal(out, [1, 1, 1, 1, 0, 0])


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu"])
def test_forward_and_backward_agree(name):
    """The signed derivative along a direction, by a central difference."""
    rng = np.random.default_rng(5)
    x, dy, direction = rng.normal(size=(3, 4, 9))
    y, up, down, dx = np.empty((4, 4, 9))
    forward = getattr(elementwise, f"{name}_forward")
    forward(x, y)
    forward(x + 1e-6 * direction, up)
    forward(x - 1e-6 * direction, down)
    getattr(elementwise, f"{name}_backward")(dy, y, dx)
    np.testing.assert_allclose((dy * (up - down)).sum() / 2e-6, (dx * direction).sum(), rtol=1e-7)


def test_read_only_inputs_and_no_numbers():
    x = np.arange(3.0)
    x.flags.writeable = False
    np.testing.assert_array_equal(unary("square", x), [0, 1, 4])
    assert unary("exp", np.empty((0, 4), "f4")).shape == (0, 4)


def test_any_buffer_is_an_array():
    out = bytearray(8)
    elementwise.unary("negative", memoryview(np.array([1.5])), memoryview(out).cast("d"))
    assert memoryview(out).cast("d")[0] == -1.5


X = np.ones((2, 3), "f4")


@pytest.mark.parametrize(
    ("x", "out", "error", "words"),
    [
        ([1.0], X, TypeError, ["x:", "array of float32 or float64", "list"]),
        (X.astype("i4"), X, TypeError, ["x:", "float32 or float64", "int32"]),
        (X.astype("f2"), X, TypeError, ["x:", "float16"]),
        (X.astype(">f4"), X, TypeError, ["x:", ">f4"]),
        (X.astype("O"), X, TypeError, ["x:", "object"]),
        (X.astype("M8[s]"), X, TypeError, ["x:", "datetime64"]),
        (X, X.astype("f8"), TypeError, ["x:", "float64 as the output", "float32"]),
        (X, None, TypeError, ["out:", "NoneType"]),
        (X[:, ::2], np.ones((2, 2), "f4"), ValueError, ["x:", "C-contiguous", "(2, 2)"]),
        (X.T, np.ones((3, 2), "f4"), ValueError, ["x:", "C-contiguous", "(3, 2)"]),
        (X, np.ones((3, 2), "f4"), ValueError, ["x:", "(3, 2)", "(2, 3)"]),
        (X, np.ones(6, "f4"), ValueError, ["x:", "(6,)", "(2, 3)"]),
        (X, np.broadcast_to(X, (2, 3)), ValueError, ["out:", "writable", "read-only"]),
    ],
)
def test_refusals_name_the_argument(x, out, error, words):
    with pytest.raises(error) as caught:
        elementwise.unary("exp", x, out)
    for word in words:
        assert word in str(caught.value)


def test_refusal_of_an_array_that_is_not_aligned():
    x = np.frombuffer(bytes(9), np.uint8)[1:].view(np.float64)
    with pytest.raises((TypeError, ValueError), match=r"^x: "):
        elementwise.unary("exp", x, np.empty(1))


def test_refusals_of_binary():
    with pytest.raises(ValueError, match=r"name: expected one of 'add', .*got 'pow'"):
        elementwise.binary("pow", X, X, X)
    with pytest.raises(ValueError, match=r"b: .*broadcasts to \(2, 3\), got \(2,\)"):
        elementwise.binary("add", X, np.ones(2, "f4"), X)
    with pytest.raises(ValueError, match=r"a: .*broadcasts to \(3,\), got \(2, 3\)"):
        elementwise.binary("add", X, X, np.ones(3, "f4"))
    with pytest.raises(ValueError, match=r"out: expected at most 2 dimensions"):
        elementwise.binary("add", X, X, np.ones((1, 2, 3), "f4"))
    with pytest.raises(ValueError, match=r"y: expected shape \(2, 3\), got \(3,\)"):
        elementwise.sigmoid_backward(X, np.ones(3, "f4"), X.copy())
    with pytest.raises(ValueError, match=r"name: expected one of 'negative', .*got 3"):
        elementwise.unary(3, X, X)
