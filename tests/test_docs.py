"""What the documentation shows and its own build does not run: tables of migration, the picture of the README."""

import contextlib
import importlib.util
import io
import re
from pathlib import Path

import numpy as np
import pytest

import fastbp as bp

ROOT = Path(__file__).parent.parent
SOURCES = [
    ROOT / "README.md",
    *(p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts),
]


def tables(text):
    """The first and second cells of each table, a list of rows for each."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        header, _, *rows = [
            re.split(r"\s*(?<!\\)\|\s*", line.strip())[1:-1] for line in block.splitlines()
        ]
        if header[-1] == "fastbp":
            found.append((header[0], rows))
    return found


TABLES = tables((ROOT / "docs" / "migration.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("peer", ["Keras", "PyTorch"])
def test_each_cell_of_the_migration_tables_runs(peer, tmp_path):
    rows = next(rows for name, rows in TABLES if name == peer)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4)).astype(np.float32)
    names = {
        "np": np,
        "bp": bp,
        "X": X,
        "y": (X[:, 0] > 0).astype(np.float32),
        "c": np.arange(90) % 3,
        "path": tmp_path / "model.npz",
    }
    ran = 0
    try:
        for _, cell in rows:
            for code in re.findall(r"`([^`]+)`", cell):
                if re.search(r"[(\[]", code):  # the others are names
                    with contextlib.redirect_stdout(io.StringIO()):
                        exec(compile(code, f"migration.md, {peer}: {code}", "exec"), names)
                    ran += 1
    finally:
        bp.set_num_threads(None)
    assert ran > 20


def test_the_picture_of_the_readme_shows_the_recorded_figures():
    spec = importlib.util.spec_from_file_location(
        "plot", ROOT / "benchmarks" / "performance_plot.py"
    )
    plot = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plot)
    again = "draw it again: python benchmarks/performance_plot.py"
    assert plot.performance() == plot.TARGET.read_text(encoding="utf-8"), again
    assert "![" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(source):
    text = re.sub(r"```.*?```", "", source.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:|#", target):
            assert (source.parent / target.partition("#")[0]).exists(), target
