"""fastbp's part of graph.py, and the functions and numbers that its peers take as well."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import fastbp as bp
import numpy as np

from jobs import Task, repeated

Array = np.ndarray[Any, Any]

TRAIN_EPOCHS, TRAIN_BATCHES = 20, 100
PINN_STEPS = 20


def arrays() -> tuple[list[Array], Array, Array]:
    rng = np.random.default_rng(0)
    shapes = [(2, 16), (16,), (16, 1), (1,)]
    params = [rng.normal(0, 0.5, shape).astype("f4") for shape in shapes]
    x = rng.normal(size=(32, 2)).astype("f4")
    return params, x, (x[:, :1] * x[:, 1:] > 0).astype("f4")


def mlp(np_: Any) -> Callable[..., Any]:
    """The loss in NumPy's words: a hidden layer with tanh, BCE on logits."""

    def loss(params: Any, x: Any, y: Any) -> Any:
        W1, b1, W2, b2 = params
        z = np_.tanh(x @ W1 + b1) @ W2 + b2
        return (np_.maximum(z, 0) - z * y + np_.log1p(np_.exp(-np_.abs(z)))).mean()

    return loss


def long_function(np_: Any) -> Callable[..., Any]:
    """200 operations."""

    def f(x: Any) -> Any:
        for i in range(50):
            x = np_.sin(x) * 0.9 + np_.tanh(x + i)
        return x.sum()

    return f


def call() -> Task:
    params, x, y = arrays()

    def loss(params: Any, x: Any, y: Any) -> Any:
        W1, b1, W2, b2 = params
        return bp.bce_with_logits(np.tanh(x @ W1 + b1) @ W2 + b2, y)

    f = bp.value_and_grad(loss)
    return repeated(lambda: f(params, x, y))


# ---------------------------------------------------------------- training


def _rows() -> tuple[Array, Array]:
    x = np.random.default_rng(0).normal(size=(32 * TRAIN_BATCHES, 2)).astype("f4")
    return x, (x[:, :1] * x[:, 1:] > 0).astype("f4")


def train_function() -> Task:
    x, y = _rows()
    params, _, _ = arrays()

    def loss(params: Any, x: Any, y: Any) -> Any:
        W1, b1, W2, b2 = params
        return bp.bce_with_logits(bp.relu(x @ W1 + b1) @ W2 + b2, y)

    trainer = bp.Trainer(loss, params=params, optimizer="adam", seed=0)
    return repeated(
        lambda: trainer.fit((x, y), epochs=TRAIN_EPOCHS),
        TRAIN_EPOCHS * TRAIN_BATCHES,
        lambda: trainer.params,
    )


def train_sequential() -> Task:
    """The same network as a model of layers."""
    x, y = _rows()
    model = bp.Sequential([bp.Dense(16, "relu"), bp.Dense(1, "sigmoid")], seed=0)
    trainer = bp.Trainer(model, loss="bce", optimizer="adam")
    return repeated(
        lambda: trainer.fit(x, y, epochs=TRAIN_EPOCHS),
        TRAIN_EPOCHS * TRAIN_BATCHES,
        lambda: [(layer.weight, layer.bias) for layer in model.layers],
    )


# ---------------------------------------------------------------- a physics-informed network


def pinn_loss(np_: Any, grad: Callable[..., Any]) -> Callable[..., Any]:
    """The heat equation's residual, and starting and boundary values."""

    def u(params: Any, x: Any, t: Any) -> Any:
        h = np_.concatenate([x, t], axis=1)
        for W, b in params[:-1]:
            h = np_.tanh(h @ W + b)
        W, b = params[-1]
        return (h @ W + b)[:, 0]

    def loss(params: Any, x: Any, t: Any) -> Any:
        def u_x(x: Any) -> Any:
            return grad(lambda x: u(params, x, t).sum())(x)

        u_t = grad(lambda t: u(params, x, t).sum())(t)
        residual = (u_t - grad(lambda x: u_x(x).sum())(x) / np.pi**2)[:, 0]
        start = u(params, x, 0 * t) - np_.sin(np.pi * x[:, 0])
        return (residual**2).mean() + (start**2).mean() + (u(params, 0 * x, t) ** 2).mean()

    return loss


def pinn_arrays() -> tuple[list[tuple[Array, Array]], Array, Array]:
    rng = np.random.default_rng(0)
    sizes = [2, 20, 20, 20, 1]
    params = [
        (rng.normal(0, 0.3, (n, m)).astype("f4"), np.zeros(m, "f4")) for n, m in pairwise(sizes)
    ]
    x, t = (rng.uniform(size=(1000, 1)).astype("f4") for _ in range(2))
    return params, x, t


def pinn() -> Task:
    params, x, t = pinn_arrays()
    trainer = bp.Trainer(pinn_loss(np, bp.grad), params=params, optimizer=bp.Adam(1e-3), seed=0)
    return repeated(
        lambda: trainer.fit((x, t), epochs=PINN_STEPS, batch_size=1000)["loss"][0],
        PINN_STEPS,
        lambda: trainer.params,
    )


# ---------------------------------------------------------------- first calls


def first_call(which: str) -> Task:
    """Of `value_and_grad`: tracing, compiling and running once."""
    params, x, y = arrays()
    point = np.linspace(0, 1, 100).astype("f4")
    if which == "mlp":
        return repeated(lambda: bp.value_and_grad(mlp(np))(params, x, y))
    return repeated(lambda: bp.value_and_grad(long_function(np))(point))
