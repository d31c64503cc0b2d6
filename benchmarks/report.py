"""The tables, as text."""

from collections.abc import Sequence
from typing import Any

from peers import PEERS


def table(result: dict[str, Any]) -> str:
    """One workload's table: a row a peer, the ratio to fastbp where fastbp took part."""
    peak = result["peak"]
    head = result["description"]
    head += f"; FMA peak {peak:.1f} GFLOP/s" if peak else "; FMA peak not measured"
    reads = result["streamed"] > 0
    if reads and result["bandwidth"]:
        head += f", read bandwidth {result['bandwidth']:.1f} GB/s"
    ours = result["peers"].get("fastbp", {}).get("us")
    memory = ("GB/s", "of read") if reads else ()
    rows = [("peer", "us a step", "GFLOP/s", "of peak", *memory, "x fastbp", "check")]
    for name, record in result["peers"].items():
        us, speed, share, ratio = _numbers(record, ours)
        memory = _memory(record) if reads else ()
        rows.append((PEERS[name].title, us, speed, share, *memory, ratio, _check(record)))
    lines = [head, *_align(rows)]
    lines += [
        f"{PEERS[name].title} failed: {record['failed']}"
        for name, record in result["peers"].items()
        if "failed" in record
    ]
    lines += [f"{PEERS[name].title} left out: {why}" for name, why in result["left_out"].items()]
    return "\n".join(lines)


def _numbers(record: dict[str, Any], ours: float | None) -> tuple[str, str, str, str]:
    """Time, speed, share of the peak and ratio to fastbp; dashes for what is not known."""
    if "us" not in record:
        return "-", "-", "-", "-"
    share = f"{100 * record['share']:.1f} %" if record["share"] is not None else "-"
    ratio = f"{record['us'] / ours:.2f}" if ours else "-"
    us = record["us"]
    return f"{us:.2f}" if us < 100 else f"{us:.0f}", f"{record['gflops']:.2f}", share, ratio


def _memory(record: dict[str, Any]) -> tuple[str, str]:
    """How fast rows and targets are read, and the share of the read bandwidth."""
    if "gbytes" not in record:
        return "-", "-"
    share = f"{100 * record['read_share']:.1f} %" if record["read_share"] is not None else "-"
    return f"{record['gbytes']:.2f}", share


def _check(record: dict[str, Any]) -> str:
    """Whether the check run reached the reference's loss."""
    if "ok" not in record:
        return "failed"
    return f"{'ok' if record['ok'] else 'differs'} ({record['error']:.0e})"


def script_table(result: dict[str, Any]) -> str:
    """The whole-script table."""
    ours = result["peers"].get("fastbp", {}).get("seconds")
    rows = [("script", "seconds", "x fastbp", "held-out accuracy")]
    for name, record in result["peers"].items():
        if "failed" in record:
            rows.append((PEERS[name].title, "-", "-", f"failed: {record['failed']}"))
            continue
        ratio = f"{record['seconds'] / ours:.2f}" if ours else "-"
        accuracy = f"{record['accuracy']:.4f}"
        rows.append((PEERS[name].title, f"{record['seconds']:.3f}", ratio, accuracy))
    return "\n".join([result["description"], *_align(rows)])


def _align(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns of equal width, the first one to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines
