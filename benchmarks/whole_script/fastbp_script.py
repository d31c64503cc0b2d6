"""Breast cancer with fastbp, from start to accuracy."""

import sys

import fastbp as bp
import numpy as np

data, epochs = np.load(sys.argv[1]), int(sys.argv[2])
mean, std = data["x_train"].mean(0), data["x_train"].std(0)
x_train, x_test = (data["x_train"] - mean) / std, (data["x_test"] - mean) / std
y_train, y_test = data["y_train"], data["y_test"]

model = bp.Sequential(
    [
        bp.Dense(32, activation="relu"),
        bp.Dense(16, activation="relu"),
        bp.Dense(1, activation="sigmoid"),
    ],
    seed=0,
)
model.fit(
    x_train,
    y_train,
    loss="bce",
    optimizer=bp.Adam(1e-3),
    epochs=epochs,
    batch_size=32,
    verbose=0,
)
accuracy = ((model.predict(x_test)[:, 0] > 0.5) == (y_test > 0.5)).mean()
print(f"accuracy {accuracy:.4f}")
