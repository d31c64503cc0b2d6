"""The examples in docstrings run, and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import fastbp

MODULES = [
    "fastbp",
    *(
        m.name
        for m in pkgutil.walk_packages(fastbp.__path__, "fastbp.")
        if not m.name.endswith("__main__")
    ),
]
EXAMPLES = [
    pytest.param(test, id=test.name)
    for name in MODULES
    for test in doctest.DocTestFinder().find(importlib.import_module(name))
    if test.examples
]


@pytest.mark.parametrize("test", EXAMPLES)
def test_examples_in_docstrings(test, capsys):
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    results = runner.run(test, clear_globs=False)
    assert results.attempted > 0
    assert results.failed == 0, capsys.readouterr().out


def test_the_public_names_have_examples():
    tested = {p.id.rpartition(".")[2] for p in EXAMPLES}
    for name in (
        "Sequential",
        "Dense",
        "Adam",
        "SGD",
        "Trainer",
        "load_digits",
        "optimize",
        "trace",
    ):
        assert name in tested
