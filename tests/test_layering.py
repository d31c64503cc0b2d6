"""Imports go down only."""

import ast
from pathlib import Path

import pytest

import fastbp

PACKAGE = Path(fastbp.__file__).parent
# Rooms of one floor may import each other; `checks`, `nesting` and the data sets know no other room.
FLOORS = [
    {"kernels", "_arguments", "_cpu", "_kept", "_lazy", "_tree", "checks", "nesting"},
    {"graph", "engine", "datasets"},
    {"compiler"},
    {"nn", "optim", "transforms", "walkthrough"},
    {"training"},
    {"models"},
    {"demo", "config", "__main__"},
]
ROOMS = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """The rooms that a file imports, at its top or inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (n.split(".")[1] for n in names if n.startswith("fastbp."))


SOURCES = sorted(
    p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py" and room_of(p) != "__main__"
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down(path):
    room = room_of(path)
    assert room in ROOMS, f"{room} has no floor"
    above = {other for other in imported(path) if ROOMS.get(other, -1) > ROOMS[room]}
    assert above == set()


def test_the_graph_knows_no_other_room():
    for path in SOURCES:
        if room_of(path) == "graph":
            assert set(imported(path)) <= {"graph"}, path


def test_only_the_compiler_and_those_above_know_both_graph_and_engine():
    for path in SOURCES:
        if ROOMS[room_of(path)] < ROOMS["compiler"]:
            assert not {"graph", "engine"} <= set(imported(path)), path
