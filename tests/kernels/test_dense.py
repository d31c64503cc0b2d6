"""The dense layer against NumPy in float64, within the bound of rounding errors."""

import numpy as np
import pytest

from fastbp.kernels import dense_backward, dense_forward

DTYPES = ["float32", "float64"]
both = pytest.mark.parametrize("dtype", DTYPES)
SIZES = [
    *[(n, k, m) for n in (0, 1, 5) for k in (0, 1, 7) for m in (0, 1, 3)],
    *[(13, 37, m) for m in range(1, 10)],
    *[(31, 200, m) for m in range(1, 10)],
    *[(n, 17, 33) for n in range(1, 30)],
    *[(6, k, 64) for k in (2, 3, 4, 8, 15, 16, 31)],
    *[(7, 11, m) for m in (15, 16, 17, 31, 32, 33, 47, 48, 63, 65, 127)],
    (16, 16, 16), (32, 64, 32), (97, 101, 103), (64, 385, 48), (12, 801, 65), (25, 1601, 40),
    (601, 130, 70), (1100, 3, 2), (128, 784, 512), (128, 512, 10), (150, 900, 352), (130, 640, 320), (70, 1024, 96),
]  # fmt: skip


def operands(n, k, m, dtype, seed=0):
    rng = np.random.default_rng(seed)
    shapes = (n, k), (k, m), (m,), (n, m)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def assert_within_rounding(out, a, b, start=None):
    """out = start + a @ b, each element within the bound of a sum in some order."""
    start = np.zeros(b.shape[1]) if start is None else start
    a, b, start = (np.asarray(x, np.float64) for x in (a, b, start))
    bound = (np.abs(a) @ np.abs(b) + np.abs(start)) * np.finfo(out.dtype).eps * (a.shape[1] + 3)
    assert (np.abs(out - (a @ b + start)) <= bound).all()


@both
@pytest.mark.parametrize(("n", "k", "m"), SIZES)
def test_forward(n, k, m, dtype):
    x, w, b, _ = operands(n, k, m, dtype)
    room = np.full(n * m + 64, 7, dtype)
    out = room[: n * m].reshape(n, m)
    for bias in (b, None):
        dense_forward(x, w, bias, out)
        assert_within_rounding(out, x, w, bias)
        assert (room[n * m :] == 7).all()
    linear = np.empty_like(out)
    dense_forward(x, w, b, linear)
    dense_forward(x, w, b, out, "relu")
    np.testing.assert_array_equal(out, np.maximum(linear, 0))


@both
@pytest.mark.parametrize("k", [422_400, 422_401, 2_000_000])
def test_forward_of_a_column_longer_than_the_room_to_work_in(k, dtype):
    x, w, b, _ = operands(2, k, 1, dtype)
    out = np.empty((2, 1), dtype)
    dense_forward(x, w, b, out)
    assert_within_rounding(out, x, w, b)


@both
@pytest.mark.parametrize(("n", "k", "m"), SIZES)
def test_backward(n, k, m, dtype):
    x, w, _, dz = operands(n, k, m, dtype)
    dx, dw, db = (np.full(shape, np.nan, dtype) for shape in ((n, k), (k, m), (m,)))
    dense_backward(x, w, dz, dx, dw, db)
    assert_within_rounding(dx, dz, w.T)
    assert_within_rounding(dw, x.T, dz)
    assert_within_rounding(db[None], np.ones((1, n)), dz)
    alone = np.full_like(dw, np.nan)
    dense_backward(x, w, dz, None, alone, None)
    np.testing.assert_array_equal(alone, dw)


@both
@pytest.mark.parametrize("size", [(5, 7, 1), (5, 300, 3), (33, 40, 50)])
@pytest.mark.parametrize(
    ("activation", "function"), [("sigmoid", lambda z: 1 / (1 + np.exp(-z))), ("tanh", np.tanh)]
)
def test_activations(activation, function, size, dtype):
    x, w, b, out = operands(*size, dtype)
    dense_forward(x, w / size[1] ** 0.5, b, out, activation)
    wanted = function(x.astype("f8") @ (w / size[1] ** 0.5).astype("f8") + b)
    tolerance = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(out, wanted, rtol=tolerance, atol=tolerance * 10)


@both
@pytest.mark.parametrize("size", [(4, 300, 2), (20, 30, 40)])
def test_what_is_not_finite_passes(size, dtype):
    x, w, b, out = operands(*size, dtype)
    x[1, 2], x[3, 0] = np.nan, np.inf
    for activation in (None, "relu"):
        dense_forward(x, w, b, out, activation)
        assert np.isnan(out[1]).all()
        assert np.isfinite(out[[0, 2]]).all()
        assert np.isin(out[3], [np.inf, -np.inf] if activation is None else [np.inf, 0]).all()


@both
def test_inputs_may_be_read_only_and_stay(dtype):
    arrays = operands(9, 21, 18, dtype)
    for array in arrays:
        array.flags.writeable = False
    bits = [a.tobytes() for a in arrays]
    x, w, b, dz = arrays
    dense_forward(x, w, b, np.empty((9, 18), dtype), "relu")
    dense_backward(x, w, dz, np.empty_like(x), np.empty_like(w), np.empty_like(b))
    assert bits == [a.tobytes() for a in arrays]


X, W, B, Z = operands(4, 3, 2, "float64")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"weight": np.ones((4, 2))}, ValueError, r"weight: expected shape \(3, 2\), got \(4, 2\)"),
        ({"bias": np.ones(3)}, ValueError, r"^bias: expected shape \(2,\), got \(3,\)"),
        ({"out": np.ones((4, 3))}, ValueError, r"out: expected shape \(4, 2\), got \(4, 3\)"),
        ({"out": np.ones((5, 2))}, ValueError, r"out: expected shape \(4, 2\), got \(5, 2\)"),
        ({"out": np.ones((4, 2), int)}, TypeError, "out: expected an array of float32 or float64"),
        ({"out": [[1.0]]}, TypeError, "out: expected an array of float32 or float64, got list"),
        ({"out": None}, TypeError, "out: expected an array of float32 or float64, got NoneType"),
        ({"x": X.astype("f4")}, TypeError, "x: expected float64 as the output, got float32"),
        ({"x": X[0]}, ValueError, r"x: expected 2 dimensions, got shape \(3,\)"),
        ({"x": np.asfortranarray(X)}, ValueError, "x: expected an aligned C-contiguous array"),
        ({"activation": "gelu"}, ValueError, "'relu', 'sigmoid', 'tanh', got 'gelu'"),
    ],
)
def test_arguments_of_forward(change, error, message):
    arguments = {"x": X, "weight": W, "bias": B, "out": np.empty((4, 2)), **change}
    with pytest.raises(error, match=message):
        dense_forward(**arguments)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"weight": np.ones((4, 2))}, ValueError, r"weight: expected shape \(3, 2\), got \(4, 2\)"),
        ({"dz": np.ones((3, 2))}, ValueError, r"dz: expected shape \(4, 2\), got \(3, 2\)"),
        ({"dx": np.ones((4, 2))}, ValueError, r"dx: expected shape \(4, 3\), got \(4, 2\)"),
        ({"dweight": np.ones((2, 3))}, ValueError, r"dweight: expected shape \(3, 2\), got"),
        ({"dbias": np.ones(3)}, ValueError, r"^dbias: expected shape \(2,\), got \(3,\)"),
        ({"dweight": np.ones((3, 2), int)}, TypeError, "dweight: expected an array of float32 or"),
        ({"dz": Z.astype("f4")}, TypeError, "dz: expected float64 as the output, got float32"),
    ],
)
def test_arguments_of_backward(change, error, message):
    arguments = {"x": X, "weight": W, "dz": Z, "dx": np.empty_like(X), "dweight": np.empty_like(W),
                 "dbias": np.empty_like(B), **change}  # fmt: skip
    with pytest.raises(error, match=message):
        dense_backward(**arguments)


def test_an_output_that_cannot_be_written_is_refused():
    out = np.empty((4, 2))
    out.flags.writeable = False
    with pytest.raises(ValueError, match="out: expected a writable array"):
        dense_forward(X, W, B, out)


def test_outputs_have_memory_of_their_own():
    a, b, c = (np.ones((4, 4)) for _ in "abc")
    for arguments in [(a, b, None, a), (a, b, None, b), (a, b, c[0], c)]:
        with pytest.raises(
            ValueError, match="out: expected an array of its own memory, got some of"
        ):
            dense_forward(*arguments)
    for name, arguments in [
        ("dx", (a, b, c, a, np.ones((4, 4)), None)),
        ("dx", (a, b, c, c, np.ones((4, 4)), None)),
        ("dweight", (a, b, c, None, a, None)),
        ("dx", (a, b, c, (d := np.ones((4, 4))), np.ones((4, 4)), d[0])),
        ("dbias", (a, b, c, None, np.ones((4, 4)), c[1])),
    ]:
        with pytest.raises(ValueError, match=f"{name}: expected an array of its own memory"):
            dense_backward(*arguments)
