"""Encode: a step with its places becomes a row of numbers for the engine."""

from __future__ import annotations

from typing import Any, Protocol

from fastbp.compiler.rows import Kind, adds_up
from fastbp.compiler.steps import Step
from fastbp.engine.memory import Layout
from fastbp.graph.node import Node
from fastbp.graph.ops import BROADCASTING, PAIRED, UNARY

PARTS = ("head", "body", "tail")

# Where a node lies: (memory, first element). The numbers are the engine's.
WORK, PARAMETERS, GRADIENTS, OUTPUT, INPUTS = range(5)
Place = tuple[int, int]


class Draft(Protocol):
    """What is known of the program."""

    rows: int
    kinds: dict[Node, Kind]
    places: dict[Node, Place]


def encode(step: Step, part: str, draft: Draft) -> dict[str, Any]:
    """The engine's row: operation, sizes, strides, places; and its text for people."""
    nodes = [node for node in (*step.out, *step.inputs) if node is not None]
    rowwise = part == "body" and any(draft.kinds.get(node) is Kind.ROWS for node in nodes)
    row: dict[str, Any] = {
        "part": part,
        "op": step.op,
        "kind": 0,
        "rowwise": rowwise,
        "accumulates": bool(draft.kinds) and part == "body" and adds_up(step, draft.kinds),
        "flat": True,
        "strides": (0, 0, 0, 0),
        "scale": 0.0,
        "out": _places(step.out, draft, 2),
        "inputs": _places(step.inputs, draft, 3),
        "text": step.formula(_label(draft)),
        "made": ", ".join(f"{_describe(draft.places[n])} {n.shape}" for n in step.out),
    }
    row["n"], row["m"], row["k"] = _sizes(step, rowwise)
    _details(row, step, rowwise)
    return row


def encode_update(update: str, layout: Layout) -> dict[str, Any]:
    """The optimizer's step: one loop over the parameter block."""
    return {
        "part": "tail", "op": update, "kind": 0, "rowwise": False, "accumulates": False, "flat": True,
        "strides": (0, 0, 0, 0), "scale": 0.0, "n": layout.length, "m": 1, "k": 0,
        "out": [(PARAMETERS, 0), None], "inputs": [(GRADIENTS, 0), None, None],
        "text": f"{update}(parameters, gradients)", "made": f"parameters[0] ({layout.length},)",
    }  # fmt: skip


def _details(row: dict[str, Any], step: Step, rowwise: bool) -> None:
    """Which kernel, and the numbers that only some steps have."""
    op = step.op
    if op in UNARY:
        row["op"], row["kind"] = "unary", op
    elif op in BROADCASTING or (op in PAIRED and op != "binary_hits"):
        row["op"], row["kind"] = "binary", op
        _strides(row, step, rowwise)
    elif op == "broadcast_to":
        row["op"] = "broadcast"
        _strides(row, step, rowwise)
    elif op == "sum":
        row["op"] = {None: "sum_all", 0: "sum_rows", 1: "sum_columns"}[step.attrs["axis"]]
        if step.inputs[0].ndim == 1:  # type: ignore[union-attr]
            row["op"] = "sum_all"
    elif op == "binary_hits":
        row["scale"] = step.attrs["threshold"]
    elif op.endswith("_fused"):
        row["scale"] = step.attrs["scale"]
    elif op == "dense":
        row["kind"] = step.attrs["activation"] or "identity"


def _sizes(step: Step, rowwise: bool) -> tuple[int, int, int]:
    """(rows, columns, depth) as the step's kernel means them."""
    first = step.inputs[0]
    assert first is not None
    if step.op in ("dense", "dense_inputs", "dense_weights"):
        x = step.out[0] if step.op == "dense_inputs" else first  # (n, k)
        z = first if step.op == "dense_inputs" else step.inputs[1]
        z = step.out[0] if step.op == "dense" else z  # (n, m)
        assert z is not None
        return x.shape[0], z.shape[1], x.shape[1]
    rowless = step.op in ("sum", "copy", "class_hits", "transpose") or step.op.startswith("cross")
    node = first if rowless else step.out[0]
    return *_as_matrix(node, rowwise), 0


def _as_matrix(node: Node, rowwise: bool) -> tuple[int, int]:
    if node.ndim == 2:
        return node.shape[0], node.shape[1]
    if node.ndim == 1:
        return (node.shape[0], 1) if rowwise else (1, node.shape[0])
    return 1, 1


def _strides(row: dict[str, Any], step: Step, rowwise: bool) -> None:
    """Row and column strides of the operands of a broadcasting operation; 0 where one number is repeated."""
    n, m = row["n"], row["m"]
    strides: list[int] = []
    flat = True
    for node in step.inputs:
        assert node is not None
        r, c = _as_matrix(node, rowwise and node.ndim == step.out[0].ndim)
        rs = c if r == n else 0
        cs = 0 if c == 1 and (m != 1 or rs == 0) else 1
        flat = flat and (rs, cs) in ((m, 1), (0, 0))
        strides += [rs, cs]
    row["strides"], row["flat"] = tuple(([*strides, 0, 0])[:4]), flat


def _places(nodes: tuple[Node | None, ...], draft: Draft, count: int) -> list[Place | None]:
    places = [None if node is None else draft.places[node] for node in nodes]
    return places + [None] * (count - len(places))


def _label(draft: Draft) -> Any:
    def label(node: Node) -> str:
        if node.op == "constant":
            return f"{node.attrs['value']:g}" if node.shape == () else f"constant{node.shape}"
        return node.name or _describe(draft.places[node])

    return label


def _describe(place: Place) -> str:
    memory, start = place
    if memory >= INPUTS:
        return f"input{memory - INPUTS}"
    return f"{('work', 'parameters', 'gradients', 'output')[memory]}[{start}]"
