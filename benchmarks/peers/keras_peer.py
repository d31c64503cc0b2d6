"""Keras 3 on its JAX backend: `Model.fit` with the step compiled, several steps an execution."""

import keras
import numpy as np

from data import Array, Data
from workloads import Workload

VERSION: str = keras.__version__

_LOSS = {
    "bce": lambda: keras.losses.BinaryCrossentropy(from_logits=True),
    "cross_entropy": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "mse": lambda: keras.losses.MeanSquaredError(),
}


class KerasSession:
    """A Sequential with the given weights."""

    def __init__(self, work: Workload, data: Data) -> None:
        self.work = work
        self.x = data.x
        self.y = data.y.astype(np.int32) if work.loss == "cross_entropy" else data.y
        *hidden, outputs = work.sizes[1:]
        layers = [keras.layers.Dense(units, activation=work.hidden) for units in hidden]
        layers.append(keras.layers.Dense(outputs))
        self.model = keras.Sequential([keras.Input((work.sizes[0],)), *layers])
        self.model.set_weights(data.parameters)
        adam = keras.optimizers.Adam(1e-3, epsilon=1e-8)
        self.model.compile(
            optimizer=adam if work.sgd is None else keras.optimizers.SGD(work.sgd),
            loss=_LOSS[work.loss](),
            jit_compile=True,
            steps_per_execution=min(work.steps, 128),
        )

    def train(self, epochs: int, shuffle: bool) -> float:
        """One `fit` of whole epochs."""
        history = self.model.fit(
            self.x,
            self.y,
            epochs=epochs,
            batch_size=self.work.batch,
            shuffle=shuffle,
            verbose=0,
        )
        return float(history.history["loss"][-1])

    def arrays(self) -> list[Array]:
        """The weights, layer by layer."""
        return list(self.model.get_weights())


def build(work: Workload, data: Data, threads: int) -> KerasSession:
    """A session; the number of threads comes from the environment (XLA_FLAGS and the cores)."""
    del threads
    return KerasSession(work, data)
