"""Where the boxes of a picture stand: layers by the longest path, few crossings, short wires.

A wire over several layers gets a place of its own in each of those between, so it never runs
through a box. The method is Sugiyama's: layers, order by barycentres, places by least squares.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

WIRE = 22.0  # room across for a wire that passes a layer
GAP = 26.0  # between neighbours in a layer
CHANNEL = 54.0  # between two layers, where wires turn
SWEEPS = 12
HEAVY = 10.0  # what is computed stands in line; what is given moves aside for it

Edge = tuple[int, int]


@dataclass(slots=True)
class Spot:
    """A box, or where a wire passes a layer. Sizes and places are along and across the layers' order."""

    layer: int
    across: float
    along: float
    at: float = 0.0  # the centre, across
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)

    @property
    def weight(self) -> float:
        """How much it counts when places are chosen."""
        return HEAVY if self.before else 1.0


@dataclass(slots=True)
class Placed:
    """A layout.

    Attributes
    ----------
    spots : boxes first, in the order given.
    wires : for each edge the spots that it leads over, both boxes included.
    starts, ends : for each layer where it begins and ends, along.
    """

    spots: list[Spot]
    wires: list[list[int]]
    starts: list[float]
    ends: list[float]


def placed(sizes: Sequence[tuple[float, float]], edges: Sequence[Edge]) -> Placed:
    """Lay out boxes of sizes (across, along), operands before what uses them."""
    layers = _layers(len(sizes), edges)
    spots = [Spot(layer, *size) for layer, size in zip(layers, sizes, strict=True)]
    wires = [_wire(spots, edge) for edge in edges]
    rows: list[list[int]] = [[] for _ in range(max(layers, default=0) + 1)]
    for i, spot in enumerate(spots):
        rows[spot.layer].append(i)
    _order(rows, spots)
    _settle(rows, spots)
    starts, ends, along = [], [], 0.0
    for row in rows:
        starts.append(along)
        along += max(spots[i].along for i in row)
        ends.append(along)
        along += CHANNEL
    return Placed(spots, wires, starts, ends)


def _layers(count: int, edges: Sequence[Edge]) -> list[int]:
    """The longest path to each box; what is given stands just before its first use."""
    layers = [0] * count
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        layers[target] = max(layers[target], layers[source] + 1)
    targets = {target for _, target in edges}
    for i in range(count):
        uses = [layers[target] for source, target in edges if source == i]
        if i not in targets and uses:
            layers[i] = min(uses) - 1
    return layers


def _wire(spots: list[Spot], edge: Edge) -> list[int]:
    """The spots of an edge; those between its ends are made here."""
    source, target = edge
    path = [source]
    for layer in range(spots[source].layer + 1, spots[target].layer):
        spots.append(Spot(layer, WIRE, 0.0))
        path.append(len(spots) - 1)
    path.append(target)
    for a, b in itertools.pairwise(path):
        spots[a].after.append(b)
        spots[b].before.append(a)
    return path


def _order(rows: list[list[int]], spots: list[Spot]) -> None:
    """Sort each layer by the mean place of its neighbours, to and fro; keep the best."""
    best, fewest = [row[:] for row in rows], crossings(rows, spots)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else rows[::-1]:
            place = {i: k for other in rows for k, i in enumerate(other)}
            means = {}
            for i in row:
                near = spots[i].before if down else spots[i].after
                means[i] = sum(place[j] for j in near) / len(near) if near else float(place[i])
            row.sort(key=lambda i: means[i])
        count = crossings(rows, spots)
        if count < fewest:
            best, fewest = [row[:] for row in rows], count
    rows[:] = best


def crossings(rows: Sequence[Sequence[int]], spots: Sequence[Spot]) -> int:
    """How many pairs of wires cross between neighbouring layers."""
    count = 0
    for row, following in itertools.pairwise(rows):
        place = {i: k for k, i in enumerate(following)}
        pairs = [(k, place[j]) for k, i in enumerate(row) for j in spots[i].after]
        count += sum((a - c) * (b - d) < 0 for n, (a, b) in enumerate(pairs) for c, d in pairs[:n])
    return count


def _settle(rows: list[list[int]], spots: list[Spot]) -> None:
    """Move each layer as near to its neighbours' means as its order and its gaps allow."""
    for row in rows:
        _place(row, spots, [0.0] * len(row))
    for sweep in range(2 * SWEEPS):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted = []
            for i in row:
                near = [spots[j] for j in (*spots[i].before, *spots[i].after)]
                weight = sum(spot.weight for spot in near)
                mean = sum(spot.at * spot.weight for spot in near) / weight if near else spots[i].at
                wanted.append(mean)
            _place(row, spots, wanted)
    low = min((spot.at - spot.across / 2 for spot in spots), default=0.0)
    for spot in spots:
        spot.at -= low


def _place(row: Sequence[int], spots: Sequence[Spot], wanted: Sequence[float]) -> None:
    """Least squares with least distances: neighbours that would be too near move as one block."""
    shifts, total = [], 0.0
    for k, i in enumerate(row):
        if k:
            total += (spots[row[k - 1]].across + spots[i].across) / 2 + GAP
        shifts.append(total)
    blocks: list[tuple[float, float, int]] = []  # (mean, weight, members)
    for i, place, shift in zip(row, wanted, shifts, strict=True):
        mean, weight, members = place - shift, spots[i].weight, 1
        while blocks and blocks[-1][0] > mean:
            other, more, count = blocks.pop()
            mean = (mean * weight + other * more) / (weight + more)
            weight, members = weight + more, members + count
        blocks.append((mean, weight, members))
    means = [mean for mean, _, members in blocks for _ in range(members)]
    for i, mean, shift in zip(row, means, shifts, strict=True):
        spots[i].at = mean + shift
