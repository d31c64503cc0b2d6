"""Elementwise kernels at subnormal numbers: against NumPy in a wider type, results below the normal range may be 0."""

import numpy as np
import pytest

from fastbp.kernels import elementwise

DTYPES = ["float32", "float64"]
WIDER = {"float32": np.float64, "float64": np.longdouble}

UNARY = {
    "negative": np.negative,
    "square": np.square,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "reciprocal": np.reciprocal,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "log1p": np.log1p,
    "expm1": np.expm1,
    "sin": np.sin,
    "cos": np.cos,
    "arctan": np.arctan,
    "erf": lambda x: x / np.sqrt(np.arctan(x.dtype.type(1))),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "absolute": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "single": lambda x: x.astype(np.float32).astype(x.dtype),
}
BINARY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "sigmoid_grad": lambda g, y: g * y * (1 - y),
    "tanh_grad": lambda g, y: g * (1 - y * y),
    "relu_grad": lambda g, y: np.where(y > 0, g, 0),
    "squared_error": lambda p, y: (p - y) ** 2,
    "bce": lambda p, y: y * np.minimum(-np.log(p), 100) - (1 - y) * np.log1p(-p),
    "bce_grad": lambda p, y: (p - y) / np.maximum(p * (1 - p), p.dtype.type(1e-12)),
    "bce_with_logits": lambda z, y: np.log1p(np.exp(z)) - y * z,
    "power": np.power,
    "arctan2": np.arctan2,
    "mod": np.mod,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
}


def subnormal(dtype, n=301):
    """Of all sizes, the ends too, and the least normal number beside them."""
    info, rng = np.finfo(dtype), np.random.default_rng(0)
    ends = [1, 2, 3, 2**info.nmant - 1, 2**info.nmant, 2**info.nmant + 1]
    count = np.concatenate([ends, 2.0 ** rng.uniform(0, info.nmant, n)])
    return (np.floor(count).astype(dtype) * info.smallest_subnormal).astype(dtype)


def assert_near(got, true, dtype):
    """Four units in the last place, and the same signs."""
    info = np.finfo(dtype)
    with np.errstate(all="ignore"):
        want = true.astype(dtype)
        near = np.abs(got.astype(true.dtype) - true) <= 4 * np.spacing(np.abs(want))
    right = (got == want) | (np.isnan(got) & np.isnan(want)) | near
    right |= (np.abs(true) < info.tiny) & (got == 0)
    right &= (np.signbit(got) == np.signbit(want)) | np.isnan(want)
    assert right.all(), (got[~right][:3], want[~right][:3])


def call(kernel, name, *operands):
    out = np.empty_like(operands[0])
    kernel(name, *operands, out)
    return out


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_functions(name, dtype):
    x = subnormal(dtype)
    for operand in (x, -x):
        with np.errstate(all="ignore"):
            true = UNARY[name](operand.astype(dtype if name == "single" else WIDER[dtype]))
        assert_near(call(elementwise.unary, name, operand), true, dtype)


def pairs(name, dtype):
    x, info = subnormal(dtype), np.finfo(dtype)
    if name.startswith("bce"):
        return [(x, np.full_like(x, y)) for y in (0, 0.25, 1)]
    mixed = np.random.default_rng(1).permutation(np.concatenate([x, -x]))[: x.size]
    found = [(x, mixed), (mixed, x), (x, x)]
    numbers = [0, -0.0, 1, -1, 0.5, 3, -0.013, info.tiny, 1 / info.tiny, np.inf, -np.inf, np.nan]
    if name.endswith("_grad"):
        numbers = [0, 0.5, 1, -1, 0.25, np.nan]
    for number in np.array(numbers, dtype):
        found += [(mixed, np.full_like(x, number)), (np.full_like(x, number), mixed)]
    return found


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two(name, dtype):
    for a, b in pairs(name, dtype):
        with np.errstate(all="ignore"):
            true = BINARY[name](a.astype(WIDER[dtype]), b.astype(WIDER[dtype]))
        assert_near(call(elementwise.binary, name, a, b), true.astype(WIDER[dtype]), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_where(dtype):
    c = subnormal(dtype)
    c[::3], c[1::3] = 0, -c[1::3]
    out, a, b = np.empty_like(c), -c, c / 2
    elementwise.where(c, a, b, out)
    np.testing.assert_array_equal(out, np.where(c != 0, a, b))
