"""The checker must catch what it is there to catch: planted errors of every kind."""

import dataclasses

import numpy as np
import pytest
from gradcheck import GradientError, check_gradient
from reference import evaluate

from fastbp.graph import OPS

X = np.array([[0.3, -0.7, 1.1], [0.9, 0.2, -0.4]])


def planted(monkeypatch, op, wrong):
    """Give `op` another local gradient: `wrong` maps the right gradients to the planted ones."""
    row = OPS[op]

    def local(out, g, *inputs):
        return wrong(row.local(out, g, *inputs))

    monkeypatch.setitem(OPS, op, dataclasses.replace(row, local=local))


def test_right_gradients_pass():
    found = check_gradient(np.tanh, [X], evaluate, order=2)
    assert {c.order for c in found} == {1, 2}
    assert all(abs(c.numeric) > 1e-3 for c in found)


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (lambda grads: (-grads[0],), "sign"),
        (lambda grads: (1.001 * grads[0],), "scale"),
        (lambda grads: (2 * grads[0],), "factor"),
        (lambda grads: (grads[0] + 1e-4,), "offset"),
        (lambda grads: (None,), "no gradient"),
        (lambda grads: (np.log(-np.square(grads[0])),), "nan"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_planted_error_is_caught(monkeypatch, wrong, what):
    planted(monkeypatch, "tanh", wrong)
    with pytest.raises(GradientError, match="order 1, array 0"):
        check_gradient(np.tanh, [X], evaluate)


def test_equal_planted_errors_on_one_path_do_cancel(monkeypatch):
    """Why the checker must add no operation of its own to the graph that it checks."""
    planted(monkeypatch, "negative", lambda grads: (-grads[0],))
    check_gradient(lambda x: np.negative(-x), [X], evaluate)
    with pytest.raises(GradientError):
        check_gradient(lambda x: -x, [X], evaluate)


def test_planted_wrong_second_operand_is_caught(monkeypatch):
    planted(monkeypatch, "divide", lambda grads: (grads[0], -grads[1]))
    with pytest.raises(GradientError, match="array 1"):
        check_gradient(lambda a, b: a / b, [X, X + 3], evaluate)


def test_small_wrong_gradient_beside_a_large_right_one_is_caught(monkeypatch):
    planted(monkeypatch, "tanh", lambda grads: (-grads[0],))
    with pytest.raises(GradientError, match="array 1"):
        check_gradient(lambda a, b: 1e8 * a + 1e-3 * np.tanh(b), [X, X], evaluate)


def test_planted_error_of_second_order_passes_the_first_and_is_caught(monkeypatch):
    planted(monkeypatch, "tanh_grad", lambda grads: (grads[0], -grads[1]))
    check_gradient(np.tanh, [X], evaluate)
    with pytest.raises(GradientError, match="order 2"):
        check_gradient(np.tanh, [X], evaluate, order=2)


def test_planted_transposed_gradient_is_caught(monkeypatch):
    planted(monkeypatch, "exp", lambda grads: (grads[0].T,))
    with pytest.raises(GradientError, match="array"):
        check_gradient(np.exp, [X], evaluate)
    with pytest.raises(GradientError, match="order 1"):
        check_gradient(np.exp, [X[:, :2]], evaluate)
