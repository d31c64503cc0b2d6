"""Losses as training knows them: what they compute, and which outputs and targets they go with."""

from collections.abc import Callable
from typing import Any, NamedTuple

from fastbp import checks
from fastbp.nn import functions, regression
from fastbp.nn.targets import Target


class Loss(NamedTuple):
    """A loss (prediction, target) -> mean, and what it asks of a network.

    Attributes
    ----------
    name : how it is called.
    build : the graph of the mean loss.
    activation : the activation that the last layer must have, or "any".
    target : what the targets are: probabilities in [0, 1], class indices, or real numbers.
    """

    name: str
    build: Callable[[Any, Any], Any]
    activation: str | None
    target: Target

    @property
    def on_logits(self) -> bool:
        """Whether the predictions are logits."""
        return self.name.endswith("_with_logits")

    def check_output(self, units: int, activation: str | None) -> None:
        """Refuse a network whose last layer does not go with the loss, and say what would."""
        name = self.name
        if self.target == "class" and units < 2:
            raise ValueError(
                f"loss {name!r} needs at least 2 output units, one a class, got 1: for two use "
                "Dense(1, activation='sigmoid') with loss='bce', or Dense(2, activation='softmax')"
            )
        if self.activation in (activation, "any"):
            return
        plain = name.removesuffix("_with_logits")
        if self.on_logits:
            if activation == _BY_NAME[plain].activation:
                way_out = f"use loss={plain!r}, or leave the activation out"
            else:
                way_out = f"leave the activation out, or {_other(activation)}"
            raise ValueError(
                f"loss {name!r} needs logits, a last layer with activation=None, "
                f"got {activation!r}: {way_out}"
            )
        logits = f"{name}_with_logits"
        way_out = f"give the last layer activation={self.activation!r}"
        way_out += (
            f", or use loss={logits!r}" if activation is None else f", or {_other(activation)}"
        )
        raise ValueError(
            f"loss {name!r} needs a last layer with activation={self.activation!r}, "
            f"got {activation!r}: {way_out}"
        )


def _other(activation: str | None) -> str:
    """The losses that an activation goes with."""
    fits = [loss.name for loss in LOSSES if loss.activation in (activation, "any")]
    return "use loss=" + " or loss=".join(map(repr, fits))


LOSSES = (
    Loss("bce", functions.bce, "sigmoid", "probability"),
    Loss("bce_with_logits", functions.bce_with_logits, None, "probability"),
    Loss("cross_entropy", functions.cross_entropy, "softmax", "class"),
    Loss("cross_entropy_with_logits", functions.cross_entropy_with_logits, None, "class"),
    Loss("mse", functions.mse, "any", "real"),
    Loss("mae", regression.mae, "any", "real"),
    Loss("huber", regression.huber, "any", "real"),
)
_BY_NAME = {loss.name: loss for loss in LOSSES}

# What Keras, PyTorch and scikit-learn call them.
_FOREIGN = {
    "binary_crossentropy": "bce",
    "binary_cross_entropy": "bce",
    "BCELoss": "bce",
    "log_loss": "bce",
    "binary_cross_entropy_with_logits": "bce_with_logits",
    "BCEWithLogitsLoss": "bce_with_logits",
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "NLLLoss": "cross_entropy",
    "CrossEntropyLoss": "cross_entropy_with_logits",
    "softmax_cross_entropy": "cross_entropy_with_logits",
    "mean_squared_error": "mse",
    "squared_error": "mse",
    "squared_loss": "mse",
    "MSELoss": "mse",
    "l2": "mse",
    "mean_absolute_error": "mae",
    "absolute_error": "mae",
    "L1Loss": "mae",
    "l1": "mae",
    "HuberLoss": "huber",
    "SmoothL1Loss": "huber",
}


def get_loss(value: object) -> Loss:
    """Return the loss that is meant by a name, a function (bp.bce, ...) or a Loss."""
    for loss in LOSSES:
        if value is loss or value is loss.build or (isinstance(value, str) and value == loss.name):
            return loss
    if isinstance(value, str):
        raise checks.unknown_name("loss", value, _BY_NAME, _FOREIGN)
    kind = value if isinstance(value, type) or hasattr(value, "__name__") else type(value)
    meant = checks.hint(str(getattr(kind, "__name__", "")), _BY_NAME, _FOREIGN)
    listed = ", ".join(map(repr, _BY_NAME))
    raise TypeError(f"loss must be one of {listed}, got {checks.shown(value)}{meant}")
