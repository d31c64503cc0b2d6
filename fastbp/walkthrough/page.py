"""A page that walks through a trace, a node at a time: the picture, and beside it the arithmetic.

Everything is in the page when it is made. Its script only shows and hides: what has `data-at` is
shown from that step on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastbp.walkthrough import svg
from fastbp.walkthrough.assets import SCRIPT, STYLE
from fastbp.walkthrough.html import array, code, local
from fastbp.walkthrough.svg import escaped
from fastbp.walkthrough.text import shape_text

if TYPE_CHECKING:
    from fastbp.walkthrough.record import Contribution, Trace, TracedNode


def document(trace: Trace) -> str:
    """The page."""
    sections = list(_sections(trace))
    title = f"Backpropagation through {escaped(trace.title)}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<nav aria-label="Steps">
<button type="button" id="first">« first</button>
<button type="button" id="back">‹ back</button>
<button type="button" id="next">next ›</button>
<button type="button" id="last">last »</button>
<output id="where"></output>
<span class="muted">arrow keys, Home, End; or click a node</span>
</nav>
</header>
<main>
<div id="picture" tabindex="0" aria-label="The graph">{svg.document(trace)}</div>
<div id="steps" aria-live="polite">
{"".join(sections)}
</div>
</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _sections(trace: Trace) -> Iterator[str]:
    """A section a step: first the graph alone, then the nodes forward, then backward."""
    count = len(trace.nodes)
    yield (
        '<section data-step="0" data-pass="start"><h2>The graph</h2><p>Forward, each node is '
        "computed from those before it. Backward, from the output, each node is visited once: its "
        "gradient is the sum of what the nodes that use it hand back, each its own gradient times "
        "the local gradient.</p></section>\n"
    )
    for node in trace.nodes:
        yield _section(node.number, "forward", node, _forward(node))
    for step, node in enumerate(trace.backward, count + 1):
        yield _section(step, "backward", node, _backward(trace, node))


def _section(step: int, way: str, node: TracedNode, inside: str) -> str:
    return (
        f'<section data-step="{step}" data-pass="{way}" data-node="{node.number}">'
        f'<h2><span class="way">{way}</span> {code(node.name)}</h2>{inside}</section>\n'
    )


def _forward(node: TracedNode) -> str:
    """The formula, the operands' values, the value."""
    given = {"argument": "given, as an argument", "constant": "given, as a constant"}
    formula = "" if node.formula == node.name else f" = {code(node.formula)}"
    how = given.get(node.op, f"computed by {code(node.op)}")
    parts = [f"<p>{code(node.name)}{formula}</p>", f'<p class="muted">{how}, {_shape(node)}</p>']
    operands = list(dict.fromkeys(o for o in node.inputs if not o.is_number))
    rows = [(code(operand.name), array(operand.value, "value")) for operand in operands]
    rows.append((f"<b>{code(node.name)}</b>", array(node.value, "value")))
    return "".join([*parts, _table(rows)])


def _shape(node: TracedNode) -> str:
    return f"shape {shape_text(node)}" if node.shape else "a number"


def _backward(trace: Trace, node: TracedNode) -> str:
    """Each contribution, and what they add up to."""
    assert node.gradient is not None  # the backward pass came by
    name = f"∂{escaped(trace.output.name)} / ∂{escaped(node.name)}"
    if not node.contributions:
        return (
            "<p>The backward pass starts here: the gradient of the output with respect to itself "
            f"is 1.</p>{_table([(name, array(node.gradient, 'gradient'))])}"
        )
    parts = [_contribution(trace, part) for part in node.contributions]
    several = len(parts) > 1
    text = f"<p>{len(parts)} paths meet here; what comes back along them adds up.</p>"
    total = _table([(f"{name}{' = sum' if several else ''}", array(node.gradient, "gradient"))])
    return (text if several else "") + "".join(parts) + f'<div class="total">{total}</div>'


def _contribution(trace: Trace, part: Contribution) -> str:
    rows = [
        (f"incoming {code(trace.symbol)}", array(part.incoming, "gradient")),
        ("local gradient", local(part)),
        (f"contribution {code(part.formula)}", array(part.value, "gradient")),
    ]
    return f"<h3>from {code(part.consumer.title)}</h3>{_table(rows)}"


def _table(rows: list[tuple[str, str]]) -> str:
    body = "".join(f'<tr><th scope="row">{head}</th><td>{cell}</td></tr>' for head, cell in rows)
    return f"<table>{body}</table>"
