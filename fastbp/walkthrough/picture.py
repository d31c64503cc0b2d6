"""What a picture of a trace shows and where: boxes with their lines, wires as curves."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastbp.walkthrough import numbers
from fastbp.walkthrough.layout import Placed, placed
from fastbp.walkthrough.text import shape_text

if TYPE_CHECKING:
    from fastbp.walkthrough.record import Trace, TracedNode

CHARACTER = 7.5  # width of one, of a fixed-width font of 12 pixels, with some to spare
LINE = 16.0
PAD = 10.0
MARGIN = 12.0
WIDEST = 1100.0  # a picture that is wider from left to right goes from top to bottom
LONGEST = 34  # characters of a name or formula
PORT = 16.0  # between wires at one side of a box
APART = 4.0  # of the arrow forward, and of the one backward, from the middle of a wire

Point = tuple[float, float]


@dataclass(slots=True)
class Box:
    """A node as it is drawn; x and y are the upper left corner."""

    node: TracedNode
    name: str
    formula: str
    shape: str
    value: list[str]
    gradient: list[str]
    x: float = 0.0
    y: float = 0.0

    @property
    def columns(self) -> tuple[float, float]:
        """Widths of value and gradient."""
        value = max(len(line) for line in ("value", *self.value))
        gradient = max((len(line) for line in ("gradient", *self.gradient)), default=0)
        return value * CHARACTER, (gradient * CHARACTER if self.gradient else 0.0)

    @property
    def width(self) -> float:
        """With padding."""
        value, gradient = self.columns
        gap = 2 * CHARACTER if self.gradient else 0.0
        head = len(self.name) + 2 + len(self.shape)
        return (
            max(value + gap + gradient, head * CHARACTER, len(self.formula) * CHARACTER) + 2 * PAD
        )

    @property
    def height(self) -> float:
        """With padding."""
        rows = max(len(self.value), len(self.gradient))
        return (2 + bool(self.formula) + rows) * LINE + 1.5 * PAD


@dataclass(slots=True)
class Wire:
    """An operand's way to what uses it: the points of its curve, straight pieces and curves in turn."""

    source: TracedNode
    target: TracedNode
    points: list[Point]
    has_gradient: bool


@dataclass(slots=True)
class Picture:
    """Boxes and wires, and the room that they take."""

    boxes: list[Box]
    wires: list[Wire]
    width: float
    height: float
    down: bool


def picture(trace: Trace) -> Picture:
    """Lay out a trace: from left to right where that is not too wide, else from top to bottom."""
    shown = [node for node in trace.nodes if not node.is_number or node is trace.output]
    drawn = _picture(trace, shown, down=False)
    return drawn if drawn.width <= WIDEST else _picture(trace, shown, down=True)


def _picture(trace: Trace, shown: Sequence[TracedNode], *, down: bool) -> Picture:
    boxes = [_box(node) for node in shown]
    place = {node: i for i, node in enumerate(shown)}
    uses = [
        (place[operand], i, argument)
        for i, node in enumerate(shown)
        for argument, operand in enumerate(node.inputs)
        if operand in place
    ]
    sizes = [(b.width, b.height) if down else (b.height, b.width) for b in boxes]
    plan = placed(sizes, [(source, target) for source, target, _ in uses])
    for box, spot in zip(boxes, plan.spots, strict=False):
        centre = (plan.starts[spot.layer] + plan.ends[spot.layer]) / 2
        x, y = (spot.at, centre) if down else (centre, spot.at)
        box.x, box.y = x - box.width / 2 + MARGIN, y - box.height / 2 + MARGIN
    curves = _curves(plan, down=down)
    wires = [
        Wire(shown[s], shown[t], curve, _contributes(shown[s], shown[t], argument))
        for (s, t, argument), curve in zip(uses, curves, strict=True)
    ]
    width = max((box.x + box.width for box in boxes), default=0.0) + MARGIN
    height = max((box.y + box.height for box in boxes), default=0.0) + MARGIN
    reach = [point for wire in wires for point in wire.points]
    width = max([width, *(x + MARGIN for x, _ in reach)])
    height = max([height, *(y + MARGIN for _, y in reach)])
    return Picture(boxes, wires, width, height, down)


def _box(node: TracedNode) -> Box:
    return Box(
        node,
        clipped(node.name),
        "" if node.formula == node.name else clipped(f"= {node.formula}"),
        shape_text(node) if node.shape else "",
        numbers.shown(node.value),
        [] if node.gradient is None else numbers.shown(node.gradient),
    )


def clipped(text: str) -> str:
    """The text, or its beginning."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _contributes(source: TracedNode, target: TracedNode, argument: int) -> bool:
    return any(c.consumer is target and c.argument == argument for c in source.contributions)


def _curves(plan: Placed, *, down: bool) -> list[list[Point]]:
    """For each wire: from the box straight to the end of its layer, a curve over, and so on."""
    leaving, arriving = _ports(plan)
    curves = []
    for k, path in enumerate(plan.wires):
        points: list[Point] = []
        for a, b in itertools.pairwise(path):
            start, end = plan.spots[a], plan.spots[b]
            out = leaving[k] if a == path[0] else start.at
            into = arriving[k] if b == path[-1] else end.at
            edge = start.along / 2 if a == path[0] else 0.0
            first = (plan.starts[start.layer] + plan.ends[start.layer]) / 2 + edge
            if a == path[0]:
                points.append((out, first))
            points.append((out, plan.ends[start.layer]))
            points.append((into, plan.starts[end.layer]))
            if b == path[-1]:
                middle = (plan.starts[end.layer] + plan.ends[end.layer]) / 2
                points.append((into, middle - end.along / 2))
        turned = [(x, y) if down else (y, x) for x, y in points]
        curves.append([(x + MARGIN, y + MARGIN) for x, y in turned])
    return curves


def _ports(plan: Placed) -> tuple[dict[int, float], dict[int, float]]:
    """Where wires leave and enter their boxes, side by side in the order in which they come."""
    leaving: dict[int, float] = {}
    arriving: dict[int, float] = {}
    for i, spot in enumerate(plan.spots):
        for ports, end, near in ((leaving, 0, 1), (arriving, -1, -2)):
            here = [k for k, path in enumerate(plan.wires) if path[end] == i]
            here.sort(key=lambda k, near=near: plan.spots[plan.wires[k][near]].at)  # type: ignore[misc]
            apart = min(PORT, spot.across / (len(here) + 1))
            for n, k in enumerate(here):
                ports[k] = spot.at + (n - (len(here) - 1) / 2) * apart
    return leaving, arriving
