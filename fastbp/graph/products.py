"""Products over axes: einsum and its relatives, as matrix products where there is one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastbp.graph.computed import wide_only
from fastbp.graph.moves import moved
from fastbp.graph.node import Node

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def einsum(subscripts: str, operands: Sequence[Node]) -> Node:
    """NumPy's einsum: products of operands, summed over the labels that the result lacks.

    Labels that two operands share and the result lacks become one matrix product; those that all three have are
    multiplied out.
    """
    wide_only("a product", operands)
    labels, result = _parsed(subscripts, operands)
    nodes = list(operands)
    for i, (node, own) in enumerate(zip(nodes, labels, strict=True)):
        nodes[i], labels[i] = _without_repeats(node, own)
    while len(nodes) > 1:
        later = set(result).union(*labels[2:])
        first, second = _pair(nodes[0], labels[0], nodes[1], labels[1], later)
        nodes[:2], labels[:2] = [first], [second]
    node, own = _summed(nodes[0], labels[0], set(result))
    return transposed(node, [own.index(label) for label in result])


def _parsed(subscripts: str, operands: Sequence[Node]) -> tuple[list[str], str]:
    text = subscripts.replace(" ", "")
    left, arrow, result = text.partition("->")
    labels = left.split(",")
    if len(labels) != len(operands):
        raise ValueError(
            f"einsum: {subscripts!r} names {len(labels)} operands, got {len(operands)}"
        )
    if "." in text:
        labels, result = _without_ellipsis(labels, result if arrow else None, operands)
    elif not arrow:
        result = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
    for own, node in zip(labels, operands, strict=True):
        if len(own) != node.ndim:
            raise ValueError(f"einsum: {own!r} names {len(own)} axes, the operand has {node.ndim}")
    sizes: dict[str, int] = {}
    for own, node in zip(labels, operands, strict=True):
        for label, size in zip(own, node.shape, strict=True):
            if sizes.setdefault(label, size) != size:
                raise ValueError(f"einsum: {label!r} stands for sizes {sizes[label]} and {size}")
    if not set(result) <= sizes.keys() or len(set(result)) != len(result):
        raise ValueError(
            f"einsum: the result {result!r} of {subscripts!r} has unknown or repeated labels"
        )
    return labels, result


def _without_ellipsis(
    labels: list[str], result: str | None, operands: Sequence[Node]
) -> tuple[list[str], str]:
    """`...ij` with letters in place of the dots; all operands with dots have the same axes there."""
    used = set("".join(labels)) | set(result or "")
    spare = [c for c in LETTERS if c not in used]
    counts = [
        n.ndim - len(own.replace("...", ""))
        for own, n in zip(labels, operands, strict=True)
        if "..." in own
    ]
    if min(counts) != max(counts):
        raise ValueError("einsum: '...' stands for different numbers of axes")
    dots = "".join(spare[: counts[0]])
    labels = [own.replace("...", dots) for own in labels]
    if result is None:
        joined = "".join(labels)
        result = dots + "".join(sorted(c for c in set(joined) - set(dots) if joined.count(c) == 1))
    return labels, result.replace("...", dots)


def _without_repeats(node: Node, labels: str) -> tuple[Node, str]:
    """`ii` takes the diagonal."""
    unique = "".join(dict.fromkeys(labels))
    if unique == labels:
        return node, labels
    return moved(node, lambda p: np.einsum(f"{labels}->{unique}", p)), unique


def _summed(node: Node, labels: str, kept: set[str]) -> tuple[Node, str]:
    """Sum over the labels that are not kept."""
    for axis in reversed(range(len(labels))):
        if labels[axis] not in kept:
            node = node.sum(axis=axis)
    return node, "".join(label for label in labels if label in kept)


def _pair(a: Node, of_a: str, b: Node, of_b: str, later: set[str]) -> tuple[Node, str]:
    """The product of two operands, with the labels that something later needs."""
    a, of_a = _summed(a, of_a, later | set(of_b))
    b, of_b = _summed(b, of_b, later | set(of_a))
    shared = [label for label in of_a if label in of_b]
    over = [label for label in shared if label not in later]
    batch = [label for label in shared if label in later]
    left = [label for label in of_a if label not in shared]
    right = [label for label in of_b if label not in shared]
    a = transposed(a, [of_a.index(label) for label in batch + left + over])
    b = transposed(b, [of_b.index(label) for label in batch + over + right])
    sizes = dict(zip(batch + left + over, a.shape, strict=True)) | dict(
        zip(batch + over + right, b.shape, strict=True)
    )

    def count(group: list[str]) -> int:
        return math.prod(sizes[label] for label in group)

    shape = [sizes[label] for label in batch + left + right]
    n, k, m = count(left), count(over), count(right)
    if batch:
        rows = a.reshape(count(batch), n, k, 1)
        columns = b.reshape(count(batch), 1, k, m)
        product = (rows * columns).sum(axis=2) if over else rows * columns
    else:
        product = a.reshape(n, k) @ b.reshape(k, m)
    return product.reshape(*shape), "".join(batch + left + right)


def transposed(x: Node, axes: Sequence[int]) -> Node:
    """Axes in another order."""
    if list(axes) == list(range(x.ndim)):
        return x
    if x.ndim == 2:
        return x.T
    return moved(x, lambda p: p.transpose(axes))


def tensordot(a: Node, b: Node, axes: Any = 2) -> Node:
    """Sum over pairs of axes, as NumPy's."""
    if isinstance(axes, int):
        of_a, of_b = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    else:
        of_a, of_b = ([one] if isinstance(one, int) else list(one) for one in axes)
    names_a = list(LETTERS[: a.ndim])
    names_b = list(LETTERS[a.ndim : a.ndim + b.ndim])
    for i, j in zip(of_a, of_b, strict=True):
        names_b[j] = names_a[i]
    gone = {names_a[i] for i in of_a}
    result = [c for c in names_a + names_b if c not in gone]
    return einsum(f"{''.join(names_a)},{''.join(names_b)}->{''.join(result)}", [a, b])


def kron(a: Node, b: Node) -> Node:
    """Kronecker product."""
    ndim = max(a.ndim, b.ndim)
    first, second = (1,) * (ndim - a.ndim) + a.shape, (1,) * (ndim - b.ndim) + b.shape
    wide = a.reshape(*(size for one in first for size in (one, 1)))
    fine = b.reshape(*(size for one in second for size in (1, one)))
    return (wide * fine).reshape(*(m * n for m, n in zip(first, second, strict=True)))
