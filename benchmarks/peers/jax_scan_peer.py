"""JAX: a whole epoch in one jitted `lax.scan`, with donated buffers."""

import jax

from data import Array, Data
from peers import Session
from peers.jax_peer import VERSION, Network, Rows, State
from peers.jax_stream import JaxStream
from workloads import Workload

__all__ = ["VERSION", "build"]


class JaxScanSession:
    """The compiled epoch and its state."""

    def __init__(self, work: Workload, data: Data) -> None:
        self.work, self.rows = work, Rows(work, data)
        self.network = Network(work, data.parameters)
        self.state = self.network.state
        self.epoch = jax.jit(self._epoch, donate_argnums=0)

    def _epoch(self, state: State, x: jax.Array, y: jax.Array) -> tuple[State, jax.Array]:
        """Scan over batches that lie one after the other."""

        def body(carry: State, batch: tuple[jax.Array, jax.Array]) -> tuple[State, jax.Array]:
            return self.network.step(carry, *batch)

        shape = self.work.steps, self.work.batch
        batches = x.reshape(*shape, *x.shape[1:]), y.reshape(*shape, *y.shape[1:])
        state, losses = jax.lax.scan(body, state, batches)
        return state, losses.mean()

    def train(self, epochs: int, shuffle: bool) -> float:
        """Whole epochs, one call each."""
        loss: jax.Array | None = None
        for _ in range(epochs):
            self.state, loss = self.epoch(self.state, *self.rows.order(shuffle))
            jax.block_until_ready(self.state)
        return float("nan") if loss is None else float(loss)

    def arrays(self) -> list[Array]:
        """Parameters, or gradients where there is no update."""
        return self.network.arrays(self.state)


def build(work: Workload, data: Data, threads: int) -> Session:
    """A session; the number of threads comes from the environment (XLA_FLAGS and the cores)."""
    del threads
    jax.config.update("jax_enable_x64", work.dtype == "float64")
    return JaxStream(work, data, scan=True) if work.streams else JaxScanSession(work, data)
