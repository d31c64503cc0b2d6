"""What belongs to the training of a function beside its parameters: programs, gradients, the optimizer's state."""

from __future__ import annotations

from typing import Any

from fastbp.compiler import compile_graph
from fastbp.engine.program import Program
from fastbp.engine.run import Run
from fastbp.nn.metrics import Metric
from fastbp.training.objective import Objective, class_columns
from fastbp.training.state import Kind, State
from fastbp.transforms.captured import Seen, seen

Spec = tuple[
    tuple[tuple[int, ...], str], ...
]  # of each array: the shape of a row, and the kind of numbers


class FunctionState(State):
    """The state of a training of a function; a program belongs to the rows and to what the function captured."""

    model: Objective  # type: ignore[assignment]

    def __init__(self, objective: Objective, optimizer: Any) -> None:
        super().__init__(objective, None, optimizer)  # type: ignore[arg-type]
        self.spec: Spec = ()
        self._programs: dict[object, Program] = {}
        self._classes: list[tuple[int, int]] = []
        self._seen: Seen = seen(objective.function)

    def expect(self, spec: Spec) -> None:
        """Take note of the data's form; forget programs of another one, or of what the function no longer captures."""
        if spec != self.spec or not self._seen.still_so():
            self._programs.clear()
            self._runs.clear()
            self.spec, self._seen = spec, seen(self.model.function)

    def _program(self, kind: Kind, rows: int, metrics: tuple[Metric, ...]) -> Program:
        program = self._programs.get((kind, rows))
        if program is None:
            program = self._programs[kind, rows] = self._compiled(kind, rows)
        return program

    def data_names(self, count: int) -> tuple[str, ...]:
        """What the arrays of a training are called in messages."""
        return tuple(f"data[{i}]" for i in range(count)) if count > 1 else ("data",)

    def classes_of(self, kind: Kind, rows: int) -> list[tuple[int, int]]:
        """Which arrays hold class indices, and how many classes there are; the program of so many rows is made."""
        self._program(kind, rows, ())
        return self._classes

    def _compiled(self, kind: Kind, rows: int) -> Program:
        objective = self.model
        parameters = objective.parameter_nodes()
        inputs = [
            objective.node_for(i, (rows, *shape), number, f"data[{i}]")
            for i, (shape, number) in enumerate(self.spec)
        ]
        output = objective.output(parameters, inputs)
        self._classes = class_columns(output)
        return compile_graph(
            {"loss": output},
            parameters,
            inputs,
            layout=objective.layout,
            differentiate=None if kind == "evaluate" else "loss",
            update=self.optimizer.kernel if kind == "train" else None,
        )

    def evaluation_runs(
        self, metrics: tuple[Metric, ...], rows: int
    ) -> tuple[Run | None, Run | None]:
        """All rows in one batch: a loss need not be a mean over rows."""
        return None, Run(self._program("evaluate", rows, metrics), self.model.values)
