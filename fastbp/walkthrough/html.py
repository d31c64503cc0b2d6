"""A trace as two HTML tables, for notebooks; and the pieces of HTML that its page shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from fastbp.walkthrough import numbers
from fastbp.walkthrough.svg import escaped
from fastbp.walkthrough.text import shape_text

if TYPE_CHECKING:
    from fastbp.walkthrough.record import Contribution, Trace, TracedNode

Array = npt.NDArray[Any]

# Colours of text are left to the notebook; these two are legible on light and on dark ground.
STYLE = """
.fbp-tables { overflow-x: auto; }
.fbp-tables table { border-collapse: collapse; margin: 0.5em 0; }
.fbp-tables caption { text-align: left; font-weight: bold; }
.fbp-tables th, .fbp-tables td { text-align: left; vertical-align: top; padding: 0.2em 0.8em;
  border-bottom: 1px solid #8b949e66; }
.fbp-tables pre, .fbp-tables code { margin: 0; padding: 0; background: none; color: inherit;
  font: 0.9em ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.fbp-tables .value { color: #2e8b3d; }
.fbp-tables .gradient { color: #d9483f; }
"""


def tables(trace: Trace) -> str:
    """Both passes."""
    forward = [
        [str(n.number), code(n.name), code(n.formula), shape_text(n), array(n.value, "value")]
        for n in trace.nodes
    ]
    backward = [row for node in trace.backward for row in _rows(node)]
    symbol = code(trace.symbol)
    return (
        f'<div class="fbp-tables"><style>{STYLE}</style>'
        + _table(
            f"{escaped(trace.title)}: forward", ["#", "name", "formula", "shape", "value"], forward
        )
        + _table(
            f"backward: incoming gradient {symbol} × local gradient = contribution",
            ["#", "name", "from", "formula", "incoming", "local", "contribution", "gradient"],
            backward,
        )
        + "</div>"
    )


def code(text: str) -> str:
    """Text of a program, escaped."""
    return f"<code>{escaped(text)}</code>"


def array(value: Array, kind: str) -> str:
    """Numbers, in the colour of their kind."""
    return f'<pre class="{kind}">{escaped(chr(10).join(numbers.shown(value)))}</pre>'


def local(part: Contribution) -> str:
    """The local gradient: its formula, and its numbers where it has some that say more."""
    value = part.local_value
    if value is None or part.local == "1" or numbers.shown(value) == [part.local]:
        return code(part.local)
    return code(part.local) + array(value, "local")


def _rows(node: TracedNode) -> list[list[str]]:
    """A row a contribution; the gradient that they add up to in the last one."""
    assert node.gradient is not None  # the backward pass came by
    head, total = [str(node.visit), code(node.name)], array(node.gradient, "gradient")
    if not node.contributions:
        return [[*head, "", "start", "", "", "", total]]
    rows = [
        [
            *(head if i == 0 else ["", ""]),
            code(part.consumer.name),
            code(part.formula),
            array(part.incoming, "gradient"),
            local(part),
            array(part.value, "gradient"),
            "+",
        ]
        for i, part in enumerate(node.contributions)
    ]
    rows[-1][-1] = total
    return rows


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )
