"""Handwritten digits: an MLP with a softmax, watched on held-out rows, saved and loaded."""

import tempfile
from pathlib import Path

import numpy as np

import fastbp as bp
from fastbp.datasets import load_digits, standardize, train_test_split

X_train, X_test, y_train, y_test = train_test_split(*load_digits())
X_train, X_test = standardize(X_train, X_test)

model = bp.Sequential([bp.Dense(64, activation="relu"), bp.Dense(10, activation="softmax")], seed=0)
history = model.fit(
    X_train,
    y_train,
    loss="cross_entropy",
    optimizer=bp.Adam(3e-3),
    epochs=20,
    validation_data=(X_test, y_test),
    metrics=["accuracy"],
    verbose=1,
)
print(model.summary())
print(f"best held-out accuracy {max(history['val_accuracy']):.4f}")

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "digits.npz"
    model.save(path)
    again = bp.load(path)
guess = again.predict(X_test[:10]).argmax(axis=1)
print("guessed", guess, "of", y_test[:10])
assert np.array_equal(again.predict(X_test), model.predict(X_test))
