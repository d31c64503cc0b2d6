"""A trace: every node of a graph with its value, its gradient, and where the gradient came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from fastbp.walkthrough import dot, html, page, svg, text

Array = npt.NDArray[Any]


@dataclass(slots=True, eq=False)
class Contribution:
    """What one use of a node adds to its gradient: incoming gradient times local gradient.

    Attributes
    ----------
    consumer : TracedNode
        The node that uses it.
    argument : int
        As which of the consumer's operands.
    incoming : array
        The gradient of the consumer.
    local : str
        The local gradient, such as "a1 * (1 - a1)" or "W2.T"; the whole contribution where it is
        no factor.
    local_value : array or None
        The local gradient element by element, in the consumer's shape; None where each element
        depends on several, as in a matrix product.
    formula : str
        The contribution with the incoming gradient in it, such as "g @ W2.T".
    value : array
        The contribution, in the shape of the node that gets it.
    """

    consumer: TracedNode
    argument: int
    incoming: Array
    local: str
    local_value: Array | None
    formula: str
    value: Array

    def __repr__(self) -> str:
        return f"<Contribution from {self.consumer.name}: {self.formula}>"


@dataclass(slots=True, eq=False)
class TracedNode:
    """One node of a trace.

    Attributes
    ----------
    number : int
        Its place in the forward pass, from 1.
    name : str
        Unique: a variable of the traced function, or what the node computes.
    op : str
        The operation; "argument" or "constant" for what is given.
    formula : str
        What it computes, with the names of its operands; where it stands in the arguments.
    inputs : tuple of TracedNode
        Its operands.
    shape : tuple of int
    value : array
    gradient : array or None
        Of the output, with respect to this node; None where it does not depend on it, and for
        constants.
    contributions : list of Contribution
        What `gradient` is the sum of, in the order in which they were made. The output has none:
        its gradient is 1.
    visit : int or None
        Its place in the backward pass, from 1.
    """

    number: int
    name: str
    op: str
    formula: str
    inputs: tuple[TracedNode, ...]
    shape: tuple[int, ...]
    value: Array
    gradient: Array | Any = None  # Any: checkers shall not ask that None be ruled out
    contributions: list[Contribution] = field(default_factory=list)
    visit: int | None = None

    @property
    def title(self) -> str:
        """The name with the formula, "z1 = x @ W1 + b1"; once where they are the same."""
        return self.name if self.name == self.formula else f"{self.name} = {self.formula}"

    @property
    def is_number(self) -> bool:
        """Whether it is a fixed number, which formulas show in its place."""
        return self.op == "constant" and not self.shape and self.name != self.formula

    def __repr__(self) -> str:
        return f"<TracedNode {self.number} {self.title} {self.shape}>"


@dataclass(slots=True, eq=False, repr=False)
class Trace:
    """A computational graph, forward and backward, as `bp.trace` makes it.

    ``print(trace)`` shows both passes as tables; a notebook shows them as HTML.

    Attributes
    ----------
    nodes : tuple of TracedNode
        In forward order: operands before what uses them, what is given first.
    backward : tuple of TracedNode
        In the order in which the backward pass visits them, from the output.
    output : TracedNode
        The number that is differentiated.
    symbol : str
        What formulas call the incoming gradient: "g", unless a node is called so.
    title : str
        The name of the function.

    Examples
    --------
    >>> import fastbp as bp
    >>> def f(x, y, z):
    ...     q = x + y
    ...     return q * z
    >>> t = bp.trace(f, -2.0, 5.0, -4.0)
    >>> [(node.name, float(node.value), float(node.gradient)) for node in t.nodes]
    [('x', -2.0, -4.0), ('y', 5.0, -4.0), ('z', -4.0, 3.0), ('q', 3.0, -4.0), ('f', -12.0, 1.0)]
    >>> [node.name for node in t.backward]
    ['f', 'q', 'z', 'y', 'x']
    """

    nodes: tuple[TracedNode, ...]
    backward: tuple[TracedNode, ...]
    output: TracedNode
    symbol: str
    title: str

    def __getitem__(self, name: str) -> TracedNode:
        """The node of that name."""
        for node in self.nodes:
            if node.name == name:
                return node
        known = ", ".join(repr(node.name) for node in self.nodes)
        raise KeyError(f"no node {name!r}; there are {known}")

    def __repr__(self) -> str:
        return f"<Trace of {self.title}: {len(self.nodes)} nodes>"

    def __str__(self) -> str:
        return text.tables(self)

    def _repr_html_(self) -> str:
        return html.tables(self)

    def to_svg(self) -> str:
        """The graph as a picture: values in green, gradients in red, fixed numbers in formulas.

        Returns
        -------
        str
            An SVG document, which needs nothing besides. It can stand in a page, too.

        Examples
        --------
        >>> import fastbp as bp
        >>> bp.trace(lambda a, b: a * b, 2.0, 3.0).to_svg()[:4]
        '<svg'
        """
        return svg.document(self)

    def to_dot(self) -> str:
        """The graph in the language of Graphviz, which draws it with ``dot -Tpdf``.

        Returns
        -------
        str

        Examples
        --------
        >>> import fastbp as bp
        >>> print(bp.trace(lambda a, b: a * b, 2.0, 3.0).to_dot())  # doctest: +ELLIPSIS
        digraph trace {
        ...
        }
        """
        return dot.digraph(self)

    def to_html(self) -> str:
        """A page on which both passes can be walked through, a node at a time.

        Arrow keys and buttons go from node to node, ``#step=5`` in the address to a step.

        Returns
        -------
        str
            An HTML document, which loads nothing.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import fastbp as bp
        >>> page = bp.trace(lambda a, b: a * b, 2.0, 3.0).to_html()
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pathlib.Path(folder, "product.html").write_text(page, encoding="utf-8") > 1000
        True
        """
        return page.document(self)
