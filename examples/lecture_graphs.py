"""Two small computational graphs, as a first lecture draws them, forward and backward."""

from typing import Any

import numpy as np

import fastbp as bp


def f(x: Any, y: Any, z: Any) -> Any:
    """The sum of two numbers, times a third."""
    q = x + y
    return q * z


# By hand: df/dz = q = 3, df/dq = z = -4, and a sum hands its gradient on to both operands.
trace = bp.trace(f, -2.0, 5.0, -4.0)
print(trace)
by_hand = {"x": -4.0, "y": -4.0, "z": 3.0, "q": -4.0, "f": 1.0}
for name, expected in by_hand.items():
    assert trace[name].gradient == expected, name


def meeting(x: Any, w: Any) -> Any:
    """A path that splits at `a` and meets again in the sum."""
    a = x * w
    left = bp.sigmoid(a)
    right = a**2
    return left + right


# By hand: two paths lead from a to the output, so dL/da = s (1 - s) + 2 a; then dL/dw = dL/da x.
trace = bp.trace(meeting, 0.5, 3.0)
print()
print(trace)
a = 0.5 * 3.0
s = 1 / (1 + np.exp(-a))
along = [2 * a, s * (1 - s)]
a_contributions = [float(part.value) for part in trace["a"].contributions]
assert np.allclose(sorted(a_contributions), sorted(along))
assert np.isclose(trace["a"].gradient, sum(along))
assert np.isclose(trace["w"].gradient, sum(along) * 0.5)
assert np.isclose(trace["x"].gradient, sum(along) * 3.0)
print("\nboth agree with the derivatives by hand")
