"""Gradient descent on a function written in NumPy: the loop of a first course, compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from fastbp import checks
from fastbp.compiler.exact import conditions, poisoned
from fastbp.compiler.pipeline import compile_graph
from fastbp.compiler.whole import entrance, separated
from fastbp.engine import epochs as engine
from fastbp.engine import threads as engine_threads
from fastbp.engine.memory import aligned_zeros
from fastbp.engine.program import MAX_ARRAYS, Program
from fastbp.engine.run import Run
from fastbp.engine.snapshot import Snapshot
from fastbp.graph.beforehand import Plan
from fastbp.graph.node import Node, constant
from fastbp.optim.sgd import SGD
from fastbp.training.errors import DivergenceError
from fastbp.training.objective import Objective, checked_places, data_arrays, places_in

Array = npt.NDArray[Any]
Params = TypeVar("Params")


def optimize(
    loss: Callable[..., Any],
    params: Params,
    data: Any = (),
    *,
    lr: float,
    n_iter: int,
    threads: int | None = None,
) -> tuple[Params, npt.NDArray[np.float64]]:
    """Minimise ``loss(params, *data)`` by plain gradient descent on all of the data.

    Parameters
    ----------
    loss : callable
        Written with NumPy and the functions of fastbp (``bp.sigmoid``, ``bp.bce``, ...); returns
        one number. It is called once, with graph nodes in place of arrays.
    params : nesting of dict, list, tuple and dataclass
        Its leaves are float arrays, and numbers. It is not written.
    data : tuple of arrays, or one array
        What `loss` gets after `params`. It is not written.
    lr : float, positive and finite
        The learning rate: each iteration does ``p -= lr * gradient``.
    n_iter : int, at least 1
    threads : int, optional
        How many threads share the work; None for as many as pay. No bit of the result depends on it.

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
    wanted = checks.thread_count("threads", threads)
    objective = Objective(loss, params)
    program, arrays = _compiled(objective, data)
    losses = _descend(objective, program, arrays, hyper, n_iter, wanted)
    return objective.copies(), losses


def _compiled(objective: Objective, data: Any) -> tuple[Program, tuple[Array, ...]]:
    """Call the loss once, with nodes; return the program, and the arrays that it reads."""
    dtype = objective.dtype
    parameters = objective.parameter_nodes()
    inputs: list[Node] = []
    arrays: list[Array] = []
    arguments: list[Node] = []
    known: dict[Node, Array] = {}

    def taken(array: Array, node: Node) -> bool:
        """Whether it becomes an array of the program: one with a row for each sample, where there is room for it."""
        fits = array.ndim > 0 and len(arrays) < MAX_ARRAYS
        fits = fits and (not arrays or len(array) == len(arrays[0]))
        inputs.extend([node] if fits else [])
        arrays.extend([array] if fits else [])
        return fits

    for i, (name, array) in enumerate(data_arrays(data, dtype)):
        node = objective.node_for(i, array.shape, array.dtype, name)
        if array.dtype.kind != "f":
            known[node] = array
        elif not taken(array, node):
            node = constant(array, dtype)
        arguments.append(node)
    output = objective.output(parameters, arguments)
    for i, count, classes in places_in(output):
        place = [node.attrs["index"] for node in inputs].index(i)
        arrays[place] = checked_places(
            str(inputs[place].name), arrays[place], count, classes, dtype
        )

    def enter(node: Node) -> Node:
        """What NumPy computes, of all of the data at once."""
        plan = Plan([node], list(known))
        value = checks.converted(np.asarray(plan(list(known.values()))[0]), dtype)
        entered = entrance("input", -1, node)
        return entered if taken(value, entered) else constant(value, dtype)

    ((output,), _) = separated([output], enter)
    output = poisoned(output, conditions([output], dtype))
    program = compile_graph(
        {"loss": output},
        parameters,
        inputs,
        layout=objective.layout,
        differentiate="loss",
        update="sgd",
    )
    return program, tuple(arrays)


def _descend(
    objective: Objective,
    program: Program,
    arrays: tuple[Array, ...],
    hyper: npt.NDArray[np.float64],
    n_iter: int,
    wanted: int | None,
) -> npt.NDArray[np.float64]:
    """Run the descent in the objective's block; return the losses."""
    training = aligned_zeros(objective.layout.length, objective.dtype)
    losses = np.full((n_iter, 1), np.nan)
    snapshot = Snapshot(objective.values, training, hyper)
    with engine_threads.for_batches(wanted, program, n_iter) as share:
        done, batch = engine.fit(
            Run(program, objective.values, training, hyper),
            None,
            arrays,
            epochs=n_iter,
            shuffle=False,
            seed=0,
            first_shuffle=0,
            results=losses,
            snapshot=snapshot,
            share=share,
        )
    if batch >= 0:
        message = f"loss or parameters are not finite in iteration {done + 1}"
        raise DivergenceError(message, done + 1, 1, objective.name_at(snapshot.bad))
    return losses[:, 0]
