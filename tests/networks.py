"""Small networks with memory to run in: what the engine's tests share."""

from __future__ import annotations

import numpy as np
import pytest
from reference import evaluate_all

from fastbp.compiler import compile_graph
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.run import Run
from fastbp.engine.snapshot import Snapshot
from fastbp.graph import functions, gradients, input_node, parameter_node

DTYPES = ("float32", "float64")
RTOL = {"float32": 1e-4, "float64": 1e-11}
STATES = {None: 1, "sgd": 1, "momentum": 2, "adam": 3}
both = pytest.mark.parametrize("dtype", DTYPES)


class Bound:
    """A program with memory: what every test needs."""

    def __init__(self, outputs, parameters, inputs, values, *, update=None, differentiate="loss"):
        dtype = inputs[0].dtype
        self.layout = Layout.of([p.shape for p in parameters], dtype)
        self.program = compile_graph(
            outputs, parameters, inputs, layout=self.layout,
            differentiate=differentiate, update=update,
        )  # fmt: skip
        self.block = aligned_zeros(self.layout.length, dtype)
        self.training = aligned_zeros(STATES[update] * self.layout.length, dtype)
        self.hyper = np.zeros(16)
        self.hyper[[0, 1, 2, 3, 5, 6]] = 0.01, 0.9, 0.999, 1e-8, 1, 1
        if update == "momentum":
            self.hyper[2] = 1
        for view, value in zip(self.views, values, strict=True):
            view[...] = value
        self.run = Run(self.program, self.block, self.training, self.hyper)

    @property
    def views(self):
        return self.layout.views(self.block)

    @property
    def slopes(self):
        return self.layout.views(self.training[: self.layout.length])

    def snapshot(self):
        return Snapshot(self.block, self.training, self.hyper)


def mlp(n, dtype="float64", kind="bce"):
    """x (n, 5) -> relu (8) -> one logit, or three; and the mean loss."""
    units = {"bce": 1, "mse": 1, "cross_entropy": 3}[kind]
    x = input_node(0, (n, 5), dtype, "x")
    y = input_node(1, (n,) if units > 1 else (n, 1), dtype, "y")
    shapes = [(5, 8), (8,), (8, units), (units,)]
    parameters = [parameter_node(i, shape, dtype) for i, shape in enumerate(shapes)]
    w1, b1, w2, b2 = parameters
    z = functions.relu(x @ w1 + b1) @ w2 + b2
    if kind == "bce":
        loss = functions.bce(functions.sigmoid(z), y)
    elif kind == "mse":
        loss = functions.mse(z, y)
    else:
        loss = functions.cross_entropy(functions.softmax(z), y)
    return [x, y], parameters, z, loss if loss.shape == () else loss.mean()


def batch(n, dtype="float64", kind="bce", seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5)).astype(dtype)
    if kind == "cross_entropy":
        return x, rng.integers(0, 3, n).astype(dtype)
    return x, rng.integers(0, 2, (n, 1)).astype(dtype)


def weights(parameters, seed=1):
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 0.5, p.shape).astype(p.dtype) for p in parameters]


def bound_mlp(n, dtype="float64", kind="bce", update=None):
    inputs, parameters, _, loss = mlp(n, dtype, kind)
    return Bound({"loss": loss}, parameters, inputs, weights(parameters), update=update)


def assert_like_the_reference(loss, parameters, inputs, arrays, values, dtype):
    bound = Bound({"loss": loss}, parameters, inputs, values)
    number = bound.run.step(arrays)
    wanted = evaluate_all([loss, *gradients(loss, parameters)], arrays, values)
    for found, want in zip([np.float64(number), *bound.slopes], wanted, strict=True):
        scale = max(1e-3, np.abs(want).max())
        np.testing.assert_allclose(found, want, rtol=RTOL[dtype], atol=RTOL[dtype] * scale)
    return bound
