"""Plan: steps get an order, their nodes places in memory, and a program comes out.

A batch runs in three parts: the *head*, once, needs no data (a penalty on the weights); the *body*, once for each
block of rows; the *tail*, once, what follows from sums over rows, and the update. A graph that mixes rows midway is
all body, in one block.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastbp.compiler.encode import (
    GRADIENTS,
    INPUTS,
    OUTPUT,
    PARAMETERS,
    PARTS,
    WORK,
    Place,
    encode,
    encode_update,
)
from fastbp.compiler.rows import Kind, adds_up, classify
from fastbp.compiler.steps import Step
from fastbp.engine.memory import LINE, Layout
from fastbp.engine.program import Program
from fastbp.graph.node import Node

BLOCK = 512  # rows that run together, forward and backward; so activations need no memory for more


class Plan:
    """A program in the making."""

    def __init__(self, rows: int, block: int, layout: Layout, kinds: dict[Node, Kind]) -> None:
        self.rows, self.block, self.layout, self.kinds = rows, block, layout, kinds
        self.steps: list[tuple[str, Step]] = []  # (part, step), in order
        self.places: dict[Node, Place] = {}
        self.constants: list[tuple[Node, int]] = []
        self.workspace = 0

    def size(self, node: Node) -> int:
        """Elements that the node needs: of a block of rows, where it has a row for each of the batch."""
        rowwise = self.kinds.get(node) is Kind.ROWS and self.rows
        return node.size // self.rows * self.block if rowwise else node.size


def plan(
    steps: list[Step],
    outputs: dict[str, Node],
    gradients: Sequence[Node],
    inputs: Sequence[Node],
    parameters: Sequence[Node],
    layouts: tuple[Layout, Layout],
    update: str | None,
) -> Program:
    """Lay out the steps and build the program; `layouts` are the parameters' and the gradients'."""
    layout, made = layouts
    rows = inputs[0].shape[0] if inputs and inputs[0].shape else 1
    kinds = classify(steps, inputs, rows) if rows else None
    if kinds is not None and "output" in outputs and kinds.get(outputs["output"]) is not Kind.ROWS:
        kinds = None  # nothing to write block by block
    if kinds is not None and rows > BLOCK and any(_by_rows(kinds.get(g)) for g in gradients):
        kinds = None  # results with a row for each of the batch are made in one piece
    draft = Plan(rows, min(rows, BLOCK) if kinds is not None else rows, layout, kinds or {})
    draft.steps = _parted(steps, kinds)
    _place_leaves(draft, inputs, parameters)
    extra = _place_gradients(draft, gradients, made) if gradients else []
    extra += _place_output(draft, outputs)
    copied = [step.inputs[0] for _, step in extra]
    _place_rest(draft, [*outputs.values(), *(n for n in copied if n is not None)])
    coded = [
        encode(step, part, draft) for part, step in draft.steps + extra if step.op != "reshape"
    ]
    coded.sort(key=lambda row: PARTS.index(row["part"]))
    if update is not None:
        coded.append(encode_update(update, layout))
    return Program(
        dtype=layout.dtype.name,
        rows=rows,
        block=draft.block,
        blocked=kinds is not None,
        steps=coded,
        workspace=draft.workspace,
        constants=[
            (start, node.attrs["value"].ravel().tolist()) for node, start in draft.constants
        ],
        inputs=[_input_row(node) for node in inputs],
        outputs=[(name, *draft.places[node], node.shape) for name, node in outputs.items()],
        parameters=layout.length,
        updates=update is not None,
        gradients=made.length if gradients else 0,
    )


def _by_rows(kind: Kind | None) -> bool:
    return kind in (Kind.ROWS, Kind.TURNED)


def _parted(steps: list[Step], kinds: dict[Node, Kind] | None) -> list[tuple[str, Step]]:
    if kinds is None:
        return [("body", step) for step in steps]
    part = {Kind.FIXED: "head", Kind.TOTAL: "tail", Kind.ROWS: "body", Kind.TURNED: "body"}
    return [("body" if adds_up(step, kinds) else part[kinds[step.out[0]]], step) for step in steps]


def _place_leaves(draft: Plan, inputs: Sequence[Node], parameters: Sequence[Node]) -> None:
    for i, node in enumerate(inputs):
        draft.places[node] = (INPUTS + i, 0)
    for node, offset in zip(parameters, draft.layout.offsets, strict=True):
        draft.places[node] = (PARAMETERS, offset)


def _place_gradients(
    draft: Plan, gradients: Sequence[Node], layout: Layout
) -> list[tuple[str, Step]]:
    """Gradients are made in the block of gradients."""
    copies: list[tuple[str, Step]] = []
    for node, offset in zip(gradients, layout.offsets, strict=True):
        _make_at(draft, node, (GRADIENTS, offset), copies)
    return copies


def _place_output(draft: Plan, outputs: dict[str, Node]) -> list[tuple[str, Step]]:
    """The node called "output" is written to the caller's array."""
    copies: list[tuple[str, Step]] = []
    if "output" in outputs:
        outputs["output"] = _make_at(draft, outputs["output"], (OUTPUT, 0), copies)
    return copies


def _make_at(draft: Plan, node: Node, place: Place, copies: list[tuple[str, Step]]) -> Node:
    """Have a node made at a place; what lies elsewhere already is copied there, and the copy returned."""
    made = {n for _, step in draft.steps if step.op != "reshape" for n in step.out}
    if node in made and node not in draft.places:
        draft.places[node] = place
        return node
    copy = Node("copy", (node,), {}, node.shape, node.dtype)
    draft.places[copy] = place
    kind = draft.kinds.get(node, Kind.FIXED)
    if draft.kinds:
        draft.kinds[copy] = kind
    part = "body" if not draft.kinds or _by_rows(kind) else "tail"
    copies.append((part, Step("copy", (copy,), (node,))))
    return copy


def _place_rest(draft: Plan, kept: Sequence[Node]) -> None:
    """Places in the workspace: a place is free again after the last step that reads it, but for what is `kept`.

    A batch of many blocks runs the body again and again: what the head or the sums over rows hold must last.
    """
    steps = [step for _, step in draft.steps]
    roots = {n: _root(n) for step in steps for n in (*step.inputs, *step.out) if n is not None}
    last: dict[Node, int] = {}
    for i, step in enumerate(steps):
        for node in step.inputs:
            if node is not None:
                last[roots[node]] = i
    roots.update((node, _root(node)) for node in kept)
    for node in kept:
        last[roots[node]] = len(steps)
    space = _Space()
    for node in roots.values():
        if node.op == "constant" and node not in draft.places:
            draft.places[node] = (WORK, space.take(node.size))
            draft.constants.append((node, draft.places[node][1]))
    passing = []  # (step, node that a later node may lie upon)
    for i, (part, step) in enumerate(draft.steps):
        for node in step.out if step.op != "reshape" else ():
            if node in draft.places:
                continue
            if part == "body" and draft.kinds.get(node, Kind.ROWS) is Kind.ROWS:
                passing.append((i, node))
            else:
                draft.places[node] = (WORK, space.take(draft.size(node)))
    _place_passing(draft, passing, last, space)
    for node, root in roots.items():
        draft.places.setdefault(node, draft.places[root])
    draft.workspace = space.end


def _place_passing(
    draft: Plan, passing: list[tuple[int, Node]], last: dict[Node, int], space: _Space
) -> None:
    freed: dict[int, list[Node]] = {}
    for i, node in passing:
        for step in [s for s in freed if s < i]:
            for old in freed.pop(step):
                space.give(draft.places[old][1], draft.size(old))
        draft.places[node] = (WORK, space.take(draft.size(node)))
        freed.setdefault(last.get(node, i), []).append(node)


def _root(node: Node) -> Node:
    """The node whose memory a reshape shows."""
    while node.op == "reshape":
        node = node.inputs[0]
    return node


class _Space:
    """Takes and gives back pieces of the workspace, lowest first; each starts at a cache line."""

    def __init__(self) -> None:
        self.end = 0
        self.free: list[tuple[int, int]] = []

    def take(self, size: int) -> int:
        need = max(-(-size // LINE), 1) * LINE
        for i, (start, room) in enumerate(self.free):
            if room >= need:
                self.free[i : i + 1] = [(start + need, room - need)] if room > need else []
                return start
        self.end += need
        return self.end - need

    def give(self, start: int, size: int) -> None:
        self.free.append((start, max(-(-size // LINE), 1) * LINE))
        self.free.sort()
        merged = [self.free[0]]
        for begin, room in self.free[1:]:
            if sum(merged[-1]) == begin:
                merged[-1] = (merged[-1][0], merged[-1][1] + room)
            else:
                merged.append((begin, room))
        self.free = merged


def _input_row(node: Node) -> tuple[str, int]:
    """(name, elements in a row) of an input; the engine makes room for a block of rows."""
    width = (
        node.size // node.shape[0] if node.ndim and node.shape[0] else int(np.prod(node.shape[1:]))
    )
    return node.name or f"input {node.attrs['index']}", width
