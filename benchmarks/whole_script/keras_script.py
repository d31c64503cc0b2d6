"""Breast cancer with Keras on JAX, from start to accuracy."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np

keras.utils.set_random_seed(0)
data, epochs = np.load(sys.argv[1]), int(sys.argv[2])
mean, std = data["x_train"].mean(0), data["x_train"].std(0)
x_train, x_test = (data["x_train"] - mean) / std, (data["x_test"] - mean) / std

model = keras.Sequential(
    [
        keras.Input((30,)),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(16, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="binary_crossentropy",
    steps_per_execution=14,
    jit_compile=True,
)
model.fit(x_train, data["y_train"], epochs=epochs, batch_size=32, verbose=0)
p = model.predict(x_test, batch_size=len(x_test), verbose=0)[:, 0]
print(f"accuracy {((p > 0.5) == (data['y_test'] > 0.5)).mean():.4f}")
