"""The examples in the README run."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_examples(run_python, block):
    run = run_python("-W", "error", "-c", block)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""


def test_there_are_examples():
    assert len(BLOCKS) >= 2
