"""fastbp's part of latency.py: what is called, on which numbers. The peers take the same numbers."""

import os
import subprocess
import sys
from typing import Any

import fastbp as bp
import numpy as np

from jobs import Task, repeated

Array = np.ndarray[Any, Any]

PREDICT = (28, 64, 32, 1)
FIT_EPOCHS, FIT_BATCHES = 20, 100

IMPORTS = {
    "fastbp": "import fastbp",
    "fastbp, to train": "from fastbp import Sequential, Dense, Adam",
}


def layers(model: bp.Sequential) -> list[tuple[Array, Array]]:
    """Weight and bias of each layer."""
    return [(layer.weight, layer.bias) for layer in model.layers]


# ---------------------------------------------------------------- predict


def predictor(rows: int) -> tuple[bp.Sequential, Array]:
    """The network and its rows."""
    hidden = [bp.Dense(units, "relu") for units in PREDICT[1:-1]]
    model = bp.Sequential([*hidden, bp.Dense(PREDICT[-1], "sigmoid")], seed=0)
    model.build(PREDICT[0])
    return model, np.random.default_rng(0).normal(size=(rows, PREDICT[0])).astype("f4")


def predict(rows: int) -> Task:
    model, x = predictor(rows)
    return repeated(lambda: model.predict(x))


# ---------------------------------------------------------------- step and gradients


def _step_trainer() -> tuple[bp.Trainer, Array, Array]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(32 * FIT_BATCHES, 2)).astype("f4")
    y = (x[:, :1] * x[:, 1:] > 0).astype("f4")
    model = bp.Sequential([bp.Dense(16, "relu"), bp.Dense(1, "sigmoid")], seed=0)
    return bp.Trainer(model, loss="bce", optimizer="adam"), x, y


def step() -> Task:
    trainer, x, y = _step_trainer()
    xb, yb = x[:32].copy(), y[:32].copy()
    return repeated(lambda: trainer.step(xb, yb), state=lambda: layers(trainer.model))


def step_in_fit() -> Task:
    """The same step inside `fit`."""
    trainer, x, y = _step_trainer()
    return repeated(
        lambda: trainer.fit(x, y, epochs=FIT_EPOCHS, verbose=0),
        steps=FIT_EPOCHS * FIT_BATCHES,
        state=lambda: layers(trainer.model),
    )


def gradient_trainer() -> tuple[bp.Trainer, Array, Array]:
    model = bp.Sequential([bp.Dense(8, "tanh"), bp.Dense(2)], dtype="float64", seed=0)
    trainer = bp.Trainer(model, loss="mse")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 24)), rng.normal(size=(200, 2))
    trainer.gradients(x, y)
    return trainer, x, y


def gradients() -> Task:
    trainer, x, y = gradient_trainer()
    return repeated(lambda: trainer.gradients(x, y))


def gradients_arithmetic() -> Task:
    """What is left when nothing is checked and nothing copied: the engine's step alone."""
    trainer, x, y = gradient_trainer()
    run = trainer._state.run("gradient", 200)
    return repeated(lambda: (run.step((x, y)),))


# ---------------------------------------------------------------- import

_TIMED = """import numpy
from time import perf_counter, process_time
wall, cpu = perf_counter(), process_time()
{}
print(perf_counter() - wall, process_time() - cpu)
"""


def importing(what: str) -> Task:
    """An import after NumPy's, in a fresh process that takes its own time."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", _TIMED.format(IMPORTS[what])]
    total = [0.0, 0.0]

    def run(times: int) -> None:
        for _ in range(times):
            done = subprocess.run(command, check=True, env=kept, capture_output=True, text=True)
            for i, seconds in enumerate(done.stdout.split()):
                total[i] += float(seconds)

    return Task(run, clocks=lambda: (total[0], total[1]))
