"""How many threads a call gets: what was asked for, what the process may use, and what pays."""

from __future__ import annotations

import functools
import math
import os
import time
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from fastbp.engine.program import Program

MOST = 256  # threads of a call
SHARES = 64  # of a batch whose steps threads share
START = 100e-6  # seconds that starting and ending a thread may take
MEETING = 0.25e-6  # seconds of a meeting, for each thread that comes to it
RATE = 100e9  # operations a second of one thread: a fast core, so that small work stays on one
LEAST = START * RATE  # operations of a call: fewer stay on one thread
GAIN = 0.8  # of one thread's time: less must be expected of more threads
TELLING = 1e-3  # seconds of work that tell whether threads have the cores that they were given
SHORTEST, LONGEST = 0.25, 8.0  # seconds without threads where they have not

# No lock guards these: a Ctrl-C just after it was taken would leave it taken, as Python may look for signals between
# the call that takes it and the block that gives it back.
_chosen: int | None = None
# Each call's Share, by its id, and how many threads work for it.
_at_work: dict[int, tuple[ref[Share], int]] = {}
_until = 0.0  # until when calls stay on one thread, since other programs have the cores,
_pause = 0.0  # and for how long that was


def set_limit(n: int | None) -> None:
    """Set the greatest number of threads of a call that names none; None for what the process may use."""
    global _chosen
    _chosen = n


def limit() -> int:
    """The greatest number of threads of a call that names none."""
    if _chosen is not None:
        return _chosen
    for name in ("FASTBP_NUM_THREADS", "OMP_NUM_THREADS"):
        wanted = _number(name, os.environ.get(name, ""))
        if wanted is not None:
            return wanted
    return cores()


def _number(name: str, text: str) -> int | None:
    """The first number of a list such as OpenMP takes; None where the variable is empty or, if not ours, strange."""
    first = text.split(",")[0].strip()
    digits = first.lstrip("0")
    if digits.isdecimal():
        return min(int(digits[:4]), MOST)  # the first four tell: Python reads 4,300 at most
    if first and name.startswith("FASTBP"):
        raise ValueError(
            f"the environment variable {name} must be a positive integer, got {text!r}"
        )
    return None


def cores() -> int:
    """The cores that this process may use: its affinity, and the quota of its control group."""
    return max(1, math.ceil(min(affinity(), _quota_once(), MOST)))


def affinity() -> int:
    """The cores that this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on macOS and Windows
        return os.cpu_count() or 1


@functools.cache
def _quota_once() -> float:
    from fastbp.engine.quota import quota  # with pathlib, a tenth of our import

    return quota()  # it costs a dozen reads, and seldom changes


def for_batches(threads: int | None, program: Program, times: int) -> Share:
    """The threads that `times` batches of a program get, one after the other."""
    pieces = program.groups if program.groups > 1 else SHARES if program.gradients else 1
    lanes = pick(threads, pieces, program.cost, program.meetings, times)
    return Share(lanes, threads is not None)


def for_rows(threads: int | None, program: Program, rows: int) -> Share:
    """The threads that a program gets which computes outputs for `rows` rows, block by block."""
    pieces = -(-rows // program.block)
    lanes = pick(threads, pieces, program.cost / program.rows * rows, 1, 1)
    return Share(lanes, threads is not None)


def pick(threads: int | None, pieces: int, cost: float, meetings: float, times: int) -> int:
    """How many threads a call gets.

    Parameters
    ----------
    threads : int or None
        The number that was asked for; None for as many as pay.
    pieces : int
        Into how many the work can be cut.
    cost, meetings : float
        Operations of one batch, and how often its threads meet.
    times : int
        Batches of the call.
    """
    if threads is not None:
        return max(1, min(threads, pieces, MOST))
    alone = cost / RATE
    if times * cost < LEAST or others_have_the_cores():
        return 1  # before the files of the control group are read
    most, best, least = min(max(limit() - busy(), 1), pieces), 1, GAIN * times * alone
    for n in range(2, most + 1):
        longest = math.ceil(pieces / n) / pieces  # the largest share
        time = times * (alone * longest + meetings * n * MEETING) + (n - 1) * START
        if time < least:
            best, least = n, time
    return best


class Share:
    """The threads of a call, counted among those of the process while it lasts.

    Parameters
    ----------
    most : int
        How many there are.
    fixed : bool
        Whether all of them work, whatever else goes on.
    """

    __slots__ = ("__weakref__", "fixed", "most")

    def __init__(self, most: int, fixed: bool) -> None:
        self.most, self.fixed = most, fixed

    def __enter__(self) -> Share:
        _at_work[id(self)] = ref(self), self.most
        return self

    def __exit__(self, *error: object) -> None:
        _at_work.pop(id(self), None)

    def now(self) -> int:
        """How many of the threads may work beside the calls from other threads, which come and go."""
        if self.fixed:
            return self.most
        beside = busy() - (_at_work[id(self)][1] if id(self) in _at_work else 0)
        most = 1 if others_have_the_cores() else limit()
        lanes = max(1, min(self.most, most - beside))
        _at_work[id(self)] = ref(self), lanes
        return lanes

    def judge(self, seconds: float, waited: float, lanes: int) -> None:
        """Take note of how long `lanes` threads, in all, have waited for one another in so many seconds of work.

        A thread whose core has gone to another program keeps all others waiting: it is away as long as each of them
        waits. Where they have done little more than one thread does, calls stay on one for a while, for longer each
        time.
        """
        global _until, _pause
        if self.fixed or seconds < TELLING:
            return
        if waited > (lanes - 1) * (1 - 1.1 / lanes) * seconds:
            _pause = min(max(2 * _pause, SHORTEST), LONGEST)
            _until = time.monotonic() + _pause
        else:
            _pause = 0.0


def others_have_the_cores() -> bool:
    """Whether threads were found to wait for cores a moment ago."""
    return time.monotonic() < _until


def busy() -> int:
    """The threads at work in this process.

    An interrupt may come before a share's block, or at its end: one that nobody holds any more does not count.
    """
    count = 0
    # A copy, made at once: calls of other threads come and go.
    for key, entry in list(_at_work.items()):
        if entry[0]() is not None:
            count += entry[1]
        elif _at_work.get(key) is entry:
            _at_work.pop(key, None)
    return count


def crowded(more: int) -> bool:
    """Whether more threads of this process are at work, with `more` that are not counted, than it has cores."""
    return busy() + more > affinity()


def _forget() -> None:
    """A forked child has none of its parent's calls."""
    _at_work.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
