"""Networks whose layers follow one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import numpy.typing as npt

from fastbp import checks
from fastbp.graph.node import Node
from fastbp.models.summary import Summary, table
from fastbp.nn.layers import Layer, layer_from
from fastbp.nn.losses import get_loss
from fastbp.nn.metrics import get_metrics
from fastbp.nn.model import Array, Model
from fastbp.training import checkpoint
from fastbp.training.evaluation import check_and_evaluate
from fastbp.training.history import History
from fastbp.training.trainer import Trainer


class Sequential(Model):
    """A network: each layer gets the outputs of the one before.

    Parameters
    ----------
    layers : list of layers
        Each belongs to this model alone.
    dtype : {"float32", "float64"}
        Of the parameters and of everything computed with them.
    seed : int, optional
        Of the starting weights and the shuffling. None draws one, kept in `seed`.

    Attributes
    ----------
    layers : tuple of the layers; their ``weight`` and ``bias`` are live views.
    parameters : the same views by name, {"0.weight": ..., "0.bias": ..., "1.weight": ...}.

    Raises
    ------
    TypeError, ValueError
        For layers that are none, are used twice or belong to another model, and for an unknown
        dtype or a bad seed.

    Notes
    -----
    The first `fit`, `predict` or `build` makes the parameters. While `fit` runs, a second one or a
    `predict` from another thread raises RuntimeError. Pickles and deep copies share nothing with
    the original.

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> y = np.array([0, 1, 1, 0])
    >>> model = bp.Sequential(
    ...     [bp.Dense(8, activation="tanh"), bp.Dense(1, activation="sigmoid")], seed=0
    ... )
    >>> history = model.fit(X, y, loss="bce", optimizer=bp.Adam(0.1), epochs=200, batch_size=4)
    >>> (model.predict(X) > 0.5).astype(int).ravel().tolist()
    [0, 1, 1, 0]
    """

    def __init__(
        self, layers: Iterable[Layer], *, dtype: npt.DTypeLike = "float32", seed: int | None = None
    ) -> None:
        super().__init__(dtype, seed)
        self._layers = _checked(layers)
        for layer in self._layers:
            layer.claim(self)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, first to last."""
        return self._layers

    @property
    def units(self) -> int:
        """How many outputs a row gets."""
        return self._layers[-1].units

    @property
    def activation(self) -> str | None:
        """The activation of the last layer."""
        return self._layers[-1].activation

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self._layers))
        return f"Sequential([{layers}], dtype={self.dtype.name!r}, seed={self.seed})"

    # ------------------------------------------------------------ what Model asks for

    def _each(self, n_features: int) -> list[tuple[Layer, dict[str, tuple[int, ...]]]]:
        """Each layer with the shapes of its parameters by their full names."""
        found, n_in = [], n_features
        for i, layer in enumerate(self._layers):
            shapes = layer.shapes(n_in)
            found.append((layer, {f"{i}.{name}": shape for name, shape in shapes.items()}))
            n_in = layer.units
        return found

    def _shapes(self, n_features: int) -> dict[str, tuple[int, ...]]:
        return {name: shape for _, part in self._each(n_features) for name, shape in part.items()}

    def _parts(self, named: Mapping[str, Any]) -> Iterator[tuple[Layer, dict[str, Any]]]:
        """Each layer with what belongs to it, under the layer's own names."""
        parts: list[dict[str, Any]] = [{} for _ in self._layers]
        for full, value in named.items():
            i, _, name = full.partition(".")
            parts[int(i)][name] = value
        return zip(self._layers, parts, strict=True)

    def _initialise(self, views: dict[str, Array]) -> None:
        for i, (layer, own) in enumerate(self._parts(views)):
            layer.initialise(own, self.seed, i)

    def _bind(self, views: dict[str, Array]) -> None:
        for layer, own in self._parts(views):
            layer.bind(own)

    def graph(self, x: Node, parameters: Mapping[str, Node]) -> Node:
        """The outputs (rows, units) as a graph on x (rows, n_features)."""
        for layer, own in self._parts(parameters):
            x = layer.graph(x, own)
        return x

    def description(self) -> dict[str, Any]:
        """What a file says of the model, its parameters excepted."""
        return {
            "type": "Sequential",
            "layers": [layer.description() for layer in self._layers],
            "dtype": self.dtype.name,
            "seed": self.seed,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        for layer in state["_layers"]:
            layer.claim(self)
        super().__setstate__(state)

    # ------------------------------------------------------------ use

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        loss: Any,
        optimizer: Any = "adam",
        epochs: int = 1,
        batch_size: int = 32,
        validation_data: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
        metrics: Iterable[str] | str = (),
        shuffle: bool = True,
        threads: int | None = None,
        verbose: str | int = "auto",
    ) -> History:
        """Train the model. Again, it goes on from the weights with a fresh optimizer.

        Parameters
        ----------
        X : anything np.asarray takes, (n, n_features)
            Used as it is when it has the model's dtype in C order, else converted. Never written.
        y : targets
            (n,) or (n, units), in [0, 1] for the bce losses; class indices (n,) from 0 for the
            cross-entropies. With one unit (n,) equals (n, 1).
        loss : {"bce", "bce_with_logits", "cross_entropy", "cross_entropy_with_logits", "mse", "mae", "huber"}
            Or the function, bp.bce and so on. "bce" needs a sigmoid output, "cross_entropy" a
            softmax, those with logits no activation.
        optimizer : {"adam", "sgd"} or an object such as bp.Adam(1e-2)
        epochs, batch_size : int, at least 1
            The last batch of an epoch may be short.
        validation_data : (Xv, yv), optional
            Evaluated after each epoch, into "val_loss" and so on.
        metrics : list of {"accuracy"}
        shuffle : bool
            Whether to draw the rows in a new order each epoch, from the model's seed.
        threads : int, optional
            How many threads share the work; None for as many as pay, up to `bp.set_num_threads`.
            No bit of the result depends on it.
        verbose : {"auto", 0, 1}
            "auto" shows progress on an interactive terminal or notebook once the run takes
            longer than 2 s; 0 shows nothing, 1 a line an epoch.

        Returns
        -------
        History
            "loss", "val_loss", "accuracy", ... to one float an epoch.

        Raises
        ------
        ValueError, TypeError
            For bad arguments, all before anything starts; NaN and infinity are looked for.
        DivergenceError
            If a loss turns non-finite; the last good epoch is restored.
        RuntimeError
            If the model is in use by another thread.
        KeyboardInterrupt
            On Ctrl-C; the parameters are those after the last whole batch.

        Notes
        -----
        `model.history`, and `history` of whatever stops a training, report the epochs until then.
        """
        return Trainer(self, loss=loss, optimizer=optimizer, metrics=metrics).fit(
            X,
            y,
            epochs=epochs,
            batch_size=batch_size,
            validation_data=validation_data,
            shuffle=shuffle,
            threads=threads,
            verbose=verbose,
        )

    def evaluate(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        loss: Any,
        metrics: Iterable[str] | str = (),
        threads: int | None = None,
    ) -> dict[str, float]:
        """Loss and metrics on data: {"loss": ..., "accuracy": ...}. Arguments as for `fit`."""
        found = get_loss(loss)
        found.check_output(self.units, self.activation)
        return check_and_evaluate(self, found, get_metrics(metrics, found), X, y, threads)

    def summary(self) -> Summary:
        """The layers as a table: output shape and number of parameters. A str; print it."""
        parts = self._each(self.n_features) if self.n_features is not None else None
        rows = []
        for i, layer in enumerate(self._layers):
            shapes = None if parts is None else list(parts[i][1].values())
            rows.append((repr(layer), layer.units, shapes))
        return table(rows, self.n_features, self.dtype)

    def save(self, path: checkpoint.Path) -> None:
        """Write the model to a .npz file, all or nothing. `bp.load` reads it."""
        arrays, description = checkpoint.pack_model(self)
        checkpoint.write(path, arrays, {"model": description})


def _checked(layers: Any) -> tuple[Layer, ...]:
    found = tuple(checks.listed("layers", layers, "layers"))
    if not found:
        raise ValueError("layers is empty, expected at least one layer")
    seen: set[int] = set()
    for i, layer in enumerate(found):
        if not isinstance(layer, Layer):
            hint = ": write Dense(units)" if isinstance(layer, type) else ""
            raise TypeError(
                f"layers[{i}] must be a layer such as bp.Dense(16), got {checks.shown(layer)}{hint}"
            )
        if id(layer) in seen:
            raise ValueError(
                f"layers[{i}] is the same object as one before it: make a new layer "
                "(layers do not share weights)"
            )
        seen.add(id(layer))
    return found


def from_description(description: Mapping[str, Any]) -> Sequential:
    """Make what a file describes, not built yet."""
    layers = [layer_from(each) for each in description["layers"]]
    seed = checks.seed_number(description["seed"])
    return Sequential(layers, dtype=description["dtype"], seed=seed)


def load(path: checkpoint.Path) -> Sequential:
    """Read a model that `model.save` or `trainer.save` wrote. Runs no code from the file.

    Raises
    ------
    ValueError
        Naming the path, if the file is not one of ours, is truncated, damaged or does not fit.
    OSError
        If it cannot be opened.
    """
    arrays, description = checkpoint.read(path)
    with checkpoint.damaged_as_value_error(path):
        checkpoint.expect(description, "model")
        # Files name no other kind of model.
        return cast(Sequential, checkpoint.unpack_model(arrays, description["model"]))
