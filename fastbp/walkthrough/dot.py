"""A trace in the language of Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastbp.walkthrough import numbers
from fastbp.walkthrough.text import shape_text

if TYPE_CHECKING:
    from fastbp.walkthrough.record import Trace, TracedNode

HEAD = """digraph trace {
  rankdir=LR;
  node [shape=box, style="rounded,filled", fillcolor=white, fontname=monospace];"""


def digraph(trace: Trace) -> str:
    """A box a node, an arrow a use, and a red one back for each contribution to a gradient."""
    shown = [node for node in trace.nodes if not node.is_number or node is trace.output]
    lines = [HEAD]
    lines += [f"  n{node.number} [label={quoted(*_label(node))}];" for node in shown]
    for node in shown:
        lines += [
            f'  n{operand.number} -> n{node.number} [color="#116329"];'
            for operand in node.inputs
            if operand in shown
        ]
        lines += [
            f"  n{part.consumer.number} -> n{node.number} "
            f'[label={quoted(part.formula)}, color="#b3202c", fontcolor="#b3202c", '
            "fontname=monospace, style=dashed, constraint=false];"
            for part in node.contributions
        ]
    return "\n".join([*lines, "}"])


def quoted(*lines: str) -> str:
    """Lines as one string of the language, set flush left, as they stand."""
    safe = (line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for line in lines)
    return '"' + "".join(line.replace("\0", "?") + "\\l" for line in safe) + '"'


def _label(node: TracedNode) -> list[str]:
    value = [f"value {shape_text(node)}", *numbers.shown(node.value)]
    if node.gradient is None:
        return [node.title, *value]
    return [node.title, *value, "gradient", *numbers.shown(node.gradient)]
