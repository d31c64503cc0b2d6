"""Training a loss that is written as a function of parameters and data."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy.typing as npt

from fastbp import checks
from fastbp._signals import from_handler
from fastbp.engine.program import MAX_ARRAYS
from fastbp.optim.named import get_optimizer, optimizer_from
from fastbp.training import checkpoint, loop
from fastbp.training.evaluation import evaluated
from fastbp.training.function_state import FunctionState, like, spec_of
from fastbp.training.history import History
from fastbp.training.objective import Objective, checked_places, data_arrays
from fastbp.training.progress import check_verbose
from fastbp.training.state import Kind
from fastbp.training.trainer import Trainer

Array = npt.NDArray[Any]


def _shapes(arrays: Mapping[str, Array]) -> str:
    return ", ".join(f"{name} {array.shape}" for name, array in sorted(arrays.items()))


class FunctionTrainer(Trainer):
    """What `Trainer(loss, params=params)` is: it trains a function of parameters and data.

    Parameters
    ----------
    loss : callable
        ``loss(params, *data)``, written with NumPy and the functions of fastbp, returns one number: for mini-batches
        best a mean over rows.
    params : nesting of dict, list, tuple and dataclass
        Float arrays and numbers to start from. They are copied.
    optimizer : {"adam", "sgd"} or an object such as bp.Adam(1e-2)
    seed : int, optional
        Of the order of rows.

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> def loss(params, x, y):
    ...     return ((x @ params["w"] - y) ** 2).mean()
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> trainer = bp.Trainer(loss, params={"w": np.zeros(2)}, optimizer=bp.Adam(0.1), seed=0)
    >>> history = trainer.fit((x, x @ [1.0, -2.0]), epochs=50)
    >>> trainer.params["w"].round(3).tolist()
    [1.0, -2.0]
    """

    _state: FunctionState

    def __init__(
        self,
        model: Callable[..., Any] | None = None,
        *,
        loss: Callable[..., Any] | None = None,
        optimizer: Any = "adam",
        metrics: object = (),
        params: Any = None,
        seed: int | None = None,
    ) -> None:
        if params is None:
            raise TypeError(
                "params must be given with a function: a nesting of arrays and numbers to begin with"
            )
        if not isinstance(metrics, tuple) or metrics:
            raise TypeError(
                "metrics must not be given with a function, which returns the loss alone"
            )
        if model is not None and loss is not None:
            raise TypeError(
                "loss must not be given with a function as the model, which returns the loss"
            )
        function: Any = model if loss is None else loss
        self._metrics = ()
        self._state = FunctionState(Objective(function, params, seed), get_optimizer(optimizer))

    @property
    def loss(self) -> Callable[..., Any]:  # type: ignore[override]
        """The function."""
        return self._state.model.function

    @property
    def params(self) -> Any:
        """The parameters in their nesting: live views, numbers as arrays without axes.

        What is assigned in it (``trainer.params["w"] = array``) is copied in when the trainer is used next.
        """
        objective = self._state.model
        # Where it does not fit, the next use says so; here it can still be put right. In use, it is not to be written.
        try:
            with objective.guard.training():
                objective.adopt()
        except (RuntimeError, ValueError, TypeError) as error:
            if from_handler(error):
                raise
        return objective.live()

    def __repr__(self) -> str:
        name = getattr(self.loss, "__name__", repr(self.loss))
        return f"Trainer({name}, params=..., optimizer={self.optimizer!r})"

    def step(self, *data: npt.ArrayLike) -> float:
        """Make one update from one batch; return the loss before it. Arrays as for `fit`; NaN is not looked for."""
        objective = self._state.model
        with objective.guard.training():
            arrays = self._checked(data, "data", "train", look=False)
            return self._state.step(arrays)

    def gradients(self, *data: npt.ArrayLike) -> tuple[float, dict[str, Array]]:
        """The loss of one batch and its gradients by the parameters' names, without an update."""
        objective = self._state.model
        with objective.guard.training():
            arrays = self._checked(data, "data", "gradient", look=False)
            loss = self._state.gradient(arrays)
            return loss, self._state.gradients()

    def fit(  # type: ignore[override]
        self,
        data: Any,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        validation_data: Any = None,
        shuffle: bool = True,
        threads: int | None = None,
        verbose: str | int = "auto",
    ) -> History:
        """Train for a number of epochs, going on from where the last call ended.

        Parameters
        ----------
        data : tuple of arrays, or one array
            What the loss gets after the parameters, all with the same number of rows. They are converted to the
            parameters' dtype and never written.
        epochs, batch_size : int, at least 1
            The last batch of an epoch may be short: the loss is traced for its shape, too.
        validation_data : like `data`, optional
            The loss of all of it is taken after each epoch, into "val_loss".
        shuffle, threads, verbose : as for a model's.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            For bad arguments, all before anything starts; NaN and infinity are looked for.
        DivergenceError
            If a loss turns non-finite; the last good epoch is restored.
        """
        numbers = (
            checks.positive_integer("epochs", epochs),
            checks.positive_integer("batch_size", batch_size),
            (),
            checks.flag("shuffle", shuffle),
            check_verbose(verbose),
            checks.thread_count("threads", threads),
        )
        objective = self._state.model
        with objective.guard.training():
            arrays = self._checked(data, "data", "train", most=numbers[1], look="as it is read")
            validation = None
            if validation_data is not None:
                validation = self._checked(
                    validation_data, "validation_data", "evaluate", same=True
                )
            return loop.train(self._state, loop.Plan(arrays, validation, *numbers))

    def evaluate(self, data: Any, *, threads: int | None = None) -> dict[str, float]:  # type: ignore[override]
        """The loss of all the data, without an update: {"loss": ...}."""
        threads = checks.thread_count("threads", threads)
        objective = self._state.model
        with objective.guard.training():  # programs are made
            arrays = self._checked(data, "data", "evaluate")
            runs = self._state.evaluation_runs((), len(arrays[0]))
            return {"loss": evaluated(runs, arrays, threads)[0]}

    def _checked(
        self,
        data: Any,
        name: str,
        kind: Kind,
        *,
        most: int | None = None,
        look: checks.Look = True,
        same: bool = False,
    ) -> tuple[Array, ...]:
        """The data as the engine takes it, and the program for up to `most` rows of it made.

        `same`: it must be like the data of the training.
        """
        self._state.model.adopt()
        dtype = self._state.model.dtype
        found = data_arrays(data, dtype, name=name, look=look)
        if not found:
            raise ValueError(f"{name} must hold an array with a row for each sample, or several")
        if len(found) > MAX_ARRAYS:
            raise ValueError(f"{name} may be up to {MAX_ARRAYS} arrays, got {len(found)}")
        for label, array in found:
            if not array.ndim or len(array) != len(found[0][1]):
                raise ValueError(
                    f"{label} must have {len(found[0][1]) if found[0][1].ndim else 'as many'} rows, as "
                    f"{found[0][0]} has, got shape {array.shape}; what has no rows can be captured by the function"
                )
        arrays = [array for _, array in found]
        if same:
            arrays = like(self._state.spec, arrays, name)
        self._state.expect(spec_of(arrays))
        rows = len(arrays[0])
        batch = rows if most is None else min(rows, most)
        for i, count, classes in self._state.places_of(kind, batch):
            arrays[i] = checked_places(found[i][0], arrays[i], count, classes, dtype)
        return self._state.entering(kind, batch, rows % batch, arrays)

    # ------------------------------------------------------------ files and copies

    def save(self, path: checkpoint.Path) -> None:
        """Write parameters, optimizer state and counters to a .npz file, all or nothing; not the function."""
        arrays, description = self._packed()
        checkpoint.write(path, arrays, {"objective": description})

    def _packed(self) -> tuple[dict[str, Array], dict[str, Any]]:
        objective = self._state.model
        with objective.guard.reading():
            objective.adopt()
            arrays = {
                checkpoint.PARAMETER + name: a.copy() for name, a in objective.parameters.items()
            }
            arrays |= self._state.arrays()
        optimizer = {"type": type(self.optimizer).__name__.lower()} | dataclasses.asdict(
            self.optimizer
        )  # type: ignore[call-overload]
        return arrays, {
            "optimizer": optimizer,
            "seed": objective.seed,
            "shuffles": objective.shuffles,
        }

    @classmethod
    def load(cls, path: checkpoint.Path, *, loss: Any = None, params: Any = None) -> Self:
        """Read what `save` wrote, for the same function and parameters of the same nesting and shapes."""
        arrays, description = checkpoint.read(path)
        with checkpoint.damaged_as_value_error(path):
            checkpoint.expect(description, "objective")
            saved = description["objective"]
            optimizer = optimizer_from(saved["optimizer"])
            seed = checks.seed_number(saved["seed"])
            shapes = checkpoint.parameters_in(arrays)
        if params is None:
            raise TypeError(
                f"params must be given to load a trainer of a function: arrays of {_shapes(shapes)}"
            )
        trainer = cls(loss, params=params, optimizer=optimizer, seed=seed)
        with checkpoint.damaged_as_value_error(path):
            trainer._restore(arrays, saved)
        return trainer

    def _restore(self, arrays: dict[str, Array], saved: dict[str, Any]) -> None:
        objective = self._state.model
        given = checkpoint.parameters_in(arrays)
        if objective.parameters.keys() != given.keys():
            raise ValueError(
                f"params must hold arrays of {_shapes(given)}, got {_shapes(objective.parameters)}"
            )
        for name, view in objective.parameters.items():
            array = arrays[checkpoint.PARAMETER + name]
            if array.shape != view.shape or array.dtype != view.dtype:
                raise ValueError(
                    f"{name} must have shape {view.shape} and dtype {view.dtype}, got {array.shape} and {array.dtype}"
                )
        self._state.restore(arrays)
        for name, view in objective.parameters.items():
            view[...] = arrays[checkpoint.PARAMETER + name]
        objective.shuffles = checks.counter("shuffles", saved["shuffles"])

    def __getstate__(self) -> dict[str, Any]:
        arrays, saved = self._packed()
        return {
            "loss": self.loss,
            "params": self._state.model.copies(),
            "optimizer": self.optimizer,
            "arrays": arrays,
            "saved": saved,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        saved = state["saved"]
        self.__init__(  # type: ignore[misc]
            state["loss"], params=state["params"], optimizer=state["optimizer"], seed=saved["seed"]
        )
        self._restore(state["arrays"], saved)
