"""From a graph to a program: simplify, differentiate, simplify, fuse, plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy.typing as npt

from fastbp.compiler.fuse import fuse
from fastbp.compiler.lower import lower
from fastbp.compiler.plan import plan
from fastbp.compiler.scatters import keep_lost
from fastbp.compiler.simplify import simplify
from fastbp.compiler.ties import with_ramps
from fastbp.engine.memory import Layout
from fastbp.engine.program import Program
from fastbp.graph.backprop import gradients
from fastbp.graph.node import Node


def compile_graph(
    outputs: Mapping[str, Node],
    parameters: Sequence[Node],
    inputs: Sequence[Node],
    *,
    layout: Layout,
    differentiate: str | None = None,
    update: str | None = None,
    results: Sequence[Node] = (),
) -> Program:
    """Compile a graph to a program.

    Parameters
    ----------
    outputs : mapping of str to Node
        What the program computes. All but "output" are numbers, of shape (). "output" is written to an array of
        the caller's.
    parameters : sequence of Node
        Every parameter of the graph, in the order of `layout`.
    inputs : sequence of Node
        The arrays of a batch. Axis 0 of the first one counts the rows.
    layout : Layout
        Where the parameters lie in their block.
    differentiate : str, optional
        The output whose gradients at the parameters are written to the block of gradients.
    update : {"sgd", "momentum", "adam"}, optional
        The optimizer's step to end a batch with.
    results : sequence of Node, optional
        Arrays to be written to the block of gradients instead: `results_layout` says where. They are as they are
        written, or made by `gradients` of them; nothing is simplified before.

    Returns
    -------
    Program

    Raises
    ------
    ValueError
        An output other than "output" is not of shape ().

    Examples
    --------
    >>> from fastbp.compiler import compile_graph
    >>> from fastbp.engine.memory import Layout
    >>> from fastbp.graph import input_node, parameter_node
    >>> x, w = input_node(0, (4, 2), "float32", "x"), parameter_node(0, (2, 1), "float32", "w")
    >>> loss = ((x @ w) ** 2).mean()
    >>> print(compile_graph({"loss": loss}, [w], [x], layout=Layout.of([(2, 1)], "float32"),
    ...                     differentiate="loss", update="sgd"))  # doctest: +ELLIPSIS
    Program ...
    """
    for name, node in outputs.items():
        if name != "output" and node.shape != ():
            raise ValueError(
                f"outputs[{name!r}]: expected a number, of shape (), got shape {node.shape}"
            )
    names = list(outputs)
    wanted = list(results)
    nodes = simplify(list(outputs.values()))
    if differentiate is not None:
        wanted = gradients(nodes[names.index(differentiate)], parameters)
    done = with_ramps(lower(simplify(nodes + wanted)))
    nodes, wanted = done[: len(names)], done[len(names) :]
    # The last layer's gradients come first: what they read is still in the cache then.
    steps = keep_lost(fuse(nodes + wanted[::-1]))
    made = results_layout(wanted, layout.dtype) if results else layout
    return plan(
        steps,
        dict(zip(names, nodes, strict=True)),
        wanted,
        inputs,
        parameters,
        (layout, made),
        update,
    )


def results_layout(results: Sequence[Node], dtype: npt.DTypeLike) -> Layout:
    """Where the results of a program lie in the block of gradients."""
    return Layout.of([node.shape for node in results], dtype)
