"""The parent: starts one process a peer, lets them take turns, and gathers the medians."""

import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import data
import probe
import reference
from probe import Tops
from running import Running
from workloads import Workload


def compare(
    work: Workload, peers: list[str], threads: int, rounds: int, seconds: float
) -> dict[str, Any]:
    """Measure one workload.

    Parameters
    ----------
    work : Workload
        What is trained.
    peers : list of str
        Names in `PEERS`; those that the workload excludes must have been left out.
    threads : int
        Threads of each library; the cores were pinned before.
    rounds : int
        How often each peer takes its turn.
    seconds : float
        The least duration of one turn.

    Returns
    -------
    dict
        JSON-ready: the workload, the FMA peak in GFLOP/s and, for one that streams, the read
        bandwidth in GB/s (None where not measured), and a record a peer.
    """
    running: list[Running] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(work, folder)
        try:
            for peer in peers:  # one after the other, so that no check run disturbs another
                running.append(_start(peer, work, folder, threads, seconds))
                running[-1].record.update(running[-1].read() or {})
                running[-1].halt()
            tops = _take_turns(running, work, threads, rounds)
        finally:
            for one in running:
                one.stop()
    return {
        "workload": work.name,
        "description": str(work),
        "flops": work.flops,
        "streamed": work.streamed,
        "peak": tops.peak,
        "bandwidth": tops.bandwidth,
        "peers": {one.name: _summary(one, work, tops) for one in running},
    }


def _take_turns(running: list[Running], work: Workload, threads: int, rounds: int) -> Tops:
    """Time every peer once a round, in alternating order; what the hardware can do, too."""
    found: list[Tops] = []
    for turn in range(rounds):
        found.append(probe.tops(work, threads))
        for one in running if turn % 2 == 0 else reversed(running):
            answer = one.ask("time")
            if answer is not None:
                one.record.setdefault("us_each", []).append(answer["us"])
    return Tops.highest(found)


def _prepare(work: Workload, folder: Path) -> None:
    """Write the data and the reference's result."""
    numbers = data.make(work)
    numbers.save(folder / "data.npz")
    loss, arrays = reference.train(work, numbers)
    named: dict[str, Any] = {f"a{i}": array for i, array in enumerate(arrays)}
    np.savez(folder / "reference.npz", loss=loss, **named)


def _start(peer: str, work: Workload, folder: Path, threads: int, seconds: float) -> Running:
    """Start a peer's process; it inherits the cores and the environment."""
    log = folder / f"{peer}.log"
    script = Path(__file__).with_name("compare.py")
    command = [sys.executable, str(script), "--peer", peer, "--workload", work.name]
    command += ["--folder", str(folder), "--threads", str(threads), "--seconds", str(seconds)]
    return Running.start(peer, command, log)


def _summary(one: Running, work: Workload, tops: Tops) -> dict[str, Any]:
    """The record of a peer, with its median and what follows from it."""
    record = dict(one.record)
    if "failed" in record or "us_each" not in record:
        return record
    record["us"] = median(record["us_each"])
    record["gflops"] = work.flops / record["us"] / 1e3
    record["share"] = record["gflops"] / tops.peak if tops.peak else None
    if work.streams:
        record["gbytes"] = work.streamed / record["us"] / 1e3
        record["read_share"] = record["gbytes"] / tops.bandwidth if tops.bandwidth else None
    return record
