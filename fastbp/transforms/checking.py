"""Checking a gradient against differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastbp import checks, nesting
from fastbp.transforms.gradient import places_of, value_and_grad


class GradientError(AssertionError):
    """A gradient that differs from the differences of its function."""


def check_grad(
    function: Callable[..., Any],
    *args: Any,
    argnums: int | Sequence[int] = 0,
    step: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    seed: int = 0,
) -> float:
    """Compare the gradient of a function with signed central differences, in float64.

    For a random direction v in each array alone, and one in all of them, ``<gradient, v>`` is compared with
    ``(f(x + h v) - f(x - h v)) / 2h``, the function being called with plain arrays.

    Parameters
    ----------
    function : callable
        Returns one number.
    *args
        Its arguments; float arrays among them are taken as float64.
    argnums : int or sequence of int, default 0
        Which of them to check.
    step, rtol, atol, seed : the step h, what may differ, and the seed of the directions.

    Returns
    -------
    float
        The largest difference found, relative to the larger of both numbers.

    Raises
    ------
    GradientError
        Naming the array, and both numbers. At a kink, such as relu's at 0, differences prove nothing.

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> bp.check_grad(lambda w: (np.sin(w) ** 2).sum(), np.linspace(0.1, 1, 5)) < 1e-6
    True
    """
    step = checks.positive_number("step", step)
    rtol, atol = checks.tolerance("rtol", rtol), checks.tolerance("atol", atol)
    rng = np.random.default_rng(checks.seed_number(seed))
    places = places_of(argnums)
    with nesting.to_the_end("an argument"):
        exact = tuple(nesting.mapped(arg, _as_float64) for arg in args)
    _, found = value_and_grad(function, places)(*exact)
    slopes = [np.asarray(leaf) for _, leaf in nesting.leaves(found, "")]
    chosen = tuple(exact[i] for i in places)
    names = [name for i in places for name, _ in nesting.leaves(exact[i], f"argument {i}")]
    directions = [rng.uniform(-1, 1, slope.shape) for slope in slopes]
    worst = 0.0

    def moved(which: Sequence[int], by: float) -> float:
        number = iter(range(len(slopes)))

        def shifted(leaf: Any) -> Any:
            i = next(number)
            return leaf + by * directions[i] if i in which else leaf

        new = [nesting.copied(arg) for arg in exact]
        for place, value in zip(places, nesting.mapped(chosen, shifted), strict=True):
            new[place] = value
        return float(function(*new))

    for which in [*([i] for i in range(len(slopes))), list(range(len(slopes)))]:
        numeric = (moved(which, step) - moved(which, -step)) / (2 * step)
        analytic = float(sum((slopes[i] * directions[i]).sum() for i in which))
        scale = max(abs(numeric), abs(analytic))
        if not abs(numeric - analytic) <= atol + rtol * scale:  # so that NaN fails
            name = names[which[0]] if len(which) == 1 else "all arguments"
            raise GradientError(
                f"{name}: along a direction the gradient gives {analytic:.10g}, differences give {numeric:.10g}"
            )
        worst = max(worst, abs(numeric - analytic) / scale if scale else 0.0)
    return worst


def _as_float64(leaf: Any) -> Any:
    return (
        leaf.astype(np.float64) if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f" else leaf
    )
