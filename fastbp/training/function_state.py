"""What belongs to the training of a function beside its parameters: programs, gradients, the optimizer's state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp._kept import Kept
from fastbp.compiler.exact import conditions, poisoned
from fastbp.compiler.pipeline import compile_graph
from fastbp.engine.program import Program
from fastbp.engine.run import Run
from fastbp.nn.metrics import Metric
from fastbp.training.entering import Entering
from fastbp.training.objective import Objective, places_in
from fastbp.training.state import Kind, State
from fastbp.transforms.captured import Seen, warn_of

DOUBT = (
    ", or whole numbers that follow from floats are too large, or no places where they are indices: compute them "
    "with NumPy beforehand and pass them as data"
)
Array = npt.NDArray[Any]
Spec = tuple[
    tuple[tuple[int, ...], np.dtype[Any]], ...
]  # of each array: a row's shape, and the dtype


def spec_of(arrays: Sequence[Array]) -> Spec:
    """What programs know of data beside the number of rows."""
    return tuple(
        [(a.shape[1:], a.dtype if a.dtype.isnative else a.dtype.newbyteorder("=")) for a in arrays]
    )


def like(spec: Spec, arrays: Sequence[Array], name: str) -> list[Array]:
    """Arrays of the same form, in the dtypes of others, or the error that they are not alike."""
    found = [
        array.astype(dtype) if array.dtype.kind == dtype.kind else array
        for array, (_, dtype) in zip(arrays, spec, strict=False)
    ]
    kept = all((one == array).all() for one, array in zip(found, arrays, strict=False))
    if len(arrays) != len(spec) or spec_of(found) != spec or not kept:
        raise ValueError(
            f"{name} must be like data: rows of {_rows(spec)}, got rows of {_rows(spec_of(arrays))}"
        )
    return found


def _rows(spec: Spec) -> str:
    return ", ".join(
        f"shape {shape} ({dtype if dtype.kind != 'f' else 'floats'})" for shape, dtype in spec
    )


class FunctionState(State):
    """The state of a training of a function; a program belongs to the rows and to what the function captured."""

    model: Objective  # type: ignore[assignment]

    def __init__(self, objective: Objective, optimizer: Any) -> None:
        super().__init__(objective, None, optimizer)  # type: ignore[arg-type]
        self.spec: Spec = ()
        self._programs: Kept[tuple[Program, int]] = Kept()  # and how many arrays it takes
        self._entering = Entering()
        self._places: list[tuple[int, int, bool]] = []
        self._seen = Seen(objective.function, objective.live())
        self._warned = False

    def expect(self, spec: Spec) -> None:
        """Take note of the data's form; forget programs of another one, or of what the function no longer captures."""
        if spec != self.spec or not self._seen.still_so():
            self._programs.clear()
            self._runs.clear()
            self._entering = Entering()
            self.spec, self._seen = spec, Seen(self.model.function, self.model.live())
        if self._seen.unwatched is not None and not self._warned:
            self._warned = True
            warn_of(self.model.function, self._seen.unwatched)

    def _program(self, kind: Kind, rows: int, metrics: tuple[Metric, ...]) -> Program:
        return self._known(kind, rows)[0]

    def _known(self, kind: Kind, rows: int) -> tuple[Program, int]:
        return self._programs.get((kind, rows)) or self._made(kind, rows)

    def _made(self, kind: Kind, rows: int) -> tuple[Program, int]:
        found = self._compiled(kind, rows)
        self._programs.put((kind, rows), found, found[0].memory)
        return found

    def data_names(self, count: int) -> tuple[str, ...]:
        """What the arrays of a training are called in messages."""
        return tuple(f"data[{i}]" for i in range(count)) if count > 1 else ("data",)

    def places_of(self, kind: Kind, rows: int) -> list[tuple[int, int, bool]]:
        """Which arrays hold places, as `places_in` has it; the program of so many rows is made."""
        self._program(kind, rows, ())
        return self._places

    def entering(
        self, kind: Kind, rows: int, last: int, data: Sequence[Array]
    ) -> tuple[Array, ...]:
        """The arrays that programs of so many rows, and of a last batch of so many, take."""
        if not last:
            return self._entering.arrays(data, self._known(kind, rows)[1], self.model.dtype)
        taken = {n: self._known(kind, n)[1] for n in (rows, last)}
        most = max(taken.values())
        for n, count in taken.items():
            if count < most:  # it knew less of what the other one takes
                self._runs.clear()
                self._made(kind, n)
        return self._entering.arrays(data, most, self.model.dtype)

    def _compiled(self, kind: Kind, rows: int) -> tuple[Program, int]:
        objective = self.model
        parameters = objective.parameter_nodes()
        inputs = [
            objective.node_for(i, (rows, *shape), dtype, f"data[{i}]")
            for i, (shape, dtype) in enumerate(self.spec)
        ]
        output = objective.output(parameters, inputs)
        self._places = places_in(output)
        output, taken = self._entering.of(output, inputs)
        doubts = conditions([output], objective.dtype)
        self.doubt = DOUBT if doubts else ""
        output = poisoned(output, doubts)
        program = compile_graph(
            {"loss": output},
            parameters,
            taken,
            layout=objective.layout,
            differentiate=None if kind == "evaluate" else "loss",
            update=self.optimizer.kernel if kind == "train" else None,
        )
        return program, len(taken)

    def evaluation_runs(
        self, metrics: tuple[Metric, ...], rows: int
    ) -> tuple[Run | None, Run | None]:
        """All rows in one batch: a loss need not be a mean over rows."""
        return None, Run(self._program("evaluate", rows, metrics), self.model.values)
