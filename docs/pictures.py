"""Everything that is drawn in the site: the lecture's graphs, by fastbp, and the recorded figures of benchmarks."""

import re
import runpy
import sys
from pathlib import Path

import fastbp as bp

HERE = Path(__file__).parent
BENCHMARKS = HERE.parent / "benchmarks"

# The style that each SVG of a trace brings along follows the system; the theme has a switch, too.
GRAPH_CSS = """{light}
@media (prefers-color-scheme: dark) {{ body:not([data-theme="light"]) {{ {dark} }} }}
body[data-theme="dark"] {{ {dark} }}
"""


def draw(folder: Path) -> None:
    """Write graphs, pages to step through, charts and declarations of kernels into `folder`."""
    for name in ("static", "pages", "graphs", "charts", "pxd"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _graphs(folder)
    _charts(folder / "charts")
    for source in (Path(bp.__file__).parent / "kernels").glob("*.pxd"):
        _write(folder / "pxd" / source.name, source.read_text(encoding="utf-8"))


def _write(path: Path, text: str) -> None:
    """Write where the text is another one, so that Sphinx reads only what changed."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _graphs(folder: Path) -> None:
    lecture = runpy.run_path(str(HERE / "lecture" / "functions.py"))
    style = ""
    for function, arguments in lecture["arguments"]().items():
        name = function.__name__
        trace = bp.trace(function, *arguments)
        picture, style = _without_style(trace.to_svg())
        _write(folder / "graphs" / f"{name}.html", f'<div class="graph">\n{picture}</div>\n')
        _write(folder / "graphs" / f"{name}.txt", f"{trace}\n")
        _write(folder / "pages" / f"step-through-{name}.html", trace.to_html())
    light, dark = re.fullmatch(
        r"(.*)@media \(prefers-color-scheme: dark\) \{(.*)\}\s*", style, re.DOTALL
    ).groups()
    _write(folder / "static" / "graph.css", GRAPH_CSS.format(light=light, dark=dark))


def _without_style(svg: str) -> tuple[str, str]:
    before, style, after = re.split(r"<style>(.*?)</style>\n?", svg, flags=re.DOTALL)
    return before + after, style


def _charts(folder: Path) -> None:
    sys.path.insert(0, str(BENCHMARKS))  # whose modules import each other by their bare names
    try:
        import performance_plot as plot
        import scaling_plot
    finally:
        sys.path.remove(str(BENCHMARKS))
    first, half, none = map(plot.recorded, ("compare.json", "zen4.json", "zen3.json"))
    calls, functions = plot.recorded("latency.json"), plot.recorded("graph.json")
    charts = {
        "compare": plot.bars(
            "A training step, in multiples of fastbp's (one core, log scale)",
            plot.times(first["results"], tuple(plot.PEERS)),
        ),
        "two-cores": plot.bars(
            "The same with two threads on two cores",
            plot.times(plot.recorded("two-cores.json")["results"], ("torch", "jax-scan")),
        ),
        "zen4": plot.bars(
            "A processor with AVX-512 at half rate (one core)",
            plot.times(half["results"], ("numpy", "torch", "jax-scan")),
        ),
        "zen3": plot.bars(
            "A processor without AVX-512 (one core)",
            plot.times(none["one core"]["results"], ("numpy", "torch", "jax-scan")),
        ),
        "calls": plot.bars(
            "A call from Python, in multiples of fastbp's (one core)",
            {
                what.replace("100000", "100,000").replace("1 rows", "1 row"): _multiples(took)
                for what, took in calls["microseconds"].items()
                if what.startswith("predict") or what == "gradients"
            },
        ),
        "functions": plot.bars(
            "Functions written in NumPy, in multiples of fastbp's (one core)",
            {
                label: _multiples(functions["microseconds"][key])
                for key, label in {
                    "call": "a call of value_and_grad, 2-16-1, batch 32",
                    "pinn, a step": "a step of a physics-informed network, 1000 points",
                    "compile mlp": "first call, trace and compile: 2-16-1",
                    "compile 200 operations": "first call: 200 operations",
                }.items()
            },
        ),
        "products": plot.bars(
            "Matrix products, share of the core's FMA peak (float32, one core)",
            {
                f"{p['name']}, {p['product']}"
                if "units" not in p["name"]
                else f"{'x'.join(map(str, p['shape']))}, {p['product']}": {
                    "share": 100 * p["share"]
                }
                for p in plot.recorded("kernels.json")["float32"]["products"]
            },
            unit=" %",
            most=100,
        ),
    }
    for name, svg in charts.items():
        _write(folder / f"{name}.svg", svg)
    _scaling(scaling_plot, plot.recorded("scaling.json")["sweeps"], folder)


def _multiples(took: dict[str, float]) -> dict[str, float]:
    """What the peers took, in multiples of fastbp's time."""
    names = {
        "onnxruntime": "ONNX Runtime",
        "torch": "PyTorch",
        "jax jit": "JAX, jit",
        "jax scan": "JAX, lax.scan",
    }
    names |= {"numpy": "NumPy", "autograd": "HIPS autograd"}
    return {names[peer]: t / took["fastbp"] for peer, t in took.items() if peer in names}


def _scaling(scaling_plot: object, sweeps: dict, folder: Path) -> None:
    """The curves of growth, on a light and on a dark ground."""
    import matplotlib.style

    for ground, style in (("light", "default"), ("dark", "dark_background")):
        path = folder / f"scaling-{ground}.svg"
        with matplotlib.rc_context(), matplotlib.style.context(style):
            matplotlib.rcParams["svg.hashsalt"] = "fastbp"
            scaling_plot.draw(sweeps, path, most_columns=2)
