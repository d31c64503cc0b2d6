"""A network of 2 inputs, 2 hidden units and 1 output: every node of it, forward and backward.

The slides write z = W x with W of shape outputs x inputs. fastbp has a sample in each row of x and
writes z = x @ W with W of shape inputs x outputs: its W is the slides' W transposed, and so is its
gradient.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import fastbp as bp


def loss(params: Any, x: Any, y: Any) -> Any:
    """Binary cross-entropy of two layers of sigmoids."""
    z1 = x @ params["W1"] + params["b1"]
    a1 = bp.sigmoid(z1)
    z2 = a1 @ params["W2"] + params["b2"]
    y_hat = bp.sigmoid(z2)
    return bp.bce(y_hat, y)


params = {
    "W1": np.array([[0.5, -0.3], [0.8, 0.2]]),  # inputs x hidden units
    "b1": np.array([0.1, -0.1]),
    "W2": np.array([[1.0], [-0.7]]),  # hidden units x outputs
    "b2": np.array([0.2]),
}
x, y = np.array([[1.0, 2.0]]), np.array([[1.0]])  # one sample, as a row

trace = bp.trace(loss, params, x, y)
print(trace)

# By hand. The sigmoid's g'(z) = a (1 - a) and the loss together give dL/dz2 = y_hat - y.
a1, y_hat = trace["a1"].value, trace["y_hat"].value
dz2 = y_hat - y
dz1 = a1 * (1 - a1) * (dz2 @ params["W2"].T)
by_hand = {
    "z2": dz2,
    "W2": a1.T @ dz2,
    "b2": dz2[0],
    "z1": dz1,
    "W1": x.T @ dz1,
    "b1": dz1[0],
}
for name, expected in by_hand.items():
    assert np.allclose(trace[name].gradient, expected), name

# As the slides have it, with columns and W of shape outputs x inputs.
slide_W1, slide_W2 = params["W1"].T, params["W2"].T
slide_dz2 = dz2.T
slide_dz1 = (a1 * (1 - a1)).T * (slide_W2.T @ slide_dz2)
assert np.allclose(slide_W1 @ x.T + params["b1"][:, None], trace["z1"].value.T)
assert np.allclose(trace["W2"].gradient.T, slide_dz2 @ a1)
assert np.allclose(trace["W1"].gradient.T, slide_dz1 @ x)
print("\nall gradients agree with the formulas")

# A page to walk through with the arrow keys; write it where a browser finds it.
with tempfile.TemporaryDirectory() as folder:
    page = Path(folder) / "two_layer_network.html"
    page.write_text(trace.to_html(), encoding="utf-8")
    print(f"{page.name} has {page.stat().st_size // 1000} kB")
