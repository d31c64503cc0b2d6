"""What becomes one step of several operations: only what that step computes."""

from itertools import product

import numpy as np
import pytest

import fastbp as bp

BIASES = [(), (1,), (4,), (5,), (1, 1), (1, 4), (2, 1), (2, 4), (5, 1), (5, 4), (5, 5), (2, 1, 4)]


def broadcasts(*shapes):
    try:
        return np.broadcast_shapes(*shapes) is not None
    except ValueError:
        return False


LAYERS = [
    (n, k, m, bias)
    for n, k, m, bias in product((1, 2, 5), (1, 3), (1, 4), BIASES)
    if broadcasts((n, m), bias)
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", [np.positive, np.tanh, lambda z: np.maximum(z, 0)])
@pytest.mark.parametrize("sizes", LAYERS, ids=str)
def test_a_layer_has_the_shape_of_its_product(sizes, activation, dtype):
    """X @ W + b is one step where b has a number for each column of X @ W; a column plus a row is no layer."""
    n, k, m, bias = sizes
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype(dtype) for shape in ((n, k), (k, m), bias)]
    direction = [rng.normal(size=a.shape) for a in arrays]

    def layer(X, W, b):
        return activation(X @ W + b)

    def loss(X, W, b):
        return np.sin(layer(X, W, b)).sum()

    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(bp.compile(layer)(*arrays), layer(*arrays), rtol=8 * eps, atol=eps)
    gradients = bp.grad(loss, argnums=(0, 1, 2))(*arrays)
    wide = [a.astype(float) for a in arrays]
    ahead, back = (
        loss(*(a + h * d for a, d in zip(wide, direction, strict=True))) for h in (1e-6, -1e-6)
    )
    slope = sum((g * d).sum() for g, d in zip(gradients, direction, strict=True))
    scale = sum(np.abs(g * d).sum() for g, d in zip(gradients, direction, strict=True))
    assert abs(slope - (ahead - back) / 2e-6) <= (1e-5 if dtype == "float32" else 1e-7) * (
        1 + scale
    )
