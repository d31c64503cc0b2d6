"""The reverse walk: paths that meet, nodes that do not matter, orders above two."""

import numpy as np
import pytest
from gradcheck import check_gradient
from reference import evaluate, evaluate_all

from fastbp.graph import functions, gradients, input_node, parameter_node, topological

V = np.array([0.3, -0.8, 1.2])


@pytest.fixture
def v():
    return parameter_node(0, (3,), "float64", "v")


def test_paths_that_meet_are_summed():
    def build(x):
        a = np.tanh(x)
        return a * a + a / (1 + x * x) - np.exp(a - x)

    found = check_gradient(build, [V], evaluate, order=2)
    assert all(abs(c.numeric) > 1e-3 for c in found)


def test_the_same_operand_twice(v):
    (g,) = gradients((v * v).sum(), [v])
    np.testing.assert_allclose(evaluate(g, (), [V]), 2 * V)


def test_shared_node_is_visited_once(v):
    node = v
    for _ in range(40):  # 2**40 paths
        node = node + node
    (g,) = gradients(node.sum(), [v])
    assert evaluate(g, (), [V]).tolist() == [2.0**40] * 3


def test_deep_graph_without_recursion(v):
    node = v
    for _ in range(5000):
        node = 1.0 * node
    (g,) = gradients(node.sum(), [v])
    assert evaluate(g, (), [V]).tolist() == [1, 1, 1]


def test_independent_gradient_is_zero(v):
    w = parameter_node(1, (4, 2), "float64", "w")
    g, zero, of_v = gradients((v * 3).sum(), [v, w, v])
    assert zero.op == "broadcast_to"
    assert zero.shape == (4, 2)
    values = evaluate_all([g, zero, of_v], (), [V, np.ones((4, 2))])
    assert values[0].tolist() == values[2].tolist() == [3, 3, 3]
    assert not values[1].any()


def test_flat_operations_give_zeros(v):
    p = functions.sigmoid(v)
    (g,) = gradients(functions.binary_accuracy(p, np.ones(3)), [v])
    assert not evaluate(g, (), [V]).any()


def test_output_itself_and_nodes_midway(v):
    a = np.tanh(v)
    loss = (a * a).sum()
    of_loss, of_a = gradients(loss, [loss, a])
    values = evaluate_all([of_loss, of_a], (), [V])
    assert values[0] == 1
    np.testing.assert_allclose(values[1], 2 * np.tanh(V))


def test_gradient_of_an_input_leaf():
    x = input_node(0, (2, 3), "float64")
    (g,) = gradients((x * x).sum(), [x])
    point = np.arange(6.0).reshape(2, 3)
    assert evaluate(g, [point]).tolist() == (2 * point).tolist()


def test_only_what_depends_on_the_asked_nodes_gets_gradients(v):
    x = input_node(0, (5, 3), "float64")
    heavy = np.exp(x) @ np.ones((3, 3))
    (g,) = gradients((heavy * v).sum(), [v])
    assert not any(node.op == "transpose" for node in topological([g]))


def test_third_and_fourth_derivative(v):
    node = np.exp(2 * v).sum()
    for order in range(1, 5):
        (g,) = gradients(node, [v])
        np.testing.assert_allclose(evaluate(g, (), [V]), 2**order * np.exp(2 * V), rtol=1e-12)
        node = g.sum()


def test_output_must_be_a_number(v):
    with pytest.raises(ValueError, match=r"shape \(\), got \(3,\); take .mean\(\) or .sum\(\)"):
        gradients(v, [v])


def test_hessian_of_a_small_network():
    def build(W1, b1, W2, b2):
        hidden = functions.sigmoid(x @ W1 + b1)
        return functions.bce(functions.sigmoid(np.tanh(hidden) @ W2 + b2), y)

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.integers(0, 2, 7).astype(float)
    arrays = [rng.normal(size=s) for s in [(3, 5), (5,), (5, 1), (1,)]]
    found = check_gradient(build, arrays, evaluate, order=2)
    assert len(found) == 10
    assert all(abs(c.numeric) > 1e-5 for c in found)


def test_start_from_a_given_gradient(v):
    weights = np.array([1.0, -2.0, 0.5])
    start = parameter_node(1, (3,), "float64")
    (g,) = gradients(np.exp(v), [v], output_gradient=start)
    np.testing.assert_allclose(evaluate(g, (), [V, weights]), weights * np.exp(V))
    with pytest.raises(ValueError, match=r"expected an output of shape \(3,\), got \(\)"):
        gradients(v.sum(), [v], output_gradient=start)
