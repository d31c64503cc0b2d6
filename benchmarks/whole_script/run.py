"""Whole scripts: from starting Python to a trained model, imports and compilation included."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, mkdtemp
from time import perf_counter
from typing import Any

import numpy as np

from jobs import Seconds, Task

FOLDER = Path(__file__).parent
TABLE = FOLDER.parents[1] / "fastbp" / "datasets" / "breast_cancer.npz"
ACCURACY = 0.95
EPOCHS = 100
TRAINING_ROWS = 448  # 14 whole batches of 32, so that all do the same steps; 121 are held out

DESCRIPTION = (
    "Whole script: start Python, import, load breast cancer, train 30-32-16-1 for "
    f"{EPOCHS} epochs of 14 batches of 32, score the held-out rows (at least {ACCURACY})"
)


def compare_scripts(peers: list[str], rounds: int) -> dict[str, Any]:
    """Run the scripts of these peers by turns.

    Parameters
    ----------
    peers : list of str
        Names in `PEERS`; those that have no script here are passed over.
    rounds : int
        How often each script runs, after once to warm the file cache.

    Returns
    -------
    dict
        JSON-ready: a record a peer with the median `seconds`, the `accuracy`, and whether it is
        high enough as `ok`.
    """
    scripts = {peer: FOLDER / f"{peer.replace('-', '_')}_script.py" for peer in peers}
    scripts = {peer: script for peer, script in scripts.items() if script.exists()}
    records: dict[str, dict[str, Any]] = {peer: {"seconds_each": []} for peer in scripts}
    with TemporaryDirectory() as name:
        table = Path(name) / "breast_cancer.npz"
        _write(table)
        for turn in range(rounds + 1):
            for peer, script in scripts.items():
                if "failed" not in records[peer]:
                    _run(script, table, records[peer], warm=turn > 0)
    for record in records.values():
        if "failed" not in record:
            record["seconds"] = median(record["seconds_each"])
            record["ok"] = record["accuracy"] >= ACCURACY
    return {"workload": "script", "description": DESCRIPTION, "peers": records}


def _write(path: Path) -> None:
    """Split the table; the scripts bring the features to one scale themselves."""
    with np.load(TABLE, allow_pickle=False) as file:
        x = (file["X"] / 10.0 ** file["decimals"]).astype(np.float32)
        y = file["y"].astype(np.float32)
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[:TRAINING_ROWS], order[TRAINING_ROWS:]
    np.savez(path, x_train=x[train], y_train=y[train], x_test=x[test], y_test=y[test])


def _run(script: Path, table: Path, record: dict[str, Any], warm: bool) -> None:
    """Run one script once and read the accuracy from its last line."""
    command = [sys.executable, str(script), str(table), str(EPOCHS)]
    start = perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = perf_counter() - start
    lines = done.stdout.split()
    if done.returncode or not lines:
        error = done.stderr.strip().splitlines()
        record["failed"] = error[-1] if error else f"exit status {done.returncode}"
        return
    record["accuracy"] = float(lines[-1])
    if warm:
        record["seconds_each"].append(seconds)


def task() -> Task:
    """fastbp's script, in a fresh process each time; what it gives is what the script prints."""
    table = Path(mkdtemp()) / "breast_cancer.npz"  # stays: who asks for a task clears up after it
    _write(table)
    command = [sys.executable, str(FOLDER / "fastbp_script.py"), str(table), str(EPOCHS)]

    def run(times: int) -> str:
        for _ in range(times):
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout

    return Task(run, clocks=_clocks_of_children)


def _clocks_of_children() -> Seconds:
    """The wall clock, and the processor's time of processes that have ended."""
    wall = perf_counter()
    if find_spec("resource") is None:  # Windows
        return wall, wall
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, used.ru_utime + used.ru_stime
