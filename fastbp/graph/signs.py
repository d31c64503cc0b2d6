"""A factor sign(x) is looked for in a gradient, and taken out of it."""

from __future__ import annotations

from fastbp.graph.node import Node, apply

LINEAR = frozenset(
    ["negative", "identity", "divide", "sigmoid_grad", "tanh_grad", "relu_grad", "ramp_grad"]
)
TERMS = {"add": 0, "subtract": 0, "where": 1}  # from which operand on they have terms
DEEP = 40


def without_sign(g: Node, x: Node) -> Node | None:
    """`g` without its factor sign(x); None where none is seen.

    Of a sum's terms one at least has to have it: the others get it, as sign(x) sign(x) is 1.
    """
    return _Search(x).rest(g, x.shape, DEEP)


class _Search:
    def __init__(self, x: Node) -> None:
        self._x = x
        self._known: dict[Node, Node | None] = {}

    def rest(self, node: Node, shape: tuple[int, ...], deep: int) -> Node | None:
        """A node without the factor, which would have this shape there."""
        if node not in self._known:
            found = self._looked(node, shape, deep) if deep else None
            if found is not None and found.dtype != node.dtype:  # a mask is left
                found = found._declared(node.dtype)
            if found is not None and found.shape != node.shape:
                found = apply("broadcast_to", found, shape=node.shape)
            self._known[node] = found
        return self._known[node]

    def _looked(self, node: Node, shape: tuple[int, ...], deep: int) -> Node | None:
        op, inputs = node.op, node.inputs
        if op == "multiply":
            return self._of_product(inputs[0], inputs[1], shape, deep)
        if op in TERMS:
            return self._of_terms(node, shape, deep)
        if op in LINEAR:
            rest = self.rest(inputs[0], shape, deep - 1)
            new = None if rest is None else (rest, *inputs[1:])
            return None if new is None else Node(op, new, node.attrs, node.shape, node.dtype)
        if op == "reshape" and node.shape == shape:
            rest = self.rest(inputs[0], inputs[0].shape, deep - 1)
            return None if rest is None else rest.reshape(node.shape)
        return None

    def _of_product(self, a: Node, b: Node, shape: tuple[int, ...], deep: int) -> Node | None:
        for factor, other in ((a, b), (b, a)):
            if self._is_sign(factor, shape):
                return other
        for factor, other in ((a, b), (b, a)):
            rest = self.rest(factor, shape, deep - 1)
            if rest is not None:
                return apply("multiply", rest, other)
        return None

    def _of_terms(self, node: Node, shape: tuple[int, ...], deep: int) -> Node | None:
        first = TERMS[node.op]
        terms = node.inputs[first:]
        rests = [self.rest(term, shape, deep - 1) for term in terms]
        if all(rest is None for rest in rests):
            return None
        sign = apply("sign", self._x).reshape(shape)
        new = [term * sign if rest is None else rest for term, rest in zip(terms, rests, strict=True)]  # fmt: skip
        return apply(node.op, *node.inputs[:first], *new)

    def _is_sign(self, node: Node, shape: tuple[int, ...]) -> bool:
        if node.op == "reshape" and node.shape == shape:
            node = node.inputs[0]
            shape = node.shape
        return node.op == "sign" and node.inputs[0] is self._x and node.shape == shape
