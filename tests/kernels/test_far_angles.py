"""sin and cos of every finite number: against fixed-point arithmetic with Python's whole numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest

from fastbp.kernels import elementwise

DTYPES = ["float32", "float64"]
NAMES = ["sin", "cos"]
PI_BITS, BITS = 1400, 240
FAR = [200_000, 360_000, 3_000_000]  # where the kernels change their way
WORST = 6381956970095103 * 2.0**797  # of float64, the one nearest to a multiple of pi / 2


def arctan_of_inverse(k):
    total = term = (1 << PI_BITS) // k
    n = 1
    while term:
        term //= -k * k
        n += 2
        total += term // n
    return total


PI = 16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239)  # Machin's


def exact(name, x):
    """sin or cos of a float, times 2**BITS."""
    top, bottom = float(x).as_integer_ratio()
    x = (top << PI_BITS) // bottom
    n = (4 * x + PI) // (2 * PI)
    r = (2 * x - n * PI) >> (PI_BITS + 1 - BITS)
    n += name == "cos"
    term = total = 1 << BITS if n % 2 else r
    k = 0 if n % 2 else 1
    while abs(term) > 1:
        term = -term * r * r // ((k + 1) * (k + 2) << 2 * BITS)
        total += term
        k += 2
    return -total if n % 4 > 1 else total


def worst_error(name, x):
    """In units of the last place of the true value."""
    out = np.empty_like(x)
    elementwise.unary(name, x, out)
    worst = 0
    for number, got in zip(x, out, strict=True):
        true = Fraction(exact(name, number), 1 << BITS)
        unit = Fraction(float(np.spacing(x.dtype.type(abs(float(true))))))
        worst = max(worst, abs(Fraction(float(got)) - true) / unit)
    return float(worst)


def near_multiples(digits, exponents):
    """m 2**e, m of so many binary digits, that all but are multiples of pi / 2: convergents of 2**e / (pi / 2)."""
    found = []
    for e in exponents:
        ratio = Fraction(1 << PI_BITS + 1, PI) * Fraction(2) ** int(e)
        before, m, rest = 0, 1, ratio
        while m < 1 << digits:
            found.append(math.ldexp(m, int(e)))
            rest = 1 / (rest - rest.numerator // rest.denominator)
            before, m = m, m * (rest.numerator // rest.denominator) + before
    return found


def angles(dtype):
    rng = np.random.default_rng(0)
    info = np.finfo(dtype)
    last = info.maxexp - info.nmant - 1
    x = near_multiples(info.nmant + 1, np.linspace(-info.nmant + 17, last, 40).astype(int))
    x = [*x, *(2.0 ** rng.uniform(17, info.maxexp, 1500)), float(info.max)]
    x = [*x, *(2.0 ** np.arange(17, info.maxexp))]
    for far in FAR:
        ends = np.array([far, far - 1, far + 1], dtype)
        x = [*x, *ends, *np.nextafter(ends, 0), *np.nextafter(ends, info.max)]
        x = [*x, *(far + rng.uniform(-1000, 1000, 200))]
        x = [*x, *(np.arange(far // 1.58, far // 1.56, far // 10_000) * (np.pi / 2))]
    x = np.array([*x, WORST] if dtype == "float64" else x, dtype)
    return np.concatenate([x, -x])


def test_the_reference():
    for x in (0.5, -3.0, 1e5, 1e22):
        assert exact("sin", x) / (1 << BITS) == pytest.approx(math.sin(x), rel=1e-15)
        assert exact("cos", x) / (1 << BITS) == pytest.approx(math.cos(x), rel=1e-15)
    assert exact("cos", WORST) / (1 << BITS) == pytest.approx(-4.6871659242546276e-19, rel=1e-15)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_every_angle_is_within_two_ulps(name, dtype):
    assert worst_error(name, angles(dtype)) <= 2


@pytest.mark.parametrize("name", NAMES)
def test_all_sizes_of_float32(name):
    """Against the C library's float64, which has 29 digits more."""
    bits = np.arange(np.float32(1e5).view("u4"), np.float32(np.inf).view("u4"), 4001, "u4")
    x = bits.view("f4")
    out = np.empty_like(x)
    elementwise.unary(name, x, out)
    true = np.array([getattr(math, name)(v) for v in x.astype("f8").tolist()])
    assert (np.abs(out - true) <= 2 * np.spacing(np.abs(true).astype("f4"))).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_far_angles_change_nothing_beside_them(name, dtype):
    """Anywhere in pieces of 512, in place too: each number as it is alone."""
    x = np.random.default_rng(1).normal(0, 3, 1100).astype(dtype)
    near = np.empty_like(x)
    elementwise.unary(name, x, near)
    for places in ([0], [511], [512], [1099], [3, 511, 512, 700], np.arange(1100)):
        mixed = x.copy()
        mixed[places] = 1e7 * (1 + np.arange(len(places)))
        mixed[places[-1]] = np.inf
        want = near.copy()
        for i in places:
            elementwise.unary(name, mixed[i : i + 1], want[i : i + 1])
        assert np.isnan(want[places[-1]])
        elementwise.unary(name, mixed, mixed)
        np.testing.assert_array_equal(mixed, want)
