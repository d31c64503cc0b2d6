"""Gradient descent on functions written in NumPy."""

import collections
import dataclasses

import numpy as np
import pytest

import fastbp as bp

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(float)


def start(dtype=float):
    random = np.random.default_rng(1)
    shapes = [(3, 5), (5,), (5, 1), (1,)]
    return [random.normal(size=shape).astype(dtype) for shape in shapes]


def network(params, x, y):
    w1, b1, w2, b2 = params
    a1 = np.tanh(x @ w1 + b1)
    return bp.bce(bp.sigmoid(a1 @ w2 + b2), y)


def descent(params, x, y, lr, n_iter):
    """The same by hand."""
    w1, b1, w2, b2 = (p.astype(float) for p in params)
    y, losses = y.reshape(-1, 1), []
    for _ in range(n_iter):
        a1 = np.tanh(x @ w1 + b1)
        p = 1 / (1 + np.exp(-(a1 @ w2 + b2)))
        losses.append(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())
        dz = (p - y) / len(y)
        da = dz @ w2.T * (1 - a1**2)
        w2, b2 = w2 - lr * a1.T @ dz, b2 - lr * dz.sum(0)
        w1, b1 = w1 - lr * x.T @ da, b1 - lr * da.sum(0)
    return [w1, b1, w2, b2], losses


def test_it_descends_as_by_hand():
    params, losses = bp.optimize(network, start(), (X, Y), lr=0.5, n_iter=100)
    expected, expected_losses = descent(start(), X, Y, 0.5, 100)
    assert losses.shape == (100,)
    assert losses.dtype == np.float64
    assert np.allclose(losses, expected_losses, rtol=1e-9)
    for p, wanted in zip(params, expected, strict=True):
        assert p.shape == wanted.shape
        assert np.allclose(p, wanted, rtol=1e-8, atol=1e-12)


def test_the_users_params_and_data_are_not_written():
    params, data = start(), (X.copy(), Y.copy())
    for array in [*params, *data]:
        array.setflags(write=False)
    new, _ = bp.optimize(network, params, data, lr=0.5, n_iter=3)
    assert all(np.array_equal(a, b) for a, b in zip(params, start(), strict=True))
    assert np.array_equal(data[0], X)
    for a, b in zip(params, new, strict=True):
        assert not np.shares_memory(a, b)
        assert b.flags.writeable


def test_dtypes():
    for dtypes, expected in (
        (["f4"] * 4, "float32"),
        (["f8"] * 4, "float64"),
        (["f4", "f8", "f4", "f4"], "float64"),
    ):
        params = [p.astype(t) for p, t in zip(start(), dtypes, strict=True)]
        new, losses = bp.optimize(network, params, (X, Y), lr=0.1, n_iter=2)
        assert {p.dtype.name for p in new} == {expected}
        assert losses.dtype == np.float64


@dataclasses.dataclass
class Line:
    slope: float
    offset: np.ndarray


Pair = collections.namedtuple("Pair", ["slope", "offset"])


def line(slope, offset, x, y):
    return ((x * slope + offset - y) ** 2).mean()


@pytest.mark.parametrize(
    ("params", "parts"),
    [
        ({"w": 0.0, "b": np.zeros(1)}, lambda p: (p["w"], p["b"])),
        ((0.0, [np.zeros(1)]), lambda p: (p[0], p[1][0])),
        ([{"w": (0.0,)}, np.zeros(1)], lambda p: (p[0]["w"][0], p[1])),
        (Pair(0, np.zeros(1)), lambda p: (p.slope, p.offset)),
        (Line(0, np.zeros(1)), lambda p: (p.slope, p.offset)),
        (collections.OrderedDict(w=np.float32(0), b=np.zeros(1)), lambda p: tuple(p.values())),
    ],
)
def test_any_nesting(params, parts):
    x = np.linspace(-1, 1, 20)
    new, losses = bp.optimize(
        lambda p, x, y: line(*parts(p), x, y), params, (x, 3 * x - 1), lr=0.3, n_iter=200
    )
    assert type(new) is type(params)
    slope, offset = parts(new)
    assert type(slope) is float
    assert slope == pytest.approx(3, abs=1e-6)
    assert offset.shape == (1,)
    assert offset == pytest.approx([-1], abs=1e-6)
    assert losses[0] > losses[-1]
    assert parts(params)[0] == 0
    assert parts(params)[1] == 0


def test_a_single_leaf():
    x = np.linspace(0, 1, 10)
    slope, _ = bp.optimize(lambda w, x: ((w * x - x) ** 2).mean(), 0.0, x, lr=1.0, n_iter=100)
    assert slope == pytest.approx(1)
    array, _ = bp.optimize(lambda w, x: ((x @ w) ** 2).mean(), np.ones(3), X, lr=0.1, n_iter=5)
    assert array.shape == (3,)
    zero_d, _ = bp.optimize(lambda w, x: (w * x).sum() ** 2, np.array(1.0), x, lr=0.01, n_iter=2)
    assert isinstance(zero_d, np.ndarray)
    assert zero_d.shape == ()


def test_data_that_are_no_rows_are_constants():
    penalty, mask = np.array([0.0, 1.0, 2.0]), 0.5

    def loss(w, x, y, penalty, mask):
        return ((x @ w - y) ** 2).mean() + mask * (penalty * w**2).sum()

    w, losses = bp.optimize(loss, np.ones(3), (X, Y, penalty, mask), lr=0.1, n_iter=50)
    expected, values = np.ones(3), []
    for _ in range(50):
        error = X @ expected - Y
        values.append((error**2).mean() + mask * (penalty * expected**2).sum())
        expected = expected - 0.1 * (2 * X.T @ error / len(X) + 2 * mask * penalty * expected)
    assert np.allclose(losses, values, rtol=1e-10)
    assert np.allclose(w, expected, rtol=1e-10)


def test_no_data():
    params, losses = bp.optimize(
        lambda p: (1 - p["a"]) ** 2 + (p["b"] + 2) ** 2, {"a": 0.0, "b": 0.0}, lr=0.2, n_iter=80
    )
    assert losses[0] == 5
    assert params == pytest.approx({"a": 1.0, "b": -2.0}, abs=1e-9)


def test_many_arrays_of_data():
    data = tuple(RANDOM.normal(size=30) for _ in range(9))
    w, _ = bp.optimize(
        lambda w, *xs: sum((w * x - x) ** 2 for x in xs).mean(), 0.0, data, lr=0.05, n_iter=100
    )
    assert w == pytest.approx(1)


def test_whole_batch_functions_of_data():
    """A function that mixes rows sees all of them."""

    def loss(w, x):
        centred = x - x.mean(axis=0)
        covariance = centred.T @ centred / len(x)
        return -(w @ covariance @ w) / (w @ w)

    _, losses = bp.optimize(loss, np.ones(3), X @ np.diag([1.0, 3.0, 0.5]), lr=0.5, n_iter=400)
    centred = X - X.mean(axis=0)
    covariance = np.diag([1.0, 3.0, 0.5]) @ (centred.T @ centred / len(X)) @ np.diag([1.0, 3, 0.5])
    assert -losses[-1] == pytest.approx(np.linalg.eigvalsh(covariance)[-1], rel=1e-6)
    assert losses[-1] < losses[0]


def test_a_parameter_that_the_loss_does_not_read_stays():
    params = {"used": 1.0, "unused": np.arange(3.0)}
    new, _ = bp.optimize(lambda p, x: (p["used"] * x).mean() ** 2, params, X, lr=0.1, n_iter=5)
    assert new["unused"].tolist() == [0, 1, 2]
    assert new["used"] != 1.0
    new, losses = bp.optimize(lambda p, x: (x**2).mean(), params, X, lr=0.1, n_iter=3)
    assert new["used"] == 1.0
    assert losses == pytest.approx([(X**2).mean()] * 3)


def test_integer_data_and_class_indices():
    y = RANDOM.integers(0, 3, len(X))

    def loss(w, x, y):
        return bp.cross_entropy_with_logits(x @ w, y)

    _, losses = bp.optimize(loss, np.zeros((3, 3)), (X, y), lr=0.5, n_iter=20)
    assert losses[0] == pytest.approx(np.log(3))
    assert losses[-1] < losses[0]
    bad = y.copy()
    bad[7] = 3
    with pytest.raises(ValueError, match=r"data\[1\] must hold class indices from 0 to 2.*got 3"):
        bp.optimize(loss, np.zeros((3, 3)), (X, bad), lr=0.5, n_iter=20)


# ---------------------------------------------------------------- refusals


def square(w, x):
    return ((w * x) ** 2).mean()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lr": 0.0}, r"lr must be positive and finite, got 0.0"),
        ({"lr": np.inf}, r"lr must be finite"),
        ({"n_iter": 0}, r"n_iter must be a positive integer, got 0"),
        ({"params": {}}, r"params holds no parameters, got \{\}"),
        (
            {"params": np.array([1, np.nan])},
            r"params must hold finite values, got params\[1\] = nan",
        ),
        ({"data": (np.full(3, np.nan),)}, r"data\[0\] must hold finite values, got data\[0\]\[0\]"),
        ({"data": [X[:0]]}, r"data\[0\] is empty"),
        ({"loss": lambda w, x: w * x}, r"loss must return one number, got shape \(60, 3\): take"),
        ({"loss": lambda w, x: (w * x).mean(axis=0)}, r"got shape \(3,\): take .mean\(\)"),
        ({"params": np.float32(1), "data": (X * 1e300,)}, None),
        ({"params": np.ones(1, "f4"), "data": (X * 1e300,)}, r"too large for float32"),
    ],
)
def test_bad_values(arguments, message):
    call = {"loss": square, "params": 1.0, "data": X, "lr": 0.1, "n_iter": 2} | arguments
    given = [call.pop(name) for name in ("loss", "params", "data")]
    if message is None:  # a NumPy number is a Python number here: float64
        with pytest.raises(bp.DivergenceError):
            bp.optimize(*given, **call)
        return
    with pytest.raises(ValueError, match=message):
        bp.optimize(*given, **call)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lr": "fast"}, r"lr must be a number, got 'fast'"),
        ({"n_iter": 2.0}, r"n_iter must be a positive integer, got 2.0"),
        ({"loss": "bce"}, r"loss must be a function of \(params, \*data\), got 'bce'"),
        ({"params": {"w": "a"}}, r"params\['w'\] must be a float array or a number, got 'a'"),
        ({"params": [None]}, r"params\[0\] must be a float array or a number, got None"),
        ({"params": [True]}, r"params\[0\] must be a float array or a number, got True"),
        ({"params": (np.arange(3),)}, r"params\[0\] .* got an array of int64: convert it with .as"),
        ({"params": np.zeros(2, complex)}, r"params must be .* got an array of complex128"),
        ({"data": ["a"]}, r"data must hold numbers, got strings"),
        ({"loss": lambda w, x: None}, r"loss must return one number.*got None: is its return"),
        ({"loss": lambda w, x: 3.0}, r"loss must return one number computed from params and data"),
        ({"loss": lambda w, x: np.rint(w)}, r"np.rint on a Node"),
        ({"loss": lambda w: w}, r"positional argument"),
    ],
)
def test_bad_types(arguments, message):
    call = {"loss": square, "params": 1.0, "data": X, "lr": 0.1, "n_iter": 2} | arguments
    given = [call.pop(name) for name in ("loss", "params", "data")]
    with pytest.raises(TypeError, match=message):
        bp.optimize(*given, **call)


def test_a_mismatch_in_a_loss_is_not_broadcast():
    with pytest.raises(ValueError, match="expected a target of the prediction's shape"):
        bp.optimize(
            lambda w, x, y: bp.mse(x @ w, y.reshape(1, -1)),
            np.zeros((3, 1)),
            (X, Y),
            lr=0.1,
            n_iter=2,
        )


def test_divergence_names_the_iteration():
    params = {"a": 1.0, "w": np.ones(3)}
    with pytest.raises(bp.DivergenceError) as caught:
        bp.optimize(lambda p, x: ((x * p["w"] * p["a"]) ** 2).mean(), params, X, lr=1e3, n_iter=500)
    error = caught.value
    assert 1 < error.epoch < 500
    assert f"not finite in iteration {error.epoch}" in str(error)
    assert error.parameter in ("params['a']", "params['w']", None)
    assert params["a"] == 1.0
