"""Which of two wheels is slower: both by turns, on fastbp's part of compare.py, latency.py and graph.py.

    python benchmarks/ab.py OLD.whl NEW.whl [--only T1 LR] [--threads N] [--turns 21] [--quick] [--bits]

Of each pair of turns the ratio new / old is taken. A job is slower where the median of these is above
its limit (1.03; 1.05 for T1, LR and predict-1) and their lower quartile above 1; faster where the
median is below 1 / limit and the upper quartile below 1; else level. README.md beside this file tells
the method. Exit status: 1 where anything is slower, or the new wheel cannot run it; with --bits also
where bits differ.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import environment
from ab_verdict import HEAD, Ratio, Result, exit_status, summary
from jobs import JOBS
from running import Running

SIDES = ("old", "new")
SHORT = (
    1e-5  # of a step: where a process's memory lies makes it up to 5 % faster, as long as it lives
)
CLOCKS = {"cpu": "processor's time", "wall": "wall clock"}


# ---------------------------------------------------------------- taking turns


class Side(Protocol):
    """A process with one of the wheels."""

    name: str
    record: dict[str, Any]

    def ask(self, line: str) -> dict[str, Any] | None: ...


Pairs = Callable[[], AbstractContextManager[tuple[Side, Side]]]  # new processes, old and new


class Lack(Exception):
    """A side that cannot do what it was asked, and why."""

    def __init__(self, side: str, why: str) -> None:
        super().__init__(why)
        self.side = side


def told(side: Side, line: str) -> dict[str, Any]:
    """What a side answers; `Lack` where it has none."""
    answer = side.ask(line)
    if answer is None:
        raise Lack(side.name, f"the process ended: {side.record.get('failed')}")
    if "lacks" in answer:
        raise Lack(side.name, answer["lacks"])
    return answer


@dataclass(frozen=True)
class Plan:
    """How it is timed: `clock` is the one that verdicts go by, "cpu" or "wall"."""

    turns: int
    seconds: float
    clock: str
    only_bits: bool = False


def digest(side: Side, name: str) -> str | None:
    """Build the job there; the digest of what it gives first."""
    told(side, f"open {name}")
    found: str | None = told(side, "bits")["bits"]
    return found


@dataclass(frozen=True)
class Turn:
    """How often a job runs in a turn, and after how many turns two new processes go on."""

    repeats: int
    pair: int


def compare(name: str, pair: Pairs, plan: Plan) -> Result:
    """One job: bits first, then turns."""
    try:
        with pair() as (old, new):
            digests = digest(old, name), digest(new, name)
            turn = None if plan.only_bits else calibrate(old, plan)
        same = None if digests == (None, None) else digests[0] == digests[1]
        if turn is None:
            return Result(name, "untimed", same=same)
        times = take_turns(name, pair, plan.turns, turn)
    except Lack as lack:
        return Result(name, "skipped" if lack.side == "old" else "failed", f"{lack.side}: {lack}")
    ratio = Ratio.of(times["old"][plan.clock], times["new"][plan.clock])
    wall = Ratio.of(times["old"]["wall"], times["new"]["wall"]).median
    medians = median(times["old"][plan.clock]), median(times["new"][plan.clock])
    return Result(name, ratio.verdict(JOBS[name].limit), "", same, ratio, wall, medians)


def take_turns(name: str, pair: Pairs, turns: int, each: Turn) -> dict[str, dict[str, list[float]]]:
    """Seconds a step of each turn, by side and clock; who begins changes with each turn."""
    found: dict[str, dict[str, list[float]]] = {side: {"wall": [], "cpu": []} for side in SIDES}
    for first in range(0, turns, each.pair):
        with pair() as (old, new):
            for side in (old, new):
                told(side, f"open {name}")
                told(side, f"time {max(1, each.repeats // 4)}")  # warm
            for turn in range(first, min(first + each.pair, turns)):
                for side in (old, new) if turn % 2 == 0 else (new, old):
                    answer = told(side, f"time {each.repeats}")
                    for clock, times in found[side.name].items():
                        times.append(answer[clock])
    return found


def calibrate(side: Side, plan: Plan) -> Turn:
    """How often the job has to run for a turn of the length that is planned; how long a step is."""
    repeats = 1
    while True:
        answer = told(side, f"time {repeats}")
        if answer["took"] >= plan.seconds / 2:
            wanted = max(1, round(repeats * plan.seconds / answer["took"]))
            return Turn(wanted, 1 if answer[plan.clock] < SHORT else 3)
        repeats *= 2


# ---------------------------------------------------------------- two wheels, two processes


def install(wheel: Path, folder: Path) -> Path:
    """Unpack a wheel into a folder of its own; NumPy is the interpreter's."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-index", "--target", str(folder), str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"cannot install {wheel}: {done.stderr.strip()}")
    return folder


@contextmanager
def processes(folders: Sequence[Path], temporary: Path) -> Iterator[tuple[Running, Running]]:
    """A new process for each wheel."""
    started: list[Running] = []
    try:
        for name, folder in zip(SIDES, folders, strict=True):
            started.append(start(name, folder, temporary))
        yield started[0], started[1]
    finally:
        for side in started:
            side.stop()


def start(name: str, folder: Path, temporary: Path) -> Running:
    """The process of a side, which must have imported the wheel in its folder."""
    settings = {"PYTHONPATH": str(folder), "PYTHONHASHSEED": "0", "TMPDIR": str(temporary)}
    command = [sys.executable, str(Path(__file__).with_name("ab_worker.py"))]
    env = {**os.environ, **settings}
    side = Running.start(name, command, temporary / f"{name}.log", env=env, cwd=temporary)
    side.record.update(side.read() or {})  # where it ended, the first question tells why
    side.halt()
    found = side.record.get("from")
    if found is not None and not Path(found).resolve().is_relative_to(folder.resolve()):
        side.stop()
        raise SystemExit(f"the process of the {name} wheel has imported {found}")
    return side


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=wheel, metavar="OLD.whl")
    parser.add_argument("new", type=wheel, metavar="NEW.whl")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=list(JOBS),
        default=list(JOBS),
        metavar="JOB",
        help=f"of {', '.join(JOBS)}",
    )
    parser.add_argument("--threads", type=int, default=1, help="threads and cores (default 1)")
    parser.add_argument("--turns", type=turns, help="of each wheel (default 21)")
    parser.add_argument(
        "--quick", action="store_true", help="7 short turns: a look, no verdict to rely on"
    )
    parser.add_argument(
        "--bits", action="store_true", help="compare what the jobs give, and time nothing"
    )
    return parser


def wheel(text: str) -> Path:
    path = Path(text).resolve()
    if path.suffix != ".whl" or not path.is_file():
        raise argparse.ArgumentTypeError(f"must be a wheel, a file *.whl, got {text}")
    return path


def turns(text: str) -> int:
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"must be a whole number from 2, got {text}")
    return int(text)


def clock(threads: int) -> str:
    """The processor's time, which leaves out what others do meanwhile; threads wait for each other."""
    fine = time.get_clock_info("process_time").resolution < 1e-4
    return "cpu" if threads == 1 and fine else "wall"


def main() -> int:
    """Install both, compare job by job, print."""
    options = parser().parse_args()
    try:
        environment.prepare(options.threads)
    except ValueError as error:
        parser().error(f"argument --threads: {error}")
    many, seconds = (7, 0.02) if options.quick else (21, 0.075)
    plan = Plan(options.turns or many, seconds, clock(options.threads), options.bits)
    machine = environment.describe()
    print(f"{machine['processor']}, Python {machine['python']}, {options.threads} thread(s)")
    print(f"{plan.turns} turns each, ratios of the {CLOCKS[plan.clock]}\n{HEAD}", flush=True)
    results = []
    with TemporaryDirectory() as name:
        temporary = Path(name)
        wheels = zip(SIDES, (options.old, options.new), strict=True)
        folders = [install(wheel, temporary / side) for side, wheel in wheels]
        for job in options.only:
            results.append(compare(job, lambda: processes(folders, temporary), plan))
            print(results[-1], flush=True)
    print("", *summary(results), sep="\n")
    return exit_status(results, options.bits)


if __name__ == "__main__":
    sys.exit(main())
