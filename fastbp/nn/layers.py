"""Layers: descriptions of a part of the graph, and live views of its parameters."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy.typing as npt

from fastbp import checks
from fastbp.graph.node import Node
from fastbp.nn import functions, init
from fastbp.nn.parameters import copy_in

Array = npt.NDArray[Any]

ACTIVATIONS: dict[str | None, Callable[[Node], Any] | None] = {
    "sigmoid": functions.sigmoid,
    "tanh": functions.tanh,
    "relu": functions.relu,
    "softmax": functions.softmax,
    None: None,
}
_FOREIGN = {
    "linear": None,
    "identity": None,
    "none": None,
    "logistic": "sigmoid",
    "expit": "sigmoid",
}


def activation_name(value: object) -> str | None:
    """Return the name of an activation given by name or by function."""
    for name, function in ACTIVATIONS.items():
        if value is function or (isinstance(value, str) and value == name):
            return name
    if isinstance(value, str):
        raise checks.unknown_name("activation", value, ACTIVATIONS, _FOREIGN)
    kind = value if isinstance(value, type) else type(value)
    meant = checks.hint(kind.__name__, [k for k in ACTIVATIONS if k], _FOREIGN)
    listed = ", ".join(map(repr, ACTIVATIONS))
    raise TypeError(f"activation must be one of {listed}, got {checks.shown(value)}{meant}")


class Layer(checks.OwnAttributes, ABC):
    """A part of a network. A layer belongs to one model, whose block holds its parameters.

    Copies and pickles of a layer alone are its description; a model's have parameters too.
    """

    def __init__(self) -> None:
        self._owner: weakref.ref[Any] | None = None
        self._views: dict[str, Array] | None = None

    @property
    @abstractmethod
    def units(self) -> int:
        """How many outputs a row gets."""

    @property
    @abstractmethod
    def activation(self) -> str | None:
        """The name of the function at the layer's end."""

    @abstractmethod
    def shapes(self, n_in: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the parameters for `n_in` inputs."""

    @abstractmethod
    def initialise(self, views: Mapping[str, Array], seed: int, stream: int) -> None:
        """Write the starting values into the parameters."""

    @abstractmethod
    def graph(self, x: Node, parameters: Mapping[str, Node]) -> Node:
        """Add the layer to the graph: x (rows, n_in) -> (rows, units)."""

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """What a file says of the layer."""

    def claim(self, owner: object) -> None:
        """Note the model that the layer belongs to; refuse a second one while the first lives."""
        other = self._owner() if self._owner is not None else None
        if other is not None and other is not owner:
            raise ValueError(
                f"{self!r} belongs to another model, and models do not share weights: "
                "make a new layer, or pass copy.deepcopy(layer)"
            )
        if other is None:
            self._owner, self._views = weakref.ref(owner), None

    def bind(self, views: dict[str, Array]) -> None:
        """Take live views of the parameters in the model's block."""
        self._views = views

    def _get(self, name: str) -> Array:
        if self._views is None:
            raise RuntimeError(
                f"{self!r} has no {name} yet: the first fit or predict makes it, "
                "or model.build(n_features)"
            )
        return self._views[name]

    def _set(self, name: str, value: Any) -> None:
        copy_in(name, self._get(name), value)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_owner": None, "_views": None}


class Dense(Layer):
    """A fully connected layer: ``activation(x @ weight + bias)``.

    Parameters
    ----------
    units : int
        How many outputs a row gets.
    activation : {"sigmoid", "tanh", "relu", "softmax", None} or the function (bp.relu, ...)
        None leaves the outputs as they are.

    Attributes
    ----------
    weight : array (n_in, units), live
        Starts glorot-uniform, for relu he-uniform. Assigning copies in.
    bias : array (units,), live
        Starts at zero. Assigning copies in.

    Raises
    ------
    ValueError, TypeError
        For units that are no positive integer and for an unknown activation.

    Examples
    --------
    >>> import fastbp as bp
    >>> bp.Dense(16, activation="relu")
    Dense(16, activation='relu')
    """

    def __init__(self, units: int, activation: str | Callable[[Any], Any] | None = None) -> None:
        super().__init__()
        self._units = checks.positive_integer("units", units)
        self._activation = activation_name(activation)

    @property
    def units(self) -> int:
        """How many outputs a row gets."""
        return self._units

    @property
    def activation(self) -> str | None:
        """The name of the function at the layer's end; None for none."""
        return self._activation

    @property
    def weight(self) -> Array:
        """The weights (n_in, units), a live view of the model's parameters."""
        return self._get("weight")

    @weight.setter
    def weight(self, value: npt.ArrayLike) -> None:
        self._set("weight", value)

    @property
    def bias(self) -> Array:
        """The biases (units,), a live view of the model's parameters."""
        return self._get("bias")

    @bias.setter
    def bias(self, value: npt.ArrayLike) -> None:
        self._set("bias", value)

    def shapes(self, n_in: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the parameters for `n_in` inputs."""
        return {"weight": (n_in, self._units), "bias": (self._units,)}

    def initialise(self, views: Mapping[str, Array], seed: int, stream: int) -> None:
        """Draw the weights; set the biases to zero."""
        draw = init.he_uniform if self._activation == "relu" else init.glorot_uniform
        draw(views["weight"], seed, stream)
        views["bias"][...] = 0.0

    def graph(self, x: Node, parameters: Mapping[str, Node]) -> Node:
        """Add the layer to the graph: x (rows, n_in) -> (rows, units)."""
        z = x @ parameters["weight"] + parameters["bias"]
        activate = ACTIVATIONS[self._activation]
        return z if activate is None else activate(z)

    def description(self) -> dict[str, Any]:
        """What a file says of the layer."""
        return {"type": "Dense", "units": self._units, "activation": self._activation}

    def __repr__(self) -> str:
        return f"Dense({self._units}, activation={self._activation!r})"


def layer_from(description: Mapping[str, Any]) -> Layer:
    """Make the layer that a file describes."""
    if description["type"] != "Dense":
        raise ValueError(f"unknown layer type {checks.shown(description['type'])}")
    unknown = description.keys() - {"type", "units", "activation"}
    if unknown:
        raise ValueError(f"it is damaged (a Dense layer has no {checks.shown(min(unknown))})")
    return Dense(description["units"], description["activation"])
