"""What ab.py makes of its figures: ratios, verdicts, and words about them. No NumPy here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from jobs import JOBS

HEAD = f"{'':22}{'old us':>12}{'new us':>12}{'ratio':>8}{'quartiles':>16}{'wall':>8}  verdict  bits"
WORTH_A_LINE = ("slower", "faster", "skipped", "failed")


@dataclass(frozen=True)
class Ratio:
    """New over old: the median of the pairs of turns, and its quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, old: Sequence[float], new: Sequence[float]) -> "Ratio":
        """Of at least two pairs of neighbouring turns."""
        pairs = [b / a for a, b in zip(old, new, strict=True)]
        low, middle, high = quantiles(pairs, n=4, method="inclusive")
        return cls(middle, low, high)

    def verdict(self, limit: float) -> str:
        """Slower or faster by more than the limit, and by more than half of the turns scatter."""
        if self.median > limit and self.low > 1:
            return "slower"
        if self.median < 1 / limit and self.high < 1:
            return "faster"
        return "level"

    def unsure(self, limit: float) -> bool:
        """Whether it would not be level, did its turns not scatter so much."""
        beyond = self.median > limit or self.median < 1 / limit
        return beyond and self.verdict(limit) == "level"


@dataclass(frozen=True)
class Result:
    """What was found about one job; `ratio` by the clock that counts, `times` in seconds a step."""

    name: str
    verdict: str  # slower, level, faster; untimed; skipped where the old wheel lacks it, failed where the new one
    why: str = ""
    same: bool | None = None  # whether the bits are
    ratio: Ratio | None = None
    wall: float = 1.0  # the median ratio by the wall clock
    times: tuple[float, float] = (0.0, 0.0)

    def __str__(self) -> str:
        bits = {True: "same", False: "DIFFER", None: "-"}[self.same]
        if self.ratio is None:
            return f"{self.name:22}{self.verdict}  {self.why or bits}"
        old, new = (f"{seconds * 1e6:12,.2f}" for seconds in self.times)
        quartiles = f"{self.ratio.low:.3f} to {self.ratio.high:.3f}"
        return (
            f"{self.name:22}{old}{new}{self.ratio.median:8.3f}{quartiles:>16}{self.wall:8.3f}"
            f"  {self.verdict:7}  {bits}"
        )


def summary(results: Iterable[Result]) -> list[str]:
    """In words, what there is to look at."""
    results = list(results)
    named = {word: [r.name for r in results if r.verdict == word] for word in WORTH_A_LINE}
    lines = [f"{word}: {', '.join(names)}" for word, names in named.items() if names]
    differ = [r.name for r in results if r.same is False]
    lines.append(f"bits differ: {', '.join(differ)}" if differ else "bits: the same everywhere")
    unsure = [r.name for r in results if r.ratio and r.ratio.unsure(JOBS[r.name].limit)]
    if unsure:
        lines.append(
            f"beyond the limit, but turns scatter: {' '.join(unsure)} (again, with --only)"
        )
    return lines


def exit_status(results: Iterable[Result], only_bits: bool) -> int:
    """1 where something is slower or cannot be run any more; or where only bits count and differ."""
    bad = [r.verdict in ("slower", "failed") or (only_bits and r.same is False) for r in results]
    return int(any(bad))
