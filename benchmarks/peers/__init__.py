"""The peers: one module each, with `build(work, data, threads) -> Session`.

This module imports none of them, so that listing the peers loads no library.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol


class Session(Protocol):
    """A network ready to train in one library, its initial parameters set."""

    def train(self, epochs: int, shuffle: bool) -> float:
        """Train (or evaluate loss and gradients for) whole epochs, and wait until they are done.

        Returns the mean loss of the last epoch's batches.
        """
        ...

    def arrays(self) -> list[Any]:
        """Parameters W0, b0, W1, b1, ... now; without update, the last batch's gradients."""
        ...


@dataclass(frozen=True)
class Peer:
    """A peer's module, the packages it needs, and the workloads it has no way to run.

    `slack` multiplies the check's tolerance. scikit-learn and Keras add Adam's epsilon to the
    root before its bias is corrected, which the first tens of steps of T3 feel.
    """

    name: str
    title: str
    module: str
    packages: tuple[str, ...]
    excluded: dict[str, str]
    slack: float = 1.0

    def missing(self) -> list[str]:
        """The packages that are not installed."""
        return [name for name in self.packages if find_spec(name) is None]


_SK_GRAD = "no public function for loss and gradient"
_KERAS_GRAD = "Model.fit always updates"

_ALL = (
    Peer("fastbp", "fastbp", "peers.fastbp_peer", ("fastbp",), {}),
    Peer("numpy", "NumPy by hand", "peers.numpy_peer", ("numpy",), {}),
    Peer(
        "sklearn",
        "scikit-learn MLP",
        "peers.sklearn_peer",
        ("sklearn",),
        {"S1": _SK_GRAD},
        slack=25,
    ),
    Peer("torch", "PyTorch eager", "peers.torch_peer", ("torch",), {}),
    Peer(
        "keras",
        "Keras (JAX)",
        "peers.keras_peer",
        ("keras", "jax"),
        {"S1": _KERAS_GRAD},
        slack=25,
    ),
    Peer("jax-step", "JAX jit a step", "peers.jax_peer", ("jax",), {}),
    Peer("jax-scan", "JAX lax.scan epoch", "peers.jax_scan_peer", ("jax",), {}),
)

PEERS = {peer.name: peer for peer in _ALL}
