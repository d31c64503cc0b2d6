"""Gradients of whole networks against HIPS autograd, as built and simplified."""

import numpy as np
import pytest
from reference import evaluate_all

from fastbp.compiler.simplify import simplify
from fastbp.graph import functions, gradients, parameter_node

autograd = pytest.importorskip("autograd")
anp = pytest.importorskip("autograd.numpy")

RNG = np.random.default_rng(5)
X = RNG.normal(size=(13, 6))
BINARY = RNG.integers(0, 2, (13, 1)).astype(float)
CLASSES = RNG.integers(0, 4, 13)
REAL = RNG.normal(size=(13, 4))


def parameters(outputs):
    rng = np.random.default_rng(7)  # the same weights in any order of the tests
    return [rng.normal(size=s) for s in [(6, 9), (9,), (9, outputs), (outputs,)]]


def ag_sigmoid(z):
    return 1 / (1 + anp.exp(-z))


def ag_bce(z):
    p = ag_sigmoid(z)
    return -anp.mean(BINARY * anp.log(p) + (1 - BINARY) * anp.log(1 - p))


def ag_cross_entropy(z):
    shifted = z - anp.max(z, axis=1, keepdims=True)
    log_p = shifted - anp.log(anp.sum(anp.exp(shifted), axis=1, keepdims=True))
    return -anp.mean(log_p[anp.arange(len(CLASSES)), CLASSES])


LOSSES = {
    "bce": (1, ag_bce, lambda z: functions.bce(functions.sigmoid(z), BINARY)),
    "bce_with_logits": (1, ag_bce, lambda z: functions.bce_with_logits(z, BINARY[:, 0])),
    "cross_entropy": (
        4,
        ag_cross_entropy,
        lambda z: functions.cross_entropy(functions.softmax(z), CLASSES),
    ),
    "cross_entropy_with_logits": (
        4,
        ag_cross_entropy,
        lambda z: functions.cross_entropy_with_logits(z, CLASSES),
    ),
    "mse": (4, lambda z: anp.mean((z - REAL) ** 2), lambda z: functions.mse(z, REAL)),
    "mse in NumPy": (4, lambda z: anp.mean((z - REAL) ** 2), lambda z: ((z - REAL) ** 2).mean()),
}
ACTIVATIONS = {
    "tanh": (anp.tanh, np.tanh),
    "sigmoid": (ag_sigmoid, functions.sigmoid),
    "relu": (lambda z: anp.maximum(z, 0), functions.relu),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_two_layer_network(loss, activation):
    outputs, ag_loss, graph_loss = LOSSES[loss]
    ag_activation, graph_activation = ACTIVATIONS[activation]
    values = parameters(outputs)

    def reference_loss(params):
        W1, b1, W2, b2 = params
        return ag_loss(anp.dot(ag_activation(anp.dot(X, W1) + b1), W2) + b2)

    expected = [reference_loss(values), *autograd.grad(reference_loss)(values)]

    nodes = [parameter_node(i, v.shape, "float64") for i, v in enumerate(values)]
    W1, b1, W2, b2 = nodes
    output = graph_loss(graph_activation(X @ W1 + b1) @ W2 + b2)
    (simplified,) = simplify([output])
    for root in (output, simplified):
        for graph in ([root, *gradients(root, nodes)], simplify([root, *gradients(root, nodes)])):
            for found, wanted in zip(evaluate_all(graph, (), values), expected, strict=True):
                np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-13)
