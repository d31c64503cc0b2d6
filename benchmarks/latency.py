# ruff: noqa: E402  (the environment comes before NumPy)
"""What a call from Python costs: fastbp against ONNX Runtime, PyTorch, JAX and NumPy, one thread each, in one run.

    python benchmarks/latency.py [--rounds 7] [--json FILE]

predict    1, 128 and 100,000 rows through 28-64-32-1 (relu, relu, sigmoid), float32 NumPy arrays in and out
step       `Trainer.step` on a batch of 32 through 2-16-1, Adam, and the same step inside `fit`
gradients  loss and gradients as NumPy arrays: 24-8-2 with tanh, 200 rows, float64, mean squared error
import     beyond `import numpy`, in fresh processes: fastbp, and the names that a training takes of it

Peers that are not installed are left out. Each figure is the median of the rounds, in which all take turns.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import environment

environment.prepare(1)  # before NumPy comes
os.environ["JAX_PLATFORMS"] = "cpu"

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import pairwise
from statistics import median
from typing import Any

import fastbp as bp
import numpy as np
from fastbp.kernels import probe

import latency_peers as peers

Work = Callable[[], Any]

PREDICT = (28, 64, 32, 1)
CALLS = {1: 5000, 128: 1000, 100_000: 2}  # rows, and how often they are predicted in a round


def weights(model: bp.Sequential) -> peers.Layers:
    return [(layer.weight, layer.bias) for layer in model.layers]


# ---------------------------------------------------------------- predict


def predict_cases(rows: int) -> dict[str, Work]:
    layers = [bp.Dense(units, "relu") for units in PREDICT[1:-1]]
    model = bp.Sequential([*layers, bp.Dense(PREDICT[-1], "sigmoid")], seed=0)
    model.build(PREDICT[0])
    x = np.random.default_rng(0).normal(size=(rows, PREDICT[0])).astype("f4")
    cases = {"fastbp": lambda: model.predict(x)}
    if find_spec("onnxruntime") and find_spec("onnx"):
        cases["onnxruntime"] = peers.onnx_predict(weights(model), x)
    if find_spec("torch"):
        cases["torch"] = peers.torch_predict(weights(model), x)
    if find_spec("jax"):
        cases["jax jit"] = peers.jax_predict(weights(model), x)
    cases["numpy"] = peers.numpy_predict(weights(model), x)
    return cases


# ---------------------------------------------------------------- step and gradients

FIT_STEPS = 20 * 100


def step_cases() -> dict[str, tuple[Work, int]]:
    """Each with the number of steps that it makes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3200, 2)).astype("f4")
    Y = (X[:, :1] * X[:, 1:] > 0).astype("f4")
    x, y = X[:32].copy(), Y[:32].copy()

    def trainer() -> bp.Trainer:
        model = bp.Sequential([bp.Dense(16, "relu"), bp.Dense(1, "sigmoid")], seed=0)
        return bp.Trainer(model, loss="bce", optimizer="adam")

    one, all_ = trainer(), trainer()
    return {
        "Trainer.step": (lambda: one.step(x, y), 1),
        "in Trainer.fit": (lambda: all_.fit(X, Y, epochs=20, verbose=0), FIT_STEPS),
    }


def gradient_cases() -> dict[str, Work]:
    model = bp.Sequential([bp.Dense(8, "tanh"), bp.Dense(2)], dtype="float64", seed=0)
    trainer = bp.Trainer(model, loss="mse")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 24)), rng.normal(size=(200, 2))
    trainer.gradients(x, y)
    params = [array for layer in weights(model) for array in layer]
    run = trainer._state.run("gradient", 200)
    cases: dict[str, Work] = {
        "fastbp": lambda: trainer.gradients(x, y),
        "fastbp, its arithmetic": lambda: (run.step((x, y)),),
    }
    if find_spec("jax"):
        cases["jax jit"] = peers.jax_gradients(params, x, y)
    if find_spec("torch"):
        cases["torch"] = peers.torch_gradients(params, x, y)
    cases["numpy"] = peers.numpy_gradients(params, x, y)
    return cases


# ---------------------------------------------------------------- import

IMPORTS = {
    "numpy": "import numpy",
    "fastbp": "import numpy; import fastbp",
    "fastbp, to train": "import numpy; from fastbp import Sequential, Dense, Adam",
}


def import_times(rounds: int) -> dict[str, float]:
    """Seconds beyond `import numpy`; each in fresh processes that take turns."""
    times: dict[str, list[float]] = {name: [] for name in IMPORTS}
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for i in range(rounds + 1):  # the first round writes the bytecode
        for name, code in IMPORTS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, env=kept)
            if i:
                times[name].append(time.perf_counter() - start)
    base = median(times["numpy"])
    return {name: median(found) - base for name, found in times.items() if name != "numpy"}


# ---------------------------------------------------------------- measuring


def timed(work: Work, repeats: int) -> float:
    """Seconds a call."""
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - start) / repeats


def measured(cases: dict[str, tuple[Work, int]], rounds: int) -> dict[str, float]:
    """The median of the rounds, in which the cases take turns, each called so often."""
    for work, repeats in cases.values():
        timed(work, max(repeats // 10, 1))
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, (work, repeats) in cases.items():
            times[name].append(timed(work, repeats))
    return {name: median(found) for name, found in times.items()}


def agree(cases: dict[str, Work], rtol: float) -> None:
    """All give the same numbers."""
    expected = _numbers(cases["numpy"]())
    for name, work in cases.items():
        found = _numbers(work())[: expected.size]
        np.testing.assert_allclose(found, expected[: found.size], rtol, rtol, err_msg=name)


def _numbers(result: Any) -> np.ndarray:
    if not isinstance(result, tuple):
        return np.ravel(result)
    parts = [result[0]]
    for found in result[1:]:
        parts += found.values() if isinstance(found, dict) else found
    return np.concatenate([np.ravel(part) for part in parts])


def plans(rounds: int) -> Iterator[tuple[str, dict[str, float]]]:
    """Each measurement: what it is of, and seconds by name."""
    for rows, repeats in CALLS.items():
        cases = predict_cases(rows)
        agree(cases, 1e-4)
        found = measured({name: (work, repeats) for name, work in cases.items()}, rounds)
        yield f"predict, {rows} rows", found
    steps = step_cases()
    calls = {name: (work, 5000 if made == 1 else 1) for name, (work, made) in steps.items()}
    found = measured(calls, rounds)
    yield "step", {name: seconds / steps[name][1] for name, seconds in found.items()}
    cases = gradient_cases()
    agree(cases, 1e-8)
    yield "gradients", measured({name: (work, 2000) for name, work in cases.items()}, rounds)
    yield "import", import_times(max(rounds, 11))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    peak = probe.fma_peak("float32", 0.3)
    operations = 2 * sum(a * b for a, b in pairwise(PREDICT))
    print(f"FMA peak {peak:.1f} GFLOP/s, float32, one core")
    print(f"{'':24s}{'':24s}{'us':>12s}{'ratio':>9s}{'of peak':>9s}")
    results = {}
    for name, found in plans(options.rounds):
        first = next(iter(found.values()))
        for peer, seconds in found.items():
            line = f"{name:24s}{peer:24s}{seconds * 1e6:12.2f}{seconds / first:9.2f}"
            if name.startswith("predict"):
                rows = int(name.split()[1])
                line += f"{operations * rows / seconds / (peak * 1e9):9.1%}"
            print(line, flush=True)
        results[name] = {peer: seconds * 1e6 for peer, seconds in found.items()}
    if options.json:
        record = {"environment": environment.describe(), "peak": peak, "microseconds": results}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)


if __name__ == "__main__":
    main()
