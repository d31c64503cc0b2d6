"""A loss written as a function of parameters and data: its parameters in one block, its graph for given data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp import checks, nesting
from fastbp.engine.guard import Guard
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.graph.node import Node, input_node, parameter_node, topological
from fastbp.graph.numpy_protocol import plain
from fastbp.nn.model import Shuffled
from fastbp.nn.parameters import fitting
from fastbp.nn.targets import class_indices
from fastbp.transforms.captured import Seen, warn_of_changes
from fastbp.transforms.draws import without_draws

Array = npt.NDArray[Any]

CLASSES = ("cross_entropy", "cross_entropy_with_logits", "class_hits")  # y: their second operand


class Objective(Shuffled):
    """A function `loss(params, *data)` with its parameters, which are copied to a block of their own.

    Parameters
    ----------
    function : callable
        Returns one number.
    params : nesting of dict, list, tuple and dataclass
        Its leaves are float arrays, and numbers. It is not written.

    Attributes
    ----------
    dtype : float32 if all arrays in `params` are, else float64.
    names : what the leaves are called, such as "params['W']".
    seed, shuffles : of the order of rows.
    values, layout : the block, and where each leaf lies in it.
    """

    built = True

    def __init__(self, function: Callable[..., Any], params: Any, seed: object = None) -> None:
        if not callable(function):
            raise TypeError(
                f"loss must be a function of (params, *data), got {checks.shown(function)}"
            )
        self.function = function
        with nesting.to_the_end("params"):
            self.given = nesting.copied(params)  # the caller's dicts may change
        self._live: Any = None
        self.seed = int.from_bytes(os.urandom(4)) if seed is None else checks.seed_number(seed)
        self.shuffles = 0
        self.history: dict[str, list[float]] = {}  # of the last training
        self.guard = Guard()
        starts, self.dtype = _parameters(params)
        self.names = [name for name, _ in starts]
        self.layout = Layout.of([array.shape for _, array in starts], self.dtype)
        self.values = aligned_zeros(self.layout.length, self.dtype)
        self.views = self.layout.views(self.values)
        for view, (_, start) in zip(self.views, starts, strict=True):
            view[...] = start

    def block(self) -> tuple[Array, Layout]:
        """The parameters as one flat array, and where each lies in it."""
        return self.values, self.layout

    @property
    def parameters(self) -> dict[str, Array]:
        """Live views of the parameters by name."""
        return dict(zip(self.names, self.views, strict=True))

    def copies(self) -> Any:
        """The parameters in their nesting, as new arrays; numbers as floats."""
        found = iter(self.views)
        return nesting.mapped(
            self.given,
            lambda leaf: next(found).copy() if isinstance(leaf, np.ndarray) else float(next(found)),
        )

    def live(self) -> Any:
        """The parameters in their nesting, as views into the block; of numbers, too. The same object each time.

        What is put into it in place of a view is copied in by `adopt`.
        """
        if self._live is None:
            self._live = nesting.rebuilt(self.given, iter(self.views))
        return self._live

    def adopt(self) -> None:
        """Write what was put in the place of views (``params["w"] = array``) into these. The caller trains."""
        if self._live is None:
            return
        found = list(nesting.leaves(self._live, "params"))
        if [name for name, _ in found] != self.names:
            raise ValueError(
                f"params must keep its parts, {', '.join(self.names)}: got {', '.join(name for name, _ in found)}"
            )
        put = [
            (name, view, leaf)
            for (name, leaf), view in zip(found, self.views, strict=True)
            if leaf is not view
        ]
        arrays = [fitting(name, view, leaf) for name, view, leaf in put]
        if put:
            for (_, view, _), array in zip(put, arrays, strict=True):
                view[...] = array
            nesting.refilled(self._live, iter(self.views))

    def name_at(self, element: int) -> str | None:
        """The name of the parameter that holds an element of the block."""
        place = int(np.searchsorted(self.layout.offsets, element, side="right")) - 1
        return self.names[place] if element >= 0 else None

    def parameter_nodes(self) -> list[Node]:
        """A node for each parameter."""
        return [
            parameter_node(i, view.shape, self.dtype, name)
            for i, (name, view) in enumerate(zip(self.names, self.views, strict=True))
        ]

    def node_for(self, index: int, shape: tuple[int, ...], dtype: np.dtype[Any], name: str) -> Node:
        """A node for an array of the data: of the parameters' dtype, or of whole numbers that do not change it."""
        if dtype.kind == "f":
            return input_node(index, shape, self.dtype, name)
        node = input_node(index, shape, dtype, name)
        if self.dtype == np.float32:
            node.attrs["enters"] = self.dtype
        return node

    def output(self, parameters: Iterable[Node], data: Iterable[Node]) -> Node:
        """Call the function with nodes. It is called again where the first call changed what it reads."""
        nodes, arrays = list(parameters), tuple(data)

        def call() -> Any:
            return self.function(nesting.rebuilt(self.live(), iter(nodes)), *arrays)

        for again in (True, False):
            seen = Seen(self.function, self.live())
            output = without_draws(call, seen.reached)
            if seen.unwatched is not None or seen.still_so():
                break
            if not again:
                warn_of_changes(self.function)
        if not isinstance(output, Node):
            raise TypeError(
                "loss must return one number computed from params and data, "
                f"got {checks.shown(output)}: is its return missing?"
            )
        if output.shape != ():
            raise ValueError(
                f"loss must return one number, got shape {output.shape}: take .mean() or .sum() of it"
            )
        return output


def _parameters(params: Any) -> tuple[list[tuple[str, Array]], np.dtype[Any]]:
    """The leaves by name, in the dtype to compute in."""
    found: list[tuple[str, Array]] = []
    floats = set()
    for name, leaf in nesting.leaves(params, "params"):
        number = isinstance(leaf, Real) and not isinstance(leaf, (bool, np.bool_, np.timedelta64))
        if not number and not (isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"):
            got = (
                f"an array of {leaf.dtype}" if isinstance(leaf, np.ndarray) else checks.shown(leaf)
            )
            hint = ": convert it with .astype(float)" if isinstance(leaf, np.ndarray) else ""
            raise TypeError(f"{name} must be a float array or a number, got {got}{hint}")
        plain(name, leaf)
        array = leaf if isinstance(leaf, np.ndarray) else np.array(checks.real_number(name, leaf))
        if not number:
            floats.add(array.dtype.newbyteorder("="))
        found.append((name, array))
    names = [name for name, _ in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"params must have names that can be told apart, got {twice} twice")
    if not found:
        raise ValueError(f"params holds no parameters, got {checks.shown(params)}")
    dtype = np.dtype("float32" if floats == {np.dtype("float32")} else "float64")
    converted = [(name, checks.converted(array, dtype)) for name, array in found]
    for (name, given), (_, array) in zip(found, converted, strict=True):
        checks.finite(name, given, array)
    return converted, dtype


def data_arrays(
    data: Any, dtype: np.dtype[Any], *, name: str = "data", look: checks.Look = True
) -> list[tuple[str, Array]]:
    """The data by name: floats in one dtype, whole numbers as they are. What is no tuple (or list of arrays) is one."""
    several = isinstance(data, tuple) or (
        isinstance(data, list) and any(isinstance(item, np.ndarray) for item in data)
    )
    found: list[tuple[str, Array]] = []
    for i, item in enumerate(data if several else (data,)):
        label = f"{name}[{i}]" if several else name
        given = checks.numbers(label, item)
        if given.size == 0:
            raise ValueError(f"{label} is empty, got shape {given.shape}")
        array = checks.converted(given, dtype) if given.dtype.kind == "f" else given
        if array.dtype.kind == "f" and checks.looks_now(look, array):
            checks.finite(label, given, array)
        found.append((label, array))
    return found


def places_in(output: Node) -> list[tuple[int, int, bool]]:
    """For each input of floats that holds places: which one, how many there are, and whether they are class indices."""
    found = []
    for node in topological([output]):
        if node.op in (*CLASSES, "take_rows"):
            of, y = node.inputs
            while y.op == "reshape":
                y = y.inputs[0]
            if y.op == "input" and y.dtype.kind == "f":
                classes = node.op in CLASSES
                found.append((y.attrs["index"], of.shape[1 if classes else 0], classes))
    return found


def checked_places(
    name: str, array: Array, count: int, classes: bool, dtype: np.dtype[Any]
) -> Array:
    """A private copy of class indices, or of row indices, checked."""
    if classes:
        return checks.converted(class_indices(name, array, count), dtype).reshape(array.shape)
    copy = array.copy()
    bad = ~((copy >= -count) & (copy < count) & (copy == np.floor(copy)))
    if bad.any():
        place = np.unravel_index(int(np.argmax(bad)), bad.shape)
        raise IndexError(
            f"{name}[{', '.join(map(str, place))}] is {copy[place]:.15g}: expected whole numbers, out of bounds "
            f"for {count}"
        )
    return copy
