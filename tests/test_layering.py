"""Imports go down only, and never in a circle: threads at different places of it would wait for each other."""

import ast
import graphlib
import importlib
from pathlib import Path

import pytest

import fastbp

PACKAGE = Path(fastbp.__file__).parent
# Rooms of one floor may import each other; `checks`, `nesting` and the data sets know no other room.
FLOORS = [
    {"kernels", "_arguments", "_cpu", "_kept", "_lazy", "_signals", "_tree", "checks", "nesting"},
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
            assert set(imported(path)) <= {"graph", "_lazy"}, path


def test_only_the_compiler_and_those_above_know_both_graph_and_engine():
    for path in SOURCES:
        if ROOMS[room_of(path)] < ROOMS["compiler"]:
            assert not {"graph", "engine"} <= set(imported(path)), path


def at_the_top(body):
    """The statements that run when a module is imported, but for those that only a type checker sees."""
    for node in body:
        if isinstance(node, ast.If):
            checked = "TYPE_CHECKING" in ast.unparse(node.test)
            yield from at_the_top(node.orelse if checked else node.body + node.orelse)
        elif isinstance(node, ast.Try):
            yield from at_the_top(node.body + node.orelse + node.finalbody)
        elif isinstance(node, ast.ClassDef):
            yield from at_the_top(node.body)
        else:
            yield node


def names_of_packages():
    """The names that packages hand out when they are asked for."""
    for path in PACKAGE.rglob("__init__.py"):
        name = ".".join(("fastbp", *path.parent.relative_to(PACKAGE).parts))
        yield from (
            f"{name}.{each}" for each in getattr(importlib.import_module(name), "__all__", ())
        )


def test_no_module_waits_for_one_that_waits_for_it():
    """Imports at the top make no circle; nor does a module ask a package for a name, which takes a lock for that."""
    modules = {
        ".".join(("fastbp", *p.relative_to(PACKAGE).with_suffix("").parts)): p
        for p in PACKAGE.rglob("*.py")
    }
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    lazy, needs = set(names_of_packages()) - modules.keys(), {}
    for name, path in modules.items():
        needs[name] = set()
        for node in at_the_top(ast.parse(path.read_text(encoding="utf-8")).body):
            if isinstance(node, ast.Import):
                asked = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                asked = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            assert not lazy.intersection(asked), f"{name}: import from the module that has it"
            needs[name] |= {each if each in modules else each.rpartition(".")[0] for each in asked}
        needs[name] &= modules.keys()
    graphlib.TopologicalSorter(needs).prepare()  # CycleError names the circle
