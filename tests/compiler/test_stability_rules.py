"""Stability: which graphs are rewritten, and which are not."""

import numpy as np
import pytest

from fastbp.compiler.simplify import simplify
from fastbp.graph import input_node, parameter_node, topological


def ops(node):
    return {n.op for n in topological(simplify([node])) if n.inputs}


Z = input_node(0, (8, 3), "float64", "z")
W = parameter_node(0, (8, 3), "float64", "w")
ROW = parameter_node(1, (3,), "float64", "row")

REWRITTEN = {
    "sigmoid": (1 / (1 + np.exp(-Z)), {"sigmoid"}),
    "log sigmoid": (np.log(1 / (1 + np.exp(-Z))), {"softplus", "negative"}),
    "softplus": (np.log(1 + np.exp(Z)), {"softplus"}),
    "log1p": (np.log(1 + Z), {"log1p"}),
    "log1p of minus": (np.log(1 - Z), {"log1p", "negative"}),
    "expm1": (np.exp(Z) - 1, {"expm1"}),
    "softmax": (np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True), {"softmax"}),
    "logsumexp": (np.log(np.exp(Z).sum(axis=0)), {"logsumexp"}),
    "norm": (np.sqrt((Z * Z).sum()), {"norm"}),
    "norm of a difference": (np.sqrt(((Z - W) ** 2).sum(axis=1)), {"norm", "subtract"}),
}
LEFT = {
    "2 / (1 + exp)": (2 / (2 + np.exp(-Z)), {"divide", "add", "exp", "negative"}),
    "1 / (2 + exp)": (1 / (2 + np.exp(-Z)), {"divide", "add", "exp", "negative"}),
    "log(2 + exp)": (np.log(2 + np.exp(Z)), {"log", "add", "exp"}),
    "exp - 2": (np.exp(Z) - 2, {"exp", "subtract"}),
    "other sums": (
        np.exp(Z) / np.exp(W).sum(axis=1, keepdims=True),
        {"exp", "divide", "sum"},
    ),
    "log of a sum of squares": (np.log((Z * Z).sum()), {"log", "sum", "square"}),
    "root of a sum": (np.sqrt(np.exp(Z).sum()), {"sqrt", "sum", "exp"}),
    "repeated": (np.log(np.ones((8, 3)) + np.exp(ROW)), {"log", "add", "exp"}),
}


@pytest.mark.parametrize(("node", "wanted"), REWRITTEN.values(), ids=REWRITTEN.keys())
def test_what_is_rewritten(node, wanted):
    assert ops(node) == wanted


@pytest.mark.parametrize(("node", "wanted"), LEFT.values(), ids=LEFT.keys())
def test_what_is_left_as_it_is(node, wanted):
    assert ops(node) == wanted
