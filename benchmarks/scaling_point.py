"""One point of scaling.py, in a process of its own: `scaling_point.py JSON`, answers with JSON.

Nothing else may run in the process: what counts is the most memory that it ever had.
"""

import json
import resource
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import fastbp as bp
import numpy as np
from fastbp.training import loop

_KIB = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in


def _peak() -> int:
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


def _mapped() -> int | None:
    """Bytes of files that are mapped and in memory; None where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssFile")), None)


def _rows(rows: int, features: int, file: Path | None) -> np.ndarray[Any, Any]:
    """Normal rows in float32, made without a temporary copy; in `file`, mapped read-only, if given."""
    rng = np.random.default_rng(0)
    if file is None:
        x = np.empty((rows, features), np.float32)
        rng.standard_normal(out=x, dtype=np.float32)
        return x
    with file.open("wb") as out:
        for start in range(0, rows, 10_000):
            count = min(10_000, rows - start)
            out.write(rng.standard_normal((count, features), np.float32).tobytes())
    return np.memmap(file, np.float32, "r", shape=(rows, features))


class _Entry:
    """Notes time and memory when the checks of `fit` are done and the engine is about to start."""

    def __init__(self) -> None:
        self.time, self.mapped = 0.0, None
        self.train = loop.train

    def __call__(self, *args: Any) -> Any:
        self.time, self.mapped = perf_counter(), _mapped()
        return self.train(*args)


def measure(point: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Times in seconds and memory in bytes of one network on one set of rows."""
    base, sizes, batch = _peak(), point["sizes"], point["batch"]
    x = _rows(point["rows"], sizes[0], folder / "x" if point.get("mapped") else None)
    y = np.zeros(point["rows"], np.float32)
    y[::2] = 1  # without a look at x: mapped rows shall stay unread
    layers = [bp.Dense(units, activation="tanh") for units in sizes[1:-1]]
    model = bp.Sequential([*layers, bp.Dense(sizes[-1], activation="sigmoid")], seed=0)
    trainer = bp.Trainer(model, loss="bce", optimizer="adam")
    entry = loop.train = _Entry()
    options = {"batch_size": batch, "verbose": 0}
    model.build(sizes[0])
    before = _mapped()
    start = perf_counter()
    trainer.fit(x, y, epochs=1, **options)
    first, mapped, checks = perf_counter() - start, entry.mapped, entry.time - start
    times: list[float] = []
    while len(times) < 3 and sum(times) < 3:
        start = perf_counter()
        trainer.fit(x, y, epochs=point["epochs"], **options)
        times.append(perf_counter() - start)
    steps = point["epochs"] * (point["rows"] // batch)
    return {
        "seconds": median(times) / steps,
        "start": first - checks - median(times) / point["epochs"],
        "checks": checks,
        "extra": _peak() - base - x.nbytes - y.nbytes,
        "base": base,
        "data": x.nbytes + y.nbytes,
        "parameters": model.n_parameters,
        "read_before": None if mapped is None or before is None else (mapped - before) / x.nbytes,
    }


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        print(json.dumps(measure(json.loads(sys.argv[1]), Path(name))))
