"""What is installed, and what an unbuilt tree says."""

import ast
import importlib.metadata
import re
import shutil
import tomllib
from pathlib import Path

import pytest

import fastbp
from fastbp import kernels

PACKAGE = Path(fastbp.__file__).parent
ROOT = Path(__file__).parent.parent
COMMAND = "pip install -e ."


@pytest.fixture
def unbuilt(tmp_path):
    """A folder with the Python sources of fastbp and nothing compiled."""
    for source in PACKAGE.rglob("*.py"):
        target = tmp_path / "fastbp" / source.relative_to(PACKAGE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return tmp_path


@pytest.mark.parametrize("arguments", [("-c", "import fastbp"), ("-m", "fastbp")])
def test_an_unbuilt_tree_names_the_command(unbuilt, run_python, arguments):
    run = run_python(*arguments, cwd=unbuilt)
    assert run.returncode == 1
    assert "\nImportError: " in run.stderr
    assert COMMAND in run.stderr
    assert str(unbuilt) in run.stderr


def test_the_version_is_the_installed_one():
    assert fastbp.__version__ == importlib.metadata.version("fastbp")


def test_the_version_has_one_source_which_is_read_without_importing():
    """setuptools takes a literal from the source; anything else it would import, unbuilt."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in settings["project"]
    assert settings["project"]["dynamic"] == ["version"]
    assert settings["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "fastbp.__version__"}
    module = ast.parse((ROOT / "fastbp" / "__init__.py").read_text(encoding="utf-8"))
    found = [
        ast.literal_eval(statement.value)
        for statement in module.body
        if isinstance(statement, ast.Assign)
        and [ast.unparse(target) for target in statement.targets] == ["__version__"]
    ]
    assert found == [fastbp.__version__]


def test_the_citation_names_the_version():
    lines = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("version:")] == [
        f'version: "{fastbp.__version__}"'
    ]


def test_numpy_is_the_only_requirement():
    requirements = importlib.metadata.requires("fastbp")
    always = [r for r in requirements if "extra ==" not in r]
    assert [re.split(r"[<>=!~ ;]", r)[0] for r in always] == ["numpy"]
    for_tests = [r for r in requirements if re.search(r"extra == .test.", r)]
    assert for_tests
    assert not any(r.startswith("torch") for r in for_tests)


def test_importing_loads_numpy_and_the_standard_library_alone(run_python):
    code = (
        "import sys; before = set(sys.modules); from fastbp import *; "
        "print(*{m.partition('.')[0] for m in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    run = run_python("-I", "-c", code)
    assert run.returncode == 0, run.stderr
    # what Cython's modules share: a few types, through modules named after its version, and code, which is ours
    shared = ("_cython_", "cython_", "_fastbp_cython")
    names = {name for name in run.stdout.split() if not name.startswith(shared)}
    assert names == {"fastbp", "numpy"}


@pytest.mark.parametrize("name", ["py.typed", "datasets/README.md", "datasets/digits.npz"])
def test_data_files_are_installed(name):
    assert (PACKAGE / name).is_file()


def test_each_kernel_can_be_cimported_and_is_typed():
    built = {p.name.partition(".")[0] for p in Path(kernels.__path__[0]).iterdir()}
    folder = PACKAGE / "kernels"
    assert {"matmul", "elementwise", "reductions", "losses", "updates"} <= built
    for name in ("matmul", "elementwise", "reductions", "losses", "updates"):
        assert (folder / f"{name}.pxd").is_file()
        assert (folder / f"{name}.pyi").is_file()


def test_a_wheel_holds_no_sources_of_extensions():
    if "site-packages" not in PACKAGE.parts:
        pytest.skip("an editable installation has its sources beside it")
    assert [p for p in PACKAGE.rglob("*") if p.suffix in {".pyx", ".c", ".o"}] == []
