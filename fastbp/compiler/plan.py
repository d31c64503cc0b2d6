"""Plan: steps get an order, their nodes places in memory, and a program comes out.

A batch runs in three parts: the *head*, once, needs no data (a penalty on the weights); the *body*, once for each
block of rows; the *tail*, once, what follows from sums over rows, and the update. A graph that mixes rows midway is
all body, in one block.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

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
from fastbp.compiler.share import share_steps
from fastbp.compiler.steps import Step
from fastbp.engine.memory import LINE, Layout
from fastbp.engine.program import Program
from fastbp.graph.node import Node

BLOCK = 512  # rows that run together, forward and backward; so activations need no memory for more
MOST = 32  # groups of blocks that are added up apart, so that threads can take them
FEWEST = 8  # of them, where their sums are large
SMALL_SUMS = 1 << 15  # elements of one group's sums that stay in a cache
SUMS = 1 << 22  # elements of all groups' sums, where they are not small
WORK_OF_BLOCK = 1e6  # operations: enough that what a block costs beside them does not count
ROWS_OF_BLOCK = 128  # where a batch is cut into more than two: weights are packed for each block
GRAIN = 16  # rows that blocks are made of


class Plan:
    """A program in the making."""

    def __init__(self, rows: int, block: int, layout: Layout, kinds: dict[Node, Kind]) -> None:
        self.rows, self.block, self.layout, self.kinds = rows, block, layout, kinds
        self.steps: list[tuple[str, Step]] = []  # (part, step), in order
        self.made: set[Node] = set()  # what steps make
        self.places: dict[Node, Place] = {}
        self.constants: list[tuple[Node, int]] = []
        self.groups = 1  # of blocks, which are added up apart
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
    if kinds is not None and any(_by_rows(kinds.get(g)) for g in gradients):
        kinds = None  # results with a row for each of the batch are made in one piece
    draft = Plan(rows, _block(steps, kinds, rows, bool(gradients)), layout, kinds or {})
    draft.steps = _parted(steps, kinds)
    draft.made = {node for step in steps if step.op != "reshape" for node in step.out}
    draft.groups = _groups(steps, draft)
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
    widths = _input_widths(inputs)
    share_steps(coded, draft.block, widths)
    return Program(
        dtype=layout.dtype.name,
        rows=rows,
        block=draft.block,
        groups=draft.groups,
        blocked=kinds is not None,
        steps=coded,
        workspace=draft.workspace,
        constants=[
            (start, node.attrs["value"].ravel().tolist()) for node, start in draft.constants
        ],
        inputs=[
            (node.name or f"input {node.attrs['index']}", width)
            for node, width in zip(inputs, widths, strict=True)
        ],
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
    """Have a node made at a place; what lies elsewhere already is copied there, and the copy returned.

    So is what needs no data where blocks are grouped: each thread makes that for itself, in its own workspace.
    """
    kind = draft.kinds.get(node, Kind.FIXED)
    each = draft.groups > 1 and kind is Kind.FIXED
    if node in draft.made and node not in draft.places and not each:
        draft.places[node] = place
        return node
    copy = Node("copy", (node,), {}, node.shape, node.dtype)
    draft.places[copy] = place
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
    done = 0
    for i, node in passing:
        for step in range(done, i):
            for old in freed.pop(step, ()):
                space.give(draft.places[old][1], draft.size(old))
        done = i
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


def _block(
    steps: list[Step], kinds: dict[Node, Kind] | None, rows: int, differentiates: bool
) -> int:
    """Rows that run together; few enough that threads can share a batch by its blocks, where that costs nothing."""
    if kinds is None or not any(node.size for node, kind in kinds.items() if kind is Kind.ROWS):
        return rows  # of nothing there may be more than could be walked over
    pieces = -(-rows // BLOCK)
    if differentiates and _sums(steps, kinds) <= SMALL_SUMS:
        work = int(sum(map(_work, steps)) / WORK_OF_BLOCK)
        wanted = min(work, MOST, max(rows // ROWS_OF_BLOCK, 2), rows // GRAIN)
        pieces = max(pieces, wanted - wanted % (4 if wanted > 4 else 2))
    return min(-(-rows // (pieces * GRAIN)) * GRAIN, BLOCK, rows)


def _work(step: Step) -> float:
    """About how many operations a step takes."""
    out, first = step.out[0], step.inputs[0]
    if first is not None and step.op in ("dense", "dense_inputs", "dense_weights"):
        return 2.0 * out.size * first.shape[0 if step.op == "dense_weights" else 1]
    return 8.0 * out.size


def _sums(steps: list[Step], kinds: dict[Node, Kind]) -> int:
    """Elements that each group of blocks adds up."""
    made = [n for step in steps if adds_up(step, kinds) for n in step.out]
    return sum(n.size for n in made if kinds[n] is Kind.TOTAL)


def _groups(steps: list[Step], draft: Plan) -> int:
    """How many groups of blocks add up apart: by the shapes alone, since the order of a sum decides its bits."""
    blocks = -(-draft.rows // draft.block) if draft.block else 1
    groups, sums = min(blocks, MOST), _sums(steps, draft.kinds) if draft.kinds else 0
    pays = sums <= SMALL_SUMS or (blocks >= FEWEST and groups * sums <= SUMS)
    return groups if pays else 1


def _input_widths(inputs: Sequence[Node]) -> list[int]:
    """Elements in a row of each input; the engine makes room for a block of rows."""
    return [
        node.size // node.shape[0] if node.ndim and node.shape[0] else math.prod(node.shape[1:])
        for node in inputs
    ]
