"""A model, a loss and an optimizer, with the state that goes with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self, overload

import numpy.typing as npt

from fastbp import checks
from fastbp._lazy import once
from fastbp.engine.direct import Batches
from fastbp.nn.losses import get_loss
from fastbp.nn.metrics import Metric, get_metrics
from fastbp.nn.model import Model
from fastbp.optim.base import Optimizer
from fastbp.optim.named import get_optimizer, optimizer_from
from fastbp.training import checkpoint, loop
from fastbp.training.data import Data, check_data, check_validation
from fastbp.training.evaluation import check_and_evaluate
from fastbp.training.history import History
from fastbp.training.progress import check_verbose
from fastbp.training.state import State

if TYPE_CHECKING:
    from fastbp.training.function_trainer import FunctionTrainer

Array = npt.NDArray[Any]


class Trainer(checks.OwnAttributes):
    """Trains a model, or a function of parameters; keeps the optimizer's state from call to call.

    ``Trainer(loss, params=params)`` trains any function ``loss(params, *data)`` that is written with NumPy: see
    `fastbp.training.function_trainer.FunctionTrainer` for its `fit`, which takes the data as one tuple.

    Parameters
    ----------
    model : Sequential
    loss : {"bce", "bce_with_logits", "cross_entropy", "cross_entropy_with_logits", "mse", "mae", "huber"}
        Or the function, bp.bce and so on.
    optimizer : {"adam", "sgd"} or an object such as bp.Adam(1e-2)
    metrics : list of {"accuracy"}
        What `fit` and `evaluate` report beside the loss.

    Raises
    ------
    TypeError, ValueError
        For unknown names, and for a loss that does not fit the model's last activation.

    Notes
    -----
    One training of a model runs at a time: a second one at once, or a predict from another thread
    meanwhile, raises RuntimeError. Pickles and deep copies share nothing with the original.

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> model = bp.Sequential([bp.Dense(1, activation="sigmoid")], seed=0)
    >>> trainer = bp.Trainer(model, loss="bce", optimizer=bp.SGD(0.5))
    >>> X, y = np.array([[0.0], [1.0]]), np.array([0.0, 1.0])
    >>> first = trainer.step(X, y)
    >>> trainer.step(X, y) < first
    True
    """

    if TYPE_CHECKING:

        @overload
        def __new__(
            cls,
            model: Model,
            *,
            loss: Any,
            optimizer: Any = "adam",
            metrics: Iterable[str] | str = (),
        ) -> Self: ...
        @overload
        def __new__(
            cls,
            model: Callable[..., Any],
            *,
            params: Any,
            optimizer: Any = "adam",
            seed: int | None = None,
        ) -> FunctionTrainer: ...
        def __new__(cls, *args: Any, **options: Any) -> Any:
            """A trainer of a model, or of a function."""

    else:

        def __new__(
            cls,
            model: Any = None,
            *,
            loss: Any = None,
            optimizer: Any = "adam",
            metrics: Iterable[str] | str = (),
            params: Any = None,
            seed: int | None = None,
        ) -> Self:
            """A function of parameters and data in place of a model gets a trainer of its own kind."""
            function = loss if model is None and params is not None else model
            if cls is Trainer and callable(function) and not isinstance(function, Model | type):
                with once():
                    from fastbp.training.function_trainer import FunctionTrainer

                return super().__new__(FunctionTrainer)
            return super().__new__(cls)

        def __init__(
            self,
            model: Model | None = None,
            *,
            loss: Any = None,
            optimizer: Any = "adam",
            metrics: Iterable[str] | str = (),
            params: Any = None,
            seed: int | None = None,
        ) -> None:
            if not isinstance(model, Model):
                what = f"got {checks.shown(model)}"
                if model is None and callable(loss):
                    what = "and the function that was given as loss goes with params=..., got none"
                raise TypeError(
                    f"model must be a bp.Sequential, or a function of (params, *data) with params=..., {what}"
                )
            for name, given in (("params", params), ("seed", seed)):
                if given is not None:
                    raise TypeError(f"{name} must not be given with a model, which has its own")
            found = get_loss(loss)
            found.check_output(model.units, model.activation)
            self._metrics = get_metrics(metrics, found)
            self._begin(State(model, found, get_optimizer(optimizer)))

    def _begin(self, state: State) -> None:
        """Take a state, and nothing at hand yet for batches that need no check."""
        self._state = state
        classes = state.model.units if state.loss.target == "class" else 0
        self._updates = Batches(state.model.guard, classes)
        self._slopes = Batches(state.model.guard, classes)

    @property
    def model(self) -> Model:
        """The model that is trained."""
        return self._state.model

    @property
    def loss(self) -> str:
        """The name of the loss."""
        return self._state.loss.name

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer's description."""
        return self._state.optimizer

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics."""
        return tuple(metric.name for metric in self._metrics)

    @property
    def history(self) -> History:
        """What the last `fit` reports, of its whole epochs; of one that was interrupted or diverged, too."""
        return self._state.history

    @property
    def steps(self) -> int:
        """How many updates have been made."""
        return self._state.steps

    def __repr__(self) -> str:
        return (
            f"Trainer({self.model!r}, loss={self.loss!r}, optimizer={self.optimizer!r}, "
            f"metrics={list(self.metrics)!r})"
        )

    # ------------------------------------------------------------ training

    def step(self, xb: npt.ArrayLike, yb: npt.ArrayLike) -> float:
        """Make one update from one batch; return the batch's mean loss before it.

        Parameters
        ----------
        xb : anything np.asarray takes, (rows, n_features)
        yb : targets, (rows,) or (rows, units); class indices (rows,)

        Raises
        ------
        ValueError, TypeError
            For arrays that do not fit. NaN and infinity are not looked for.
        DivergenceError
            If the loss is not finite, or a parameter would not be; no update is made then.
        """
        done = self._updates.step(xb, yb)
        return self._step(xb, yb) if done is None else done

    def _step(self, xb: Any, yb: Any) -> float:
        """Check, convert and step: the careful way."""
        model = self.model
        x, y = self._batch(xb, yb)
        with model.guard.training():
            self._updates.keep(self._state.run("train", len(x)), {})
            return self._state.step((x, y))

    def gradients(self, xb: npt.ArrayLike, yb: npt.ArrayLike) -> tuple[float, dict[str, Array]]:
        """The mean loss of one batch and its gradients, without an update.

        Returns
        -------
        loss : float
        gradients : dict from the parameters' names to arrays of their shapes (copies)
        """
        done = self._slopes.gradients(xb, yb)
        return self._gradients(xb, yb) if done is None else done

    def _gradients(self, xb: Any, yb: Any) -> tuple[float, dict[str, Array]]:
        """Check, convert and differentiate: the careful way."""
        model = self.model
        x, y = self._batch(xb, yb)
        with model.guard.training():  # the gradients' block is written
            self._slopes.keep(self._state.run("gradient", len(x)), self._state.gradient_views())
            return self._state.gradient((x, y)), self._state.gradients()

    def _batch(self, xb: Any, yb: Any) -> Data:
        model, loss = self.model, self._state.loss
        data = check_data(model, loss, xb, yb, model.n_features, ("xb", "yb"), look=False)
        if not model.built:
            model.build(data[0].shape[1])
        return data

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        validation_data: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
        metrics: Iterable[str] | str | None = None,
        shuffle: bool = True,
        threads: int | None = None,
        verbose: str | int = "auto",
    ) -> History:
        """Train for a number of epochs, going on from where the last call ended.

        Parameters
        ----------
        X : anything np.asarray takes, (n, n_features)
            Used as it is when it has the model's dtype in C order, else converted. Never written.
        y : targets
            (n,) or (n, units); for the cross-entropies class indices (n,).
        epochs, batch_size : int, at least 1
            The last batch of an epoch may be short.
        validation_data : (Xv, yv), optional
            Evaluated after each epoch, into "val_loss" and so on.
        metrics : list of names, optional
            Instead of the trainer's.
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

        Raises
        ------
        ValueError, TypeError
            For bad arguments, all before anything starts; NaN and infinity are looked for. In an
            array that is mapped to memory they are looked for as its rows are read: if one is
            found, the last good epoch is restored.
        DivergenceError
            If a loss turns non-finite; the last good epoch is restored.
        RuntimeError
            If the model is in use by another thread.
        KeyboardInterrupt
            On Ctrl-C; the parameters are those after the last whole batch.
        """
        model, loss = self.model, self._state.loss
        numbers = (
            checks.positive_integer("epochs", epochs),
            checks.positive_integer("batch_size", batch_size),
            self._chosen(metrics),
            checks.flag("shuffle", shuffle),
            check_verbose(verbose),
            checks.thread_count("threads", threads),
        )
        data = check_data(model, loss, X, y, model.n_features, look="as it is read")
        n_features = data[0].shape[1]
        validation = check_validation(model, loss, validation_data, n_features)
        with model.guard.training():
            model.build(n_features)
            return loop.train(self._state, loop.Plan(data, validation, *numbers))

    def _chosen(self, metrics: Any) -> tuple[Metric, ...]:
        return self._metrics if metrics is None else get_metrics(metrics, self._state.loss)

    def evaluate(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        metrics: Iterable[str] | str | None = None,
        threads: int | None = None,
    ) -> dict[str, float]:
        """Loss and metrics on data, without an update: {"loss": ..., "accuracy": ...}."""
        chosen = self._chosen(metrics)
        return check_and_evaluate(self.model, self._state.loss, chosen, X, y, threads)

    # ------------------------------------------------------------ files and copies

    def save(self, path: checkpoint.Path) -> None:
        """Write model, optimizer state and counters to a .npz file, all or nothing.

        Training that goes on from the file gives the bits of one that was never interrupted.
        """
        guard = self.model.guard
        with guard.reading():
            arrays, description = checkpoint.pack_model(self.model)
            arrays |= self._state.arrays()
        training = {
            "loss": self.loss,
            "optimizer": {"type": type(self.optimizer).__name__.lower()}
            | dataclasses.asdict(self.optimizer),  # type: ignore[call-overload]
            "metrics": list(self.metrics),
        }
        checkpoint.write(path, arrays, {"model": description, "trainer": training})

    @classmethod
    def load(cls, path: checkpoint.Path, *, loss: Any = None, params: Any = None) -> Self:
        """Read a trainer that `save` wrote, with its model.

        The trainer of a function needs the function and parameters of the same nesting and shapes again:
        ``load(path, loss=loss, params=params)``.

        Raises
        ------
        ValueError
            Naming the path, if the file is not one of ours, damaged, or of a model alone.
        OSError
            If it cannot be opened.
        """
        if loss is not None or params is not None:
            with once():
                from fastbp.training.function_trainer import FunctionTrainer

            return FunctionTrainer.load(path, loss=loss, params=params)  # type: ignore[return-value]
        arrays, description = checkpoint.read(path)
        with checkpoint.damaged_as_value_error(path):
            checkpoint.expect(description, "trainer")
            model = checkpoint.unpack_model(arrays, description["model"])
            training = description["trainer"]
            optimizer, metrics = optimizer_from(training["optimizer"]), training["metrics"]
            if not isinstance(metrics, list):
                raise ValueError(f"metrics must be a list, got {checks.shown(metrics)}")
            trainer = cls(model, loss=training["loss"], optimizer=optimizer, metrics=metrics)
            trainer._state.restore(arrays)
            return trainer

    def __getstate__(self) -> dict[str, Any]:
        state = self._state
        guard = self.model.guard
        with guard.reading():
            arrays = state.arrays()
        return {
            "model": state.model,
            "loss": state.loss.name,
            "optimizer": state.optimizer,
            "metrics": self.metrics,
            "arrays": arrays,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        model, loss, optimizer = state["model"], get_loss(state["loss"]), state["optimizer"]
        self._metrics = get_metrics(state["metrics"], loss)
        self._begin(State(model, loss, optimizer))
        self._state.restore(state["arrays"])
