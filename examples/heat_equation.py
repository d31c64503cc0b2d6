"""A physics-informed network: the heat equation u_t = u_xx / pi^2 on [0, 1], without a grid.

The network u(x, t) is trained to have no residual u_t - u_xx / pi^2 at random points, and to meet the starting and
boundary values. Its derivatives by x and t are taken with bp.grad inside the loss; the known solution is
exp(-t) sin(pi x). M. Raissi et al., "Physics-informed neural networks", J. Comput. Phys. 378, 2019.
"""

import sys
from itertools import pairwise
from typing import Any

import numpy as np

import fastbp as bp

rng = np.random.default_rng(0)


def network(params: Any, x: Any, t: Any) -> Any:
    """u at points (n, 1) and (n, 1), as (n,)."""
    h = np.concatenate([x, t], axis=1)
    for W, b in params[:-1]:
        h = np.tanh(h @ W + b)
    W, b = params[-1]
    return (h @ W + b)[:, 0]


def residual(params: Any, x: Any, t: Any) -> Any:
    """u_t - u_xx / pi^2."""

    def u_x(x: Any) -> Any:
        return bp.grad(lambda x: network(params, x, t).sum())(x)

    u_t = bp.grad(lambda t: network(params, x, t).sum())(t)
    u_xx = bp.grad(lambda x: u_x(x).sum())(x)
    return u_t - u_xx / np.pi**2


def loss(params: Any, x: Any, t: Any) -> Any:
    """Equation, starting values, boundary values."""
    start = network(params, x, 0 * t) - np.sin(np.pi * x[:, 0])
    left, right = network(params, 0 * x, t), network(params, 0 * x + 1, t)
    return (residual(params, x, t) ** 2).mean() + 10 * (
        (start**2).mean() + (left**2).mean() + (right**2).mean()
    )


def solution(x: Any, t: Any) -> Any:
    """What is known."""
    return np.exp(-t) * np.sin(np.pi * x)


sizes = [2, 20, 20, 20, 1]
params: Any = [
    (rng.normal(0, (2 / (n + m)) ** 0.5, (n, m)), np.zeros(m)) for n, m in pairwise(sizes)
]
x, t = rng.uniform(size=(1000, 1)), rng.uniform(size=(1000, 1))

for learning_rate in (3e-3, 1e-3):
    trainer = bp.Trainer(loss, params=params, optimizer=bp.Adam(learning_rate), seed=0)
    history = trainer.fit((x, t), epochs=100, batch_size=100)
    params = trainer.params
    print(f"learning rate {learning_rate}: {history}")

grid_x, grid_t = np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 1, 5))
found = network(params, grid_x.reshape(-1, 1), grid_t.reshape(-1, 1)).reshape(grid_x.shape)
error = np.abs(found - solution(grid_x, grid_t)).max()
print(f"largest error of u on the grid: {error:.4f}")
assert error < 0.05

# The solution in the terminal: found (o) and known (-) at three times.
for i in (0, 2, 4):
    print(f"\nt = {grid_t[i, 0]:.2f}")
    for level in np.linspace(1, 0, 9):
        line = ""
        for u, known in zip(found[i], solution(grid_x[i], grid_t[i]), strict=True):
            line += "o" if abs(u - level) < 1 / 16 else "-" if abs(known - level) < 1 / 16 else " "
        print(f"{level:5.2f} |{line}")

if "--plot" in sys.argv:
    try:
        import matplotlib.pyplot as plt  # type: ignore[import-not-found]
    except ImportError:
        raise SystemExit("--plot needs matplotlib: pip install matplotlib") from None

    for i in range(len(found)):
        plt.plot(grid_x[i], solution(grid_x[i], grid_t[i]), "k--")
        plt.plot(grid_x[i], found[i], label=f"t = {grid_t[i, 0]:.2f}")
    plt.xlabel("x")
    plt.ylabel("u (dashed: known)")
    plt.legend()
    plt.savefig("heat_equation.png")
