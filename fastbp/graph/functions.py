"""Named functions on nodes: activations, losses, measures of accuracy.

Losses are (prediction, target). They compare shapes strictly: an (n, 1) prediction against an
(n,) target would broadcast to (n, n) in NumPy and train on nonsense, so here any mismatch but the
one with an obvious meaning raises.
"""

from __future__ import annotations

from typing import Any

from fastbp.graph import computed, numpy_functions, numpy_norms, ops, whole  # noqa: F401  (with all that operators need)
from fastbp.graph.node import Node, apply


def sigmoid(x: Any) -> Node:
    """1 / (1 + exp(-x)), element by element."""
    return apply("sigmoid", *_nodes("sigmoid", x))


def tanh(x: Any) -> Node:
    """Hyperbolic tangent, element by element."""
    return apply("tanh", *_nodes("tanh", x))


def relu(x: Any) -> Node:
    """max(x, 0), element by element; NaN stays NaN. The gradient at 0 is 0."""
    return apply("relu", *_nodes("relu", x))


def softmax(z: Any) -> Node:
    """exp(z) / sum(exp(z)) along the last axis."""
    (node,) = _nodes("softmax", z)
    if node.ndim == 2 or node.ndim == 0:
        return apply("softmax", node)
    rows = node.reshape(node.size // max(node.shape[-1], 1), node.shape[-1])
    return apply("softmax", rows).reshape(node.shape)


def erf(x: Any) -> Node:
    """The error function, element by element."""
    return apply("erf", *_nodes("erf", x))


def softplus(x: Any) -> Node:
    """log(1 + exp(x)), element by element."""
    return apply("softplus", *_nodes("softplus", x))


def exp(x: Any) -> Node:
    """The exponential function, element by element."""
    return apply("exp", *_nodes("exp", x))


def log(x: Any) -> Node:
    """Natural logarithm, element by element."""
    return apply("log", *_nodes("log", x))


def sqrt(x: Any) -> Node:
    """Square root, element by element."""
    return apply("sqrt", *_nodes("sqrt", x))


def square(x: Any) -> Node:
    """The square, element by element."""
    return apply("square", *_nodes("square", x))


def bce(prediction: Any, target: Any) -> Node:
    """Binary cross-entropy of probabilities, averaged over all elements.

    -(y log p + (1 - y) log(1 - p)), each logarithm at least -100. The compiler turns
    `bce(sigmoid(z), y)` into `bce_with_logits(z, y)`.

    Parameters
    ----------
    prediction : Node
        Probabilities, between 0 and 1.
    target : Node or array-like
        Labels between 0 and 1, of the same shape; (n,) and (n, 1) count as the same.

    Returns
    -------
    Node
        The loss, of shape ().

    Raises
    ------
    ValueError
        The shapes differ.

    Examples
    --------
    >>> from fastbp.graph import functions, input_node
    >>> z = input_node(0, (32, 1), "float32")
    >>> y = input_node(1, (32,), "float32")
    >>> functions.bce(functions.sigmoid(z), y).shape
    ()
    """
    return _elementwise("bce", prediction, target).mean()


def bce_with_logits(prediction: Any, target: Any) -> Node:
    """Binary cross-entropy of logits (before the sigmoid), averaged over all elements.

    max(z, 0) - z y + log(1 + exp(-|z|)): exact however large z is.

    Parameters
    ----------
    prediction : Node
        Logits.
    target : Node or array-like
        Labels between 0 and 1, of the same shape; (n,) and (n, 1) count as the same.

    Returns
    -------
    Node
        The loss, of shape ().

    Raises
    ------
    ValueError
        The shapes differ.
    """
    return _elementwise("bce_with_logits", prediction, target).mean()


def mse(prediction: Any, target: Any) -> Node:
    """Mean squared error over all elements.

    Parameters
    ----------
    prediction : Node
        Any numbers.
    target : Node or array-like
        Numbers of the same shape; (n,) and (n, 1) count as the same.

    Returns
    -------
    Node
        The loss, of shape ().

    Raises
    ------
    ValueError
        The shapes differ.
    """
    return _elementwise("squared_error", prediction, target, name="mse").mean()


def cross_entropy(prediction: Any, target: Any) -> Node:
    """Cross-entropy of class probabilities, averaged over rows: -log p[i, y[i]].

    The compiler turns `cross_entropy(softmax(z), y)` into `cross_entropy_with_logits(z, y)`.

    Parameters
    ----------
    prediction : Node
        Probabilities of shape (n, classes), such as a softmax gives.
    target : Node or array-like
        Class indices from 0, of shape (n,) or (n, 1); floats that are whole numbers will do.

    Returns
    -------
    Node
        The loss, of shape ().

    Raises
    ------
    ValueError
        The shapes do not fit.

    Examples
    --------
    >>> from fastbp.graph import functions, input_node
    >>> z = input_node(0, (32, 10), "float32")
    >>> functions.cross_entropy(functions.softmax(z), [3] * 32).shape
    ()
    """
    return _row_wise("cross_entropy", prediction, target).mean()


def cross_entropy_with_logits(prediction: Any, target: Any) -> Node:
    """Cross-entropy of logits (before the softmax), averaged over rows.

    log(sum(exp(z[i]))) - z[i, y[i]]: exact however large z is.

    Parameters
    ----------
    prediction : Node
        Logits of shape (n, classes).
    target : Node or array-like
        Class indices from 0, of shape (n,) or (n, 1); floats that are whole numbers will do.

    Returns
    -------
    Node
        The loss, of shape ().

    Raises
    ------
    ValueError
        The shapes do not fit.
    """
    return _row_wise("cross_entropy_with_logits", prediction, target).mean()


def binary_accuracy(prediction: Any, target: Any, threshold: float = 0.5) -> Node:
    """Share of elements on the same side: prediction above `threshold`, target above 0.5."""
    hits = _elementwise("binary_hits", prediction, target, threshold=float(threshold))
    return hits.mean()


def class_accuracy(prediction: Any, target: Any) -> Node:
    """Share of rows whose largest entry stands at the target's class index."""
    return _row_wise("class_hits", prediction, target).mean()


def _nodes(name: str, *values: Any) -> tuple[Node, ...]:
    """`values` as nodes; at least one of them must be one already and gives its dtype."""
    for value in values:
        if isinstance(value, Node):
            return tuple(value._operand(other) for other in values)
    raise TypeError(f"{name}: expected a Node, got {', '.join(type(v).__name__ for v in values)}")


def _elementwise(
    op: str, prediction: Any, target: Any, *, name: str | None = None, **attrs: Any
) -> Node:
    """One number an element; the target takes the prediction's shape if it is (n,) for (n, 1)."""
    name = name or op
    p, y = _nodes(name, prediction, target)
    if p.shape != y.shape:
        if _as_column(p.shape) != _as_column(y.shape):
            raise ValueError(
                f"{name}: expected a target of the prediction's shape {p.shape}, got {y.shape}; "
                "only (n,) and (n, 1) count as the same"
            )
        y = y.reshape(p.shape)
    return apply(op, p, y, **attrs)


def _as_column(shape: tuple[int, ...]) -> tuple[int, ...]:
    """(n,) as (n, 1)."""
    return (*shape, 1) if len(shape) == 1 else shape


def _row_wise(op: str, prediction: Any, target: Any) -> Node:
    """One number a row, given class indices of shape (n,) or (n, 1)."""
    p, y = _nodes(op, prediction, target)
    if p.ndim != 2:
        raise ValueError(f"{op}: expected a prediction of shape (n, classes), got {p.shape}")
    if y.shape not in (p.shape[:1], (p.shape[0], 1)):
        raise ValueError(
            f"{op}: expected class indices of shape ({p.shape[0]},) for a prediction of shape "
            f"{p.shape}, got {y.shape}"
            + ("; one-hot rows become indices by y.argmax(axis=1)" if y.shape == p.shape else "")
        )
    y = y.reshape(p.shape[0]) if y.ndim == 2 else y
    if whole.is_whole(y):
        y = whole.record(whole.class_labels, y, p.shape[1], whole.named(y, "target"))
    elif y.op == "constant" and y.size:
        low, high = y.attrs["value"].min(), y.attrs["value"].max()
        whole.check_classes("target", low, high, p.shape[1])
    return apply(op, p, y)
