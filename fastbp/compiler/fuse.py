"""Fuse: a graph becomes a list of steps, and a few named patterns become one step each.

dense             activation(x @ w + b)
dense_inputs      dz @ w.T, cut off (at a tie halved) where a relu's output is zero: the gradient of a layer's inputs
dense_weights     x.T @ dz: the gradient of its weights
*_fused           the sum of a loss and its gradient at the prediction, in one pass

A node inside a pattern that something else needs too is computed as well, so a pattern never changes a result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastbp.compiler.steps import Step, consumers
from fastbp.graph.node import LEAVES, Node, scalar_value, topological

ACTIVATIONS = ("relu", "ramp", "sigmoid", "tanh")  # ramp: see ties.py


def fuse(outputs: Sequence[Node]) -> list[Step]:
    """Steps that make `outputs`, in an order in which they can run."""
    order = topological(outputs)
    uses = consumers(order, outputs)
    losses = _loss_gradients(order)
    taken: dict[Node, Step] = {}
    wanted = set(outputs)
    for node in reversed(order):  # from the results down: the largest pattern wins
        if node.op in LEAVES or node in taken or (uses[node] == 0 and node not in wanted):
            continue
        step = _pattern(node, uses, losses)
        for made in step.out:
            taken[made] = step
        _forget_inside(step, uses)
    return _ordered(outputs, taken)


def _pattern(node: Node, uses: dict[Node, int], losses: dict[Node, Step]) -> Step:
    for pattern in (dense, dense_inputs, _product, _where):
        step = pattern(node, uses)
        if step is not None:
            return step
    return losses.get(node) or Step(node.op, (node,), node.inputs, node.attrs)


def _forget_inside(step: Step, uses: dict[Node, int]) -> None:
    """Take back the uses of nodes that only the inside of a pattern had."""
    stack = [operand for made in step.out for operand in made.inputs]
    kept = {operand: 0 for operand in step.inputs if operand is not None}
    while stack:
        node = stack.pop()
        uses[node] -= 1
        if uses[node] == 0 and node not in kept:
            stack.extend(node.inputs)
    for operand in step.inputs:  # what the step reads is used, however it was reached
        if operand is not None:
            uses[operand] += 1


def _ordered(outputs: Sequence[Node], taken: dict[Node, Step]) -> list[Step]:
    """The steps that the outputs need, operands first."""
    done: set[Step] = set()
    result: list[Step] = []
    stack = [(taken[node], False) for node in reversed(outputs) if node in taken]
    while stack:
        step, ready = stack.pop()
        if step in done:
            continue
        if ready:
            done.add(step)
            result.append(step)
            continue
        stack.append((step, True))
        stack.extend(
            (taken[n], False) for n in reversed(step.inputs) if n is not None and n in taken
        )
    return result


def dense(node: Node, uses: dict[Node, int]) -> Step | None:
    """activation(x @ w + b), from the activation or from the sum."""
    activation, inner = None, node
    if node.op in ACTIVATIONS and uses[node.inputs[0]] == 1:
        activation, inner = node.op, node.inputs[0]
    if inner.op == "add":
        product, bias = inner.inputs
        if product.op != "matmul":
            product, bias = bias, product
        if product.op == "matmul" and uses[product] == 1 and bias.shape == inner.shape[1:]:
            x, w = product.inputs
            if "transpose" not in (x.op, w.op) and product.shape == inner.shape:
                return Step("dense", (node,), (x, w, bias), {"activation": activation})
    if inner.op == "matmul" and "transpose" not in (inner.inputs[0].op, inner.inputs[1].op):
        return Step("dense", (node,), (*inner.inputs, None), {"activation": activation})
    return None


def dense_inputs(node: Node, uses: dict[Node, int]) -> Step | None:
    """relu_grad(dz @ w.T, y), or with the gate of a ramp, or dz @ w.T alone."""
    inner, gate = node, None
    if node.op in ("relu_grad", "ramp_gate") and uses[node.inputs[0]] == 1:
        inner, gate = node.inputs
    if inner.op == "matmul":
        dz, right = inner.inputs
        if right.op == "transpose" and dz.op != "transpose":
            attrs = {"halves": node.op == "ramp_gate"}
            return Step("dense_inputs", (node,), (dz, right.inputs[0], gate), attrs)
    return None


def _product(node: Node, uses: dict[Node, int]) -> Step | None:
    """x.T @ dz; a right operand that is transposed too is transposed by a step of its own."""
    if node.op == "matmul" and node.inputs[0].op == "transpose":
        return Step("dense_weights", (node,), (node.inputs[0].inputs[0], node.inputs[1]))
    return None


def _where(node: Node, uses: dict[Node, int]) -> Step | None:
    """where(c, a, b), numbers for a or b as they are instead of repeated."""
    if node.op != "where":
        return None
    condition, *chosen = node.inputs
    plain = [n.inputs[0] if n.op == "broadcast_to" and n.inputs[0].size == 1 else n for n in chosen]
    return Step("where", (node,), (condition, *plain))


def _loss_gradients(order: Sequence[Node]) -> dict[Node, Step]:
    """Losses whose sum and gradient are both in the graph: either node -> the step that makes both."""
    found: dict[Node, Step] = {}
    sums = {
        node.inputs[0]: node
        for node in order
        if node.op == "sum" and node.attrs["axis"] is None and node.shape == ()
    }
    for gradient in order:
        scale = scalar_value(gradient.inputs[0]) if gradient.op == "multiply" else None
        if scale is None or gradient.inputs[1].op != "subtract":
            continue
        p, target = gradient.inputs[1].inputs
        for loss, total in sums.items():
            if (
                total not in found
                and loss.op in _GRADIENTS
                and _GRADIENTS[loss.op](loss, p, target)
            ):
                name = loss.op.removesuffix("_with_logits") if "entropy" in loss.op else loss.op
                step = Step(f"{name}_fused", (gradient, total), loss.inputs, {"scale": scale})
                found[gradient] = found[total] = step
                break
    return found


def _is_bce(loss: Node, p: Node, target: Node) -> bool:
    z, y = loss.inputs
    return p.op == "sigmoid" and p.inputs[0] is z and target is y


def _is_cross_entropy(loss: Node, p: Node, target: Node) -> bool:
    z, y = loss.inputs
    return (
        p.op == "softmax"
        and p.inputs[0] is z
        and target.op == "one_hot"
        and target.inputs[0] is y
        and target.shape == p.shape
    )


def _is_squared_error(loss: Node, p: Node, target: Node) -> bool:
    return p is loss.inputs[0] and target is loss.inputs[1]


_GRADIENTS: dict[str, Callable[[Node, Node, Node], bool]] = {
    "bce_with_logits": _is_bce,
    "cross_entropy_with_logits": _is_cross_entropy,
    "squared_error": _is_squared_error,
}
