"""What all tests share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import fastbp
from fastbp import kernels

PACKAGE = Path(fastbp.__file__).parent


def pytest_report_header() -> str:
    """Say which fastbp is tested: the folder, and the build of the kernels."""
    return f"fastbp {fastbp.__version__} from {PACKAGE}, kernels: {kernels.isa}"


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without sources: started there, Python finds the fastbp that is installed."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="session")
def run_python(empty_folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run this Python with these arguments, in `empty_folder` unless told otherwise."""

    def run(
        *arguments: str, cwd: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd or empty_folder,
            env=inherited | environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long random programs, calls and files are looked at beyond those of fixed seeds."""
    parser.addoption(
        "--minutes", type=float, default=0, help="search at random for so many minutes"
    )
    parser.addoption("--seed", type=int, help="the one round of tests/hard to run")
