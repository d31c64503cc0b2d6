"""Nodes are called what the user calls them, and formulas read as they were written."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest

import fastbp as bp


def names(trace):
    found = [node.name for node in trace.nodes]
    assert len(set(found)) == len(found)
    return found


def test_arguments_and_variables():
    def f(x, w):
        z = x @ w
        a = bp.sigmoid(z)
        return a.mean()

    t = bp.trace(f, np.ones((2, 3)), np.ones((3, 1)))
    assert names(t) == ["x", "w", "c1", "z", "a", "sum(a)", "f"]
    formulas = ["x", "w", "0.5", "x @ w", "sigmoid(z)", "sum(a)", "0.5 * sum(a)"]
    assert [node.formula for node in t.nodes] == formulas


def test_keys_fields_and_unpacked_tuples():
    @dataclass
    class Layer:
        weight: object
        bias: object

    class Pair(NamedTuple):
        scale: object
        shift: object

    def f(params, layer, pair, rest):
        a, (b, c) = rest
        scale, _ = pair
        return params["W 1"] * layer.weight + layer.bias * a + b * c * scale + pair.shift

    t = bp.trace(f, {"W 1": 1.0}, Layer(2.0, 3.0), Pair(4.0, 5.0), (6.0, [7.0, 8.0]))
    assert names(t)[:8] == ["W 1", "weight", "bias", "scale", "_", "a", "b", "c"]
    paths = ["params['W 1']", "layer.weight", "layer.bias", "pair[0]", "pair[1]", "rest[0]"]
    assert [node.formula for node in t.nodes[:6]] == paths


def test_keys_that_stand_twice_keep_their_paths():
    def f(layers):
        return layers[0]["W"] * layers[1]["W"] * layers[1]["b"]

    t = bp.trace(f, [{"W": 1.0}, {"W": 2.0, "b": 3.0}])
    assert names(t)[:3] == ["layers[0]['W']", "layers[1]['W']", "b"]
    assert t.nodes[3].formula == "layers[0]['W'] * layers[1]['W']"


def test_loop_variables_are_no_names_for_what_they_ran_over():
    def f(x, layers):
        for W, b in layers:
            x = bp.tanh(x @ W + b)
        return x.sum()

    t = bp.trace(f, np.ones((1, 2)), [(np.eye(2), np.ones(2)), (np.eye(2), np.zeros(2))])
    assert names(t)[:5] == ["x", "layers[0][0]", "layers[0][1]", "layers[1][0]", "layers[1][1]"]
    assert t["x_1"].formula == "tanh(add_1)" and t["x_2"].op == "tanh"


def test_the_last_value_of_a_variable_keeps_its_name():
    def f(x):
        z = x * 2
        z = z + 1
        z = bp.tanh(z)
        return z

    t = bp.trace(f, 1.0)
    assert names(t) == ["x", "c1", "c2", "z_1", "z_2", "z"]
    assert t["z"].formula == "tanh(z_2)" and t["z_2"].formula == "z_1 + 1"


def test_variables_of_functions_that_it_calls():
    def dense(inputs, W):
        product = inputs @ W
        out = bp.tanh(product)
        return out

    def f(x, W, V):
        h = dense(x, W)
        return dense(h, V).sum()

    t = bp.trace(f, np.ones((1, 2)), np.ones((2, 2)), np.ones((2, 2)))
    assert names(t) == ["x", "W", "V", "product", "h", "product_1", "out", "f"]
    assert t["h"].formula == "tanh(product)" and t["product_1"].formula == "h @ V"


def test_short_intermediates_are_called_what_they_compute():
    t = bp.trace(lambda x, y: (x + y) * (x - y) + (x + y) * 3, 1.0, 2.0)
    assert t["x + y"].op == "add" and t["x - y"].op == "subtract"
    assert t["add_1"].formula == "x + y"  # the same again, a node of its own
    assert t.output.name == "output"
    assert t["(x + y) * (x - y)"].formula == "(x + y) * (x - y)"


def test_the_output_is_called_like_the_function():
    def f(x, y, z):
        return (x + y) * z

    t = bp.trace(f, -2.0, 5.0, -4.0)
    assert names(t) == ["x", "y", "z", "x + y", "f"]
    assert t.output.formula == "(x + y) * z"
    assert bp.trace(partial(f, z=2.0), 1.0, 2.0).title == "partial"


def test_names_that_clash():
    def x(x, output):
        return x * output

    assert names(bp.trace(x, 1.0, 2.0)) == ["x", "output", "output_2"]


def test_variable_arguments_and_functions_without_signature():
    t = bp.trace(lambda *parts: parts[0] * parts[1], 2.0, 3.0)
    assert names(t)[:2] == ["parts[0]", "parts[1]"]
    t = bp.trace(np.multiply, 2.0, 3.0)
    assert t.output.value == 6.0


def test_the_incoming_gradient_has_a_name_of_its_own():
    t = bp.trace(lambda g, x: g * x, 2.0, 3.0)
    assert t.symbol == "grad"
    assert t["x"].contributions[0].formula == "grad * g"


@pytest.mark.parametrize(
    ("f", "formula"),
    [
        (lambda x: (x - 1) ** 2, "square(x - 1)"),
        (lambda x: x**-1, "1 / x"),
        (lambda x: -(x * x), "-(x * x)"),
        (lambda x: x / (x + 2), "x / (x + 2)"),
        (lambda x: x * (1 / 3), "x * (1 / 3)"),
        (lambda x: x * 0.123456, "x * 0.1235"),
        (lambda x: np.exp(x * 2), "exp(x * 2)"),
        (lambda x: np.maximum(x, 0), "maximum(x, 0)"),
    ],
)
def test_formulas_as_python_writes_them(f, formula):
    assert bp.trace(f, 2.0).output.formula == formula


def test_formulas_with_axes_and_shapes():
    t = bp.trace(lambda x: (x.sum(axis=0).reshape(3, 1) * x.T).sum(), np.ones((2, 3)))
    found = {node.op: node.formula for node in t.nodes[1:]}
    assert found["reshape"] == "sum(x, axis=0).reshape(3, 1)"
    assert found["transpose"] == "x.T"


def test_tracing_is_taken_back():
    import sys

    before = sys.gettrace()
    with pytest.raises(ZeroDivisionError):
        bp.trace(lambda x: x / (1 // 0), 1.0)
    assert sys.gettrace() is before
