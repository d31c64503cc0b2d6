"""Elementwise kernels at subnormal numbers: against NumPy in a wider type, results below the normal range may be 0."""

import numpy as np
import pytest
from true_functions import NETWORK_BINARY, NETWORK_UNARY, OTHER_BINARY, OTHER_UNARY

from fastbp.kernels import elementwise

DTYPES = ["float32", "float64"]
WIDER = {"float32": np.float64, "float64": np.longdouble}

# Near 0 the first term says it all, and bce's bounds count: a logarithm of -100 at least, a divisor of 1e-12 at least.
UNARY = NETWORK_UNARY | OTHER_UNARY
UNARY["erf"] = lambda x: x / np.sqrt(np.arctan(x.dtype.type(1)))
UNARY["softplus"] = lambda x: np.log1p(np.exp(x))
BINARY = NETWORK_BINARY | OTHER_BINARY
BINARY["bce"] = lambda p, y: y * np.minimum(-np.log(p), 100) - (1 - y) * np.log1p(-p)
BINARY["bce_grad"] = lambda p, y: (p - y) / np.maximum(p * (1 - p), p.dtype.type(1e-12))
BINARY["bce_with_logits"] = lambda z, y: np.log1p(np.exp(z)) - y * z


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
