"""A trace as an SVG picture."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastbp.walkthrough.picture import APART, LINE, PAD, Box, Picture, Point, Wire, picture

if TYPE_CHECKING:
    from fastbp.walkthrough.record import Trace

# Boxes bring their own ground, and wires are grey and red enough for a light and for a dark one.
STYLE = """
.fbp text { font: 12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328;
  white-space: pre; }
.fbp .name { font-weight: bold; }
.fbp .muted { fill: #59636e; }
.fbp .value { fill: #116329; }
.fbp .gradient { fill: #b3202c; }
.fbp rect { fill: #ffffff; stroke: #818b98; stroke-width: 1.2; }
.fbp .given rect { fill: #f0f3f6; }
.fbp path { fill: none; stroke-width: 1.5; }
.fbp .forward { stroke: #768390; }
.fbp .backward { stroke: #e5534b; stroke-dasharray: 5 3; }
.fbp .forward.tip { fill: #768390; stroke: none; }
.fbp .backward.tip { fill: #e5534b; stroke: none; }
@media (prefers-color-scheme: dark) {
  .fbp text { fill: #e6edf3; }
  .fbp .muted { fill: #9198a1; }
  .fbp .value { fill: #56d364; }
  .fbp .gradient { fill: #ff938a; }
  .fbp rect { fill: #161b22; stroke: #6e7681; }
  .fbp .given rect { fill: #21262d; }
}
"""
TIP = 6.0


def document(trace: Trace) -> str:
    """The whole picture."""
    drawn = picture(trace)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="fbp" role="img" width="{drawn.width:.0f}" '
            f'height="{drawn.height:.0f}" viewBox="0 0 {drawn.width:.0f} {drawn.height:.0f}">',
            f"<title>Computational graph of {escaped(trace.title)}</title>",
            f"<style>{STYLE}</style>",
            *(line for wire in drawn.wires for line in _wire(wire, drawn)),
            *(line for box in drawn.boxes for line in _box(box)),
            "</svg>",
        ]
    )


def escaped(text: str) -> str:
    """The text as it may stand in SVG and HTML; what XML cannot hold becomes a question mark."""
    legal = "".join(
        c if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff") else "?" for c in text
    )
    surrogates = "".join("?" if "\ud800" <= c <= "\udfff" else c for c in legal)
    return html.escape(surrogates, quote=True)


def _box(box: Box) -> list[str]:
    node = box.node
    kind = "node given" if not node.inputs else "node"
    x, y = box.x + PAD, box.y + PAD / 2
    lines = [
        f'<g class="{kind}" data-node="{node.number}">',
        f"<title>{escaped(node.title)}</title>",
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="7"/>',
        _text(x, y + LINE, "name", box.name),
        _text(box.x + box.width - PAD, y + LINE, "muted", box.shape, end=True),
    ]
    y += 2 * LINE
    if box.formula:
        lines.append(_text(x, y, "formula", box.formula))
        y += LINE
    lines.append(_column(x, y, "value", box.value))
    if box.gradient:
        left = box.x + box.width - PAD - box.columns[1]
        lines.append(_column(left, y, "gradient", box.gradient))
    return [*lines, "</g>"]


def _column(x: float, y: float, kind: str, lines: Sequence[str]) -> str:
    parts = [_text(x, y, "muted", kind)]
    parts += [_text(x, y + (i + 1) * LINE, kind, line) for i, line in enumerate(lines)]
    return f'<g class="of-{kind}">{"".join(parts)}</g>'


def _text(x: float, y: float, kind: str, text: str, *, end: bool = False) -> str:
    if not text:
        return ""
    anchor = ' text-anchor="end"' if end else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}"{anchor}>{escaped(text)}</text>'


def _wire(wire: Wire, drawn: Picture) -> list[str]:
    """The arrow forward, and beside it the one backward."""
    ends = f'data-from="{wire.source.number}" data-to="{wire.target.number}"'
    side = APART if wire.has_gradient else 0.0
    lines = [f"<g {ends}>", *_arrow(_moved(wire.points, -side, drawn), "forward", drawn), "</g>"]
    if wire.has_gradient:
        back = _moved(wire.points, side, drawn)[::-1]
        lines += [f"<g {ends}>", *_arrow(back, "backward", drawn), "</g>"]
    return lines


def _moved(points: Sequence[Point], by: float, drawn: Picture) -> list[Point]:
    return [(x + by, y) if drawn.down else (x, y + by) for x, y in points]


def _arrow(points: list[Point], kind: str, drawn: Picture) -> list[str]:
    """A line with a tip at its last point: straight and curved pieces in turn."""
    (x0, y0), (x1, y1) = points[-2:]
    sign = 1 if (y1 > y0 if drawn.down else x1 > x0) or (x0, y0) == (x1, y1) else -1
    if kind == "backward" and (x0, y0) == (x1, y1):
        sign = -1
    step = sign * TIP
    if drawn.down:
        tip = f"M{x1:.1f} {y1:.1f}l{-TIP / 2:.1f} {-step:.1f}h{TIP:.1f}z"
        end = (x1, y1 - step)
    else:
        tip = f"M{x1:.1f} {y1:.1f}l{-step:.1f} {-TIP / 2:.1f}v{TIP:.1f}z"
        end = (x1 - step, y1)
    points = [*points[:-1], end]
    text = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for i, (x, y) in enumerate(points[1:], 1):
        if i % 2:  # along the layer
            text += f"L{x:.1f} {y:.1f}"
        else:  # over to the next one
            px, py = points[i - 1]
            mx, my = (px + x) / 2, (py + y) / 2
            a, b = ((px, my), (x, my)) if drawn.down else ((mx, py), (mx, y))
            text += f"C{a[0]:.1f} {a[1]:.1f} {b[0]:.1f} {b[1]:.1f} {x:.1f} {y:.1f}"
    return [f'<path class="{kind}" d="{text}"/>', f'<path class="{kind} tip" d="{tip}"/>']
