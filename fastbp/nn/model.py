"""What a trainer and a file know of a model: a block of parameters and a forward graph."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp import checks
from fastbp._kept import Kept
from fastbp._lazy import once
from fastbp.compiler.pipeline import compile_graph
from fastbp.engine import threads as engine_threads
from fastbp.engine.direct import Predictor
from fastbp.engine.guard import Guard
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.program import Program
from fastbp.engine.run import Run
from fastbp.graph.node import Node, input_node, parameter_node
from fastbp.nn.parameters import Parameters

Array = npt.NDArray[Any]

BLOCK = 512  # rows that a prediction walks together


class Shuffled:
    """Mixin: `shuffles`, how many orders of the rows were begun; the next one is drawn from a stream of that number.

    In the midst of a training its steps are counted, so that a file that a signal's handler writes has it right.
    """

    _shuffles = 0
    _counts: Callable[[], int] | None = None

    @property
    def shuffles(self) -> int:
        """The number of the next epoch's order."""
        return self._shuffles if self._counts is None else self._counts()

    @shuffles.setter
    def shuffles(self, value: int) -> None:
        self._shuffles, self._counts = value, None

    def count_shuffles(self, counts: Callable[[], int]) -> None:
        """Have them counted so, until they are set."""
        self._counts = counts


class Model(Shuffled, checks.OwnAttributes, ABC):
    """A block of parameters and the graph from features to outputs.

    Subclasses say which parameters there are and which graph they make; building, predicting,
    copying and the programs are the same for all. The block never moves once it is made.
    """

    _plain = frozenset({"shuffles", "guard", "history"})

    def __init__(self, dtype: object, seed: object) -> None:
        self._dtype = checks.float_dtype(dtype)
        self._seed = int.from_bytes(os.urandom(4)) if seed is None else checks.seed_number(seed)
        self.shuffles = 0
        self.history: dict[str, list[float]] = {}  # of the last training, its whole epochs
        self._n_features: int | None = None
        self._forget()

    def _forget(self) -> None:
        """Start without a block, with everything that is never copied made anew."""
        self._values: Array | None = None
        self._views: dict[str, Array] = {}
        self._layout: Layout | None = None
        self.guard = Guard()
        self._programs: Kept[Program] = Kept()
        self._direct = Predictor(self.guard)

    # ------------------------------------------------------------ what a subclass says

    @property
    @abstractmethod
    def units(self) -> int:
        """How many outputs a row gets."""

    @property
    @abstractmethod
    def activation(self) -> str | None:
        """The name of the function at the outputs."""

    @abstractmethod
    def _shapes(self, n_features: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the parameters."""

    @abstractmethod
    def _initialise(self, views: dict[str, Array]) -> None:
        """Write the starting values."""

    @abstractmethod
    def _bind(self, views: dict[str, Array]) -> None:
        """Hand the live views to whoever shows them."""

    @abstractmethod
    def graph(self, x: Node, parameters: Mapping[str, Node]) -> Node:
        """The outputs (rows, units) as a graph on x (rows, n_features)."""

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """What a file says of the model, its parameters excepted."""

    # ------------------------------------------------------------ building

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the parameters and of everything computed with them."""
        return self._dtype

    @property
    def seed(self) -> int:
        """The seed of the starting weights and of the shuffling."""
        return self._seed

    @property
    def built(self) -> bool:
        """Whether the parameters have been made."""
        return self._values is not None

    @property
    def n_features(self) -> int | None:
        """How many features a row has; None before the model is built."""
        return self._n_features

    def build(self, n_features: int) -> None:
        """Make the parameters for rows of `n_features`, with their starting values.

        The first `fit` or `predict` does so by itself. Building again for as many does nothing.

        Raises
        ------
        ValueError
            If the model is built for another number of features.
        """
        n_features = checks.positive_integer("n_features", n_features)
        with once():
            if self._values is None:
                self._make_block(n_features, self._initialise)
        if self._n_features != n_features:
            raise ValueError(
                f"this model is built for {self._n_features} features, got n_features={n_features}"
            )

    def _make_block(self, n_features: int, fill: Callable[[dict[str, Array]], None]) -> None:
        shapes = self._shapes(n_features)
        layout = Layout.of(list(shapes.values()), self._dtype)
        values = aligned_zeros(layout.length, self._dtype)
        views = dict(zip(shapes, layout.views(values), strict=True))
        fill(views)
        self._bind(views)
        self._layout, self._views, self._n_features = layout, views, n_features
        self._values = values  # last: other threads take it as the sign that all is there

    def block(self) -> tuple[Array, Layout]:
        """The parameters as one flat array, and where each lies in it."""
        if self._values is None or self._layout is None:
            raise RuntimeError(
                "this model has no parameters yet: the first fit or predict makes them, "
                "or model.build(n_features)"
            )
        return self._values, self._layout

    @property
    def parameters(self) -> Parameters:
        """The parameters by name, live: writing into one changes the model."""
        self.block()
        return Parameters(self._views)

    @property
    def n_parameters(self) -> int:
        """How many numbers the model learns."""
        return self.block()[1].size

    # ------------------------------------------------------------ programs

    def nodes(self, rows: int) -> tuple[Node, Node, list[Node]]:
        """The graph for a number of rows: features, outputs, parameters."""
        shapes = self._shapes(self._n_features or 0)
        parameters = {
            name: parameter_node(i, shape, self._dtype, name)
            for i, (name, shape) in enumerate(shapes.items())
        }
        x = input_node(0, (rows, self._n_features or 0), self._dtype, "x")
        return x, self.graph(x, parameters), list(parameters.values())

    def program(self, key: object, make: Callable[[], Program]) -> Program:
        """The program of a key, compiled by `make` once."""
        program = self._programs.get(key)
        if program is None:
            program = make()
            self._programs.put(key, program, program.memory)
        return program

    def _forward_run(self) -> Run:
        try:
            return self._direct.runs.pop()
        except IndexError:
            values, layout = self.block()

            def make() -> Program:
                x, output, parameters = self.nodes(BLOCK)
                return compile_graph({"output": output}, parameters, [x], layout=layout)

            return Run(self.program("forward", make), values)

    def predict(self, X: npt.ArrayLike, *, threads: int | None = None) -> Array:
        """Compute the outputs.

        Parameters
        ----------
        X : anything np.asarray takes, (n, n_features), n at least 1
            NaN and infinity are not looked for; they give what arithmetic gives.
        threads : int, optional
            How many threads share the rows; None for as many as pay, up to `bp.set_num_threads`.
            No bit of the result depends on it.

        Returns
        -------
        array (n, units) of the model's dtype. Probabilities for a sigmoid or softmax output.

        Raises
        ------
        ValueError, TypeError
            If `X` is no such array.
        RuntimeError
            If another thread is training the model. Any number of threads may predict.
        """
        if threads is not None:
            threads = checks.positive_integer("threads", threads)
        done = self._direct.predict(X) if threads is None or threads == 1 else None
        return self._predict(X, threads) if done is None else done

    def _predict(self, X: Any, threads: int | None = None) -> Array:
        """Check, convert and predict: the careful way."""
        array = checks.matrix("X", X, self._dtype, self._n_features, look=False)
        if self._values is None:
            self.build(array.shape[1])
        out = np.empty((len(array), self.units), self._dtype)
        with self.guard.reading():
            run = self._forward_run()
            with engine_threads.for_rows(threads, run.program, len(array)) as share:
                run.forward((array,), out, share=share)
        self._direct.runs.append(run)
        return out

    # ------------------------------------------------------------ copies

    def values(self) -> dict[str, Array]:
        """Copies of the parameters, taken while nobody trains them; empty before the build."""
        with self.guard.reading():
            return {name: view.copy() for name, view in self._views.items()}

    def restore(self, n_features: int, arrays: Mapping[str, Array]) -> None:
        """Build with these parameters, after checking that their shapes and dtype fit."""
        shapes = self._shapes(n_features)
        if arrays.keys() != shapes.keys():
            missing, extra = shapes.keys() - arrays.keys(), arrays.keys() - shapes.keys()
            found = (
                f"no {checks.shown(min(missing))}"
                if missing
                else f"{checks.shown(min(extra))} too many"
            )
            raise ValueError(f"it is damaged (of the layers' parameters it has {found})")
        for name, shape in shapes.items():
            array = arrays[name]
            if array.shape != shape or array.dtype != self._dtype:
                raise ValueError(
                    f"parameter {name!r} must have shape {shape} and dtype {self._dtype}, "
                    f"got {array.shape} and {array.dtype}"
                )

        def fill(views: dict[str, Array]) -> None:
            for name, view in views.items():
                view[...] = arrays[name]

        self._make_block(n_features, fill)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__ | {"_shuffles": self.shuffles, "_counts": None}
        for name in ("guard", "_programs", "_direct", "_values", "_layout", "_views"):
            del state[name]
        return state | {"parameters": self.values()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = state.copy()
        parameters = state.pop("parameters")
        self.__dict__.update(state)
        n_features = self._n_features
        self._forget()
        if n_features is not None:
            self.restore(n_features, parameters)


# Each kind of model that files name, and its module, which has `from_description`: imported when a file names it.
_KINDS = {"Sequential": "fastbp.models.sequential"}


def model_from(description: Mapping[str, Any]) -> Model:
    """Make the model that a file describes, not built yet."""
    kind = description["type"]
    if not isinstance(kind, str) or kind not in _KINDS:
        known = ", ".join(map(repr, _KINDS))
        raise ValueError(f"unknown model type {checks.shown(kind)}; known: {known}")
    with once():
        module = import_module(_KINDS[kind])
    model: Model = module.from_description(description)
    return model
