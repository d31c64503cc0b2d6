"""How much of the cores Linux leaves to this process: the limits of control groups, of both kinds."""

from __future__ import annotations

import math
from pathlib import Path


def quota(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> float:
    """The cores that the process's control group may keep busy, inf where it has no such limit."""
    try:
        groups = [line.split(":", 2) for line in own.read_text().splitlines()]
    except (OSError, UnicodeError):
        return math.inf
    least = math.inf
    for _, controllers, path in (group for group in groups if len(group) == 3):
        if controllers and "cpu" not in controllers.split(","):
            continue
        folder = root / "cpu" if controllers else root
        # A limit of any group above holds too; inside a container the path may lie outside of what is mounted.
        for place in [folder / path.lstrip("/"), *(folder / path.lstrip("/")).parents]:
            least = min(least, _version_2(place) if not controllers else _version_1(place))
            if place == folder:
                break
    return least


def _version_2(folder: Path) -> float:
    try:
        most, period = (folder / "cpu.max").read_text().split()
        return math.inf if most == "max" else int(most) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf


def _version_1(folder: Path) -> float:
    try:
        most = int((folder / "cpu.cfs_quota_us").read_text())
        return most / int((folder / "cpu.cfs_period_us").read_text()) if most > 0 else math.inf
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf
