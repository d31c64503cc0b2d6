"""One side of ab.py: tells which fastbp it has, then answers each line on stdin with one of JSON on stdout.

"open NAME" builds a job, "bits" tells a digest of what it gives, "time N" runs it N times.
"""

import gc
import hashlib
import sys
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any, TextIO

import fastbp

from jobs import JOBS, Task
from running import answer, private_stdout

FIRST = 3  # how often a job runs for its digest


def serve(questions: TextIO, answers: TextIO) -> None:
    """Answer until the questions end; what a job lacks is an answer, too."""
    answer(answers, {"from": fastbp.__file__})
    task: Task | None = None
    gc.disable()
    for line in questions:
        question, _, rest = line.strip().partition(" ")
        try:
            if question == "open":
                task = JOBS[rest].build()
                said: dict[str, Any] = {}
            elif question == "bits" and task is not None:
                said = {"bits": bits(task)}
            elif question == "time" and task is not None:
                said = timed(task, int(rest))
            else:
                raise ValueError(f"no such question here: {line.strip()!r}")
        except Exception as error:
            said = {"lacks": f"{type(error).__name__}: {error}"}
        answer(answers, said)


def timed(task: Task, times: int) -> dict[str, float]:
    """Seconds a step by both clocks, and how long one had to wait for it all."""
    gc.collect()
    start = perf_counter()
    wall, cpu = task.seconds(times)
    return {"wall": wall, "cpu": cpu, "took": perf_counter() - start}


def bits(task: Task) -> str | None:
    """A digest of what a task gives its first times, and of what it has trained; None of nothing."""
    found = [task.run(1) for _ in range(FIRST)]
    if found[0] is None:
        return None
    digest = hashlib.sha256()
    for part in parts([found, task.state()]):
        digest.update(part)
    return digest.hexdigest()


def parts(value: Any) -> Iterator[bytes]:
    """Kind and bits of each number, at any depth."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield repr(key).encode()
            yield from parts(inner)
    elif isinstance(value, list | tuple):
        yield f"{len(value)} parts".encode()
        for inner in value:
            yield from parts(inner)
    elif hasattr(value, "tobytes"):  # NumPy's
        yield f"{value.dtype.str} {value.shape}".encode()
        yield value.tobytes()
    else:
        yield repr(value).encode()  # of a float, all its digits


if __name__ == "__main__":
    serve(sys.stdin, private_stdout())
