"""Ties: layers written as np.maximum(x @ w + b, 0), whose gradient is halved where x @ w + b is 0.

In the output of a relu a tie looks like what was cut off. Where products alone read it, a "ramp" takes its place: ties
are 0.0 there, what was cut off is -0.0. So the layer and the product behind its gate are one step each, as they are for
bp.relu; else x @ w + b is kept for the gate.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastbp.compiler.fuse import dense, dense_inputs
from fastbp.compiler.steps import consumers
from fastbp.graph.node import Node, topological

Readers = dict[Node, list[Node]]


def with_ramps(outputs: Sequence[Node]) -> list[Node]:
    """The same values up to the sign of 0, with ramps and their gates where they may be."""
    order = topological(outputs)
    if "ramp_grad" not in [node.op for node in order]:
        return list(outputs)
    uses = consumers(order, outputs)
    readers: Readers = {node: [] for node in order}
    for node in order:
        for operand in node.inputs:
            readers[operand].append(node)
    layers = {n.inputs[0] for n in order if n.op == "relu" and _may_be_ramp(n, uses, readers)}
    if not layers:
        return list(outputs)
    done: dict[Node, Node] = {}
    ramps: dict[Node, Node] = {}
    for node in order:
        inputs = tuple(done[operand] for operand in node.inputs)
        if node in layers:
            done[node] = _with(node, node.op, inputs)
            ramps[node] = Node("ramp", (done[node],), {}, node.shape, node.dtype)
        elif node.op == "relu" and node.inputs[0] in layers:
            done[node] = ramps[node.inputs[0]]
        elif node.op == "ramp_grad" and node.inputs[1] in layers:
            done[node] = _with(node, "ramp_gate", (inputs[0], ramps[node.inputs[1]]))
        else:
            done[node] = _with(node, node.op, inputs)
    return [done[node] for node in outputs]


def _with(node: Node, op: str, inputs: tuple[Node, ...]) -> Node:
    """`node` as another operation of other operands; itself where nothing changes."""
    if op == node.op and all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
        return node
    return Node(op, inputs, node.attrs, node.shape, node.dtype, node.name)


def _may_be_ramp(relu: Node, uses: dict[Node, int], readers: Readers) -> bool:
    """Whether nothing but products and gates would see the ramp, and each step would be one."""
    (z,) = relu.inputs
    layer = dense(z, uses)
    gates = [node for node in readers[z] if node is not relu]
    return (
        layer is not None
        and layer.attrs["activation"] is None
        and uses[z] == len(readers[z])  # it is no output, nor is the relu
        and uses[relu] == len(readers[relu])
        and bool(gates)
        and all(_is_gate(node, z, uses) for node in gates)
        and all(_is_product(node, uses, readers) for node in readers[relu])
    )


def _is_gate(node: Node, z: Node, uses: dict[Node, int]) -> bool:
    """Whether the node cuts off what a product alone made, by `z`."""
    if node.op != "ramp_grad" or node.inputs[1] is not z:
        return False
    product = node.inputs[0]
    return product.op == "matmul" and uses[product] == 1 and dense_inputs(product, uses) is not None


def _is_product(node: Node, uses: dict[Node, int], readers: Readers) -> bool:
    if node.op == "transpose":
        return uses[node] == len(readers[node]) and all(n.op == "matmul" for n in readers[node])
    return node.op == "matmul"
