"""A trace as two tables for a terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from fastbp.walkthrough import numbers

if TYPE_CHECKING:
    from fastbp.walkthrough.record import Contribution, Trace, TracedNode

Array = npt.NDArray[Any]
Cell = list[str]
Show = Callable[[Array], Cell]

NARROWEST = 5  # characters that a column keeps
SHOWS: tuple[Show, ...] = (numbers.shown, numbers.summary)


def tables(trace: Trace) -> str:
    """Both passes as tables, no wider than the terminal."""
    width = shutil.get_terminal_size((80, 24)).columns
    legend = f"{trace.symbol} is the gradient of the node named under 'from'."
    parts = [
        f"{trace.title}: forward",
        _forward(trace, width),
        "",
        f"backward: incoming gradient {trace.symbol} × local gradient = contribution",
        _backward(trace, width),
        *textwrap.wrap(legend, max(width, 20)),
    ]
    return "\n".join(_cut(line, width) for part in parts for line in part.split("\n"))


def shape_text(node: TracedNode) -> str:
    """The shape; "number" for one without axes."""
    return "number" if not node.shape else f"{tuple(map(int, node.shape))}"


def _forward(trace: Trace, width: int) -> str:
    table: list[list[Cell]] = []
    for show in SHOWS:
        table = [[["#"], ["node"], ["shape"], ["value"]]]
        table += [
            [[str(node.number)], [node.title], [shape_text(node)], show(node.value)]
            for node in trace.nodes
        ]
        if _width(_widths(table)) <= width:
            break
    widths = _widths(table)
    while _width(widths) > width and max(widths) > NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return _drawn(table, widths)


# ---------------------------------------------------------------- backward


def _backward(trace: Trace, width: int) -> str:
    """One row a contribution where that fits, else a few lines for each."""
    table = _contributions(trace)
    if _width(_widths(table)) <= width:
        return _drawn(table, _widths(table))
    lines = ["─" * width]
    for node in trace.backward:
        lines += _paragraph(trace, node, width)
    return "\n".join(lines)


def _contributions(trace: Trace) -> list[list[Cell]]:
    """The rows; a node's gradient stands in its last one."""
    heads = ("#", "node", "from", "formula", "incoming", "× local", "= contribution", "gradient")
    table: list[list[Cell]] = [[[head] for head in heads]]
    for node in trace.backward:
        start = [[str(node.visit)], [node.name]]
        total = _gradient(node)
        if not node.contributions:
            table.append([*start, [""], ["start"], [""], [""], [""], total])
        for i, part in enumerate(node.contributions):
            head = start if i == 0 else [[""], [""]]
            last = total if i == len(node.contributions) - 1 else ["+"]
            arrays = [numbers.shown(part.incoming), _local(part, numbers.shown)]
            table.append(
                [
                    *head,
                    [part.consumer.name],
                    [part.formula],
                    *arrays,
                    numbers.shown(part.value),
                    last,
                ]
            )
    return table


def _paragraph(trace: Trace, node: TracedNode, width: int) -> Iterator[str]:
    """A node's contributions, one under the other, and what they add up to."""
    number = f"{node.visit}".ljust(4)
    if not node.contributions:
        yield f"{number}{node.name}  start: gradient {_gradient(node)[0]}"
        return
    yield f"{number}{node.name}"
    for part in node.contributions:
        yield f"      from {part.consumer.name}: {part.formula}"
        yield from _equation(trace, part, width)
    if len(node.contributions) > 1:
        yield from _side_by_side([["sum ="], _gradient(node)], "      ")


def _equation(trace: Trace, part: Contribution, width: int) -> list[str]:
    """incoming × local = contribution, in numbers as far as they fit."""
    forms: list[list[Cell]] = []
    for show in SHOWS:
        value = [["="], show(part.value)]
        local = _local(part, show)
        forms += [
            [[trace.symbol + " ="], show(part.incoming), ["× local"], local, *value],
            [[trace.symbol + " ="], show(part.incoming), ["× local"], [part.local], *value],
        ]
    forms.append([["="], numbers.summary(part.value)])
    for cells in forms:
        drawn = _side_by_side(cells, "        ")
        if max(map(len, drawn)) <= width:
            return drawn
    return drawn


def _local(part: Contribution, show: Show) -> Cell:
    return [part.local] if part.local_value is None else show(part.local_value)


def _gradient(node: TracedNode) -> Cell:
    assert node.gradient is not None  # the backward pass came by
    return numbers.shown(node.gradient)


# ---------------------------------------------------------------- drawing


def _side_by_side(cells: Sequence[Cell], indent: str) -> list[str]:
    widths = [max(map(len, cell)) for cell in cells]
    return [indent + line for line in _row(cells, widths, " ")]


def _drawn(table: list[list[Cell]], widths: Sequence[int]) -> str:
    head, *rows = table
    lines = [*_row(head, widths), "─" * _width(widths)]
    return "\n".join(lines + [line for row in rows for line in _row(row, widths)])


def _row(cells: Sequence[Cell], widths: Sequence[int], gap: str = "  ") -> list[str]:
    """The lines of one row; cells of several lines begin at the same."""
    lines = []
    for i in range(max(map(len, cells))):
        texts = [cell[i] if i < len(cell) else "" for cell in cells]
        cut = [_cut(text, w).ljust(w) for text, w in zip(texts, widths, strict=True)]
        lines.append(gap.join(cut).rstrip())
    return lines


def _widths(table: list[list[Cell]]) -> list[int]:
    columns = zip(*table, strict=True)
    return [max(len(line) for cell in column for line in cell) for column in columns]


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + 2 * (len(widths) - 1)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
