"""What belongs to a training beside the model: gradients, the optimizer's state, bound programs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from fastbp._kept import Kept
from fastbp.compiler.pipeline import compile_graph
from fastbp.engine import threads
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.program import Program
from fastbp.engine.run import Run
from fastbp.engine.snapshot import Snapshot
from fastbp.graph.node import input_node
from fastbp.nn.losses import Loss
from fastbp.nn.metrics import Metric
from fastbp.nn.model import BLOCK, Model
from fastbp.optim.base import LARGEST, SPOILT, STEPS, Optimizer
from fastbp.training import checkpoint
from fastbp.training.errors import stopped
from fastbp.training.history import History

Array = npt.NDArray[Any]
Kind = Literal["train", "gradient", "evaluate"]


def program_for(
    kind: Kind, model: Model, loss: Loss, metrics: Iterable[Metric], rows: int, update: str | None
) -> Program:
    """The program of a model's loss and metrics for batches of `rows`, compiled once.

    `kind` "train" computes gradients and updates, "gradient" only the former, "evaluate" neither.
    """
    metrics = tuple(metrics)

    def make() -> Program:
        x, output, parameters = model.nodes(rows)
        shape = (rows,) if loss.target == "class" else (rows, model.units)
        y = input_node(1, shape, model.dtype, "y")
        outputs = {"loss": loss.build(output, y)}
        outputs |= {metric.name: metric.build(loss, output, y) for metric in metrics}
        return compile_graph(
            outputs,
            parameters,
            [x, y],
            layout=model.block()[1],
            differentiate=None if kind == "evaluate" else "loss",
            update=update if kind == "train" else None,
        )

    return model.program((kind, loss.name, metrics, rows, update), make)


def evaluation_runs(
    model: Model, loss: Loss, metrics: Iterable[Metric], rows: int
) -> tuple[Run | None, Run | None]:
    """Runs that evaluate `rows` rows: of whole blocks, and of the short last one."""
    values, _ = model.block()

    def run(n: int) -> Run | None:
        program = program_for("evaluate", model, loss, metrics, n, None) if n else None
        return Run(program, values) if program is not None else None

    return run(BLOCK if rows >= BLOCK else 0), run(rows % BLOCK)


class State:
    """Gradients and optimizer state of one training of a model, and the runs bound to them."""

    def __init__(self, model: Model, loss: Loss, optimizer: Optimizer) -> None:
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.hyper = optimizer.hyper()
        self._training: Array | None = None
        self._gradients: dict[str, Array] | None = None
        self._runs: Kept[Run] = Kept()  # bound programs, each with a workspace
        self._snapshot: Snapshot | None = None
        self.history = History()  # of the last fit
        self.doubt = ""  # what else than a divergence a loss that is not finite may come from

    @property
    def steps(self) -> int:
        """How many updates have been made."""
        return int(self.hyper[STEPS])

    @property
    def training(self) -> Array:
        """One block: the gradients, then the optimizer's state vectors. Needs a built model."""
        if self._training is None:
            length = self._layout.length
            self._training = aligned_zeros((1 + self.optimizer.n_state) * length, self.model.dtype)
        return self._training

    @property
    def _layout(self) -> Layout:
        return self.model.block()[1]

    def _vector(self, i: int) -> dict[str, Array]:
        """Views of one of the block's vectors by parameter."""
        length = self._layout.length
        views = self._layout.views(self.training[i * length : (i + 1) * length])
        return dict(zip(self.model.parameters, views, strict=True))

    def gradient_views(self) -> dict[str, Array]:
        """Live views of the gradients; made once, which takes as long as a small batch."""
        if self._gradients is None:
            self._gradients = self._vector(0)
        return self._gradients

    def gradients(self) -> dict[str, Array]:
        """Copies of the gradients."""
        return {name: view.copy() for name, view in self.gradient_views().items()}

    def _program(self, kind: Kind, rows: int, metrics: tuple[Metric, ...]) -> Program:
        return program_for(kind, self.model, self.loss, metrics, rows, self.optimizer.kernel)

    def evaluation_runs(
        self, metrics: tuple[Metric, ...], rows: int
    ) -> tuple[Run | None, Run | None]:
        """Runs that evaluate `rows` rows: of whole blocks, and of the short last one."""
        return evaluation_runs(self.model, self.loss, metrics, rows)

    def run(self, kind: Kind, rows: int, metrics: tuple[Metric, ...] = ()) -> Run:
        """The run for batches of `rows`, bound once. Only for who trains: runs have one user."""
        key = (kind, rows, metrics)
        run = self._runs.get(key)
        if run is None:
            program = self._program(kind, rows, metrics)
            run = Run(program, self.model.block()[0], self.training, self.hyper)
            self._runs.put(key, run, program.run_memory)
        return run

    def gradient(self, arrays: tuple[Array, ...]) -> float:
        """Compute the gradients of one batch, by as many threads as pay; return its loss."""
        return self._batch(self.run("gradient", len(arrays[0])), arrays)

    def step(self, arrays: tuple[Array, ...]) -> float:
        """Make one update, by as many threads as pay; return the loss before it.

        Raises
        ------
        DivergenceError
            If the loss, or what the update would leave, is not finite: then there is no update.
        """
        run = self.run("train", len(arrays[0]))
        loss = self._batch(run, arrays, guards=True)
        if run.held:
            loss = self._risky_step(run, arrays)
        if not math.isfinite(loss):  # the engine has not made the update
            raise stopped("the loss is", self.steps + 1, self.first_bad(), self.doubt)
        return loss

    def _risky_step(self, run: Run, arrays: tuple[Array, ...]) -> float:
        """A step whose update may leave numbers that are not finite: with a copy to go back to."""
        snapshot = self.snapshot()
        snapshot.renew()
        loss = self._batch(run, arrays)
        if not snapshot.still_finite():
            bad = self.name_at(snapshot.bad)
            snapshot.restore()
            raise stopped("parameters or their optimizer's numbers would be", self.steps + 1, bad)
        self.hyper[LARGEST] = self._largest()
        return loss

    def _largest(self) -> float:
        """The size of the largest velocity or mean of gradients."""
        length = self._layout.length if self.optimizer.n_state else 0
        return float(np.abs(self.training[length : 2 * length]).max(initial=0))

    @staticmethod
    def _batch(run: Run, arrays: tuple[Array, ...], *, guards: bool = False) -> float:
        if run.program.cost < threads.LEAST:
            return run.step(arrays, guards=guards)
        with threads.for_batches(None, run.program, 1) as share:
            return run.step(arrays, share=share, guards=guards)

    def snapshot(self) -> Snapshot:
        """The room for a copy to go back to, made once: a large one costs time to get from the system."""
        if self._snapshot is None:
            self._snapshot = Snapshot(self.model.block()[0], self.training, self.hyper)
        return self._snapshot

    def data_names(self, count: int) -> tuple[str, ...]:
        """What the arrays of a training are called in messages."""
        return ("X", "y")

    def name_at(self, element: int) -> str | None:
        """The name of the parameter that holds an element of the block."""
        starts = self._layout.offsets
        place = int(np.searchsorted(starts, element, side="right")) - 1
        return list(self.model.parameters)[place] if element >= 0 else None

    def first_bad(self) -> str | None:
        """The name of the first parameter that is not finite."""
        finite = np.isfinite(self.model.block()[0])
        return None if finite.all() else self.name_at(int(np.argmin(finite)))

    # ------------------------------------------------------------ copies and files

    def arrays(self) -> dict[str, Array]:
        """Copies of the optimizer's state, by "number/parameter", and of its numbers."""
        arrays: dict[str, Array] = {checkpoint.NUMBERS: self.hyper.copy()}
        if self.model.built:
            for i in range(self.optimizer.n_state):
                views = self._vector(1 + i)
                arrays |= {
                    f"{checkpoint.STATE}{i}/{name}": view.copy() for name, view in views.items()
                }
        return arrays

    def restore(self, arrays: dict[str, Array]) -> None:
        """Write copies back, after checking that they fit."""
        targets = {checkpoint.NUMBERS: self.hyper}
        squares: set[str] = set()
        if self.model.built:
            for i in range(self.optimizer.n_state):
                vector = {f"{checkpoint.STATE}{i}/{k}": v for k, v in self._vector(1 + i).items()}
                targets |= vector
                squares |= vector.keys() if i in self.optimizer.squares else set()
        for name, target in targets.items():
            array = arrays[name]
            if array.shape != target.shape or array.dtype != target.dtype:
                raise ValueError(
                    f"{name!r} must have shape {target.shape} and dtype {target.dtype}, "
                    f"got {array.shape} and {array.dtype}"
                )
            if name != checkpoint.NUMBERS:
                checkpoint.check_finite(name, array)
            if name in squares and array.size and array.min() < 0:
                raise ValueError(f"{name!r} must hold squares, got {array.min():g}")
        self.optimizer.check_hyper(arrays[checkpoint.NUMBERS])
        for name, target in targets.items():
            target[...] = arrays[name]
        self.hyper[SPOILT] = 0
        if self.model.built:  # whoever wrote them may have kept no count
            self.hyper[LARGEST] = max(self.hyper[LARGEST], self._largest())
