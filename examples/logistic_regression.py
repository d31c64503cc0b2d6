"""Logistic regression: its graph on one sample, then training on the breast cancer data.

The slides write W x with W of shape outputs x inputs; fastbp writes x @ W with W of shape inputs x
outputs, so that the rows of x are samples. With one output, W is a vector w in both.
"""

from typing import Any

import numpy as np

import fastbp as bp
from fastbp.datasets import load_breast_cancer, standardize, train_test_split


def loss(w: Any, b: Any, x: Any, y: Any) -> Any:
    """Binary cross-entropy of one sample, written out."""
    z = (w * x).sum() + b
    y_hat = bp.sigmoid(z)
    return -(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))


# By hand: dL/dz = y_hat - y, so dL/dw = (y_hat - y) x and dL/db = y_hat - y.
w, b, x, y = np.array([0.5, -1.0]), 0.25, np.array([1.0, 2.0]), 1.0
trace = bp.trace(loss, w, b, x, y)
print(trace)
y_hat = 1 / (1 + np.exp(-(w @ x + b)))
assert np.isclose(trace["y_hat"].value, y_hat)
assert np.isclose(trace["z"].gradient, y_hat - y)
assert np.allclose(trace["w"].gradient, (y_hat - y) * x)
assert np.isclose(trace["b"].gradient, y_hat - y)
print("\ndL/dw = (y_hat - y) x =", trace["w"].gradient, "\n")

# The same model, one layer, on 569 tumours.
X_train, X_test, y_train, y_test = train_test_split(*load_breast_cancer())
X_train, X_test = standardize(X_train, X_test)

model = bp.Sequential([bp.Dense(1, activation="sigmoid")], seed=0)
history = model.fit(
    X_train, y_train, loss="bce", optimizer=bp.Adam(1e-2), epochs=100, metrics=["accuracy"]
)
print(history)

held_out = model.evaluate(X_test, y_test, loss="bce", metrics=["accuracy"])
print(f"held-out accuracy {held_out['accuracy']:.3f}, loss {held_out['loss']:.3f}")

# The weights are NumPy arrays that live in the model: here the three features that weigh most.
weight = model.parameters["0.weight"][:, 0]
for feature in abs(weight).argsort()[::-1][:3]:
    print(f"feature {feature:2}: weight {weight[feature]:+.3f}")
