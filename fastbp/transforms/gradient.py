"""Derivatives of functions written in NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from fastbp import checks, nesting
from fastbp.compiler.simplify import stabilised
from fastbp.graph.backprop import gradients
from fastbp.graph.dtypes import WEAK
from fastbp.graph.in_place import check_results
from fastbp.graph.moves import moved_together
from fastbp.graph.node import Node, apply, constant
from fastbp.transforms.captured import Function
from fastbp.transforms.transformed import Transformed

Argnums = int | Sequence[int]


def value_and_grad(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that returns the value of `function` and its gradients.

    Parameters
    ----------
    function : callable
        Written with NumPy and the functions of fastbp; it returns one number. It is called once for each nesting,
        shapes and dtypes of its arguments, with graph nodes in place of float arrays and floats.
    argnums : int or sequence of int, default 0
        Which positional arguments to differentiate with respect to: float arrays, numbers, or any nesting of dict,
        list, tuple and dataclass of them.

    Returns
    -------
    callable
        Takes the arguments of `function`; returns ``(value, gradients)``: the gradients in the nesting of the
        argument, in the dtypes of its arrays (a tuple of such nestings if `argnums` is a sequence).

    Raises
    ------
    TypeError
        When it is called: for a function that does not return one number, and for integer arrays to differentiate by.

    Notes
    -----
    Float arrays that the function uses from outside are read at every call. What else it reads there, items and
    attributes to any depth, is looked at again: the answer is never stale. What cannot be watched, such as a file, has
    the function traced at each call, which a warning says once. Random numbers are refused: pass them as data.

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> def loss(params, x, y):
    ...     return ((x @ params["w"] + params["b"] - y) ** 2).mean()
    >>> params = {"w": np.array([1.0, 2.0]), "b": 0.5}
    >>> value, grads = bp.value_and_grad(loss)(params, np.ones((4, 2)), np.zeros(4))
    >>> float(value), grads
    (12.25, {'w': array([7., 7.]), 'b': 7.0})
    """
    places = places_of(argnums)

    def derive(f: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        value, found = _gradients(f, places, args, kwargs)
        return value, found if not isinstance(argnums, int) else found[0]

    return Transformed(function, derive, places, (value_and_grad, argnums))


def grad(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that returns the gradients of `function`; see `value_and_grad`.

    It can be differentiated again, and used inside functions that are.

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> bool(bp.grad(bp.grad(np.sin))(0.5) == -np.sin(0.5))
    True
    """
    places = places_of(argnums)

    def derive(f: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        _, found = _gradients(f, places, args, kwargs)
        return found if not isinstance(argnums, int) else found[0]

    return Transformed(function, derive, places, (grad, argnums))


def jacobian(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that returns the derivatives of an array with respect to an argument.

    Parameters
    ----------
    function : callable
        Returns one array, or number, of any shape.
    argnums : int or sequence of int, default 0

    Returns
    -------
    callable
        Returns, in the nesting of the argument, arrays of shape ``(*output.shape, *argument.shape)``.

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> bp.jacobian(lambda x: A @ x)(np.zeros(2))
    array([[1., 2.],
           [3., 4.],
           [5., 6.]])
    """
    places = places_of(argnums)

    def derive(f: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        own, leaves, nestings = _own_leaves(places, args)
        (output,) = stabilised([_node(f(*own, **kwargs), "jacobian")])
        rows = [_row(output, i, leaves) for i in range(output.size)]
        stacked = iter(
            [_stacked([row[j] for row in rows], output, leaf) for j, leaf in enumerate(leaves)]
        )
        found = tuple(nesting.rebuilt(one, stacked) for one in nestings)
        return found if not isinstance(argnums, int) else found[0]

    return Transformed(function, derive, places, (jacobian, argnums))


def hessian(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that returns the second derivatives of `function` with respect to its first argument, an array.

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> bp.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return jacobian(grad(function))


def hvp(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of ``(x, v, *args)`` that returns the Hessian at `x` times `v`, without forming the Hessian.

    `x` and `v` are alike: arrays, or nestings of arrays. It fits the `hessp` of ``scipy.optimize.minimize``.

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> product = bp.hvp(lambda x: (x**3).sum())
    >>> product(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([  6., 120.])
    """

    def derive(f: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        x, v, *rest = args
        own, leaves, nestings = _own_leaves((0,), (x, *rest))
        (output,) = stabilised([_number(f(*own, **kwargs), "hvp")])
        along = [node for _, node in nesting.leaves(v, "")]
        paths = [path for path, _ in nesting.leaves(x, "")]
        if paths != [path for path, _ in nesting.leaves(v, "")] or any(
            np.shape(a) != b.shape for a, b in zip(along, leaves, strict=True)
        ):
            raise ValueError("hvp: v must have the nesting and the shapes of x")
        slopes = gradients(output, leaves)
        inner = sum((slope * a).sum() for slope, a in zip(slopes, along, strict=True))
        found = _as_given(gradients(_number(inner, "hvp"), leaves), leaves)
        return nesting.rebuilt(nestings[0], iter(found))

    return Transformed(function, derive, (0, 1), (hvp,))


def compile(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, computed by a compiled program: one walk over its operations, without Python.

    Parameters
    ----------
    function : callable
        Written with NumPy and the functions of fastbp; it returns arrays and numbers, in any nesting.

    Returns
    -------
    callable

    Examples
    --------
    >>> import numpy as np, fastbp as bp
    >>> f = bp.compile(lambda x: (np.exp(x) - 1, {"norm": np.linalg.norm(x)}))
    >>> f(np.array([0.0]))
    (array([0.]), {'norm': np.float64(0.0)})
    """

    def derive(f: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = f(*args, **kwargs)
        check_results(value for _, value in nesting.leaves(result, ""))
        return result

    return Transformed(function, derive, (), (compile,))


def places_of(argnums: Argnums) -> tuple[int, ...]:
    """The places of arguments, as a tuple."""
    message = f"argnums must be a place, or several, got {checks.shown(argnums)}"
    try:
        places = tuple(argnums) if isinstance(argnums, Sequence) else (argnums,)
    except NotImplementedError:  # a memoryview of several axes
        raise TypeError(message) from None
    if not places or any(isinstance(i, bool) or not isinstance(i, int) for i in places):
        raise TypeError(message)
    return places


def _gradients(
    f: Function, places: tuple[int, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Node, tuple[Any, ...]]:
    own, leaves, nestings = _own_leaves(places, args)
    (value,) = stabilised([_number(f(*own, **kwargs), "grad")])
    found = iter(_as_given(gradients(value, leaves), leaves))
    return value, tuple(nesting.rebuilt(one, found) for one in nestings)


def _own_leaves(
    places: tuple[int, ...], args: tuple[Any, ...]
) -> tuple[tuple[Any, ...], list[Node], list[Any]]:
    """The arguments with new nodes for those to differentiate by: what the function has from outside is not them.

    Also these nodes, and their nestings, which the function cannot change: it gets copies.
    """
    new = list(args)
    leaves: list[Node] = []
    nestings = []
    seen: set[int] = set()

    def own(leaf: Any) -> Node:
        node = leaf if isinstance(leaf, Node) else _constant(leaf)
        check_results([node], "is differentiated by")
        if node.dtype.kind != "f":
            raise TypeError(
                f"an argument to differentiate by must be float arrays or numbers, got {checks.shown(leaf)} "
                f"of {node.dtype}: convert it with .astype(float)"
            )
        leaves.append(apply("identity", node))
        leaves[-1].name = node.name
        return leaves[-1]

    for place in places:
        if not -len(args) <= place < len(args):
            raise TypeError(f"argnums names argument {place} of {len(args)}")
        if place % len(args) in seen:
            raise TypeError(f"argnums names argument {place % len(args)} twice")
        seen.add(place % len(args))
        nestings.append(nesting.mapped(args[place], own))
        new[place] = nesting.copied(nestings[-1])
    if not leaves:
        raise TypeError("the arguments to differentiate by hold no arrays or numbers")
    return tuple(new), leaves, nestings


def _constant(value: Any) -> Node:
    if type(value) in (int, float):
        return constant(value, WEAK)
    if isinstance(value, np.ndarray | np.generic):
        return constant(value)
    raise TypeError(
        f"an argument to differentiate by must be arrays or numbers, got {checks.shown(value)}"
    )


def _node(value: Any, what: str) -> Node:
    if isinstance(value, Node):
        check_results([value])
        return value
    if isinstance(value, int | float | np.ndarray | np.generic):  # depends on nothing
        return _constant(value if isinstance(value, np.ndarray | np.generic) else float(value))
    several = isinstance(value, dict | list | tuple) or nesting.is_record(value)
    hint = ": take one flat array, or give each one a function of its own" if several else ""
    raise TypeError(
        f"{what}: the function must return an array or a number, got {checks.shown(value)}{hint}"
    )


def _number(value: Any, what: str) -> Node:
    node = _node(value, what)
    if node.shape != ():
        raise TypeError(
            f"{what}: the function must return one number, got shape {node.shape}: take .mean() or .sum() of it"
        )
    return node


def _as_given(found: Sequence[Node], leaves: Sequence[Node]) -> Iterator[Node]:
    """Gradients in the dtypes of what they belong to."""
    for node, leaf in zip(found, leaves, strict=True):
        yield Node("identity", (node,), {}, node.shape, leaf.dtype)


def _row(output: Node, i: int, leaves: Sequence[Node]) -> list[Node]:
    one = np.zeros(output.shape)
    one.flat[i] = 1
    return gradients(output, leaves, output_gradient=constant(one, output.dtype))


def _stacked(rows: list[Node], output: Node, leaf: Node) -> Node:
    shape = (*output.shape, *leaf.shape)
    if not rows or math.prod(shape) == 0:
        return constant(np.zeros(shape), leaf.dtype)
    stacked = moved_together(rows, lambda parts: np.stack(parts).reshape(shape))
    return Node("identity", (stacked,), {}, shape, leaf.dtype)
