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

import environment

environment.prepare(1)  # before NumPy comes
os.environ["JAX_PLATFORMS"] = "cpu"

from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np

import graph_tasks as tasks
from jobs import Task, repeated


def call_cases() -> dict[str, Task]:
    params, x, y = tasks.arrays()
    cases = {"fastbp": tasks.call()}
    if find_spec("jax"):
        import jax
        import jax.numpy as jnp

        g = jax.jit(jax.value_and_grad(tasks.mlp(jnp)))

        def with_jax() -> Any:
            value, grads = g(params, x, y)
            return float(value), [np.asarray(a) for a in grads]

        cases["jax jit"] = repeated(with_jax)
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)

        def with_torch() -> Any:
            leaves = [torch.from_numpy(p).requires_grad_() for p in params]
            W1, b1, W2, b2 = leaves
            z = torch.tanh(torch.from_numpy(x) @ W1 + b1) @ W2 + b2
            loss = torch.nn.functional.binary_cross_entropy_with_logits(z, torch.from_numpy(y))
            return loss.item(), [g.numpy() for g in torch.autograd.grad(loss, leaves)]

        cases["torch"] = repeated(with_torch)
    if find_spec("autograd"):
        import autograd
        import autograd.numpy as anp

        h = autograd.value_and_grad(lambda p: tasks.mlp(anp)(p, x, y))
        cases["autograd"] = repeated(lambda: h(params))
    return cases


def train_cases() -> dict[str, Task]:
    return {"Trainer(loss)": tasks.train_function(), "Sequential": tasks.train_sequential()}


def pinn_cases() -> dict[str, Task]:
    cases = {"fastbp": tasks.pinn()}
    if find_spec("jax"):
        cases["jax scan"] = _jax_pinn(*tasks.pinn_arrays())
    return cases


def _jax_pinn(params: Any, x: Any, t: Any) -> Task:
    import jax
    import jax.numpy as jnp

    value_and_grad = jax.value_and_grad(tasks.pinn_loss(jnp, jax.grad))
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

    many = jax.jit(lambda state: jax.lax.scan(step, state, None, length=tasks.PINN_STEPS))
    zeros = tree(jnp.zeros_like, params)
    holder = [(params, zeros, zeros, jnp.float32(0))]

    def run() -> float:
        holder[0], losses = many(holder[0])
        return float(losses[0])

    return repeated(run, tasks.PINN_STEPS)


def compile_cases(which: str) -> dict[str, Task]:
    cases = {"fastbp": tasks.first_call(which)}
    if find_spec("jax"):
        cases["jax jit"] = _jax_first_call(which)
    return cases


def _jax_first_call(which: str) -> Task:
    import jax
    import jax.numpy as jnp

    params, x, y = tasks.arrays()
    point = np.linspace(0, 1, 100).astype("f4")
    mlp, long = tasks.mlp(jnp), tasks.long_function(jnp)

    def call() -> Any:
        jax.clear_caches()
        if which == "mlp":
            return jax.block_until_ready(jax.jit(jax.value_and_grad(mlp))(params, x, y))
        return jax.block_until_ready(jax.jit(jax.value_and_grad(long))(point))

    return repeated(call)


def measured(cases: dict[str, Task], rounds: int, repeats: int) -> dict[str, float]:
    """Microseconds a step: the median of the rounds, in which the cases take turns."""
    for task in cases.values():
        task.run(1)
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, task in cases.items():
            times[name].append(task.seconds(repeats)[0] * 1e6)
    return {name: median(found) for name, found in times.items()}


def agree(cases: dict[str, Task], rtol: float) -> None:
    """All give the same value."""
    found = {}
    for name, task in cases.items():
        result = task.run(1)
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
    plans = [
        ("call", call_cases(), 2000, True),
        ("train, a step", train_cases(), 1, False),
        ("pinn, a step", pinn_cases(), 1, True),
        ("compile mlp", compile_cases("mlp"), 1, True),
        ("compile 200 operations", compile_cases("long"), 1, True),
    ]
    print(f"{'':24s}{'':16s}{'us':>12s}{'ratio':>9s}")
    for name, cases, repeats, same in plans:
        if same:
            agree(cases, 1e-4)
        found = measured(cases, options.rounds, repeats)
        first = next(iter(found.values()))
        for peer, us in found.items():
            print(f"{name:24s}{peer:16s}{us:12.2f}{us / first:9.2f}")
        results[name] = found
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(
                {"environment": environment.describe(), "microseconds": results}, file, indent=1
            )


if __name__ == "__main__":
    main()
