"""Gradient descent on a function written in NumPy: the loop of a first course, compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from fastbp import checks, nesting
from fastbp.compiler import compile_graph
from fastbp.engine import epochs as engine
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.run import Run
from fastbp.graph.node import Node, constant, input_node, parameter_node, topological
from fastbp.nn.targets import class_indices
from fastbp.optim import SGD
from fastbp.training.errors import DivergenceError

Array = npt.NDArray[Any]
Params = TypeVar("Params")

MOST = 6  # arrays that a program takes
CLASSES = ("cross_entropy", "cross_entropy_with_logits", "class_hits")  # y: their second operand


def optimize(
    loss: Callable[..., Any], params: Params, data: Any = (), *, lr: float, n_iter: int
) -> tuple[Params, npt.NDArray[np.float64]]:
    """Minimise ``loss(params, *data)`` by plain gradient descent on all of the data.

    Parameters
    ----------
    loss : callable
        Written with NumPy and the functions of fastbp (``bp.sigmoid``, ``bp.bce``, ...); returns
        one number. It is called once, with graph nodes in place of arrays.
    params : nesting of dict, list, tuple and dataclass
        Its leaves are float arrays of up to two axes, and numbers. It is not written.
    data : tuple of arrays, or one array
        What `loss` gets after `params`; up to two axes each. It is not written.
    lr : float, positive and finite
        The learning rate: each iteration does ``p -= lr * gradient``.
    n_iter : int, at least 1

    Returns
    -------
    params : the same nesting
        New arrays, of float32 if all arrays in `params` are float32, else float64; numbers come
        back as floats.
    losses : float64 array (n_iter,)
        The loss before each update.

    Raises
    ------
    TypeError, ValueError
        For bad arguments, and for a loss that does not return one number.
    DivergenceError
        If the loss turns NaN or infinite; `epoch` says in which iteration.

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> def loss(params, x, y):
    ...     return ((x * params["slope"] - y) ** 2).mean()
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> params, losses = bp.optimize(loss, {"slope": 0.0}, (x, 2 * x), lr=0.1, n_iter=50)
    >>> round(params["slope"], 6)
    2.0
    """
    hyper = SGD(checks.positive_number("lr", lr)).hyper()
    n_iter = checks.positive_integer("n_iter", n_iter)
    traced = _trace(loss, params, data)
    views, losses = _descend(traced, hyper, n_iter)
    ends = (
        view.copy() if isinstance(leaf, np.ndarray) else float(view)
        for view, (_, leaf) in zip(views, nesting.leaves(params, "params"), strict=True)
    )
    return nesting.rebuilt(params, ends), losses


@dataclass(frozen=True, slots=True)
class _Traced:
    """A loss as a graph, the parameters that it starts from, and the data that it reads."""

    output: Node
    weights: list[Node]
    starts: list[Array]
    inputs: list[Node]
    arrays: list[Array]
    dtype: np.dtype[Any]


def _trace(loss: Callable[..., Any], params: Any, data: Any) -> _Traced:
    """Call the loss once, with nodes."""
    if not callable(loss):
        raise TypeError(f"loss must be a function of (params, *data), got {checks.shown(loss)}")
    named, dtype = _parameters(params)
    weights = [parameter_node(i, a.shape, dtype, name) for i, (name, a) in enumerate(named)]
    inputs: list[Node] = []
    arrays: list[Array] = []
    arguments: list[Node] = []
    for name, array in _data(data, dtype):
        if array.ndim and len(arrays) < MOST and (not arrays or len(array) == len(arrays[0])):
            inputs.append(input_node(len(inputs), array.shape, dtype, name))
            arrays.append(array)
            arguments.append(inputs[-1])
        else:  # no row for each sample, or no room for it: a constant of the graph
            arguments.append(constant(array, dtype))
    output = loss(nesting.rebuilt(params, iter(weights)), *arguments)
    if not isinstance(output, Node):
        raise TypeError(
            "loss must return one number computed from params and data, "
            f"got {checks.shown(output)}: is its return missing?"
        )
    if output.shape != ():
        raise ValueError(
            f"loss must return one number, got shape {output.shape}: take .mean() or .sum() of it"
        )
    _check_classes(output, inputs, arrays, dtype)
    if not inputs:  # the engine counts rows; one, then
        inputs.append(input_node(0, (1,), dtype))
        arrays.append(np.zeros(1, dtype))
    return _Traced(output, weights, [array for _, array in named], inputs, arrays, dtype)


def _descend(
    traced: _Traced, hyper: npt.NDArray[np.float64], n_iter: int
) -> tuple[list[Array], npt.NDArray[np.float64]]:
    """Compile and run the descent; return views of the parameters, and the losses."""
    layout = Layout.of([a.shape for a in traced.starts], traced.dtype)
    values = aligned_zeros(layout.length, traced.dtype)
    views = layout.views(values)
    for view, start in zip(views, traced.starts, strict=True):
        view[...] = start
    program = compile_graph(
        {"loss": traced.output},
        traced.weights,
        traced.inputs,
        layout=layout,
        differentiate="loss",
        update="sgd",
    )
    training = aligned_zeros(layout.length, traced.dtype)
    losses = np.full((n_iter, 1), np.nan)
    snapshot = engine.Snapshot(values, training, hyper)
    done, batch = engine.fit(
        Run(program, values, training, hyper),
        None,
        tuple(traced.arrays),
        epochs=n_iter,
        shuffle=False,
        seed=0,
        first_shuffle=0,
        results=losses,
        snapshot=snapshot,
    )
    if batch >= 0:
        place = int(np.searchsorted(layout.offsets, snapshot.bad, side="right")) - 1
        name = traced.weights[place].name if snapshot.bad >= 0 else None
        message = f"loss or parameters are not finite in iteration {done + 1}"
        raise DivergenceError(message, done + 1, 1, name)
    return views, losses[:, 0]


def _parameters(params: Any) -> tuple[list[tuple[str, Array]], np.dtype[Any]]:
    """The leaves by name, in the dtype to compute in."""
    found: list[tuple[str, Array]] = []
    floats = set()
    for name, leaf in nesting.leaves(params, "params"):
        number = isinstance(leaf, Real) and not isinstance(leaf, (bool, np.bool_))
        if not number and not (isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"):
            got = (
                f"an array of {leaf.dtype}" if isinstance(leaf, np.ndarray) else checks.shown(leaf)
            )
            hint = ": convert it with .astype(float)" if isinstance(leaf, np.ndarray) else ""
            raise TypeError(f"{name} must be a float array or a number, got {got}{hint}")
        array = np.asarray(leaf, None if isinstance(leaf, np.ndarray) else np.float64)
        _check_axes(name, array)
        if not number:
            floats.add(array.dtype.newbyteorder("="))
        found.append((name, array))
    if not found:
        raise ValueError(f"params holds no parameters, got {checks.shown(params)}")
    dtype = np.dtype("float32" if floats == {np.dtype("float32")} else "float64")
    converted = [(name, checks.converted(array, dtype)) for name, array in found]
    for (name, given), (_, array) in zip(found, converted, strict=True):
        checks.finite(name, given, array)
    return converted, dtype


def _data(data: Any, dtype: np.dtype[Any]) -> list[tuple[str, Array]]:
    """The data by name, in one dtype. What is no tuple (or list of arrays) is one array."""
    several = isinstance(data, tuple) or (
        isinstance(data, list) and any(isinstance(item, np.ndarray) for item in data)
    )
    found = []
    for i, item in enumerate(data if several else (data,)):
        name = f"data[{i}]" if several else "data"
        given = checks.numbers(name, item)
        _check_axes(name, given)
        if given.size == 0:
            raise ValueError(f"{name} is empty, got shape {given.shape}")
        array = checks.converted(given, dtype)
        checks.finite(name, given, array)
        found.append((name, array))
    return found


def _check_axes(name: str, array: Array) -> None:
    if array.ndim > 2:
        raise ValueError(f"{name} must have at most two axes, got shape {array.shape}")


def _check_classes(
    output: Node, inputs: Sequence[Node], arrays: list[Array], dtype: np.dtype[Any]
) -> None:
    """Look at class indices among the data, and put checked copies in their place."""
    for node in topological([output]):
        if node.op in CLASSES:
            prediction, y = node.inputs
            while y.op == "reshape":
                y = y.inputs[0]
            if y in inputs:
                i = inputs.index(y)
                indices = class_indices(str(y.name), arrays[i], prediction.shape[1])
                arrays[i] = checks.converted(indices, dtype).reshape(y.shape)
