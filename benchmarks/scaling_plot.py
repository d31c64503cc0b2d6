"""The curves of scaling.py, with matplotlib."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

# sweep -> its panels: (title, what is drawn of a point, the power of `by` that is expected)
PANELS: dict[str, list[tuple[str, Any, int]]] = {
    "rows": [("us a step, batch 100, by rows", lambda p: p["seconds"] * 1e6, 0)],
    "batch": [
        ("us a step, by rows of the batch", lambda p: p["seconds"] * 1e6, 1),
        ("MiB beside the data, by rows of the batch", lambda p: p["extra"] / 2**20, 0),
    ],
    "steps": [("us a step, by steps", lambda p: p["seconds"] * 1e6, 0)],
    "width": [("us a step, by width", lambda p: p["seconds"] * 1e6, 2)],
    "depth": [
        ("us a step, by layers", lambda p: p["seconds"] * 1e6, 1),
        ("ms to start (compile), by layers", lambda p: p["start"] * 1e3, 1),
    ],
}


def draw(found: dict[str, list[dict[str, Any]]], path: Path, most_columns: int = 4) -> None:
    """A panel a curve, on logarithmic axes, each beside the growth that is expected."""
    panels = [(name, *panel) for name in found for panel in PANELS.get(name, [])]
    columns = min(len(panels), most_columns) or 1
    rows = -(-len(panels) // columns) or 1
    figure = Figure(figsize=(4 * columns, 3 * rows), layout="constrained")
    for i, (name, title, value, power) in enumerate(panels):
        axes = figure.add_subplot(rows, columns, i + 1)
        x = [p["by"] for p in found[name]]
        y = [value(p) for p in found[name]]
        expected = [y[-1] * (one / x[-1]) ** power for one in x]
        axes.loglog(x, expected, "--", color="0.6", label=("flat", "linear", "square")[power])
        axes.loglog(x, y, "o-", label="measured")
        axes.set_ylim(bottom=min(y) / 2, top=max(y) * 2)
        axes.set_title(title, fontsize=9)
        axes.legend(fontsize=8)
    figure.savefig(path)
