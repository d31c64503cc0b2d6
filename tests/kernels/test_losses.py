"""Losses against NumPy, the fused ones bit by bit against their parts, gradients by differences."""

import numpy as np
import pytest

from fastbp.kernels import elementwise, losses, reductions

DTYPES = ["float32", "float64"]
# Up to 64 columns rows are transposed; blocks have 32 rows, vectors at most 16 numbers.
SHAPES = [
    (1, 1),
    (5, 3),
    (32, 10),
    (33, 10),
    (129, 2),
    (7, 63),
    (40, 64),
    (40, 65),
    (3, 300),
    (34, 513),
]


def logits(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 3, shape).astype(dtype), rng.integers(0, shape[1], shape[0]).astype(dtype)


def softmax(z):
    out = np.empty_like(z)
    losses.softmax_forward(z, out)
    return out


def one_hot(y, m):
    out = np.empty((y.size, m), y.dtype)
    losses.one_hot(y, out)
    return out


def by_rows(kernel, p, y):
    out = np.empty(p.shape[0], p.dtype)
    kernel(p, y, out)
    return out


def tolerance(dtype):
    return {"rtol": 5e-6, "atol": 1e-6} if dtype == "float32" else {"rtol": 1e-13, "atol": 1e-14}


def wide_softmax(z):
    e = np.exp(z.astype("f8") - z.max(1, keepdims=True, initial=-np.inf).astype("f8"))
    return e / e.sum(1, keepdims=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_rows_against_numpy(shape, dtype):
    z, y = logits(shape, dtype)
    p, index = wide_softmax(z), y.astype(int)
    loss = -np.log(p[np.arange(len(y)), index])
    np.testing.assert_allclose(softmax(z), p, **tolerance(dtype))
    close = tolerance(dtype) | {"atol": 2e-5 if dtype == "float32" else 1e-13}
    np.testing.assert_allclose(
        by_rows(losses.cross_entropy_with_logits_forward, z, y), loss, **close
    )
    np.testing.assert_allclose(by_rows(losses.cross_entropy_forward, softmax(z), y), loss, **close)
    np.testing.assert_array_equal(one_hot(y, shape[1]), np.eye(shape[1])[index])
    np.testing.assert_array_equal(by_rows(losses.class_hits, z, y), z.argmax(1) == index)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_softmax_cross_entropy_has_the_bits_of_its_parts(shape, dtype):
    z, y = logits(shape, dtype, seed=1)
    dz, scale = np.empty_like(z), np.dtype(dtype).type(0.3)
    total = losses.softmax_cross_entropy(z, y, dz, scale)
    np.testing.assert_array_equal(dz, (softmax(z) - one_hot(y, shape[1])) * scale)
    rows = by_rows(losses.cross_entropy_with_logits_forward, z, y)
    assert total == reductions.total(rows)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_row_gives_the_same_bits_alone(shape, dtype):
    z, y = logits(shape, dtype, seed=2)
    whole, rows = softmax(z), by_rows(losses.cross_entropy_with_logits_forward, z, y)
    for i in range(0, shape[0], 3):
        np.testing.assert_array_equal(softmax(z[i : i + 1]), whole[i : i + 1])
        alone = by_rows(losses.cross_entropy_with_logits_forward, z[i : i + 1], y[i : i + 1])
        assert alone[0] == rows[i]


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_logits_do_not_overflow(dtype):
    z = np.array([[1000, 1000], [-1000, 1000], [1000, -1000], [0, -np.inf]], dtype)
    y = np.array([0, 0, 0, 0], dtype)
    np.testing.assert_array_equal(softmax(z), [[0.5, 0.5], [0, 1], [1, 0], [1, 0]])
    rows = by_rows(losses.cross_entropy_with_logits_forward, z, y)
    np.testing.assert_allclose(rows, [np.log(2), 2000, 0, 0], rtol=1e-6)
    np.testing.assert_array_equal(by_rows(losses.cross_entropy_forward, softmax(z), y)[1], np.inf)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [3, 100])
@pytest.mark.parametrize("bad", [-1, 0.5, 1e30, np.nan, np.inf, -np.inf, "m"])
def test_a_target_that_is_no_class(bad, m, dtype):
    z, y = logits((5, m), dtype)
    y[2] = m if bad == "m" else bad
    is_bad, dz = np.arange(5) == 2, np.empty_like(z)
    for rows in (
        by_rows(losses.cross_entropy_with_logits_forward, z, y),
        by_rows(losses.cross_entropy_forward, softmax(z), y),
    ):
        np.testing.assert_array_equal(np.isnan(rows), is_bad)
    assert np.isnan(losses.softmax_cross_entropy(z, y, dz))
    for table in (dz, one_hot(y, m)):
        np.testing.assert_array_equal(np.isnan(table), np.broadcast_to(is_bad[:, None], z.shape))
    assert by_rows(losses.class_hits, z, y)[2] == 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [1, 3, 64, 65, 100])
def test_nan_in_a_row_stays_in_that_row(m, dtype):
    for place in {0, m // 2, m - 1}:
        z, y = logits((35, m), dtype)
        z[7, place] = z[34, place] = np.nan
        bad, dz = np.isnan(z).any(1), np.empty_like(z)
        np.testing.assert_array_equal(np.isnan(softmax(z)), np.broadcast_to(bad[:, None], z.shape))
        rows = by_rows(losses.cross_entropy_with_logits_forward, z, y)
        np.testing.assert_array_equal(np.isnan(rows), bad)
        assert np.isnan(losses.softmax_cross_entropy(z, y, dz))
        np.testing.assert_array_equal(np.isnan(dz).all(1), bad)
        assert not by_rows(losses.class_hits, z, y)[bad].any()


def test_hits_of_equal_numbers_go_to_the_first():
    p = np.array([[1.0, 2, 2], [3, 3, 3], [0, 1, 1]])
    np.testing.assert_array_equal(by_rows(losses.class_hits, p, np.array([1.0, 0, 2])), [1, 1, 0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(dtype):
    for shape in SHAPES:
        z, y = logits(shape, dtype)
        out, dz = z.copy(), np.empty_like(z)
        losses.softmax_forward(out, out)
        np.testing.assert_array_equal(out, softmax(z))
        total, out = losses.softmax_cross_entropy(z, y, dz), z.copy()
        assert losses.softmax_cross_entropy(out, y, out) == total
        np.testing.assert_array_equal(out, dz)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 15, 16, 29, 128, 255, 256, 257, 1000])
def test_the_fused_losses_have_the_bits_of_their_parts(n, dtype):
    rng = np.random.default_rng(n)
    z, y = rng.normal(0, 4, n).astype(dtype), rng.random(n).astype(dtype)
    dz, rows, p, scale = (
        np.empty_like(z),
        np.empty_like(z),
        np.empty_like(z),
        np.dtype(dtype).type(0.3),
    )
    losses.bce_with_logits_forward(z, y, rows)
    elementwise.sigmoid_forward(z, p)
    assert losses.bce_with_logits(z, y, dz, scale) == reductions.total(rows)
    np.testing.assert_array_equal(dz, (p - y) * scale)
    losses.bce_with_logits_backward(z, y, dz)
    np.testing.assert_array_equal(dz, p - y)
    elementwise.binary("squared_error", z, y, rows)
    assert losses.mse(z, y, dz, scale) == reductions.total(rows)
    np.testing.assert_array_equal(dz, (z - y) * scale)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bce_with_logits_within_three_ulps(dtype):
    wide = np.float64 if dtype == "float32" else np.longdouble
    for target in (0, 1, 0.3):
        z = np.linspace(-30, 30, 100_001).astype(dtype)
        y, rows = np.full_like(z, target), np.empty_like(z)
        losses.bce_with_logits_forward(z, y, rows)
        w, v = z.astype(wide), y.astype(wide)
        true = np.maximum(w, 0) - v * w + np.log1p(np.exp(-np.abs(w)))
        assert (np.abs(rows - true) / np.spacing(true.astype(dtype))).max() <= 3


@pytest.mark.parametrize("dtype", DTYPES)
def test_bce_of_probabilities(dtype):
    p, y = np.random.default_rng(0).uniform(0.01, 0.99, (2, 50)).astype(dtype)
    out, dp = np.empty_like(p), np.empty_like(p)
    losses.bce_forward(p, y, out)
    losses.bce_backward(p, y, dp)
    w, v = p.astype("f8"), y.astype("f8")
    np.testing.assert_allclose(out, -(v * np.log(w) + (1 - v) * np.log1p(-w)), **tolerance(dtype))
    np.testing.assert_allclose(dp, (w - v) / (w * (1 - w)), **tolerance(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_bce_of_tiny_probabilities_keeps_its_digits(dtype):
    """log(1 - p) is near -p there, and 1 - p alone would lose p."""
    p = np.exp(np.linspace(-60, -0.01, 20_001)).astype(dtype)
    out = np.empty_like(p)
    losses.bce_forward(p, np.zeros_like(p), out)
    np.testing.assert_allclose(out, -np.log1p(-p.astype("f8")), rtol=2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kernel", ["bce_with_logits", "mse"])
def test_nan_passes_through_the_fused_losses(kernel, dtype):
    for place in (0, 17, 299):
        z, y, dz = np.zeros(300, dtype), np.zeros(300, dtype), np.empty(300, dtype)
        z[place] = np.nan
        assert np.isnan(getattr(losses, kernel)(z, y, dz))
        np.testing.assert_array_equal(np.isnan(dz), np.isnan(z))


@pytest.mark.parametrize("kernel", ["bce_with_logits", "mse", "softmax_cross_entropy"])
@pytest.mark.parametrize("shape", [(6, 4), (6, 70)])
def test_gradients_by_signed_differences(shape, kernel):
    rng = np.random.default_rng(0)
    z, direction = rng.normal(size=(2, *shape))
    y = rng.integers(0, 4, shape[0]).astype("f8") if "softmax" in kernel else rng.random(shape)
    dz, unused, function = np.empty(shape), np.empty(shape), getattr(losses, kernel)
    function(z, y, dz, 2.0 if kernel == "mse" else 1.0)
    up, down = (function(z + h * direction, y, unused) for h in (1e-6, -1e-6))
    np.testing.assert_allclose((up - down) / 2e-6, (dz * direction).sum(), rtol=1e-7)


def test_gradient_of_bce_by_signed_differences():
    rng = np.random.default_rng(1)
    p, y, direction = rng.uniform(0.1, 0.9, (3, 20))
    dp, up, down = np.empty((3, 20))
    losses.bce_backward(p, y, dp)
    losses.bce_forward(p + 1e-6 * direction, y, up)
    losses.bce_forward(p - 1e-6 * direction, y, down)
    np.testing.assert_allclose((up - down) / 2e-6, dp * direction, rtol=1e-6)


def test_no_rows_and_read_only_inputs():
    z, y = np.empty((0, 3)), np.empty(0)
    assert softmax(z).shape == (0, 3)
    assert losses.softmax_cross_entropy(z, y, z.copy()) == 0
    z = np.zeros((1, 4))
    z.flags.writeable = False
    np.testing.assert_array_equal(softmax(z), np.full((1, 4), 0.25))


def test_refusals():
    z, y = np.ones((2, 3)), np.ones(2)
    with pytest.raises(ValueError, match=r"y: expected shape \(2,\), got \(3,\)"):
        losses.softmax_cross_entropy(z, np.ones(3), np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"y: expected 1 dimension, got shape \(2, 1\)"):
        losses.cross_entropy_forward(z, y[:, None], np.empty(2))
    with pytest.raises(ValueError, match=r"out: expected shape \(2, 3\), got \(3, 2\)"):
        losses.softmax_forward(z, np.empty((3, 2)))
    with pytest.raises(ValueError, match=r"z: expected at least one class, got shape \(2, 0\)"):
        losses.softmax_forward(np.empty((2, 0)), np.empty((2, 0)))
    with pytest.raises(TypeError, match=r"y: expected float64 as the output, got float32"):
        losses.class_hits(z, y.astype("f4"), np.empty(2))
    with pytest.raises(TypeError, match=r"y: expected an array of float32 or float64, got None"):
        losses.cross_entropy_forward(z, None, np.empty(2))
    with pytest.raises(ValueError, match=r"p: expected shape \(3,\), got \(2,\)"):
        losses.mse(y, np.ones(3), np.empty(3))
    with pytest.raises(ValueError, match=r"y: expected shape \(2,\), got \(3,\)"):
        losses.one_hot(np.ones(3), np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"dz: expected a writable array"):
        losses.bce_with_logits(y, y, np.broadcast_to(y, (2,)))
