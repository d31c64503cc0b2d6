"""Which build of the kernels is chosen, and what is said where there is none."""

import re
from pathlib import Path

import pytest

from fastbp import kernels
from fastbp._cpu import x86_level

FOLDER = Path(kernels.__file__).parent
BUILT = sorted(p.name for p in FOLDER.iterdir() if p.is_dir() and any(p.glob("matmul.*")))
RUNS = [isa for isa in BUILT if isa == "base" or int(isa[1:]) <= x86_level()]

# Which folder the kernels come from, and that they compute.
PROGRAM = """
import numpy as np
from fastbp import kernels
from fastbp.kernels import dense, elementwise, isa, losses, matmul, reductions, updates

out = np.empty((3, 5), "f4")
kernels.dense_forward(np.ones((3, 40), "f4"), np.ones((40, 5), "f4"), None, out, "relu")
assert (out == 40).all()
folders = {m.__file__.replace(chr(92), "/").split("/")[-2] for m in (dense, elementwise, matmul)}
print(isa, *folders)
"""


@pytest.mark.parametrize("isa", ["v2", "v3", "v4", "base"])
def test_a_build_can_be_forced(isa, run_python):
    if isa not in RUNS:
        pytest.skip(f"no build for {isa} that this CPU runs")
    done = run_python("-c", PROGRAM, FASTBP_ISA=isa)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [isa, isa]


def test_without_a_wish_the_best_is_taken(run_python):
    done = run_python("-c", PROGRAM, FASTBP_ISA="")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [RUNS[-1]] * 2


@pytest.mark.parametrize("isa", ["v9", "avx2", "V3", " "])
def test_an_unknown_build_is_refused(isa, run_python):
    done = run_python("-c", "import fastbp", FASTBP_ISA=isa)
    assert done.returncode == 1
    message = done.stderr.strip().splitlines()[-1]
    wanted = f"ImportError: FASTBP_ISA={isa!r} names no build of fastbp here: expected one of "
    assert message == wanted + ", ".join(BUILT)


@pytest.fixture
def folder(tmp_path):
    """Builds for every level, and folders that are none."""
    for name in ("v2", "v3", "v4"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "matmul.so").touch()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "v5").mkdir()
    return tmp_path


def choose(monkeypatch, folder, level, wanted=None):
    monkeypatch.setattr(kernels, "x86_level", lambda: level)
    return kernels._choose(folder, wanted)


@pytest.mark.parametrize("level", [2, 3, 4])
def test_the_choice_follows_the_cpu(monkeypatch, folder, level):
    assert choose(monkeypatch, folder, level) == f"v{level}"
    for lower in range(2, level + 1):
        assert choose(monkeypatch, folder, level, f"v{lower}") == f"v{lower}"


def test_other_machines_have_one_build(monkeypatch, tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "matmul.so").touch()
    assert choose(monkeypatch, tmp_path, 0) == choose(monkeypatch, tmp_path, 0, "base") == "base"


def test_a_build_that_the_cpu_cannot_run_is_refused(monkeypatch, folder):
    message = (
        "FASTBP_ISA='v4' needs a CPU of level x86-64-v4, but this one is x86-64-v3; "
        "unset it, or choose one of: v2, v3"
    )
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        choose(monkeypatch, folder, 3, "v4")
    with pytest.raises(ImportError, match=r"choose one of: none$"):
        choose(monkeypatch, folder, 1, "v2")


def test_a_cpu_that_is_too_old_is_told_so(monkeypatch, folder):
    message = "fastbp is built for v2, v3, v4, and this CPU is x86-64-v1: it needs x86-64-v2"
    with pytest.raises(ImportError, match=re.escape(message)):
        choose(monkeypatch, folder, 1)


def test_a_folder_without_builds_is_told_so(monkeypatch, tmp_path):
    with pytest.raises(ImportError, match="fastbp is built for no instruction set"):
        choose(monkeypatch, tmp_path, 4)
    with pytest.raises(ImportError, match="FASTBP_ISA='v3' names no build of fastbp here"):
        choose(monkeypatch, tmp_path, 4, "v3")
