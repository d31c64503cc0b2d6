"""Encode: a step with its places becomes a row of numbers for the engine."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Protocol

from fastbp.compiler.groups import grid
from fastbp.compiler.rows import Kind, adds_up
from fastbp.compiler.scatters import SCATTERS
from fastbp.compiler.steps import Step, formula
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

    def size(self, node: Node) -> int:
        """Elements that the node needs."""


def encode(step: Step, part: str, draft: Draft) -> dict[str, Any]:
    """The engine's row: operation, sizes, strides, places; and what makes its text for people."""
    nodes = [node for node in (*step.out, *step.inputs) if node is not None]
    rowwise = part == "body" and Kind.ROWS in [draft.kinds.get(node) for node in nodes]
    adds = bool(draft.kinds) and part == "body" and adds_up(step, draft.kinds)
    slots = _slots(step)
    row: dict[str, Any] = {
        "part": part,
        "op": step.op,
        "kind": 0,
        "rowwise": rowwise,
        "accumulates": adds,
        "keeps": step.op in SCATTERS,
        "flat": True,
        "strides": (0, 0, 0, 0),
        "scale": 0.0,
        "index": None,
        "out": _places(step.out, draft, 2),
        "inputs": _places(step.inputs, draft, 3),
        "sizes": [0 if node is None else draft.size(node) for node in slots],
        "sums": _sums(slots, draft) if adds else [0, 0],
        "text": partial(
            _text, step.op, step.attrs, [_mark(n, draft) for n in step.inputs if n is not None]
        ),
        "made": partial(_made, [(draft.places[n], n.shape) for n in step.out]),
    }
    _details(row, step)
    row["per"] = row["n"] // draft.rows if rowwise and draft.rows else 1
    row["widths"] = _widths(slots, row, draft)
    return row


def encode_update(update: str, layout: Layout) -> dict[str, Any]:
    """The optimizer's step: one loop over the parameter block."""
    return {
        "part": "tail", "op": update, "kind": 0, "rowwise": False, "accumulates": False, "keeps": False,
        "flat": True, "strides": (0, 0, 0, 0), "scale": 0.0, "index": None, "per": 1,
        "n": layout.length, "m": 1, "k": 0,
        "out": [(PARAMETERS, 0), None], "inputs": [(GRADIENTS, 0), None, None], "sums": [0, 0],
        "sizes": [layout.length, 0, layout.length, 0, 0], "widths": [1, 0, 1, 1, 1],
        "text": partial(str, f"{update}(parameters, gradients)"),
        "made": partial(_made, [((PARAMETERS, 0), (layout.length,))]),
    }  # fmt: skip


def _details(row: dict[str, Any], step: Step) -> None:
    """Which kernel, its sizes, and the numbers that only some steps have."""
    op = step.op
    row["n"], row["m"], row["k"] = _sizes(step, row["rowwise"])
    if op in UNARY:
        row["op"], row["kind"] = "unary", op
    elif op in BROADCASTING or (op in PAIRED and op != "binary_hits"):
        row["op"], row["kind"] = "binary", op
        _spread(row, step)
    elif op == "broadcast_to":
        row["op"] = "broadcast"
        _spread(row, step)
    elif op in ("sum", "max", "min", "cumsum"):
        _along_axis(row, step)
    elif op == "where":
        ones = tuple(int(n is not None and n.size != 1) for n in step.inputs[1:])
        row["strides"] = (0, ones[0], 0, ones[1])
    elif op == "binary_hits":
        row["scale"] = step.attrs["threshold"]
    elif op.endswith("_fused"):
        row["scale"] = step.attrs["scale"]
    elif op == "dense":
        row["kind"] = step.attrs["activation"] or "identity"
    elif op == "dense_inputs":
        row["kind"] = "ramp" if step.attrs["halves"] else "identity"
    if "index" in step.attrs:
        row["index"] = step.attrs["index"].array


def _slots(step: Step) -> list[Node | None]:
    """What the engine's step points to: two outputs, three operands."""
    return [*(*step.out, None)[:2], *(*step.inputs, None, None, None)[:3]]


def _sums(slots: list[Node | None], draft: Draft) -> list[int]:
    """Elements of each output of a step that adds up which the blocks of a batch add up; 0 where one is no such sum."""
    return [n.size if n is not None and draft.kinds[n] is Kind.TOTAL else 0 for n in slots[:2]]


def _widths(slots: list[Node | None], row: dict[str, Any], draft: Draft) -> list[int]:
    """Elements of each slot in a row of those that threads may share; 0 where a row needs all of it."""
    if row["rowwise"]:
        return [
            n.size // draft.rows if n is not None and draft.kinds.get(n) is Kind.ROWS and draft.rows else 0
            for n in slots
        ]  # fmt: skip
    n, m, k, (ars, acs, brs, bcs) = row["n"], row["m"], row["k"], row["strides"]
    if row["op"] == "dense":
        return [m, 0, k, 0, 0]
    if row["op"] == "dense_inputs":
        return [k, 0, m, 0, k if slots[4] is not None else 0]
    if row["op"] == "where":
        return [m, 0, m, m * acs, m * bcs]
    if row["op"] == "binary" and row["flat"]:
        return [m, 0, m * acs, m * bcs, 0]
    if row["op"] == "binary":
        return [m, 0, ars, brs, 0]
    return [m, 0, m, 0, 0] if n else [0] * 5


def _sizes(step: Step, rowwise: bool) -> tuple[int, int, int]:
    """(rows, columns, depth) as the step's kernel means them."""
    first, op, out = step.inputs[0], step.op, step.out[0]
    assert first is not None
    if op in ("dense", "dense_inputs", "dense_weights"):
        x = out if op == "dense_inputs" else first  # (n, k)
        z = first if op == "dense_inputs" else step.inputs[1]
        z = out if op == "dense" else z  # (n, m)
        assert z is not None
        return x.shape[0], z.shape[1], x.shape[1]
    if op in ("gather_columns", "take_rows"):
        return *out.shape, first.shape[1] if op == "gather_columns" else first.shape[0]  # type: ignore[return-value]
    if op in ("scatter_columns", "add_rows"):
        return *first.shape, out.shape[1] if op == "scatter_columns" else out.shape[0]  # type: ignore[return-value]
    if op == "join_columns":
        return first.shape[0], first.shape[1], out.shape[1] - first.shape[1]
    if op in ("gather", "scatter"):
        return 1, out.size if op == "gather" else first.size, out.size
    rowless = op in ("copy", "class_hits", "transpose") or op.startswith("cross")
    return *_as_matrix(first if rowless else out, rowwise), 0


def _as_matrix(node: Node, rowwise: bool) -> tuple[int, int]:
    rows = node.shape[0] if node.ndim and (rowwise or node.ndim > 1) else 1
    return rows, node.size // rows if rows else 0


def _along_axis(row: dict[str, Any], step: Step) -> None:
    """An axis in the middle: n numbers before it, k along it, m behind it."""
    op, axis, (x, *_) = step.op, step.attrs["axis"], step.inputs
    assert x is not None
    shape = (x.size,) if axis is None else x.shape
    axis = axis or 0
    before, behind = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    row["n"], row["k"], row["m"] = before, shape[axis], behind
    row["op"] = f"{op}_axis"
    if op == "cumsum":
        row["scale"] = float(step.attrs["reverse"])
    elif op == "sum" and (len(shape) == 1 or step.attrs["axis"] is None):
        row["op"], row["n"], row["m"], row["k"] = "sum_all", *_as_matrix(x, row["rowwise"]), 0
    elif op == "sum" and axis == 0:
        row["op"], row["n"], row["k"] = "sum_rows", shape[0], 0
    elif op == "sum" and axis == len(shape) - 1:
        row["op"], row["m"], row["k"] = "sum_columns", shape[axis], 0


def _spread(row: dict[str, Any], step: Step) -> None:
    """Row and column strides of the operands of a broadcasting operation; 0 where one number is repeated."""
    shape = step.out[0].shape
    found = grid(shape, [n.shape for n in step.inputs if n is not None])
    assert found is not None, "lowering leaves two axes at most"
    if found.n == 1:  # each operand is whole, or one number
        row["flat"] = True
        row["strides"] = tuple(x for _, across in (*found.strides, (0, 0)) for x in (0, across))[:4]
        return
    row["flat"], row["n"], row["m"] = False, found.n, found.m
    row["strides"] = tuple(x for pair in (*found.strides, (0, 0)) for x in pair)[:4]


def _places(nodes: tuple[Node | None, ...], draft: Draft, count: int) -> list[Place | None]:
    places = [None if node is None else draft.places[node] for node in nodes]
    return places + [None] * (count - len(places))


def _mark(node: Node, draft: Draft) -> str | Place | float:
    """What an operand's name is made of, once somebody asks."""
    if node.op == "constant":
        return f"constant{node.shape}" if node.shape else float(node.attrs["value"])
    return node.name or draft.places[node]


def _text(op: str, attrs: dict[str, Any], marks: list[str | Place | float]) -> str:
    names = [
        _describe(m) if isinstance(m, tuple) else m if isinstance(m, str) else f"{m:g}"
        for m in marks
    ]
    return formula(op, attrs, names)


def _made(outputs: list[tuple[Place, tuple[int, ...]]]) -> str:
    return ", ".join(f"{_describe(place)} {shape}" for place, shape in outputs)


def _describe(place: Place) -> str:
    memory, start = place
    if memory >= INPUTS:
        return f"input{memory - INPUTS}"
    return f"{('work', 'parameters', 'gradients', 'output')[memory]}[{start}]"
