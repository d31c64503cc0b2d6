"""Linear regression on one sample: half the squared error, and its gradient (y_hat - y) x.

The slides write W x with W of shape outputs x inputs; fastbp writes x @ W with W of shape inputs x
outputs, so that the rows of x are samples. With one output, W is a vector w in both.
"""

from typing import Any

import numpy as np

import fastbp as bp


def loss(w: Any, b: Any, x: Any, y: Any) -> Any:
    """Half the squared error."""
    y_hat = (w * x).sum() + b
    error = y_hat - y
    return 0.5 * error**2


w, b = np.array([0.5, -1.0, 2.0]), 0.25
x, y = np.array([1.0, 2.0, -0.5]), 1.0

trace = bp.trace(loss, w, b, x, y)
print(trace)

y_hat = w @ x + b
assert np.isclose(trace["y_hat"].value, y_hat)
assert np.allclose(trace["w"].gradient, (y_hat - y) * x)
assert np.isclose(trace["b"].gradient, y_hat - y)
print("\ndL/dw = (y_hat - y) x =", trace["w"].gradient, " dL/db = y_hat - y =", trace["b"].gradient)

# Many samples are the rows of X; gradients of the mean are means over the rows.
rng = np.random.default_rng(0)
X = rng.normal(size=(100, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + 0.3


def mean_loss(params: Any, X: Any, Y: Any) -> Any:
    """Half the mean squared error."""
    return 0.5 * ((X @ params["w"] + params["b"] - Y) ** 2).mean()


trace = bp.trace(mean_loss, {"w": w, "b": b}, X, Y)
residual = X @ w + b - Y
assert np.allclose(trace["w"].gradient, X.T @ residual / len(X))
assert np.isclose(trace["b"].gradient, residual.mean())

start: dict[str, Any] = {"w": w, "b": b}
params, losses = bp.optimize(mean_loss, start, (X, Y), lr=0.1, n_iter=300)
print("descent finds w =", params["w"].round(3), "b =", round(params["b"], 3))
assert np.allclose(params["w"], [1.0, -2.0, 0.5], atol=1e-3)
