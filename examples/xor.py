"""XOR: no line parts the classes, so logistic regression fails where one hidden layer succeeds."""

import fastbp as bp
from fastbp.datasets import make_xor

X, y = make_xor(400, noise=0.1, seed=0)


def accuracy(layers: list[bp.Dense]) -> float:
    """Train a network of these layers; return the share of the points that it gets right."""
    model = bp.Sequential(layers, seed=0)
    model.fit(X, y, loss="bce", optimizer=bp.Adam(1e-2), epochs=200)
    return model.evaluate(X, y, loss="bce", metrics=["accuracy"])["accuracy"]


print(f"logistic regression  {accuracy([bp.Dense(1, activation='sigmoid')]):.3f}")
print(
    "8 hidden units       "
    f"{accuracy([bp.Dense(8, activation='tanh'), bp.Dense(1, activation='sigmoid')]):.3f}"
)
