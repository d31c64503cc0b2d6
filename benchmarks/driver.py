"""The parent: starts one process a peer, lets them take turns, and gathers the medians."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import IO, Any

import numpy as np

import data
import probe
import reference
from probe import Tops
from workloads import Workload


@dataclass
class Running:
    """A peer's process and what it has said."""

    name: str
    process: subprocess.Popen[str]
    log: Path
    record: dict[str, Any] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)

    def read(self) -> dict[str, Any] | None:
        """The next answer, or None when the process has ended; then the record says why."""
        line = _pipe(self.process.stdout).readline()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.process.wait()
        last = self.log.read_text(errors="replace").strip().splitlines()
        why = last[-1] if last else f"exit status {self.process.returncode}"
        self.record.setdefault("failed", why)
        return None

    def halt(self) -> None:
        """Stop until the next turn: waiting threads of some libraries spin for a while."""
        if hasattr(signal, "SIGSTOP"):
            self.process.send_signal(signal.SIGSTOP)

    def time(self) -> None:
        """Ask for one timing."""
        if "failed" in self.record:
            return
        if hasattr(signal, "SIGCONT"):
            self.process.send_signal(signal.SIGCONT)
        try:
            _pipe(self.process.stdin).write("time\n")
            _pipe(self.process.stdin).flush()
        except BrokenPipeError:
            pass  # it has ended: read() says why
        answer = self.read()
        if answer is not None:
            self.times.append(answer["us"])
            self.halt()

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        _pipe(self.process.stdin).close()
        _pipe(self.process.stdout).close()


def _pipe(stream: IO[str] | None) -> IO[str]:
    """A pipe that was asked for is there."""
    if stream is None:
        raise RuntimeError("the peer's process has no pipe")
    return stream


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
            one.time()
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
    with log.open("w") as stderr:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    return Running(peer, process, log)


def _summary(one: Running, work: Workload, tops: Tops) -> dict[str, Any]:
    """The record of a peer, with its median and what follows from it."""
    record = dict(one.record)
    if "failed" in record or not one.times:
        return record
    record["us_each"] = one.times
    record["us"] = median(one.times)
    record["gflops"] = work.flops / record["us"] / 1e3
    record["share"] = record["gflops"] / tops.peak if tops.peak else None
    if work.streams:
        record["gbytes"] = work.streamed / record["us"] / 1e3
        record["read_share"] = record["gbytes"] / tops.bandwidth if tops.bandwidth else None
    return record
