"""JAX for logistic regression on more rows than the caches hold: the rows kept as columns.

With a feature a row, XLA makes of the products plain sums along memory: half the time of the rows
as they come, even where those go through a `lax.scan` over blocks of 4,000, their fastest form, and
a quarter of the time of one product of all of them.
"""

import jax
import jax.numpy as jnp
import numpy as np

from data import Array, Data
from workloads import Workload

State = tuple[jax.Array, jax.Array]


def _loss(p: State, x: jax.Array, y: jax.Array) -> jax.Array:
    """The mean loss on logits; x is (features, rows)."""
    z = p[0] @ x + p[1]
    return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))


def _aligned(array: Array) -> Array:
    """A copy that starts at a cache line: JAX takes it as it lies, in NumPy's large pages."""
    room = np.empty(array.nbytes + 64, np.uint8)
    start = -room.ctypes.data % 64
    copy = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


class JaxStream:
    """A jitted step, called once an epoch, or a `lax.scan` over the epochs."""

    def __init__(self, work: Workload, data: Data, scan: bool) -> None:
        self.work, self.scan = work, scan
        self.x, self.y = jnp.asarray(_aligned(data.x.T)), jnp.asarray(_aligned(data.y.ravel()))
        self.state: State = (jnp.array(data.parameters[0].ravel()), jnp.array(data.parameters[1]))
        self.step = jax.jit(self._step, donate_argnums=0)
        self.steps = jax.jit(self._steps, donate_argnums=0, static_argnums=3)

    def _step(self, p: State, x: jax.Array, y: jax.Array) -> tuple[State, jax.Array]:
        """One update from all rows."""
        loss, slopes = jax.value_and_grad(_loss)(p, x, y)
        weight, bias = (a - self.work.sgd * g for a, g in zip(p, slopes, strict=True))
        return (weight, bias), loss

    def _steps(self, p: State, x: jax.Array, y: jax.Array, n: int) -> tuple[State, jax.Array]:
        """So many updates; the last one's loss."""
        p, losses = jax.lax.scan(lambda q, _: self._step(q, x, y), p, length=n)
        return p, losses[-1]

    def train(self, epochs: int, shuffle: bool) -> float:
        """Whole epochs, a step each."""
        del shuffle  # one batch of all rows
        loss = jnp.zeros(())
        if self.scan:
            self.state, loss = self.steps(self.state, self.x, self.y, epochs)
        else:
            for _ in range(epochs):
                self.state, loss = self.step(self.state, self.x, self.y)
        jax.block_until_ready(self.state)
        return float(loss)

    def arrays(self) -> list[Array]:
        """Weight and bias."""
        return [np.array(self.state[0]).reshape(-1, 1), np.array(self.state[1])]
