"""Bars of recorded figures, as SVG: `python benchmarks/performance_plot.py` draws docs/performance.svg anew.

The picture of the README comes from compare.json, and a test holds the two together. It is written by hand, without
matplotlib, so that the same numbers always give the same bytes. The documentation draws its other bars with it, too.
"""

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE.parent / "docs" / "performance.svg"

PEERS = {
    "numpy": "NumPy by hand",
    "sklearn": "scikit-learn",
    "torch": "PyTorch eager",
    "keras": "Keras (JAX)",
    "jax-step": "JAX, jit a step",
    "jax-scan": "JAX, lax.scan",
}
WORKLOADS = {
    "T1": "2-16-1, batch 32",
    "LR": "28-1 (logistic regression), batch 128",
    "T2": "28-64-32-1, batch 128",
    "T3": "784-512-256-10, batch 128",
    "T4": "1024-2048-2048-10, batch 512",
    "S1": "24-8-2, batch 200, float64, loss and gradient only",
    "S2": "4-32-16-4, batch 10,000",
    "LR1M": "28-1, batch 1,000,000, plain gradient descent",
    "script": "whole script: start, train, score",
}
# A library has one colour in all pictures, found by how its name begins.
COLOURS = {
    "NumPy": "#d08700",
    "scikit-learn": "#7a7f87",
    "PyTorch": "#d1495b",
    "Keras": "#8b62c9",
    "JAX, jit": "#0f9d8a",
    "JAX, lax.scan": "#2f7ed8",
    "ONNX": "#7a7f87",
    "HIPS": "#8b62c9",
}
OTHER = "#2f7ed8"

STYLE = """
.bars { --ground: #ffffff; --text: #1f2328; --muted: #59636e; --line: #d1d9e0; }
@media (prefers-color-scheme: dark) {
  .bars { --ground: #14181e; --text: #e6edf3; --muted: #9aa4af; --line: #3a424c; }
}
.bars .ground { fill: var(--ground); }
.bars text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--text); }
.bars .title { font-size: 13px; font-weight: 600; }
.bars .muted { font-size: 11px; fill: var(--muted); }
.bars .value { font-size: 10px; }
.bars line { stroke: var(--line); }
"""
WIDTH, MARGIN, PITCH, BAR = 600, 14, 12, 9

Values = Mapping[str, float]


def bars(
    title: str, groups: Mapping[str, Values], unit: str = "x", most: float | None = None
) -> str:
    """A group of bars for each entry of `groups`, a bar for each name in it.

    With `most` the axis is linear from 0 to it, else logarithmic from 1 on.
    """
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    colours = {
        name: next((c for start, c in COLOURS.items() if name.startswith(start)), OTHER)
        for name in names
    }
    highest = most or max(v for group in groups.values() for v in group.values())
    left, right = MARGIN, WIDTH - MARGIN - 44  # room for the number behind the longest bar

    def x(value: float) -> float:
        share = value / highest if most else math.log10(max(value, 1)) / math.log10(highest)
        return left + (right - left) * share

    legend, top = _legend(names, colours) if len(names) > 1 else ([], 36)
    marks, y = [], float(top)
    for label, group in groups.items():
        y += 16
        marks.append(f'<text x="{left}" y="{y - 3:.0f}">{escape(label)}</text>')
        for name, value in group.items():
            length = max(x(value) - left, 1)
            marks.append(
                f'<rect x="{left}" y="{y + 1:.0f}" width="{length:.1f}" height="{BAR}" rx="1" '
                f'fill="{colours[name]}"><title>{escape(name)}: {shown(value)}{unit}</title></rect>'
                f'<text class="value" x="{left + length + 4:.1f}" y="{y + BAR:.0f}">{shown(value)}{unit}</text>'
            )
            y += PITCH
        y += 6
    grid = [
        f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top + 2}" y2="{y:.0f}"/>'
        f'<text class="muted" x="{x(tick):.1f}" y="{y + 14:.0f}" '
        f'text-anchor="{"start" if x(tick) == left else "middle"}">{tick:g}{unit}</text>'
        for tick in _ticks(highest, linear=most is not None)
    ]
    height = y + 24
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="bars" role="img" width="{WIDTH}" '
            f'height="{height:.0f}" viewBox="0 0 {WIDTH} {height:.0f}">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="ground" width="{WIDTH}" height="{height:.0f}" rx="6"/>',
            f'<text class="title" x="{left}" y="22">{escape(title)}</text>',
            *legend,
            *grid,
            *marks,
            "</svg>\n",
        ]
    )


def _legend(names: Sequence[str], colours: Mapping[str, str]) -> tuple[list[str], int]:
    """The names in their colours, in as many lines as they need, and where the bars may start."""
    parts, x, y = [], float(MARGIN), 43
    for name in names:
        width = 22 + 6.6 * len(name)
        if x + width > WIDTH - MARGIN:
            x, y = float(MARGIN), y + 17
        parts.append(
            f'<rect x="{x:.0f}" y="{y - 9}" width="10" height="10" rx="2" fill="{colours[name]}"/>'
            f'<text class="muted" x="{x + 14:.0f}" y="{y}">{escape(name)}</text>'
        )
        x += width
    return parts, y + 10


def _ticks(highest: float, *, linear: bool) -> list[float]:
    if linear:
        return [highest * i / 4 for i in range(5)]
    return [n * 10**p for p in range(4) for n in (1, 3) if n * 10**p <= highest * 1.001]


def shown(value: float) -> str:
    """A number with as many digits as it takes to tell it from its neighbours."""
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 1.95 else f"{value:.2f}"


def times(results: Sequence[Mapping[str, Any]], peers: Sequence[str]) -> dict[str, Values]:
    """How many times as long as fastbp each peer takes, by workload."""
    groups: dict[str, Values] = {}
    found = {result["workload"]: result["peers"] for result in results}
    for workload, label in WORKLOADS.items():
        if workload not in found:
            continue
        took = {
            peer: figures.get("us", figures.get("seconds"))
            for peer, figures in found[workload].items()
        }
        groups[label] = {PEERS[peer]: took[peer] / took["fastbp"] for peer in peers if peer in took}
    return groups


def recorded(name: str) -> Any:
    """The figures of a file in this folder."""
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def performance() -> str:
    """The picture of the README."""
    results = [r for r in recorded("compare.json")["results"] if not r["workload"].startswith("S")]
    return bars(
        "Time of a training step, in multiples of fastbp's (one core, log scale)",
        times(results, ("numpy", "torch", "keras", "jax-scan")),
    )


if __name__ == "__main__":
    TARGET.write_text(performance(), encoding="utf-8")
    print(f"drew {TARGET}")
