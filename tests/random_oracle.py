"""What random programs are compared with: NumPy in float64, HIPS autograd, JAX where it is there, and differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np

try:
    import jax

    jax.config.update("jax_enable_x64", True)
except ImportError:
    jax = None

Arguments = dict[str, Any]
Number = Callable[[Any, Arguments], Any]


def in_float64(arguments: Arguments) -> Arguments:
    """The same numbers, floats in float64."""
    return {k: np.asarray(v, float) if v.dtype.kind == "f" else v for k, v in arguments.items()}


def assert_values(found: Any, wanted: Any, dtype: str, like: Any = None) -> None:
    """Equal to rounding, taken from the largest number, or from how far NumPy's result in that dtype is off."""
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    assert found.shape == wanted.shape
    scale = 1 + np.abs(wanted).max(initial=0)
    tolerance = (1e-9 if dtype == "float64" else 2e-4) * scale
    if like is not None:
        tolerance = max(tolerance, 4 * np.abs(np.asarray(like, float) - wanted).max(initial=0))
    error = np.abs(found - wanted).max(initial=0)
    assert error <= tolerance, f"differs by {error:.3g} of {scale:.3g}"  # so that NaN fails


def assert_gradient(
    number: Number, found: Arguments, chosen: Arguments, rest: Arguments, dtype: str
) -> None:
    """The gradients of `number`: element by element where another library takes it, and along directions."""
    chosen, rest = in_float64(chosen), in_float64(rest)
    found = {k: np.asarray(v, float) for k, v in found.items()}
    for name, wanted in _others(number, chosen, rest):
        for k, gradient in found.items():
            _assert_alike(gradient, wanted[k], dtype, f"{k}, {name}")
    rng = np.random.default_rng(1)
    along = {
        k: rng.uniform(0.5, 1, v.shape) * rng.choice([-1, 1], v.shape) for k, v in chosen.items()
    }
    parts = [found[k] * along[k] for k in chosen]
    slope, scale = sum(p.sum() for p in parts), sum(np.abs(p).sum() for p in parts)

    def moved(step: float) -> float:
        return float(number(np, {k: v + step * along[k] for k, v in chosen.items()} | rest))

    kinks = 3 * max(np.abs(p).max(initial=0) for p in parts)  # of many elements some pass one
    tolerance = (1e-6 if dtype == "float64" else 2e-3) * scale + kinks + 1e-7
    for step in (1e-5, 1e-6, 1e-4, 1e-7):  # a kink may lie within one of them
        numeric = (moved(step) - moved(-step)) / (2 * step)
        if abs(numeric - slope) <= tolerance:
            return
    raise AssertionError(f"along a direction {slope:.10g}, differences give {numeric:.10g}")


def _assert_alike(found: Any, wanted: Any, dtype: str, what: str) -> None:
    wanted = np.asarray(wanted, float)
    assert found.shape == wanted.shape
    if dtype == "float64":
        error, scale = np.abs(found - wanted).max(initial=0), np.abs(wanted).max(initial=0)
        assert error <= 1e-8 * scale + 1e-12, f"{what}: differs by {error:.3g} of {scale:.3g}"
    else:  # two numbers that are equal in float32 may have changed places
        error, scale = np.abs(found - wanted).sum(), np.abs(wanted).sum()
        assert error <= 2e-2 * scale + 1e-4, f"{what}: differs by {error:.3g} of {scale:.3g}"


def _others(number: Number, chosen: Arguments, rest: Arguments) -> Any:
    """Gradients by other libraries, where they can."""
    found = by_autograd(number, chosen, rest)
    if found is not None:
        yield "autograd", found
    if jax is not None:
        yield "jax", jax.grad(lambda c: number(jax.numpy, c | rest))(chosen)


def by_autograd(number: Number, chosen: Arguments, rest: Arguments) -> Arguments | None:
    """Its gradients; None for a program with a function that it does not know."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return autograd.grad(lambda c: number(anp, {**c, **rest}))(chosen)
        except (NotImplementedError, AttributeError, TypeError, ValueError):
            return None


def assert_along(
    grad: Callable[..., Arguments],
    found: Arguments,
    chosen: Arguments,
    along: Arguments,
    rest: Arguments,
    dtype: str,
) -> None:
    """The Hessian times `along` is how the gradient changes that way.

    Of many numbers that are compared, some change places within any step, and the gradients of these with them: an
    element is wrong that differs ahead and behind, and for each step.
    """
    chosen, along, rest = in_float64(chosen), in_float64(along), in_float64(rest)
    largest = max(np.abs(v).max(initial=0) for v in found.values())
    here, errors = grad(chosen, rest), []
    wrong: Any = True
    for step in (1e-5, -1e-5, 1e-6, -1e-6, 1e-4, -1e-4, 1e-7, -1e-7):
        there = grad({k: v + step * along[k] for k, v in chosen.items()}, rest)
        wanted = {k: (there[k] - here[k]) / step for k in chosen}
        scale = max(largest, *(np.abs(v).max(initial=0) for v in wanted.values()))
        off = [np.ravel(np.abs(np.asarray(found[k], float) - wanted[k])) for k in chosen]
        error = np.concatenate(off)
        wrong = wrong & (error > (1e-4 if dtype == "float64" else 2e-2) * scale + 1e-6)
        if not np.any(wrong):
            return
        errors.append(f"{error.max():.3g} of {scale:.3g}")
    raise AssertionError(f"differs by {', '.join(errors)}")


def descended(
    number: Number, chosen: Arguments, columns: Arguments, batch: int, rate: float
) -> Arguments | None:
    """The parameters after one epoch of gradient descent in the rows' order."""
    chosen, columns = in_float64(chosen), in_float64(columns)
    rows = len(next(iter(columns.values())))
    for start in range(0, rows, batch):
        own = {k: v[start : start + batch] for k, v in columns.items()}
        slopes = by_autograd(number, chosen, own)
        if slopes is None:
            return None
        chosen = {k: v - rate * slopes[k] for k, v in chosen.items()}
    return chosen
