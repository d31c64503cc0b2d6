# ruff: noqa: E402  (the environment comes before NumPy)
"""Functions written in NumPy: fastbp against JAX, PyTorch and HIPS autograd, one thread each, in one run.

    python benchmarks/graph.py [--rounds 5] [--json FILE]

call       value_and_grad of the loss of a 2-16-1 network, batch 32, float32 NumPy arrays in and out
train      the same loss in `Trainer.fit`, and the same network as a `Sequential`: microseconds a step
pinn       a step of a physics-informed network, 2-20-20-20-1 with tanh, second derivatives, 1000 points, Adam
compile    first call of value_and_grad: of that network, and of a function of 200 operations

Peers that are not installed are left out. Each figure is the median of the rounds, in which all take turns.
"""

import argparse
import json
import os
import time

import environment

environment.prepare(1)  # before NumPy comes
os.environ["JAX_PLATFORMS"] = "cpu"

from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from statistics import median
from typing import Any

import fastbp as bp
import numpy as np

Work = Callable[[], Any]


def arrays() -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
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


def call_cases() -> dict[str, Work]:
    params, x, y = arrays()

    def ours() -> Work:
        def loss(params: Any, x: Any, y: Any) -> Any:
            W1, b1, W2, b2 = params
            return bp.bce_with_logits(np.tanh(x @ W1 + b1) @ W2 + b2, y)

        f = bp.value_and_grad(loss)
        return lambda: f(params, x, y)

    cases = {"fastbp": ours()}
    if find_spec("jax"):
        import jax
        import jax.numpy as jnp

        g = jax.jit(jax.value_and_grad(mlp(jnp)))

        def with_jax() -> Any:
            value, grads = g(params, x, y)
            return float(value), [np.asarray(a) for a in grads]

        cases["jax jit"] = with_jax
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)

        def with_torch() -> Any:
            leaves = [torch.from_numpy(p).requires_grad_() for p in params]
            W1, b1, W2, b2 = leaves
            z = torch.tanh(torch.from_numpy(x) @ W1 + b1) @ W2 + b2
            loss = torch.nn.functional.binary_cross_entropy_with_logits(z, torch.from_numpy(y))
            return loss.item(), [g.numpy() for g in torch.autograd.grad(loss, leaves)]

        cases["torch"] = with_torch
    if find_spec("autograd"):
        import autograd
        import autograd.numpy as anp

        h = autograd.value_and_grad(lambda p: mlp(anp)(p, x, y))
        cases["autograd"] = lambda: h(params)
    return cases


def train_cases() -> dict[str, Work]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3200, 2)).astype("f4")
    y = (x[:, :1] * x[:, 1:] > 0).astype("f4")
    params, _, _ = arrays()

    def loss(params: Any, x: Any, y: Any) -> Any:
        W1, b1, W2, b2 = params
        return bp.bce_with_logits(bp.relu(x @ W1 + b1) @ W2 + b2, y)

    function = bp.Trainer(loss, params=params, optimizer="adam", seed=0)
    layers = bp.Sequential([bp.Dense(16, "relu"), bp.Dense(1, "sigmoid")], seed=0)
    model = bp.Trainer(layers, loss="bce", optimizer="adam")
    return {
        "Trainer(loss)": lambda: function.fit((x, y), epochs=20),
        "Sequential": lambda: model.fit(x, y, epochs=20),
    }


TRAIN_STEPS = 20 * 100


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


PINN_STEPS = 20


def pinn_cases() -> dict[str, Work]:
    rng = np.random.default_rng(0)
    sizes = [2, 20, 20, 20, 1]
    params = [
        (rng.normal(0, 0.3, (n, m)).astype("f4"), np.zeros(m, "f4")) for n, m in pairwise(sizes)
    ]
    x, t = (rng.uniform(size=(1000, 1)).astype("f4") for _ in range(2))
    trainer = bp.Trainer(pinn_loss(np, bp.grad), params=params, optimizer=bp.Adam(1e-3), seed=0)
    cases: dict[str, Work] = {
        "fastbp": lambda: trainer.fit((x, t), epochs=PINN_STEPS, batch_size=1000)["loss"][0]
    }
    if find_spec("jax"):
        cases["jax scan"] = _jax_pinn(params, x, t)
    return cases


def _jax_pinn(params: Any, x: Any, t: Any) -> Work:
    import jax
    import jax.numpy as jnp

    value_and_grad = jax.value_and_grad(pinn_loss(jnp, jax.grad))
    tree = jax.tree_util.tree_map

    def step(state: Any, _: Any) -> Any:
        params, m, v, k = state
        value, g = value_and_grad(params, x, t)
        k = k + 1
        m = tree(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = tree(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        params = tree(
            lambda p, m, v: p - 1e-3 * (m / (1 - 0.9**k)) / (jnp.sqrt(v / (1 - 0.999**k)) + 1e-8),
            params,
            m,
            v,
        )
        return (params, m, v, k), value

    many = jax.jit(lambda state: jax.lax.scan(step, state, None, length=PINN_STEPS))
    zeros = tree(jnp.zeros_like, params)
    holder = [(params, zeros, zeros, jnp.float32(0))]

    def run() -> float:
        holder[0], losses = many(holder[0])
        return float(losses[0])

    return run


def compile_cases(which: str) -> dict[str, Work]:
    params, x, y = arrays()
    point = np.linspace(0, 1, 100).astype("f4")

    def ours() -> Any:
        if which == "mlp":
            return bp.value_and_grad(mlp(np))(params, x, y)
        return bp.value_and_grad(long_function(np))(point)

    cases: dict[str, Work] = {"fastbp": ours}
    if find_spec("jax"):
        import jax
        import jax.numpy as jnp

        def with_jax() -> Any:
            jax.clear_caches()
            if which == "mlp":
                return jax.block_until_ready(jax.jit(jax.value_and_grad(mlp(jnp)))(params, x, y))
            return jax.block_until_ready(jax.jit(jax.value_and_grad(long_function(jnp)))(point))

        cases["jax jit"] = with_jax
    return cases


def timed(work: Work, repeats: int) -> float:
    """Seconds a call."""
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - start) / repeats


def measured(cases: dict[str, Work], rounds: int, repeats: int) -> dict[str, float]:
    """The median of the rounds, in which the cases take turns."""
    for work in cases.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, work in cases.items():
            times[name].append(timed(work, repeats))
    return {name: median(found) for name, found in times.items()}


def agree(cases: dict[str, Work], rtol: float) -> None:
    """All give the same value."""
    found = {}
    for name, work in cases.items():
        result = work()
        found[name] = float(result[0] if isinstance(result, tuple) else result)
    first = found["fastbp"]
    for value in found.values():
        assert abs(value - first) <= rtol * abs(first), found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    results = {}
    plans: list[tuple[str, dict[str, Work], int, float, bool]] = [
        ("call", call_cases(), 2000, 1, True),
        ("train, a step", train_cases(), 1, TRAIN_STEPS, False),
        ("pinn, a step", pinn_cases(), 1, PINN_STEPS, True),
        ("compile mlp", compile_cases("mlp"), 1, 1, True),
        ("compile 200 operations", compile_cases("long"), 1, 1, True),
    ]
    print(f"{'':24s}{'':16s}{'us':>12s}{'ratio':>9s}")
    for name, cases, repeats, steps, same in plans:
        if same:
            agree(cases, 1e-4)
        found = measured(cases, options.rounds, repeats)
        first = next(iter(found.values()))
        for peer, seconds in found.items():
            print(f"{name:24s}{peer:16s}{seconds / steps * 1e6:12.2f}{seconds / first:9.2f}")
        results[name] = {peer: seconds / steps * 1e6 for peer, seconds in found.items()}
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(
                {"environment": environment.describe(), "microseconds": results}, file, indent=1
            )


if __name__ == "__main__":
    main()
