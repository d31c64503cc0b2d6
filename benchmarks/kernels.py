"""Each kernel's share of what the hardware can do, both measured in the same run, on one core.

python benchmarks/kernels.py [--dtype float32] [--seconds 0.2] [--json FILE]

Pin it to one core (on Linux: taskset -c 1 python benchmarks/kernels.py).
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from fastbp import kernels
from fastbp.kernels import elementwise, losses, probe, updates

import environment

# (name, product, rows, inputs, units)
PRODUCTS = [
    ("240x256x256", "forward", 240, 256, 256),
    ("256^3", "forward", 256, 256, 256),
    ("256^3", "inputs", 256, 256, 256),
    ("256^3", "weights", 256, 256, 256),
    ("32^3", "forward", 32, 32, 32),
    ("32^3", "inputs", 32, 32, 32),
    ("32^3", "weights", 32, 32, 32),
    ("T2 layer 1", "forward", 128, 28, 64),
    ("T2 layer 1", "weights", 128, 28, 64),
    ("28 units", "forward", 128, 64, 28),
    ("28 units", "inputs", 128, 64, 28),
    ("28 units", "weights", 128, 64, 28),
    ("T2 layer 2", "forward", 128, 64, 32),
    ("T2 layer 2", "inputs", 128, 64, 32),
    ("T2 layer 2", "weights", 128, 64, 32),
    ("T3 layer 1", "forward", 128, 784, 512),
    ("T3 layer 1", "weights", 128, 784, 512),
    ("T3 layer 2", "inputs", 128, 512, 256),
    ("T3 layer 3", "forward", 128, 256, 10),
    ("T4 layer 2", "forward", 512, 2048, 2048),
    ("T4 layer 2", "inputs", 512, 2048, 2048),
    ("T4 layer 2", "weights", 512, 2048, 2048),
]
ELEMENTS = 100_000


def timed(call: Callable[[], Any], seconds: float) -> float:
    """Median seconds of a call, a warm-up apart."""
    call()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def products(dtype: str, seconds: float) -> list[dict[str, Any]]:
    """Shares of the FMA peak; it is measured before each product, and the highest counts."""
    rows: list[dict[str, Any]] = []
    peak = probe.fma_peak(dtype, seconds)
    for name, product, n, k, m in PRODUCTS:
        peak = max(peak, probe.fma_peak(dtype, seconds / 4))
        rate = probe.dense_rate(product, n, k, m, dtype, seconds)
        rows.append({"name": name, "product": product, "shape": (n, k, m), "gflops": rate})
    print(f"\nMatrix products, {dtype}: FMA peak {peak:.1f} GFLOP/s")
    for row in rows:
        row["share"] = row["gflops"] / peak
        n, k, m = row["shape"]
        print(
            f"  {row['name']:12} {row['product']:8} {n:5}x{k:4}x{m:4}"
            f" {row['gflops']:7.1f} GFLOP/s {row['share']:6.1%}"
        )
    return rows


def functions(dtype: str, seconds: float) -> list[dict[str, Any]]:
    """Elementwise functions over numbers in the cache, beside NumPy's and PyTorch's, in turns."""
    x = np.random.default_rng(0).normal(0, 3, ELEMENTS).astype(dtype)
    y, out = (x > 0).astype(dtype), np.empty_like(x)
    positive = np.abs(x)
    cases: dict[str, Callable[[], Any]] = {
        "exp": lambda: elementwise.unary("exp", x, out),
        "log": lambda: elementwise.unary("log", positive, out),
        "sigmoid": lambda: elementwise.sigmoid_forward(x, out),
        "tanh": lambda: elementwise.tanh_forward(x, out),
        "relu": lambda: elementwise.relu_forward(x, out),
        "bce, value and gradient": lambda: losses.bce_with_logits(x, y, out, 1.0),
    }
    peers = {"NumPy": _numpy_functions(x)} | _torch_functions(x)
    print(f"\nElementwise, {dtype}, {ELEMENTS} numbers")
    rows = []
    for name, ours in cases.items():
        calls = [ours, *(peer[name] for peer in peers.values() if name in peer)]
        mine, *others = in_turns(calls, seconds)
        names = [peer for peer, found in peers.items() if name in found]
        ratios = {peer: other / mine for peer, other in zip(names, others, strict=True)}
        rows.append({"name": name, "ns": mine / ELEMENTS * 1e9, "ratios": ratios})
        text = "  ".join(f"{ratio:5.2f}x {peer}'s speed" for peer, ratio in ratios.items())
        print(f"  {name:24} {mine / ELEMENTS * 1e9:6.3f} ns a number  {text}")
    return rows


def in_turns(calls: list[Callable[[], Any]], seconds: float) -> list[float]:
    """Median seconds of each call; they take turns, so that a disturbance hits all alike."""
    found = [[timed(call, seconds / 4) for call in calls] for _ in range(4)]
    return [statistics.median(times) for times in zip(*found, strict=True)]


def _numpy_functions(x: np.ndarray) -> dict[str, Callable[[], Any]]:
    """NumPy's, in place; a sigmoid is four calls."""
    positive, out = np.abs(x), np.empty_like(x)

    def sigmoid() -> None:
        np.negative(x, out=out)
        np.exp(out, out=out)
        np.add(out, 1, out=out)
        np.reciprocal(out, out=out)

    return {
        "exp": lambda: np.exp(x, out=out),
        "log": lambda: np.log(positive, out=out),
        "sigmoid": sigmoid,
        "tanh": lambda: np.tanh(x, out=out),
        "relu": lambda: np.maximum(x, 0, out=out),
    }


def _torch_functions(x: np.ndarray) -> dict[str, dict[str, Callable[[], Any]]]:
    """PyTorch's on one thread, in place; nothing where it is not installed."""
    if find_spec("torch") is None:
        return {}
    torch = import_module("torch")
    torch.set_num_threads(1)
    given, positive = torch.from_numpy(x), torch.from_numpy(np.abs(x))
    out = torch.empty_like(given)
    return {
        "PyTorch": {
            "exp": lambda: torch.exp(given, out=out),
            "log": lambda: torch.log(positive, out=out),
            "sigmoid": lambda: torch.sigmoid(given, out=out),
            "tanh": lambda: torch.tanh(given, out=out),
        }
    }


def memory(dtype: str, seconds: float) -> list[dict[str, Any]]:
    """Adam, which only moves memory, against a copy of as many bytes; and how fast memory is."""
    print(f"\nMemory, {dtype}")
    rows: list[dict[str, Any]] = []
    for size in (1 << 15, 1 << 19, 1 << 23, 1 << 27):
        read = probe.bandwidth(size, False, seconds)
        copy = probe.bandwidth(size, True, seconds)
        rows.append({"name": "bandwidth", "bytes": size, "read": read, "copy": copy})
        print(f"  {size >> 10:7} KiB: read {read:6.1f} GB/s, copy {copy:6.1f} GB/s")
    for n in (4096, 500_000, 6_000_000):
        vectors = [np.full(n, 0.1, dtype) for _ in range(4)]
        step = functools.partial(updates.adam, *vectors, 1e-3, 3, 0.9, 0.999, 1e-8)
        seconds_a_run = timed(step, seconds)
        moved = 7 * vectors[0].nbytes  # four arrays read, three written
        copy = probe.bandwidth(moved // 2, True, seconds)
        rate = moved / seconds_a_run * 1e-9
        rows.append({"name": "adam", "parameters": n, "rate": rate, "share": rate / copy})
        print(f"  Adam, {n:8} parameters: {rate:6.1f} GB/s, {rate / copy:6.1%} of a copy's")
    return rows


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dtype", choices=["float32", "float64"], action="append")
    parser.add_argument("--seconds", type=float, default=0.2, help="for each measurement")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    print(f"kernels built for {kernels.isa}")
    results: dict[str, Any] = {"isa": kernels.isa, "machine": environment.describe()}
    for dtype in args.dtype or ["float32", "float64"]:
        results[dtype] = {
            "products": products(dtype, args.seconds),
            "functions": functions(dtype, args.seconds),
            "memory": memory(dtype, args.seconds),
        }
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
