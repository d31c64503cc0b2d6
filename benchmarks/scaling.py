"""How time and memory grow with rows, batch, steps, width and depth: flat, linear, or worse.

python benchmarks/scaling.py [--sweep depth width] [--json FILE] [--plot FILE.png]

Each point runs in a process of its own, on one core. README.md beside this file tells the method.
"""

import argparse
import json
import math
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import environment

SMALL = [28, 64, 32, 1]
MIB = 1 << 20
LIMIT = 50 * MIB  # what fit on a million rows may take beside the data
Point = dict[str, Any]


def sweeps() -> dict[str, list[Point]]:
    """The points of each sweep; `by` is what grows."""
    decades = [100, 1_000, 10_000, 100_000, 1_000_000]
    widths = [8, 32, 128, 512, 2048, 8192]
    depths = [1, 3, 10, 30, 100, 300, 1000]
    return {
        "rows": [_point(n, SMALL, n, 100, max(1, 1_000_000 // n)) for n in decades],
        "batch": [_point(n, SMALL, n, n, max(3, 1_000_000 // n)) for n in decades],
        "steps": [_point(n, SMALL, 1_000, 100, n // 10) for n in [100, 1_000, 10_000, 100_000]],
        "width": [_point(w, [28, w, w, 1], 1_024, 128, max(1, 2**20 // w**2)) for w in widths],
        "depth": [_point(d, [28, *[16] * d, 1], 1_280, 128, max(1, 1000 // d)) for d in depths],
        "mapped": [{**_point(1_000_000, SMALL, 1_000_000, 1_000, 1), "mapped": True}],
    }


def _point(by: int, sizes: list[int], rows: int, batch: int, epochs: int) -> Point:
    return {"by": by, "sizes": sizes, "rows": rows, "batch": batch, "epochs": epochs}


def measure(point: Point) -> Point:
    """Measure one point in a fresh process.

    The most memory that a process has had is inherited over fork and exec on Linux: this parent
    stays smaller than what its children import, so it must not import NumPy.
    """
    script = Path(__file__).with_name("scaling_point.py")
    done = subprocess.run(
        [sys.executable, str(script), json.dumps(point)], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{point} failed: {done.stderr.strip().splitlines()[-1]}")
    found: Point = json.loads(done.stdout)
    return point | found


def line(name: str, point: Point) -> str:
    """A point as a line of its sweep's table."""
    per_row = point["seconds"] / point["batch"] * 1e9
    return (
        f"  {point['by']:9,}  {point['parameters']:11,}  {point['seconds'] * 1e6:12,.1f}"
        f"  {per_row:9,.1f}  {point['start'] * 1e3:10,.1f}  {point['checks'] * 1e3:8,.1f}"
        f"  {point['extra'] / MIB:10,.1f}"
    )


HEAD = (
    f"{'':11}{'parameters':>11}  {'us a step':>12}  {'ns a row':>9}  {'start ms':>10}"
    f"  {'check ms':>8}  {'memory MiB':>10}"
)


def spread(values: list[float]) -> float:
    """How far the values lie apart: the largest over the smallest, less 1."""
    return max(values) / min(values) - 1


def exponent(points: list[Point], key: str) -> float:
    """The power of `by` that `key` grows with, over the last decade or nearest to it."""
    last = points[-1]
    first = min(points[:-1], key=lambda p: abs(math.log10(last["by"] / p["by"]) - 1))
    return math.log(last[key] / first[key]) / math.log(last["by"] / first["by"])


def verdicts(found: dict[str, list[Point]]) -> list[str]:
    """What growth was seen, in plain words."""
    lines = []
    if "rows" in found:
        apart = spread([p["seconds"] for p in found["rows"]])
        lines.append(f"time a step, batch 100, 100 to 1,000,000 rows: flat within {apart:.0%}")
        lines.append(_of_a_million("fit in batches of 100", found["rows"][-1]))
    if "batch" in found:
        large = [p for p in found["batch"] if p["by"] >= 1_000]
        apart = spread([p["seconds"] / p["by"] for p in large])
        lines.append(f"time a step, batch 1,000 to 1,000,000: linear in rows within {apart:.0%}")
        more = (large[-1]["extra"] - large[0]["extra"]) / MIB
        lines.append(
            f"memory beside the data, the same: a thousand times the rows take {more:+.1f} MiB"
        )
        lines.append(_of_a_million("fit in one batch", large[-1]))
    if "steps" in found:
        apart = spread([p["seconds"] for p in found["steps"]])
        lines.append(f"time a step, 100 to 100,000 steps: flat within {apart:.0%}")
        more = (found["steps"][-1]["extra"] - found["steps"][0]["extra"]) / MIB
        lines.append(f"memory, the same: {more:+.1f} MiB")
    lines += _of_networks(found)
    if "mapped" in found:
        point = found["mapped"][0]
        lines.append(_of_a_million("fit on a read-only memory map", point))
        share = point["read_before"]
        lines.append(
            "a read-only memory map, before the first step: "
            + ("not known here" if share is None else f"{share:.0%} of it is read")
        )
    return lines


def _of_a_million(what: str, point: Point) -> str:
    """Memory of a million rows against the limit."""
    verdict = "below" if point["extra"] < LIMIT else "ABOVE"
    return (
        f"{what}, 1,000,000 x 28: the data, an import and {point['extra'] / MIB:.1f} MiB, "
        f"{verdict} the limit of {LIMIT / MIB:.0f} MiB"
    )


def _of_networks(found: dict[str, list[Point]]) -> list[str]:
    """How width and depth grow."""
    lines = []
    if "width" in found:
        last = found["width"][-1]
        power, numbers = exponent(found["width"], "seconds"), last["extra"] / 4 / last["parameters"]
        lines.append(f"time a step by width, the last decade: width^{power:.2f} (the work: ^2)")
        lines.append(f"memory, width {last['by']:,}: {numbers:.1f} numbers a parameter")
    if "depth" in found:
        for what, key in (("time a step", "seconds"), ("compile time", "start")):
            power = exponent(found["depth"], key)
            lines.append(f"{what} by depth, 100 to 1,000 layers: depth^{power:.2f}")
        last = found["depth"][-1]
        lines.append(
            f"memory, {last['by']:,} layers: {last['extra'] / last['by'] / 1024:.1f} KiB a layer"
        )
    return lines


def main() -> None:
    """Measure, print, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sweep", nargs="+", choices=list(sweeps()), default=list(sweeps()))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw curves there: .png, .svg")
    args = parser.parse_args()
    if args.plot is not None and find_spec("matplotlib") is None:
        parser.error("--plot needs matplotlib: pip install 'fastbp[bench]'")
    cores = environment.prepare(1)
    machine = environment.describe()
    print(f"{machine['processor']}, Python {machine['python']}, one core")
    found: dict[str, list[Point]] = {}
    for name in args.sweep:
        print(f"\nby {name}\n{HEAD}")
        found[name] = []
        for point in sweeps()[name]:
            found[name].append(measure(point))
            print(line(name, found[name][-1]), flush=True)
    lines = verdicts(found)
    print("", *lines, sep="\n")
    if args.json is not None:
        result = {"machine": {**machine, "cores": cores}, "sweeps": found, "verdicts": lines}
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if args.plot is not None:
        from scaling_plot import draw  # imports matplotlib

        draw(found, args.plot)


if __name__ == "__main__":
    main()
