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

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
from fastbp.kernels import probe

import latency_peers as peers
import latency_tasks as tasks
from jobs import Task, repeated

CALLS = {1: 5000, 128: 1000, 100_000: 2}  # rows, and how often they are predicted in a round


def predict_cases(rows: int) -> dict[str, Task]:
    model, x = tasks.predictor(rows)
    layers = tasks.layers(model)
    cases = {"fastbp": tasks.predict(rows)}
    if find_spec("onnxruntime") and find_spec("onnx"):
        cases["onnxruntime"] = repeated(peers.onnx_predict(layers, x))
    if find_spec("torch"):
        cases["torch"] = repeated(peers.torch_predict(layers, x))
    if find_spec("jax"):
        cases["jax jit"] = repeated(peers.jax_predict(layers, x))
    cases["numpy"] = repeated(peers.numpy_predict(layers, x))
    return cases


def gradient_cases() -> dict[str, Task]:
    trainer, x, y = tasks.gradient_trainer()
    params = [array for layer in tasks.layers(trainer.model) for array in layer]
    cases = {
        "fastbp": tasks.gradients(),
        "fastbp, its arithmetic": tasks.gradients_arithmetic(),
    }
    if find_spec("jax"):
        cases["jax jit"] = repeated(peers.jax_gradients(params, x, y))
    if find_spec("torch"):
        cases["torch"] = repeated(peers.torch_gradients(params, x, y))
    cases["numpy"] = repeated(peers.numpy_gradients(params, x, y))
    return cases


def import_times(rounds: int) -> dict[str, float]:
    """Seconds beyond `import numpy`; each in fresh processes that take turns."""
    codes = {"numpy": "", **tasks.IMPORTS}
    times: dict[str, list[float]] = {name: [] for name in codes}
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for i in range(rounds + 1):  # the first round writes the bytecode
        for name, code in codes.items():
            start = time.perf_counter()
            command = [sys.executable, "-c", f"import numpy; {code}"]
            subprocess.run(command, check=True, env=kept)
            if i:
                times[name].append(time.perf_counter() - start)
    base = median(times["numpy"])
    return {name: median(found) - base for name, found in times.items() if name != "numpy"}


# ---------------------------------------------------------------- measuring


def measured(cases: dict[str, tuple[Task, int]], rounds: int) -> dict[str, float]:
    """Seconds a step: the median of the rounds, in which the cases take turns, each run so often."""
    for task, repeats in cases.values():
        task.run(max(repeats // 10, 1))
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, (task, repeats) in cases.items():
            times[name].append(task.seconds(repeats)[0])
    return {name: median(found) for name, found in times.items()}


def agree(cases: dict[str, Task], rtol: float) -> None:
    """All give the same numbers."""
    expected = _numbers(cases["numpy"].run(1))
    for name, task in cases.items():
        found = _numbers(task.run(1))[: expected.size]
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
        found = measured({name: (task, repeats) for name, task in cases.items()}, rounds)
        yield f"predict, {rows} rows", found
    steps = {"Trainer.step": (tasks.step(), 5000), "in Trainer.fit": (tasks.step_in_fit(), 1)}
    yield "step", measured(steps, rounds)
    cases = gradient_cases()
    agree(cases, 1e-8)
    yield "gradients", measured({name: (task, 2000) for name, task in cases.items()}, rounds)
    yield "import", import_times(max(rounds, 11))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    peak = probe.fma_peak("float32", 0.3)
    operations = 2 * sum(a * b for a, b in pairwise(tasks.PREDICT))
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
