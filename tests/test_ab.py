"""benchmarks/ab.py: its verdicts, the turns that two wheels take, and a run of two real ones."""

import contextlib
import importlib
import re
import sys
import zipfile
from pathlib import Path

import pytest

import fastbp

FOLDER = Path(__file__).parent.parent / "benchmarks"
PACKAGE = Path(fastbp.__file__).parent
OWN = ("ab", "ab_verdict", "environment", "jobs", "running", "workloads")


@pytest.fixture(scope="module")
def bench():
    """The modules of benchmarks/ that need no NumPy, by name; none stays importable."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield {name: importlib.import_module(name) for name in OWN}
    finally:
        sys.path.remove(str(FOLDER))
        for name in OWN:
            sys.modules.pop(name, None)


# ---------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("ratios", "limit", "verdict", "unsure"),
    [
        ([1.0, 1.0, 1.0, 1.0, 1.0], 1.03, "level", False),
        ([1.01, 1.04, 1.04, 1.04, 1.04], 1.03, "slower", False),
        ([1.01, 1.04, 1.04, 1.04, 1.04], 1.05, "level", False),
        ([1.03, 1.03, 1.03, 1.03, 1.03], 1.03, "level", False),  # above, not at
        ([0.9, 0.99, 1.04, 1.04, 1.04], 1.03, "level", True),  # 1 lies inside the quartiles
        ([0.9, 1.0, 1.04, 1.04, 1.04], 1.03, "level", True),  # or is one of them
        ([0.9, 0.9, 1.02, 1.5, 1.5], 1.03, "level", False),
        ([0.96, 0.96, 0.96, 0.99, 1.2], 1.03, "faster", False),
        ([0.96, 0.96, 0.96, 1.01, 1.2], 1.03, "level", True),
        ([0.98, 0.98, 0.98, 0.98, 0.98], 1.03, "level", False),
    ],
)
def test_verdicts(bench, ratios, limit, verdict, unsure):
    old = [2.0, 3.0, 4.0, 5.0, 6.0]
    new = [a * ratio for a, ratio in zip(old, ratios, strict=True)]
    found = bench["ab_verdict"].Ratio.of(old, new)
    assert found.median == pytest.approx(ratios[2])
    assert (found.low, found.high) == pytest.approx((ratios[1], ratios[3]))
    rounded = bench["ab_verdict"].Ratio(
        *(round(x, 9) for x in (found.median, found.low, found.high))
    )
    assert rounded.verdict(limit) == verdict
    assert rounded.unsure(limit) is unsure


def test_pairs_are_compared_before_medians_are_taken(bench):
    ratio = bench["ab_verdict"].Ratio.of([1.0, 2.0, 4.0], [2.0, 4.0, 1.0])
    assert (ratio.low, ratio.median, ratio.high) == (1.125, 2.0, 2.0)


def test_the_exit_status_says_what_the_verdicts_say(bench):
    result, status = bench["ab_verdict"].Result, bench["ab_verdict"].exit_status
    fine = [result("T1", verdict) for verdict in ("level", "faster", "skipped", "untimed")]
    assert status(fine, False) == 0
    assert status([*fine, result("T2", "slower")], False) == 1
    assert status([*fine, result("T2", "failed")], False) == 1
    differs = [*fine, result("T2", "level", same=False)]
    assert status(differs, False) == 0
    assert status(differs, True) == 1
    lines = bench["ab_verdict"].summary([*differs, result("S1", "slower", same=True)])
    assert "slower: S1" in lines
    assert "bits differ: T2" in lines


def test_each_workload_is_a_job_and_the_short_ones_have_more_room(bench):
    jobs, workloads = bench["jobs"].JOBS, bench["workloads"].WORKLOADS
    assert set(workloads) < set(jobs)
    assert {name for name, job in jobs.items() if job.limit == 1.05} == {"LR", "T1", "predict-1"}
    assert {job.limit for job in jobs.values()} == {1.03, 1.05}
    table = (FOLDER / "README.md").read_text(encoding="utf-8").partition("## Two wheels")[2]
    assert [name for name in jobs if f"`{name}`" not in table.partition("\n## ")[0]] == []


# ---------------------------------------------------------------- turns


class Fake:
    """A side that tells prepared times, and writes down what it was asked."""

    def __init__(self, name, seconds, digest, asked):
        self.name, self.seconds, self.digest, self.asked = name, seconds, digest, asked
        self.record = {"failed": "gone"}

    def ask(self, line):
        self.asked.append((self.name, line))
        question, _, rest = line.partition(" ")
        if question == "open":
            return {"lacks": "no such thing"} if self.seconds is None else {}
        if question == "bits":
            return {"bits": self.digest}
        if self.digest == "dies":
            return None
        return {"wall": 1.0, "cpu": self.seconds, "took": self.seconds * int(rest)}


def run(bench, old, new, digests=("a", "a"), turns=21, **more):
    """One job of two fakes; the result, and per pair of processes what was asked."""
    asked = []

    @contextlib.contextmanager
    def pair():
        asked.append([])
        sides = zip(("old", "new"), (old, new), digests, strict=True)
        yield tuple(Fake(*side, asked[-1]) for side in sides)

    plan = bench["ab"].Plan(turns=turns, seconds=1.0, clock="cpu", **more)
    return bench["ab"].compare("T2", pair, plan), asked


@pytest.mark.parametrize(
    ("new", "verdict"),
    [(0.0104, "slower"), (0.0102, "level"), (0.0098, "level"), (0.009, "faster")],
)
def test_a_planted_difference_is_found(bench, new, verdict):
    result, _ = run(bench, 0.01, new)
    assert result.verdict == verdict
    assert result.ratio.median == pytest.approx(new / 0.01)
    assert result.wall == 1.0
    assert result.times == (0.01, new)
    assert result.same is True
    assert verdict in str(result)


@pytest.mark.parametrize("turns", [2, 7, 21])
@pytest.mark.parametrize(("seconds", "every"), [(0.01, 3), (2**-20, 1)])
def test_sides_take_turns_in_new_processes(bench, seconds, every, turns):
    _, (first, *pairs) = run(bench, seconds, seconds, turns=turns)
    assert ("old", "bits") in first and ("new", "bits") in first
    assert len(pairs) == -(-turns // every)
    each = f"time {round(1 / seconds)}"  # a second
    quarter = f"time {round(1 / seconds) // 4}"
    order = []
    for asked in pairs:
        timed = [name for name, line in asked if line == each]
        warm = [(name, line) for name, line in asked if line == quarter]
        assert sorted(warm) == [("new", quarter), ("old", quarter)]
        order += zip(timed[::2], timed[1::2], strict=True)
    assert len(order) == turns
    assert order == [("old", "new"), ("new", "old")] * (turns // 2) + [("old", "new")] * (turns % 2)


def test_what_a_wheel_lacks(bench):
    result, _ = run(bench, None, 0.01)
    assert (result.verdict, result.why) == ("skipped", "old: no such thing")
    result, _ = run(bench, 0.01, None)
    assert (result.verdict, result.why) == ("failed", "new: no such thing")
    result, _ = run(bench, 0.01, 0.01, ("a", "dies"))
    assert (result.verdict, result.why) == ("failed", "new: the process ended: gone")


def test_bits_are_compared(bench):
    assert run(bench, 0.01, 0.01, ("a", "b"))[0].same is False
    assert run(bench, 0.01, 0.01, (None, None))[0].same is None
    assert run(bench, 0.01, 0.01, ("a", None))[0].same is False
    result, asked = run(bench, 0.01, 0.01, ("a", "b"), only_bits=True)
    assert (result.verdict, result.same) == ("untimed", False)
    assert not [line for _, line in asked[0] if line.startswith("time")]
    assert "DIFFER" in str(result)


# ---------------------------------------------------------------- two wheels


def wheel(folder, more=""):
    """The installed fastbp as a wheel, with something appended to `Sequential`'s module."""
    info = f"fastbp-{fastbp.__version__}.dist-info"
    name = folder / f"fastbp-{fastbp.__version__}-py3-none-any.whl"
    kept = {".py", ".so", ".pyd", ".npz"}
    with zipfile.ZipFile(name, "w") as file:
        for path in sorted(PACKAGE.rglob("*")):
            if path.suffix in kept:
                inside = f"fastbp/{path.relative_to(PACKAGE).as_posix()}"
                added = more if inside == "fastbp/models/sequential.py" else ""
                file.writestr(inside, path.read_bytes() + added.encode())
        metadata = f"Metadata-Version: 2.1\nName: fastbp\nVersion: {fastbp.__version__}\n"
        file.writestr(f"{info}/METADATA", metadata)
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")
    return str(name)


PLANTED = """
_predict = Sequential.predict
Sequential.predict = lambda self, x: _predict(self, x) + 1e-6
"""


def test_two_real_wheels(run_python, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old, new = wheel(tmp_path / "old"), wheel(tmp_path / "new", PLANTED)
    script = str(FOLDER / "ab.py")
    done = run_python(script, old, old, "--quick", "--turns", "2", "--only", "step", "predict-1")
    rows = re.findall(r"^(\S+) +([\d.,]+) +([\d.,]+) +([\d.]+) .* same$", done.stdout, re.MULTILINE)
    assert [name for name, *_ in rows] == ["step", "predict-1"], done.stdout + done.stderr
    assert all(float(old.replace(",", "")) > 0 for _, old, _, _ in rows)
    assert "bits: the same everywhere" in done.stdout
    done = run_python(script, old, new, "--bits", "--only", "step", "predict-1", "predict-128")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "bits differ: predict-1, predict-128\n" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.whl", __file__), "OLD.whl: must be a wheel, a file *.whl, got none.whl"),
        ((__file__, __file__, "--turns", "1"), "OLD.whl: must be a wheel"),
        (("W", "W", "--turns", "1"), "--turns: must be a whole number from 2, got 1"),
        (("W", "W", "--threads", "0"), "--threads: must be 1 to "),
        (("W", "W", "--only", "T9"), "--only: invalid choice: 'T9'"),
        (("W", "W"), "cannot install"),
    ],
)
def test_refusals(run_python, tmp_path, arguments, said):
    broken = tmp_path / "fastbp-0.1.0-py3-none-any.whl"
    broken.write_text("nothing")
    arguments = [str(broken) if a == "W" else a for a in arguments]
    done = run_python(str(FOLDER / "ab.py"), *arguments)
    assert done.returncode in (1, 2)
    assert said in done.stderr
