"""How the time of a step falls with the number of threads, and what fastbp chooses by itself.

python benchmarks/threads.py [--most N] [--workload T3 ...] [--rounds 5] [--json FILE]

All counts take turns in one process, so that a disturbance of the machine hits all alike. "chosen"
is `threads=None`, which may take as many as --most. Of `predict`, a step is one call for all rows.
"""

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import environment
from workloads import WORKLOADS

PREDICTS = "predict"
Run = Callable[[int | None, int], None]  # (threads, times)


def main() -> None:
    """Measure, print and perhaps write."""
    parser = _parser()
    args = parser.parse_args()
    most = args.most or environment.count()
    try:
        environment.prepare(most)
    except ValueError as error:
        parser.error(f"argument --most: {error}")
    counts = [n for n in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64) if n < most] + [most]
    print(f"{'us a step':12}" + "".join(f"{n:>16}" for n in counts) + f"{'chosen':>16}")
    results = []
    for name in args.workload:
        run, steps = job(name)
        found = measure(run, [*counts, None], args.rounds, args.seconds)
        times = [seconds / steps for seconds in found]
        one = times[0]
        digits = 1 if one < 1e-4 else 0
        cells = "".join(f"{t * 1e6:>9,.{digits}f} {one / t:>5.2f}x" for t in times)
        print(f"{name:12}{cells}", flush=True)
        us = {str(n or "chosen"): t * 1e6 for n, t in zip([*counts, None], times, strict=True)}
        results.append({"workload": name, "us": us})
    if args.json is not None:
        machine = {**environment.describe(), "threads": most}
        args.json.write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    jobs = [*(name for name, work in WORKLOADS.items() if work.update), PREDICTS]
    parser.add_argument("--workload", nargs="+", choices=jobs, default=jobs)
    parser.add_argument("--most", type=int, help="threads and cores (default: all cores)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each count (default 5)")
    parser.add_argument(
        "--seconds", type=float, default=0.2, help="about how long a turn takes (default 0.2)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    return parser


def job(name: str) -> tuple[Run, int]:
    """What runs a workload so many times, and the steps of one time."""
    # Imported late: NumPy reads its settings from the environment.
    import numpy as np

    import data
    from peers.fastbp_peer import build

    work = WORKLOADS["T2" if name == PREDICTS else name]
    numbers = data.make(work)
    session = build(work, numbers, 1)
    rows = np.random.default_rng(0).standard_normal((100_000, work.sizes[0]), dtype=np.float32)

    def predict(threads: int | None, times: int) -> None:
        for _ in range(times):
            session.model.predict(rows, threads=threads)

    def train(threads: int | None, times: int) -> None:
        session.trainer.fit(
            numbers.x,
            numbers.y,
            epochs=times,
            batch_size=work.batch,
            shuffle=work.shuffle,
            verbose=0,
            threads=threads,
        )

    return (predict, 1) if name == PREDICTS else (train, work.steps)


def measure(run: Run, counts: list[int | None], rounds: int, seconds: float) -> list[float]:
    """Median seconds of one time for each number of threads."""
    run(1, 1)
    times = max(1, round(seconds / timed(run, 1, 1)))
    found: list[list[float]] = [[] for _ in counts]
    for _ in range(rounds):
        for turns, threads in zip(found, counts, strict=True):
            turns.append(timed(run, threads, times))
    return [statistics.median(turns) for turns in found]


def timed(run: Run, threads: int | None, times: int) -> float:
    """Seconds of one time."""
    start = perf_counter()
    run(threads, times)
    return (perf_counter() - start) / times


if __name__ == "__main__":
    main()
