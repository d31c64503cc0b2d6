"""Activations and losses as functions, of graph nodes or of arrays.

Given a node they add to the graph; given arrays or numbers they compute the answer at once, through
a compiled program like everything else.
"""

from __future__ import annotations

from typing import Any, overload

import numpy as np
import numpy.typing as npt

from fastbp.graph import functions as graph
from fastbp.graph.node import Node
from fastbp.nn import eager
from fastbp.nn.soft_targets import is_soft, soft_cross_entropy
from fastbp.nn.targets import look_at


@overload
def sigmoid(x: Node) -> Node: ...
@overload
def sigmoid(x: npt.ArrayLike) -> Any: ...
def sigmoid(x: Any) -> Any:
    """The logistic function, ``1 / (1 + exp(-x))``, element by element.

    Parameters
    ----------
    x : Node, array of any shape, or number. Integers are taken as float64.

    Returns
    -------
    Node, or array of the shape and dtype of `x` (a NumPy scalar for a number).

    Examples
    --------
    >>> import fastbp as bp
    >>> float(bp.sigmoid(0.0))
    0.5
    """
    return graph.sigmoid(x) if isinstance(x, Node) else eager.elementwise("sigmoid", x)


@overload
def tanh(x: Node) -> Node: ...
@overload
def tanh(x: npt.ArrayLike) -> Any: ...
def tanh(x: Any) -> Any:
    """The hyperbolic tangent, element by element.

    Parameters
    ----------
    x : Node, array of any shape, or number. Integers are taken as float64.

    Returns
    -------
    Node, or array of the shape and dtype of `x` (a NumPy scalar for a number).

    Examples
    --------
    >>> import fastbp as bp
    >>> float(bp.tanh(0.0))
    0.0
    """
    return graph.tanh(x) if isinstance(x, Node) else eager.elementwise("tanh", x)


@overload
def relu(x: Node) -> Node: ...
@overload
def relu(x: npt.ArrayLike) -> Any: ...
def relu(x: Any) -> Any:
    """The positive part, ``max(x, 0)``, element by element; NaN stays NaN.

    The slope at 0 is 0, where that of ``np.maximum(x, 0)`` is 1/2: both operands have their share of it.

    Parameters
    ----------
    x : Node, array of any shape, or number. Integers are taken as float64.

    Returns
    -------
    Node, or array of the shape and dtype of `x` (a NumPy scalar for a number).

    Examples
    --------
    >>> import fastbp as bp
    >>> bp.relu([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return graph.relu(x) if isinstance(x, Node) else eager.elementwise("relu", x)


@overload
def softmax(x: Node) -> Node: ...
@overload
def softmax(x: npt.ArrayLike) -> Any: ...
def softmax(x: Any) -> Any:
    """``exp(x) / sum(exp(x))`` in each row.

    Parameters
    ----------
    x : Node or array (n, m), or array (m,), one row.

    Returns
    -------
    Node, or array of the shape and dtype of `x`; each row adds up to 1.

    Examples
    --------
    >>> import fastbp as bp
    >>> bp.softmax([[1.0, 1.0]]).tolist()
    [[0.5, 0.5]]
    """
    return graph.softmax(x) if isinstance(x, Node) else eager.rowwise("softmax", x)


def _loss(name: str, prediction: Any, target: Any) -> Any:
    if isinstance(prediction, Node) or isinstance(target, Node):
        parts = [p if isinstance(p, Node) else np.asarray(p) for p in (prediction, target)]
        look_at(name, *parts)
        return getattr(graph, name)(prediction, target)
    return eager.loss(name, prediction, target)


def bce(prediction: Any, target: Any) -> Any:
    """Binary cross-entropy of probabilities, averaged over all elements.

    ``mean(-(target * log(prediction) + (1 - target) * log(1 - prediction)))``, each logarithm at
    least -100.

    Parameters
    ----------
    prediction : Node or array (n,) or (n, m), probabilities.
    target : Node or array of the same shape, in [0, 1]; (n,) equals (n, 1).

    Returns
    -------
    Node of shape (), or a NumPy float.

    Raises
    ------
    ValueError
        For shapes that differ: nothing is broadcast; for arrays also if a number is outside of [0, 1].

    Examples
    --------
    >>> import fastbp as bp
    >>> round(float(bp.bce([0.5, 0.5], [0.0, 1.0])), 6)
    0.693147
    """
    return _loss("bce", prediction, target)


def bce_with_logits(prediction: Any, target: Any) -> Any:
    """Binary cross-entropy of logits, averaged over all elements.

    ``mean(max(z, 0) - z * target + log1p(exp(-abs(z))))``: the `bce` of ``sigmoid(z)``, exact for
    any z.

    Parameters
    ----------
    prediction : Node or array (n,) or (n, m), the logits z.
    target : Node or array of the same shape, in [0, 1]; (n,) equals (n, 1).

    Returns
    -------
    Node of shape (), or a NumPy float.

    Raises
    ------
    ValueError
        For shapes that differ: nothing is broadcast; for arrays also if a target is outside of [0, 1].

    Examples
    --------
    >>> import fastbp as bp
    >>> float(bp.bce_with_logits([-50.0], [1.0]))
    50.0
    """
    return _loss("bce_with_logits", prediction, target)


def cross_entropy(prediction: Any, target: Any, label_smoothing: float = 0.0) -> Any:
    """Cross-entropy of class probabilities, averaged over the rows.

    ``mean(-log(prediction[i, target[i]]))``.

    Parameters
    ----------
    prediction : Node or array (n, m), each row adding up to 1.
    target : Node or array (n,), class indices from 0 to m - 1 (whole floats are fine); or (n, m), a row of
        probabilities for each row, such as one-hot labels.
    label_smoothing : float in [0, 1)
        This share of each target is spread over all classes.

    Returns
    -------
    Node of shape (), or a NumPy float.

    Raises
    ------
    ValueError
        For shapes that do not go together; for arrays also if an index is out of range or not
        whole, or if rows are no probabilities.

    Examples
    --------
    >>> import fastbp as bp
    >>> round(float(bp.cross_entropy([[0.5, 0.5]], [1])), 6)
    0.693147
    """
    if is_soft(prediction, target, label_smoothing):
        return soft_cross_entropy(prediction, target, label_smoothing, cross_entropy, False)
    return _loss("cross_entropy", prediction, target)


def cross_entropy_with_logits(prediction: Any, target: Any, label_smoothing: float = 0.0) -> Any:
    """Cross-entropy of logits, averaged over the rows.

    The `cross_entropy` of ``softmax(z)``, exact for any z.

    Parameters
    ----------
    prediction : Node or array (n, m), the logits z.
    target : Node or array (n,), class indices from 0 to m - 1 (whole floats are fine); or (n, m), a row of
        probabilities for each row, such as one-hot labels.
    label_smoothing : float in [0, 1)
        This share of each target is spread over all classes.

    Returns
    -------
    Node of shape (), or a NumPy float.

    Raises
    ------
    ValueError
        For shapes that do not go together; for arrays also if an index is out of range or not
        whole.

    Examples
    --------
    >>> import fastbp as bp
    >>> round(float(bp.cross_entropy_with_logits([[3.0, 3.0]], [1])), 6)
    0.693147
    """
    if is_soft(prediction, target, label_smoothing):
        return soft_cross_entropy(
            prediction, target, label_smoothing, cross_entropy_with_logits, True
        )
    return _loss("cross_entropy_with_logits", prediction, target)


def mse(prediction: Any, target: Any) -> Any:
    """Mean squared error, averaged over all elements: ``mean((prediction - target)**2)``.

    Parameters
    ----------
    prediction : Node or array (n,) or (n, m).
    target : Node or array of the same shape; (n,) equals (n, 1).

    Returns
    -------
    Node of shape (), or a NumPy float.

    Raises
    ------
    ValueError
        For shapes that differ: nothing is broadcast.

    Examples
    --------
    >>> import fastbp as bp
    >>> float(bp.mse([1.0, 3.0], [1.0, 1.0]))
    2.0
    """
    return _loss("mse", prediction, target)
