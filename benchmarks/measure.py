"""A peer's own process: the check run, then a timing for each line that arrives on stdin."""

import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter

import numpy as np

import reference
from data import Array, Data
from peers import PEERS, Session
from running import answer, private_stdout
from workloads import WORKLOADS, Workload


def serve(peer: str, workload: str, folder: Path, threads: int, seconds: float) -> None:
    """Answer on stdout, one JSON object a line: first the check, then each timing.

    Parameters
    ----------
    peer, workload : str
        Names in `PEERS` and `WORKLOADS`.
    folder : Path
        Holds `data.npz` and `reference.npz`, written by the parent.
    threads : int
        Threads that the library may use.
    seconds : float
        The least duration of one timing, in whole epochs.
    """
    answers = private_stdout()
    work = WORKLOADS[workload]
    data = Data.load(folder / "data.npz")
    module = import_module(PEERS[peer].module)
    session: Session = module.build(work, data, threads)
    tolerance = work.tolerance * PEERS[peer].slack
    record = _check(work, data, session, folder / "reference.npz", tolerance)
    session.train(1, work.shuffle)
    epochs = _calibrate(work, session, seconds)
    answer(answers, {**record, "version": module.VERSION, "epochs": epochs})
    for _ in sys.stdin:
        elapsed = _time(work, session, epochs)
        answer(answers, {"us": elapsed / (epochs * work.steps) * 1e6})


def _time(work: Workload, session: Session, epochs: int) -> float:
    """Seconds for whole epochs."""
    start = perf_counter()
    session.train(epochs, work.shuffle)
    return perf_counter() - start


def _calibrate(work: Workload, session: Session, seconds: float) -> int:
    """The number of epochs that takes at least `seconds`."""
    epochs = 1
    while (elapsed := _time(work, session, epochs)) < 0.5 * seconds:
        epochs *= max(2, min(16, round(0.5 * seconds / max(elapsed, 1e-6))))
    return max(1, round(epochs * seconds / elapsed))


def _check(
    work: Workload, data: Data, session: Session, path: Path, tolerance: float
) -> dict[str, object]:
    """Train the check epochs in the rows' own order and compare with the float64 reference."""
    loss = session.train(work.check_epochs, shuffle=False)
    arrays = session.arrays()
    with np.load(path, allow_pickle=False) as file:
        expected = float(file["loss"])
        wanted = [file[f"a{i}"] for i in range(len(arrays))]
    if work.update:  # the same function for all: the losses libraries report are defined variously
        loss = reference.mean_loss(work, arrays, data)
        error = abs(loss - expected) / abs(expected)
    else:
        errors = [_relative(a, b) for a, b in zip(arrays, wanted, strict=True)]
        error = max(abs(loss - expected) / abs(expected), *errors)
    return {
        "loss": loss,
        "reference": expected,
        "error": error,
        "tolerance": tolerance,
        "ok": bool(error <= tolerance),
    }


def _relative(a: Array, b: Array) -> float:
    """The largest difference as a share of the largest value."""
    if a.shape != b.shape:
        return float("inf")
    return float(np.abs(a - b).max() / np.abs(b).max())
