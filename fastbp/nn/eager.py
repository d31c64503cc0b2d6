"""Functions of arrays, computed at once by compiled programs of their own.

Programs are kept by function, dtype and columns; any number of rows is walked in blocks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp import checks
from fastbp.compiler.pipeline import compile_graph
from fastbp.engine.epochs import evaluate
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.program import Program
from fastbp.engine.run import Run
from fastbp.graph import functions as graph
from fastbp.graph.node import input_node
from fastbp.nn.targets import class_indices, look_at

Array = npt.NDArray[Any]
BLOCK = 512  # rows walked together
LARGE = 1 << 20  # elements of a run's memory that are not kept for the next call


class Pool:
    """Runs of a program without parameters. Making one costs more than a small computation."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._runs: list[Run] = []  # that no thread is using
        self._keeps = program.workspace + program.block * sum(program.widths) <= LARGE

    def take(self) -> Run:
        """A run for the caller alone."""
        try:
            return self._runs.pop()
        except IndexError:
            return Run(self._program, aligned_zeros(0, self._program.dtype), flushes=False)

    def give(self, run: Run) -> None:
        """Have it back for the next caller."""
        if self._keeps:
            self._runs.append(run)


def common_dtype(*arrays: Array) -> np.dtype[Any]:
    """float32 if every floating array is float32, else float64."""
    floats = {a.dtype.newbyteorder("=") for a in arrays if a.dtype.kind == "f"}
    return np.dtype("float32" if floats == {np.dtype("float32")} else "float64")


def elementwise(name: str, x: Any) -> Any:
    """Apply an elementwise function to an array of any shape."""
    given = checks.numbers("x", x)
    dtype = common_dtype(given)
    flat = checks.converted(given, dtype).reshape(-1, 1)
    return _forward(name, flat).reshape(given.shape)[()]


def rowwise(name: str, x: Any) -> Any:
    """Apply a function of rows along the last axis of an array."""
    given = checks.numbers("x", x)
    if given.ndim == 0 or given.shape[-1] == 0:
        raise ValueError(
            f"{name}: x must have an axis with at least one element, got shape {given.shape}"
        )
    rows = checks.converted(given, common_dtype(given)).reshape(-1, given.shape[-1])
    return _forward(name, rows).reshape(given.shape)


def loss(name: str, prediction: Any, target: Any) -> Any:
    """The mean loss of arrays, as a NumPy float of their dtype."""
    p, y = checks.numbers("prediction", prediction), checks.numbers("target", target)
    p, y = np.atleast_1d(p), np.atleast_1d(y)
    dtype = common_dtype(p, y)
    if p.size == 0:
        raise ValueError(f"{name}: prediction is empty, got shape {p.shape}")
    # The graph's own rules say whether the shapes fit.
    nodes = [input_node(i, a.shape, dtype) for i, a in enumerate((p, y))]
    getattr(graph, name)(*nodes)
    if name.startswith("cross_entropy"):
        y = class_indices("target", y, p.shape[1]).reshape(-1)
    else:
        p, y = p.reshape(len(p), -1), y.reshape(len(p), -1)
    look_at(name, p, y)
    arrays = (checks.converted(p, dtype), checks.converted(y, dtype))
    whole, short = divmod(len(p), BLOCK)
    pools = [
        _loss_pool(name, n, p.shape[1], dtype) if n else None for n in (whole and BLOCK, short)
    ]
    runs = [pool.take() if pool is not None else None for pool in pools]
    value = evaluate(runs[0], runs[1], arrays)[0]
    for pool, run in zip(pools, runs, strict=True):
        if pool is not None and run is not None:
            pool.give(run)
    return dtype.type(value)


def _forward(name: str, rows: Array) -> Array:
    out = np.empty_like(rows)
    if len(rows):
        pool = _forward_pool(name, rows.shape[1], rows.dtype)
        run = pool.take()
        run.forward((rows,), out)
        pool.give(run)
    return out


@lru_cache(maxsize=64)
def _forward_pool(name: str, columns: int, dtype: np.dtype[Any]) -> Pool:
    x = input_node(0, (BLOCK, columns), dtype, "x")
    output = getattr(graph, name)(x)
    return Pool(compile_graph({"output": output}, [], [x], layout=Layout.of([], dtype)))


@lru_cache(maxsize=64)
def _loss_pool(name: str, rows: int, columns: int, dtype: np.dtype[Any]) -> Pool:
    classes = name.startswith("cross_entropy")
    p = input_node(0, (rows, columns), dtype, "prediction")
    y = input_node(1, (rows,) if classes else (rows, columns), dtype, "target")
    value = getattr(graph, name)(p, y)
    return Pool(compile_graph({"loss": value}, [], [p, y], layout=Layout.of([], dtype)))
