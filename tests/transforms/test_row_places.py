"""Results with a row for each of the batch, where a batch is cut into blocks because of its work."""

import numpy as np
import pytest

import fastbp as bp

SIZES = [31, 32, 33, 64, 100, 127, 128, 129, 511, 512, 513, 1025]


def arrays(rows, seed=0):
    rng = np.random.default_rng(seed)
    shapes = ((rows, 784), (784, 64), (64,), (rows,))
    return [rng.normal(size=shape) / shape[-1] ** 0.5 for shape in shapes]


@pytest.mark.parametrize("rows", SIZES)
def test_a_product_has_its_rows_in_their_places(rows):
    X, W, *_ = arrays(rows)
    np.testing.assert_allclose(bp.compile(lambda X, W: X @ W)(X, W), X @ W, rtol=0, atol=1e-12)
    turned = bp.compile(lambda X, W: ((X @ W).T, np.tanh(X @ W).sum()))
    found, total = turned(X, W)
    np.testing.assert_allclose(found, (X @ W).T, rtol=0, atol=1e-12)
    np.testing.assert_allclose(total, np.tanh(X @ W).sum(), rtol=1e-12)


@pytest.mark.parametrize("rows", SIZES)
def test_a_gradient_by_one_weight_a_row(rows):
    X, W, u, a = arrays(rows)
    of_rows = (np.tanh(X @ W) @ u) ** 2

    def loss(a, X, W):
        return (a * (np.tanh(X @ W) @ u) ** 2).sum()

    np.testing.assert_allclose(bp.grad(loss)(a, X, W), of_rows, rtol=1e-10, atol=1e-14)
    value, (by_a, by_W) = bp.value_and_grad(loss, (0, 2))(a, X, W)
    np.testing.assert_allclose(value, a @ of_rows, rtol=1e-12)
    np.testing.assert_allclose(by_a, of_rows, rtol=1e-10, atol=1e-14)
    h = np.tanh(X @ W)
    wanted = X.T @ (2 * (a * (h @ u))[:, None] * u * (1 - h**2))
    np.testing.assert_allclose(by_W, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())
    np.testing.assert_allclose(bp.jacobian(lambda a: a * of_rows[: len(a)])(a), np.diag(of_rows))
