"""JAX: the training step as one jitted function with donated buffers, called once a batch.

The rows lie on the device, and the place in them is part of the state: a call then carries no
argument that has to be converted, which a quarter of a small step's time would go to.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from data import Array, Data
from peers import Session
from peers.jax_stream import JaxStream
from reference import BETA_1, BETA_2, EPSILON, LEARNING_RATE
from workloads import Workload

VERSION: str = jax.__version__

Parameters = list[jax.Array]
State = tuple[jax.Array, Any, Any, Any]  # (beta_1^t, beta_2^t), parameters, moments m and v

# Below this many parameters one flat vector is faster (fewer kernels to start), above it the
# copy that gathers the gradients into one vector costs more than that.
_FLAT = 100_000


def loss_function(work: Workload, p: Parameters, x: jax.Array, y: jax.Array) -> jax.Array:
    """The mean loss, on logits."""
    for i in range(0, len(p) - 2, 2):
        z = x @ p[i] + p[i + 1]
        x = jnp.tanh(z) if work.hidden == "tanh" else jax.nn.relu(z)
    z = x @ p[-2] + p[-1]
    if work.loss == "bce":
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
    if work.loss == "cross_entropy":
        picked = jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - picked)
    return jnp.mean(jnp.square(z - y))


class Network:
    """The step of a workload, on a state whose parameters are a list or one flat vector."""

    def __init__(self, work: Workload, parameters: Sequence[Array]) -> None:
        self.work = work
        listed = [jnp.array(a) for a in parameters]
        self.listed: Callable[[Any], Parameters] = list
        p: Any = listed
        if work.update and sum(a.size for a in listed) < _FLAT:
            p, self.listed = ravel_pytree(listed)
        powers = jnp.ones(2, work.dtype)
        self.state: State = (powers, p, *jax.tree.map(jnp.zeros_like, (p, p)))

    def step(self, state: State, x: jax.Array, y: jax.Array) -> tuple[State, jax.Array]:
        """One Adam step; without update, the gradients take the place of the first moments."""
        powers, p, m, v = state
        loss, g = jax.value_and_grad(lambda q: loss_function(self.work, self.listed(q), x, y))(p)
        if not self.work.update:
            return (powers, p, g, v), loss
        powers = powers * jnp.array([BETA_1, BETA_2], powers.dtype)
        rate = LEARNING_RATE / (1 - powers[0])
        root = jax.lax.rsqrt(1 - powers[1])
        m = jax.tree.map(lambda a, b: BETA_1 * a + (1 - BETA_1) * b, m, g)
        v = jax.tree.map(lambda a, b: BETA_2 * a + (1 - BETA_2) * b * b, v, g)
        p = jax.tree.map(lambda a, b, c: a - rate * b / (jnp.sqrt(c) * root + EPSILON), p, m, v)
        return (powers, p, m, v), loss

    def arrays(self, state: State) -> list[Array]:
        """Parameters, or gradients where there is no update."""
        return [np.array(a) for a in self.listed(state[1 if self.work.update else 2])]


class Rows:
    """Rows and targets, put into a new order in place, once an epoch."""

    def __init__(self, work: Workload, data: Data) -> None:
        self.x = data.x
        self.y = data.y.astype(np.int32) if work.loss == "cross_entropy" else data.y
        self.shuffled = np.empty_like(self.x), np.empty_like(self.y)
        self.rng = np.random.default_rng(1)

    def order(self, shuffle: bool) -> tuple[Array, Array]:
        """All rows of an epoch; the last epoch's work must be done, its rows are overwritten."""
        if not shuffle:
            return self.x, self.y
        order, (x, y) = self.rng.permutation(len(self.x)), self.shuffled
        np.take(self.x, order, axis=0, out=x, mode="clip")
        return x, np.take(self.y, order, axis=0, out=y, mode="clip")


class JaxSession:
    """The jitted step and its state."""

    def __init__(self, work: Workload, data: Data) -> None:
        self.work, self.rows = work, Rows(work, data)
        self.network = Network(work, data.parameters)
        self.state = jnp.zeros((), np.int32), self.network.state
        self.step = jax.jit(self._step, donate_argnums=0)

    def _step(
        self, state: tuple[jax.Array, State], x: jax.Array, y: jax.Array
    ) -> tuple[tuple[jax.Array, State], jax.Array]:
        """The step on the batch where the state stands."""
        start, inner = state
        xb = jax.lax.dynamic_slice_in_dim(x, start, self.work.batch)
        yb = jax.lax.dynamic_slice_in_dim(y, start, self.work.batch)
        inner, loss = self.network.step(inner, xb, yb)
        return ((start + self.work.batch) % self.work.rows, inner), loss

    def train(self, epochs: int, shuffle: bool) -> float:
        """Whole epochs, batch by batch."""
        losses: list[jax.Array] = []
        for _ in range(epochs):
            x, y = map(jnp.asarray, self.rows.order(shuffle))
            losses = []
            for _ in range(self.work.steps):
                self.state, loss = self.step(self.state, x, y)
                losses.append(loss)
            jax.block_until_ready(self.state)
        return float(np.mean([float(loss) for loss in losses]))

    def arrays(self) -> list[Array]:
        """Parameters, or gradients where there is no update."""
        return self.network.arrays(self.state[1])


def build(work: Workload, data: Data, threads: int) -> Session:
    """A session; the number of threads comes from the environment (XLA_FLAGS and the cores)."""
    del threads
    jax.config.update("jax_enable_x64", work.dtype == "float64")
    return JaxStream(work, data, scan=False) if work.streams else JaxSession(work, data)
