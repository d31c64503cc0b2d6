"""The epochs of a training, and the rows of an evaluation, handed to the engine."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp import checks
from fastbp.engine import epochs as engine
from fastbp.engine import threads
from fastbp.engine.run import Run
from fastbp.engine.snapshot import Snapshot
from fastbp.nn.metrics import Metric
from fastbp.training.errors import diverged, unfit
from fastbp.training.evaluation import evaluated, named
from fastbp.training.history import History
from fastbp.training.progress import progress
from fastbp.training.state import State

Array = npt.NDArray[Any]

LONGEST = 4096  # epochs in one call of the engine: bounds the table of results


@dataclass(frozen=True, slots=True)
class Plan:
    """A training whose arguments have all been checked."""

    data: tuple[Array, ...]
    validation: tuple[Array, ...] | None
    epochs: int
    batch_size: int
    metrics: tuple[Metric, ...]
    shuffle: bool
    verbose: object
    threads: int | None = None


def train(state: State, plan: Plan) -> History:
    """Train as planned. The caller holds the model."""
    history = History()
    state.history = state.model.history = history
    try:
        return _train(state, plan, history)
    except BaseException as error:
        with contextlib.suppress(Exception):  # of a class that takes no attributes
            error.history = history  # type: ignore[attr-defined]
        raise


def _train(state: State, plan: Plan, history: History) -> History:
    rows, batch = len(plan.data[0]), min(plan.batch_size, len(plan.data[0]))
    # A batch of all rows is a full one; else a remainder is a short last one.
    run = state.run("train", batch, plan.metrics)
    last = state.run("train", rows % batch, plan.metrics) if rows % batch else None
    validation = plan.validation
    val_runs = (
        state.evaluation_runs(plan.metrics, len(validation[0]))
        if validation is not None
        else (None, None)
    )
    snapshot = state.snapshot()
    display, done = progress(plan.verbose, plan.epochs), 0
    start, shuffles, batches = state.steps, state.model.shuffles, -(-rows // batch)
    state.model.count_shuffles(lambda: shuffles + -(-(state.steps - start) // batches))
    tables: list[Array] = []
    validated: list[dict[str, float]] = []
    try:
        while done < plan.epochs:
            together = display.chunk() if validation is None else 1
            count = min(together, plan.epochs - done, LONGEST)
            tables.append(np.zeros((count, 1 + len(plan.metrics))))
            _epochs(state, plan, (run, last), snapshot, done, tables[-1])
            for values in tables[-1]:
                history.append(named(plan.metrics, values, plan.data[-1].size))
            if validation is not None:
                values = evaluated(val_runs, validation, plan.threads)
                validated.append(named(plan.metrics, values, validation[-1].size, "val_"))
                history.append(validated[-1])
            done += count
            display.update(done, history)
    except BaseException:  # a signal's handler may raise between any two lines
        whole = (state.steps - start) // batches
        if validation is not None:
            whole = min(whole, len(validated))
        history.clear()
        for i, values in zip(range(whole), itertools.chain(*tables), strict=False):
            history.append(named(plan.metrics, values, plan.data[-1].size))
            if validation is not None:
                history.append(validated[i])
        raise
    finally:
        state.model.shuffles = state.model.shuffles  # with one that was cut short
        display.close()
    return history


def _epochs(
    state: State,
    plan: Plan,
    runs: tuple[Run, Run | None],
    snapshot: Snapshot,
    before: int,
    results: Array,
) -> None:
    """Run as many epochs as `results` has rows, `before` of this training being done; the means go into the rows."""
    model, count = state.model, len(results)
    batches = -(-len(plan.data[0]) // plan.batch_size)
    with threads.for_batches(plan.threads, runs[0].program, batches * count) as share:
        finished, batch = engine.fit(
            *runs,
            plan.data,
            epochs=count,
            shuffle=plan.shuffle,
            seed=model.seed,
            first_shuffle=model.shuffles,
            results=results,
            snapshot=snapshot,
            share=share,
            look=tuple(map(checks.mapped, plan.data)),
        )
    if batch >= 0 and snapshot.bad_input is not None:
        raise unfit(
            state.data_names(len(plan.data)), plan.data, snapshot.bad_input, before + finished + 1
        )
    if batch >= 0:
        raise diverged(before + finished + 1, batch + 1, state.name_at(snapshot.bad), state.doubt)
