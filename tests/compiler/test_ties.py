"""Layers written as np.maximum(x @ w + b, 0): as few steps as with bp.relu, and half of the slope where a tie is."""

import numpy as np
import pytest

import fastbp as bp
from fastbp.compiler import compile_graph
from fastbp.engine.memory import Layout
from fastbp.graph import input_node, parameter_node

both = pytest.mark.parametrize("dtype", ["float32", "float64"])
# Rows, inputs, units, outputs: around the tiles' rows (12, 8, 4, 2) and columns (2 vectors of up to 16), the depth of a
# panel (512), narrow layers (8 units), products with other bounds for their sums (4,096), and blocks of rows.
SIZES = [
    *[(n, 5, 33, 7) for n in (1, 2, 3, 4, 7, 8, 11, 12, 13, 24, 31)],
    *[(13, 6, m, 5) for m in (1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97)],
    *[(9, 300, m, 4) for m in (1, 2, 3, 8, 9)],
    *[(12, k, 32, 3) for k in (0, 1, 2, 511, 512, 513, 1030, 4096, 4097, 8200)],
    *[(12, 3, 32, o) for o in (1, 2, 512, 513, 4096, 4097)],
    *[(n, 9, 40, 12) for n in (127, 128, 129, 513, 1025, 3000)],
]


def operands(n, k, m, o, dtype):
    """Small whole numbers, few of them other than 0: all sums are exact, and many are 0."""
    rng = np.random.default_rng(n + k + m + o)
    shapes = (n, k), (k, m), (m,), (m, o), (n, o)
    share = [min(1, 4 / max(k, 1)), 0.6, 0.5, 0.6, 0.6]
    return [
        (rng.integers(-2, 3, shape) * (rng.random(shape) < part)).astype(dtype)
        for shape, part in zip(shapes, share, strict=True)
    ]


def by_hand(x, w, b, v, c):
    """The sum of c * (maximum(x @ w + b, 0) @ v), and its gradients by all but c."""
    x, w, b, v, c = (a.astype("f8") for a in (x, w, b, v, c))
    z = x @ w + b
    dz = (c @ v.T) * np.heaviside(z, 0.5)
    h = np.maximum(z, 0)
    return (c * (h @ v)).sum(), (dz @ w.T, x.T @ dz, dz.sum(axis=0), h.T @ c), z


@both
@pytest.mark.parametrize("size", SIZES)
def test_of_any_size(size, dtype):
    arrays = operands(*size, dtype)
    value, wanted, z = by_hand(*arrays)
    assert size[0] * size[2] < 60 or ((z == 0).any() and (z < 0).any() and (z > 0).any())
    gradient = bp.value_and_grad(
        lambda x, w, b, v, c: (c * (np.maximum(x @ w + b, 0) @ v)).sum(), argnums=(0, 1, 2, 3)
    )
    found, parts = gradient(*arrays)
    assert found == value
    for part, right in zip(parts, wanted, strict=True):
        np.testing.assert_array_equal(part, right)


@both
@pytest.mark.parametrize("m", [3, 16, 65])
@pytest.mark.parametrize("k", [0, 1, 6, 200])
def test_a_bias_of_minus_zero_is_a_tie(k, m, dtype):
    """So is a sum of nothing but -0, and what has no bias at all."""
    x, w, v = np.zeros((14, k), dtype), np.full((k, m), -1, dtype), np.ones((m, 2), dtype)
    c = np.ones((14, 2), dtype)
    by_bias = bp.value_and_grad(lambda b, x, w, v, c: (c * (np.maximum(x @ w + b, 0) @ v)).sum())
    for zero in (0.0, -0.0):
        np.testing.assert_array_equal(by_bias(np.full(m, zero, dtype), x, w, v, c)[1], 14)
    by_data = bp.value_and_grad(lambda x, w, v, c: (c * (np.maximum(x @ w, 0) @ v)).sum())
    np.testing.assert_array_equal(by_data(x, w, v, c)[1], np.full((14, k), -m))


@both
def test_what_is_not_finite(dtype):
    x = np.array([[np.nan, 1], [np.inf, 1], [-np.inf, 1], [0, 0], [1, 1]], dtype)
    w, v, c = np.ones((2, 20), dtype), np.ones((20, 1), dtype), np.ones((5, 1), dtype)
    by_bias = bp.value_and_grad(lambda b, x, w, v, c: (c * (np.maximum(x @ w + b, 0) @ v)).sum())
    np.testing.assert_array_equal(by_bias(np.zeros(20, dtype), x, w, v, c)[1], 2.5)


def program(f, differentiate="loss"):
    shapes = [(5, 9), (9,), (9, 4), (4,)]
    x = input_node(0, (7, 5), "float32", "x")
    weights = [parameter_node(i, shape, "float32") for i, shape in enumerate(shapes)]
    return compile_graph(
        {"loss": f(np if f is not with_relu else bp, x, *weights)},
        weights,
        [x],
        layout=Layout.of(shapes, "float32"),
        differentiate=differentiate,
    )


def layers(n, x, w, b, v, c):
    return ((n.maximum(n.maximum(0, b + x @ w) @ v + c, 0) @ np.eye(4)) ** 2).sum()


def with_relu(n, x, w, b, v, c):
    return ((n.relu(n.relu(b + x @ w) @ v + c) @ np.eye(4)) ** 2).sum()


def test_as_few_steps_as_with_relu():
    ramps, relus = program(layers), program(with_relu)
    assert [step["op"] for step in ramps.steps] == [step["op"] for step in relus.steps]
    assert str(ramps).count("ramp(") == str(ramps).count("half at ties") == 2
    assert "ties" not in str(relus)
    alone = str(program(layers, differentiate=None))
    assert alone.count("relu(") == 2
    assert "ramp" not in alone


def total(a):
    """A sum whose gradient is no constant: nothing is simplified away."""
    return (a * np.cos(np.arange(a.size)).reshape(a.shape).astype(a.dtype)).sum()


def h(n, x, w, b):
    return n.maximum(x @ w + b, 0)


# What reads a layer, or its sums; and how many of the layers are ramps. The others are made in two steps.
OTHERS = {
    "a product": (lambda n, x, w, b, v, c: total(h(n, x, w, b) @ v + c), 1),
    "a layer behind": (lambda n, x, w, b, v, c: total(n.maximum(0, h(n, x, w, b) @ v + c)), 1),
    "two layers": (lambda n, x, w, b, v, c: total(h(n, h(n, x, w, b), v, c) @ n.eye(4, 3)), 2),
    "no bias": (lambda n, x, w, b, v, c: total(n.maximum(x @ w, 0) @ v), 1),
    "the same weights": (lambda n, x, w, b, v, c: total(h(n, x, w, b) @ w.T), 0),
    "a product with a column": (lambda n, x, w, b, v, c: total(h(n, x, w, b) @ v[:, 0]), 1),
    "a bias a row": (lambda n, x, w, b, v, c: total(n.maximum(x @ w + x[:, :1], 0) @ v), 0),
    "sums that are read": (
        lambda n, x, w, b, v, c: total(h(n, x, w, b) @ v) + total(n.sin(x @ w + b)),
        0,
    ),
    "a layer that is read": (
        lambda n, x, w, b, v, c: total(h(n, x, w, b) @ v) + total(n.cos(h(n, x, w, b))),
        0,
    ),
    "the sign of its 0": (
        lambda n, x, w, b, v, c: (
            total(h(n, x, w, b) @ v) + total(n.arctan2(h(n, x, w, b), -1 - x[:, :1] ** 2))
        ),
        0,
    ),
    "two products": (
        lambda n, x, w, b, v, c: total(h(n, x, w, b) @ v) + total(h(n, x, w, b) @ v**2),
        0,
    ),
    "transposed": (lambda n, x, w, b, v, c: total(h(n, x, w, b).T @ n.sin(x)), 0),
    "with itself": (lambda n, x, w, b, v, c: total(h(n, x, w, b).T @ h(n, x, w, b)), 0),
    "of another activation": (
        lambda n, x, w, b, v, c: total(n.maximum(n.tanh(x @ w + b), 0) @ v),
        0,
    ),
    "of itself": (lambda n, x, w, b, v, c: total(n.maximum(h(n, x, w, b), 0) @ v), 0),
    "no product before": (lambda n, x, w, b, v, c: total(n.maximum(n.tanh(x), 0) @ w @ v + c), 0),
    "no product behind": (lambda n, x, w, b, v, c: total(h(n, x, w, b) ** 2), 0),
}


@pytest.mark.parametrize(("f", "ramps"), OTHERS.values(), ids=OTHERS.keys())
def test_where_layers_are_ramps(f, ramps):
    text = str(program(lambda *a: f(*a) + 0.0 * sum(part.sum() for part in a[2:])))
    assert text.count("ramp(") == ramps
    assert text.count("half at ties") == ramps


@both
@pytest.mark.parametrize("f", [f for f, _ in OTHERS.values()], ids=OTHERS.keys())
def test_whatever_reads_it(f, dtype):
    autograd = pytest.importorskip("autograd")
    anp = pytest.importorskip("autograd.numpy")
    rng = np.random.default_rng(1)
    arrays = [rng.integers(-1, 2, s).astype("f8") for s in [(7, 5), (5, 9), (9,), (9, 4), (4,)]]
    assert (arrays[0] @ arrays[1] + arrays[2] == 0).any()

    def reference(*a):  # which reads all of them
        return f(anp, *a) + 0.0 * sum(anp.sum(part) for part in a)

    wanted = [autograd.grad(reference, i)(*arrays) for i in range(5)]
    single = [a.astype(dtype) for a in arrays]
    value, found = bp.value_and_grad(lambda *a: f(np, *a), argnums=(0, 1, 2, 3, 4))(*single)
    np.testing.assert_allclose(value, f(np, *arrays), rtol=1e-5)
    for part, right in zip(found, wanted, strict=True):
        np.testing.assert_allclose(part, right, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(bp.compile(lambda *a: f(np, *a))(*single), f(np, *arrays), rtol=1e-5)
    for i in range(1, 4):  # alone, other steps are left
        found = bp.grad(lambda *a: f(np, *a), argnums=i)(*single)
        np.testing.assert_allclose(found, wanted[i], rtol=1e-5, atol=1e-5)


def test_a_result_is_no_ramp():
    """Where the layer itself is an answer, its zeros are those of NumPy."""
    rng = np.random.default_rng(2)
    x, w, v = (rng.integers(-1, 2, shape).astype(float) for shape in [(6, 4), (4, 8), (8, 3)])

    gradient = bp.grad(lambda w: (np.maximum(x @ w, 0) @ v).sum())
    _, h = bp.compile(lambda w: (gradient(w), np.maximum(x @ w, 0)))(w)
    assert not np.signbit(h).any()
    np.testing.assert_array_equal(h, np.maximum(x @ w, 0))


def test_a_training_is_that_of_relu_where_there_are_no_ties():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(700, 6)).astype("f4"), rng.normal(size=(700, 1)).astype("f4")
    start = [rng.normal(size=s).astype("f4") for s in [(6, 40), (40,), (40, 9), (9,), (9, 1)]]

    def trained(activation):
        def loss(p, x, y):
            h = activation(activation(x @ p[0] + p[1]) @ p[2] + p[3])
            return bp.mse(h @ p[4], y)

        trainer = bp.Trainer(loss, params=start, optimizer=bp.Adam(1e-2), seed=0)
        history = trainer.fit((x, y), epochs=5, batch_size=64, verbose=0)
        return [*trainer.params, history["loss"]]

    for one, other in zip(trained(lambda z: np.maximum(z, 0)), trained(bp.relu), strict=True):
        np.testing.assert_array_equal(one, other)
