"""Sums of more than 4,096 terms: the error stays within a few roundings, however many there are."""

import math

import numpy as np
import pytest

from fastbp.kernels import dense_backward, dense_forward, losses, reduce_axes, reductions

WIDE = np.longdouble
TERMS, STRETCH = 4096, 2048  # reductions.pxd's
SIZES = [TERMS - 1, TERMS, TERMS + 1, TERMS + STRETCH, 2 * TERMS, 2 * TERMS + 1, 3 * TERMS + 777]
LONG = SIZES[2:]  # up to 4,096 terms the order is a plain one
DTYPES = ["float32", "float64"]
if np.finfo(WIDE).eps == np.finfo(float).eps:
    DTYPES.pop()  # nothing to compare with
both = pytest.mark.parametrize("dtype", DTYPES)
sizes = pytest.mark.parametrize("n", SIZES)
around = pytest.mark.parametrize("mean", [0, 100])


def numbers(shape, dtype, mean=0, seed=0):
    return np.random.default_rng(seed).normal(mean, 1, shape).astype(dtype)


def assert_sums(out, terms_sum, sum_of_sizes, n):
    """|error| <= (8 + log2 n) eps sum|terms|, which is what is promised."""
    bound = (8 + math.log2(n)) * np.finfo(out.dtype).eps * np.asarray(sum_of_sizes, WIDE)
    assert (np.abs(out.astype(WIDE) - terms_sum) <= bound).all()


def in_pieces(sums, dtype):
    """The sums of pieces, added with what each addition loses, as D. E. Knuth's two-sum has it."""
    total, rest = dtype(0), dtype(0)
    for x in sums:
        new = total + x
        part = new - total
        rest += (total - (new - part)) + (x - part)
        total = new
    return total + rest


def short_total(x):
    return x.dtype.type(reductions.total(x))


@both
@sizes
def test_total_is_that_of_its_pieces(n, dtype):
    x = numbers(n, dtype, 3)
    pieces = [short_total(x[i : i + TERMS]) for i in range(0, n, TERMS)]
    assert short_total(x) == in_pieces(pieces, x.dtype.type)
    assert short_total(x[:TERMS]) == pieces[0]


@both
@pytest.mark.parametrize("n", [*SIZES, 1_000_001])
@around
def test_totals(mean, n, dtype):
    x = numbers(n, dtype, mean)
    out = np.array([reductions.total(x)], dtype)
    assert_sums(out, math.fsum(x), math.fsum(abs(x)), n)
    rows = np.empty(2, dtype)
    reductions.row_sums(np.stack([x, -x]), rows)
    np.testing.assert_array_equal(rows, [out[0], -out[0]])


@both
@pytest.mark.parametrize("m", [1, 3, 16, 63, 64, 70, 600])
@around
def test_column_sums(mean, m, dtype):
    n = 2 * TERMS + 5 if m < 600 else TERMS + 5
    x = numbers((n, m), dtype, mean)
    out = np.full(m + 2, 7, dtype)
    reductions.column_sums(x, out[1:-1])
    wanted, size = x.sum(0, dtype=WIDE), abs(x).sum(0, dtype=WIDE)
    assert_sums(out[1:-1], wanted, size, n)
    assert out[0] == out[-1] == 7
    reductions.column_sums(x, out[1:-1], accumulate=True)
    assert_sums(out[1:-1], 2 * wanted, 2 * size, n)
    axis = np.empty((1, m), dtype)
    reduce_axes.sum_axis(x[None], axis)
    assert_sums(axis[0], wanted, size, n)


@both
@pytest.mark.parametrize("n", LONG)
@pytest.mark.parametrize("inner", [1, 2, 65])
@pytest.mark.parametrize("reverse", [False, True])
def test_running_sums(reverse, inner, n, dtype):
    x = abs(numbers((1, n, inner), dtype, 3))
    out = np.empty_like(x)
    reduce_axes.cumsum_axis(x, out, reverse=reverse)
    order = np.s_[:, ::-1] if reverse else np.s_[:]
    wanted = np.cumsum(x[order], axis=1, dtype=WIDE)
    assert_sums(out[order], wanted, wanted, n)
    assert (np.diff(out[order], axis=1) >= 0).all()  # of numbers that are not negative
    reduce_axes.cumsum_axis(x, x, reverse=reverse)
    np.testing.assert_array_equal(x, out)


def test_a_running_sum_of_a_million():
    x = abs(numbers((1, 1_000_000, 1), "float32", 100))
    out = np.empty_like(x)
    reduce_axes.cumsum_axis(x, out)
    wanted = np.cumsum(x, axis=1, dtype=WIDE)
    assert_sums(out, wanted, wanted, x.size)


@both
@pytest.mark.parametrize("m", [1, 3, 8, 9, 40, 520])
@around
def test_products_over_many_inputs(mean, m, dtype):
    """Narrow layers, tiles, and more columns than are made at once."""
    n, k = (66 if m < 520 else 900), (2 * TERMS + 3 if m < 520 else TERMS + 3)
    x, w, b = numbers((n, k), dtype, mean), numbers((k, m), dtype, mean, 1), numbers(m, dtype, 50)
    out = np.full((n + 1, m), 7, dtype)
    dense_forward(x, w, b, out[:n])
    some = [0, 1, n // 2, n - 1]
    a, c = x[some].astype(WIDE), w.astype(WIDE)
    assert_sums(out[some], a @ c + b, abs(a) @ abs(c) + abs(b), k)
    assert (out[n] == 7).all()
    alone = np.empty((1, m), dtype)
    dense_forward(x[n - 1 :], w, b, alone)
    np.testing.assert_array_equal(alone[0], out[n - 1])  # what a row gives depends on it alone
    relu = np.empty((n, m), dtype)
    dense_forward(x, w, b, relu, "relu")
    np.testing.assert_array_equal(relu, np.maximum(out[:n], 0))


@both
@pytest.mark.parametrize("n", [*LONG, 100_003])
@pytest.mark.parametrize(("k", "m"), [(3, 1), (28, 1), (33, 3), (12, 10)])
@around
def test_products_over_many_rows(mean, k, m, n, dtype):
    x, dz = numbers((n, k), dtype, mean), numbers((n, m), dtype, mean, 1)
    dw, db = np.empty((k, m), dtype), np.empty(m, dtype)
    dense_backward(x, np.ones((k, m), dtype), dz, None, dw, db)
    a, c = x.astype(WIDE), dz.astype(WIDE)
    assert_sums(dw, a.T @ c, abs(a).T @ abs(c), n)
    assert_sums(db, c.sum(0), abs(c).sum(0), n)


@both
@pytest.mark.parametrize("k", [1, 30])
@around
def test_products_over_many_outputs(mean, k, dtype):
    n, m = 5, 2 * TERMS + 9
    w, dz = numbers((k, m), dtype, mean), numbers((n, m), dtype, mean, 1)
    dx, dw = np.empty((n, k), dtype), np.empty((k, m), dtype)
    dense_backward(np.ones((n, k), dtype), w, dz, dx, dw, None)
    a, c = dz.astype(WIDE), w.astype(WIDE).T
    assert_sums(dx, a @ c, abs(a) @ abs(c), m)


@both
@pytest.mark.parametrize("m", [1, 20])
def test_up_to_4096_products_have_the_bits_of_one_go(m, dtype):
    """What is added in pieces begins with the piece: a zero changes no sum."""
    x, w = numbers((4, TERMS), dtype), numbers((TERMS, m), dtype, seed=1)
    if m > 1:
        x[:, STRETCH:] = 0
    longer = np.concatenate([x, np.zeros((4, 5), dtype)], axis=1)
    out, again = np.empty((4, m), dtype), np.empty((4, m), dtype)
    dense_forward(x, w, None, out)
    dense_forward(longer, np.concatenate([w, w[:5]]), None, again)
    np.testing.assert_array_equal(out, again)


@both
@sizes
def test_losses(n, dtype):
    z, y = numbers(n, dtype), (numbers(n, dtype, seed=1) > 0).astype(dtype)
    dz = np.empty_like(z)
    wide, labels = z.astype(WIDE), y.astype(WIDE)
    terms = np.logaddexp(0, wide) - labels * wide
    out = np.array([losses.bce_with_logits(z, y, dz, 1.0)], dtype)
    assert_sums(out, terms.sum(), terms.sum(), n)
    terms = (wide - labels) ** 2
    out = np.array([losses.mse(z, y, dz, 1.0)], dtype)
    assert_sums(out, terms.sum(), terms.sum(), n)
    rows, dz = np.stack([z, -z], axis=1), np.empty((n, 2), dtype)
    terms = np.logaddexp(wide, -wide) - np.where(labels, -wide, wide)
    out = np.array([losses.softmax_cross_entropy(rows, y, dz, 1.0)], dtype)
    assert_sums(out, terms.sum(), terms.sum(), n)


@both
@sizes
def test_softmax_of_a_long_row(n, dtype):
    z = numbers((2, n), dtype)
    out = np.empty_like(z)
    losses.softmax_forward(z, out)
    e = np.exp(z.astype("f8"))
    np.testing.assert_allclose(out, e / e.sum(1, keepdims=True), rtol=40 * np.finfo(dtype).eps)


@both
def test_what_is_not_finite_stays_so(dtype):
    x = np.ones((3 * TERMS, 2), dtype)
    for bad in (np.inf, -np.inf, np.nan):
        x[5000, 1] = bad
        columns, product = np.empty(2, dtype), np.empty((2, 12), dtype)
        reductions.column_sums(x, columns)
        np.testing.assert_array_equal(columns, [3 * TERMS, bad])
        assert np.array_equal(reductions.total(x), bad, equal_nan=True)
        dense_backward(
            x, np.ones((2, 12), dtype), np.ones((x.shape[0], 12), dtype), None, product, None
        )
        np.testing.assert_array_equal(product, np.repeat([[3 * TERMS], [bad]], 12, axis=1))
    x[5000, 1], x[9000, 1] = np.inf, -np.inf
    assert np.isnan(reductions.total(x))
    most = np.full(3 * TERMS, np.finfo(dtype).max / TERMS / 2, dtype)
    assert reductions.total(most) == np.inf
