"""The gradient checker: signed directional derivatives against central differences, in float64.

For a direction v the derivative of a number f(x) is <gradient, v>, and (f(x + hv) - f(x - hv)) / 2h
up to h^2. Both are compared with their signs, for one random direction in each array alone (so
that a large gradient cannot hide a small wrong one) and one in all together.

The checker adds no operation to the graph that it checks, for two equal errors would cancel:
outputs are weighted by what backpropagation starts from, and summed in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import fastbp as bp
from fastbp import nesting
from fastbp.graph import Node, constant, gradients, parameter_node

Array = np.ndarray[Any, np.dtype[np.float64]]
Evaluate = Callable[[Node, Sequence[Any], Sequence[Any]], Any]


class GradientError(AssertionError):
    """A gradient differs from the central difference."""


@dataclass(frozen=True)
class Comparison:
    """One directional derivative, from the gradient nodes and from differences."""

    order: int
    where: str
    analytic: float
    numeric: float


def check_gradient(
    build: Callable[..., Node],
    arrays: Sequence[Any],
    evaluate: Evaluate,
    *,
    wrt: Sequence[int] | None = None,
    order: int = 1,
    seed: int = 0,
    step: float = 1e-5,
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> list[Comparison]:
    """Check the derivatives of `build(*nodes)` at `arrays`, up to `order`.

    Parameters
    ----------
    build : callable
        Takes one node an array and gives a node of any shape; it is summed with random weights.
    arrays : sequence of array-like
        The point. Every kink of the function must be farther away than `step`.
    evaluate : callable
        `evaluate(node, inputs, parameters)` gives the value of a node; the arrays are parameters.
    wrt : sequence of int
        Which arrays to differentiate with respect to; all by default.
    order : int
        2 checks the first derivatives and then those of the gradients.
    step, rtol, atol : float
        Of the differences; the allowed difference, relative to the larger value and absolute.

    Returns
    -------
    list of Comparison
        All that was compared, so that a test can see that it was not zero everywhere.

    Raises
    ------
    GradientError
        A derivative differs by more than the tolerances, or a gradient's shape is not its array's.
    """
    rng = np.random.default_rng(seed)
    points = [np.asarray(array, dtype=np.float64) for array in arrays]
    nodes = [parameter_node(i, point.shape, "float64") for i, point in enumerate(points)]
    chosen = list(range(len(points)) if wrt is None else wrt)

    outputs = [build(*nodes)]
    found: list[Comparison] = []
    for level in range(1, order + 1):
        weights = [_weights(output.shape, rng) for output in outputs]
        grads = [
            gradients(output, [nodes[i] for i in chosen], output_gradient=constant(w, "float64"))
            for output, w in zip(outputs, weights, strict=True)
        ]
        slopes = _added([[evaluate(node, (), points) for node in row] for row in grads])
        for where in [*([i] for i in chosen), chosen]:
            direction = [_direction(p, i in where, rng) for i, p in enumerate(points)]
            analytic = sum(
                _inner(slope, direction[i], i) for i, slope in zip(chosen, slopes, strict=True)
            )
            ahead = _total(evaluate, outputs, weights, _moved(points, direction, step))
            behind = _total(evaluate, outputs, weights, _moved(points, direction, -step))
            name = f"array {where[0]}" if len(where) == 1 else "all arrays"
            found.append(Comparison(level, name, analytic, (ahead - behind) / (2 * step)))
            _compare(found[-1], rtol, atol)
        outputs = [node for row in grads for node in row]
    return found


def _compare(found: Comparison, rtol: float, atol: float) -> None:
    scale = max(abs(found.analytic), abs(found.numeric))
    # Written so that NaN fails.
    if not abs(found.analytic - found.numeric) <= atol + rtol * scale:
        raise GradientError(
            f"order {found.order}, {found.where}: the gradient gives {found.analytic:.12g}, "
            f"differences give {found.numeric:.12g}"
        )


def _total(
    evaluate: Evaluate, outputs: list[Node], weights: list[Array], points: list[Array]
) -> float:
    """The number that is differentiated: all elements of all outputs, weighted and summed."""
    values = [evaluate(output, (), points) for output in outputs]
    return sum(float((w * v).sum()) for w, v in zip(weights, values, strict=True))


def _inner(slope: Array, direction: Array, index: int) -> float:
    if slope.shape != direction.shape:
        raise GradientError(f"array {index} of {direction.shape}: gradient of {slope.shape}")
    return float((slope * direction).sum())


def _added(rows: list[list[Array]]) -> list[Array]:
    """The sums of the columns: what all outputs together give each array."""
    return [np.asarray(sum(column)) for column in zip(*rows, strict=True)]


def _weights(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    return np.asarray(rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape))


def _direction(point: Array, moves: bool, rng: np.random.Generator) -> Array:
    return np.asarray(rng.uniform(-1, 1, point.shape)) if moves else np.zeros(point.shape)


def _moved(points: Sequence[Array], direction: Sequence[Array], h: float) -> list[Array]:
    return [point + h * v for point, v in zip(points, direction, strict=True)]


def nested_slopes(function: Callable[[Any], Any], params: Any) -> Any:
    """The gradient by differences, in the nesting of the parameters, of which the function gets copies."""
    values = [np.array(leaf, float) for _, leaf in nesting.leaves(params, "")]
    found = [np.zeros(v.shape) for v in values]
    for value, slope in zip(values, found, strict=True):
        for place in np.ndindex(value.shape):
            ends = []
            for step in (1e-6, -1e-6):
                value[place] += step
                ends.append(function(nesting.rebuilt(params, iter(values))))
                value[place] -= step
            slope[place] = (ends[0] - ends[1]) / 2e-6
    return nesting.rebuilt(params, iter(found))


def hessian_slopes(function: Callable[[Any], Any], x: Array, step: float = 1e-5) -> Array:
    """The Hessian at a vector, by differences of `grad`."""
    slope = bp.grad(function)
    return np.array([(slope(x + e) - slope(x - e)) / (2 * step) for e in step * np.eye(x.size)])
