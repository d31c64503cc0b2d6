"""fastbp's part of compare.py, latency.py and graph.py, each job by its name. No NumPy here.

`ab.py` times these; the scripts themselves run the same jobs beside other libraries.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter, process_time
from typing import Any

from workloads import WORKLOADS

Seconds = tuple[float, float]  # by the wall clock, and of the processor


def clocks() -> Seconds:
    """What both clocks show, for work that is done in this process."""
    return perf_counter(), process_time()


@dataclass(frozen=True)
class Task:
    """Something to time.

    `run(n)` does it n times and returns what the last time gave; `steps` is how many steps one
    time makes. `state()` is what it has trained, if anything. `clocks` is for work done in other
    processes, which a process's own clock does not count.
    """

    run: Callable[[int], Any]
    steps: int = 1
    state: Callable[[], Any] = tuple
    clocks: Callable[[], Seconds] = clocks

    def seconds(self, times: int) -> Seconds:
        """Run it so often: how long a step takes, by both clocks."""
        wall, cpu = self.clocks()
        self.run(times)
        wall_now, cpu_now = self.clocks()
        steps = times * self.steps
        return (wall_now - wall) / steps, (cpu_now - cpu) / steps


def repeated(call: Callable[[], Any], steps: int = 1, state: Callable[[], Any] = tuple) -> Task:
    """A task that is a call, again and again."""

    def run(times: int) -> Any:
        for _ in range(times - 1):
            call()
        return call()

    return Task(run, steps, state)


@dataclass(frozen=True)
class Job:
    """Where a task is defined, and from which ratio of new to old it counts as slower."""

    name: str
    module: str
    function: str
    arguments: tuple[Any, ...] = ()
    limit: float = 1.03

    def build(self) -> Task:
        """Import and prepare it; what this fastbp lacks shows here or at the first run."""
        task: Task = getattr(import_module(self.module), self.function)(*self.arguments)
        return task


_SHORT = 1.05  # where a step or a call takes about a microsecond

_ALL = (
    *(
        Job(name, "peers.fastbp_peer", "task", (name,), _SHORT if name in ("LR", "T1") else 1.03)
        for name in WORKLOADS
    ),
    Job("script", "whole_script.run", "task"),
    Job("predict-1", "latency_tasks", "predict", (1,), _SHORT),
    Job("predict-128", "latency_tasks", "predict", (128,)),
    Job("predict-100000", "latency_tasks", "predict", (100_000,)),
    Job("step", "latency_tasks", "step"),
    Job("step-in-fit", "latency_tasks", "step_in_fit"),
    Job("gradients", "latency_tasks", "gradients"),
    Job("gradients-arithmetic", "latency_tasks", "gradients_arithmetic"),
    Job("import", "latency_tasks", "importing", ("fastbp",)),
    Job("import-to-train", "latency_tasks", "importing", ("fastbp, to train",)),
    Job("call", "graph_tasks", "call"),
    Job("train-function", "graph_tasks", "train_function"),
    Job("train-sequential", "graph_tasks", "train_sequential"),
    Job("pinn", "graph_tasks", "pinn"),
    Job("compile-mlp", "graph_tasks", "first_call", ("mlp",)),
    Job("compile-200", "graph_tasks", "first_call", ("long",)),
)

JOBS = {job.name: job for job in _ALL}
