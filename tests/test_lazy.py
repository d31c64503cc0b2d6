"""The names of fastbp and of fastbp.kernels come in when they are asked for, and all are there."""

import ast
import importlib
from pathlib import Path

import pytest

import fastbp
from fastbp import kernels
from fastbp._lazy import lazily

PACKAGES = [fastbp, kernels]
IDS = ["fastbp", "kernels"]


def for_type_checkers(package):
    """The names that the package imports where a type checker reads it."""
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            for statement in node.body:
                assert isinstance(statement, ast.ImportFrom)
                yield from ((statement.module, alias.name) for alias in statement.names)


@pytest.mark.parametrize("package", PACKAGES, ids=IDS)
def test_each_name_is_what_type_checkers_take_it_for(package):
    typed = {name: module for module, name in for_type_checkers(package)}
    assert set(typed) | {"kernels", "isa"} >= set(package.__all__)
    assert set(typed) <= set(package.__all__)
    for name, module in typed.items():
        found = getattr(package, name)
        expected = __import__(module, fromlist=[name])
        assert found is getattr(expected, name)


@pytest.mark.parametrize("package", PACKAGES, ids=IDS)
def test_dir_lists_them(package):
    assert set(package.__all__) <= set(dir(package))
    assert dir(package) == sorted(set(dir(package)))


@pytest.mark.parametrize("package", PACKAGES, ids=IDS)
def test_other_names_are_refused(package):
    with pytest.raises(
        AttributeError, match=f"module '{package.__name__}' has no attribute 'Kernel'"
    ):
        _ = package.Kernel


def test_a_star_imports_all(run_python):
    code = (
        "from fastbp import *; import fastbp\n"
        "print(all(globals()[n] is getattr(fastbp, n) for n in fastbp.__all__), len(fastbp.__all__))"
    )
    run = run_python("-c", code)
    assert run.stdout.split() == ["True", str(len(fastbp.__all__))], run.stderr


@pytest.mark.parametrize(
    "first", ["fastbp.training.optimize", "fastbp.training.trainer", "fastbp.transforms"]
)
def test_no_module_takes_the_place_of_a_function(run_python, first):
    """Importing a submodule binds its name in its package: optimize is a module and a function."""
    code = f"import {first}, fastbp; print(callable(fastbp.optimize), callable(fastbp.compile), callable(fastbp.trace))"
    run = run_python("-c", code)
    assert run.stdout.split() == ["True"] * 3, run.stderr


def test_importing_brings_in_no_engine(run_python):
    code = "import sys, fastbp; print(*[m for m in sys.modules if m.startswith('fastbp.')])"
    run = run_python("-c", code)
    assert set(run.stdout.split()) == {
        "fastbp._lazy",
        "fastbp._tree",
        "fastbp._cpu",
        "fastbp.kernels",
    }, run.stderr


def test_modules_are_there_too(run_python):
    code = (
        "import fastbp; print(fastbp.nn.layers.Dense is fastbp.Dense, fastbp.kernels.elementwise.__name__, "
        "fastbp.training.trainer.Trainer is fastbp.Trainer, hasattr(fastbp, '__wrapped__'))"
    )
    run = run_python("-c", code)
    assert run.stdout.split() == ["True", "fastbp.kernels.elementwise", "True", "False"], run.stderr


def test_a_module_that_fails_says_why(tmp_path, monkeypatch):
    """Only its own absence is an AttributeError, not that of what it imports."""
    folder = tmp_path / "lazy_package"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from fastbp._lazy import lazily\n__all__ = []\n__getattr__, __dir__ = lazily(__name__, {})\n"
    )
    (folder / "broken.py").write_text("import no_such_module_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    package = importlib.import_module("lazy_package")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        _ = package.broken
    with pytest.raises(AttributeError, match="has no attribute 'missing'"):
        _ = package.missing


def test_a_name_is_looked_up_once():
    get, names = lazily("fastbp", {"fastbp.config": "show_config"})
    assert get("show_config") is fastbp.show_config
    assert get("datasets") is fastbp.datasets
    assert "show_config" in vars(fastbp)
    assert {"show_config", "datasets"} <= set(names())
