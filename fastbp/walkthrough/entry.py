"""`trace`: a function written in NumPy, called with nodes, becomes a graph to look at."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from fastbp import checks, nesting
from fastbp.graph import computed, numpy_functions, numpy_norms, ops  # noqa: F401  (all that operators need)
from fastbp.graph.node import Node, constant, parameter_node
from fastbp.walkthrough.names import Names
from fastbp.walkthrough.passes import Passes, forward_order
from fastbp.walkthrough.record import Trace
from fastbp.walkthrough.watch import watched

Array = npt.NDArray[Any]


def trace(function: Callable[..., Any], *args: Any) -> Trace:
    """Walk through the computational graph of a function, forward and backward.

    Parameters
    ----------
    function : callable
        Written with NumPy and the functions of fastbp (``bp.sigmoid``, ``bp.bce``, ...); returns
        one number. It is called once, with graph nodes in place of arrays.
    *args : nestings of dict, list, tuple and dataclass
        Their leaves are arrays and numbers. Numbers and float arrays get a gradient; arrays of
        whole numbers or truth values, such as class indices, are constants of the graph. Nothing
        is written.

    Returns
    -------
    Trace
        Every node of the graph as it was written, with its value, its gradient and the
        contributions that the gradient is the sum of. Computed in float32 if all float arrays are
        float32, else in float64.

    Raises
    ------
    TypeError
        An argument holds something else than arrays and numbers, or `function` returns no node.
    ValueError
        `function` returns more than one number.

    Notes
    -----
    Nodes are called like the arguments and variables of the function. What no variable held is
    called by what it computes: "x @ W".

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> def loss(params, x, y):
    ...     y_hat = x @ params["w"] + params["b"]
    ...     return 0.5 * (y_hat - y) ** 2
    >>> t = bp.trace(loss, {"w": np.array([2.0, -1.0]), "b": 0.5}, np.array([1.0, 3.0]), 1.0)
    >>> float(t["y_hat"].value)
    -0.5
    >>> t["w"].gradient  # (y_hat - y) * x
    array([-1.5, -4.5])
    """
    if not callable(function):
        raise TypeError(f"function must be a function, got {checks.shown(function)}")
    with nesting.to_the_end("an argument"):
        given = _taken_apart(function, args)
    nodes = iter(given.nodes)
    output, calls = watched(function, tuple(nesting.rebuilt(value, nodes) for value in args))
    _check_output(output)
    title = getattr(function, "__name__", type(function).__name__)
    order = forward_order(output, given.nodes)
    names = Names()
    names.leaves(list(zip(given.paths, given.nodes, strict=True)), calls)
    names.variables([call.among(set(order)) for call in calls])
    names.output(output, title)
    names.others(order)
    paths = dict(zip(given.nodes, given.paths, strict=True))
    passes = Passes(order, given.values, names.tree, names.symbol())
    passes.forward(names.name, paths)
    visited = passes.backward(output, given.values)
    traced = tuple(passes.traced[node] for node in order)
    return Trace(traced, tuple(visited), passes.traced[output], passes.symbol, title)


@dataclass(slots=True)
class _Given:
    """The arguments, taken apart: a node for each leaf, and the values of those with gradients."""

    paths: list[str]
    nodes: list[Node]
    values: dict[Node, Array] = field(default_factory=dict)


def _taken_apart(function: Callable[..., Any], args: tuple[Any, ...]) -> _Given:
    found = [
        (path, leaf, _array(path, leaf))
        for name, value in _named(function, args)
        for path, leaf in nesting.leaves(value, name)
    ]
    floats = {
        array.dtype.newbyteorder("=")
        for _, leaf, array in found
        if isinstance(leaf, np.ndarray) and array.dtype.kind == "f"
    }
    dtype: np.dtype[Any] = np.dtype("float32" if floats == {np.dtype("float32")} else "float64")
    given = _Given([path for path, _, _ in found], [])
    for path, _, array in found:
        try:
            if array.dtype.kind == "f":
                node = parameter_node(len(given.nodes), array.shape, dtype, path)
                given.values[node] = checks.converted(array, dtype)
            else:
                node = constant(array, dtype)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        given.nodes.append(node)
    return given


def _array(path: str, leaf: Any) -> Array:
    """An array as it is, a number as float64."""
    array: Array | None = leaf if isinstance(leaf, np.ndarray) else None
    if array is not None and array.dtype.kind in "fiub":
        return array
    if isinstance(leaf, Real) and np.asarray(leaf).dtype.kind != "b":
        return np.asarray(leaf, np.float64)
    got = checks.shown(leaf) if array is None else f"an array of {array.dtype}"
    raise TypeError(
        f"{path} must be an array of real numbers or a number, got {got}: "
        "what is neither is given beforehand, with functools.partial or a lambda"
    )


def _named(function: Callable[..., Any], args: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """The arguments by the names that the function has for them, in their order."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a function written in C
        signature = inspect.signature(lambda *args: None)
    for name, value in signature.bind(*args).arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
            yield from ((f"{name}[{i}]", item) for i, item in enumerate(value))
        else:
            yield name, value


def _check_output(output: Any) -> None:
    if not isinstance(output, Node):
        raise TypeError(
            "function must return one number computed from its arguments, "
            f"got {checks.shown(output)}: is its return missing?"
        )
    if output.shape != ():
        raise ValueError(
            f"function must return one number, got shape {output.shape}: "
            "take .mean() or .sum() of it"
        )
