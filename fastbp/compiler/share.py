"""How threads share the steps of a batch, and where they have to meet.

Each step is cut along the rows of the block, or along what it makes, or is one thread's; by the shapes alone. The
threads meet before a step that touches what another thread may have written, or may still read, since they met last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

INPUTS = 4  # the first memory that holds gathered rows of an input
WIDE = 128  # columns from which a dense step may be cut along them: each thread then packs half of the weights
NARROW = 8  # units up to which the gradient of the weights is made in one piece
LARGE = 1024  # parameters from which threads share the update
MANY = 100  # accesses since the last meeting: to compare with more costs more than to meet
SMALL = 4096  # elements below which a step without rows is one thread's

BY_ROWS = {"unary", "binary", "where", "dense", "dense_inputs"}
UPDATES = {"sgd", "momentum", "adam"}
ROTATING = {"sum_rows", "dense_weights"}  # one thread's each, but not all the same one's


@dataclass(frozen=True, slots=True)
class Access:
    """What a step does to a piece of memory; equal `by` means that each thread touches what it touched before."""

    memory: int
    start: int
    end: int
    writes: bool
    by: object


def share_steps(rows: Sequence[dict[str, Any]], block: int, widths: Sequence[int]) -> None:
    """Say of each row how it is shared, whose it is, and whether the threads meet before it.

    Parameters
    ----------
    rows : the engine's rows, in order. Written: "share", "turn", "meets".
    block : rows of the batch that run together.
    widths : elements in a row of each of the program's inputs, which are gathered before the body.
    """
    since = _Since()
    gathered = [
        Access(INPUTS + i, 0, block * width, True, ("rows", INPUTS + i, 0, block, width))
        for i, width in enumerate(widths)
    ]
    turn, part = 1, "head"
    for row in rows:
        if row["part"] != "head" and part == "head":
            since.add(gathered)
            part = "body"
        row["share"], row["turn"] = _way(row), 0
        if row["share"] == "one" and row["op"] in ROTATING:
            row["turn"], turn = turn, turn + 1
        touched = list(_accesses(row, block))
        row["meets"] = row["op"] not in UPDATES and (
            since.count > MANY or any(map(since.clashes, touched))
        )
        if row["meets"]:
            since = _Since()
        since.add(touched)


def _way(row: dict[str, Any]) -> str:
    """Along what a step is cut."""
    op, n, m, k = row["op"], row["n"], row["m"], row["k"]
    if op in UPDATES:
        return "elements" if n >= LARGE else "one"
    if op == "dense" and m >= WIDE and m > n:
        return "columns"
    if op == "dense_inputs" and k >= WIDE and k > n:
        return "columns"
    if op == "dense_weights" and m > NARROW and (row["part"] == "body" or m * k >= SMALL):
        return "columns" if m > k else "output rows"
    if op in BY_ROWS and (row["rowwise"] or _tall(row)):
        return "rows"
    return "one"


def _tall(row: dict[str, Any]) -> bool:
    """Whether a step without rows of the block is cut along the rows of what it makes; a flat one along elements."""
    if row["op"] not in ("dense", "dense_inputs") and row["n"] == 1 and row["flat"]:
        row["n"], row["m"] = row["m"], 1
        row["widths"] = [min(width, 1) for width in row["widths"]]
    return bool(row["n"] * row["m"] >= SMALL)


def _accesses(row: dict[str, Any], block: int) -> list[Access]:
    """The memory that a step reads and writes."""
    found = []
    for slot, place in enumerate([*row["out"], *row["inputs"]]):
        if place is None or not row["sizes"][slot]:
            continue
        memory, start = place
        by: object = object()  # no two are equal
        if row["share"] == "one":
            by = ("one", row["turn"])
        elif row["share"] == "rows" and row["widths"][slot]:
            count = block if row["rowwise"] else row["n"]
            by = ("rows", memory, start, count, row["widths"][slot])
        found.append(Access(memory, start, start + row["sizes"][slot], slot < 2, by))
    return found


class _Since:
    """What was done to each memory since the threads met."""

    def __init__(self) -> None:
        self.count = 0
        self._by_memory: dict[int, list[Access]] = {}

    def add(self, accesses: Sequence[Access]) -> None:
        self.count += len(accesses)
        for one in accesses:
            self._by_memory.setdefault(one.memory, []).append(one)

    def clashes(self, new: Access) -> bool:
        """Whether another thread may have written, or may still read, what is touched now."""
        for old in self._by_memory.get(new.memory, ()):
            overlap = old.start < new.end and new.start < old.end
            if overlap and (old.writes or new.writes) and old.by != new.by:
                return True
        return False
