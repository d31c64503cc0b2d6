"""Functions that read files, the environment or settings: traced at each call, so no answer is stale."""

import ctypes
import datetime
import glob
import io
import os
import os.path
import pathlib
import sys
import threading
import time
import warnings
from datetime import date as Date
from os import getenv
from pathlib import Path

import numpy as np
import pytest

import fastbp as bp

W = np.array([1.0, 2.0])
FILE = Path()  # each test's own
NAME = ""


def helper():
    return np.loadtxt(NAME)


class Settings:
    def __init__(self, path):
        self.path = path

    def number(self):
        return float(self.path.read_text())


def write(text):
    FILE.write_text(text)


def touch():
    FILE.with_suffix(".other").write_text("3")


def by_method(w):
    return np.sum(w**2) * SETTINGS.number()


def by_helper(w):
    return np.sum(w**2) * helper()


def in_one_line(w):
    return np.sum(w**2) * float(open(NAME).read())


SETTINGS = Settings(FILE)

# What reads, and what changes it: 1 becomes 3, or more than it was.
READS = {
    "open": (in_one_line, lambda: write("3")),
    "read_text": (lambda w: np.sum(w**2) * float(FILE.read_text()), lambda: write("3")),
    "Path": (lambda w: np.sum(w**2) * float(Path(NAME).read_bytes()), lambda: write("3")),
    "pathlib": (lambda w: np.sum(w**2) * float(pathlib.Path(NAME).read_text()), lambda: write("3")),
    "io.open": (lambda w: np.sum(w**2) * float(io.open(NAME).read()), lambda: write("3")),  # noqa: UP020, SIM115
    "an object's": (by_method, lambda: write("3")),
    "a helper's": (by_helper, lambda: write("3")),
    "np.load": (lambda w: np.sum(w**2) * np.genfromtxt(NAME), lambda: write("3")),
    "exists": (
        lambda w: np.sum(w**2) * (1 + os.path.exists(FILE.with_suffix(".other"))),
        touch,
    ),
    "Path.exists": (lambda w: np.sum(w**2) * (1 + FILE.with_suffix(".other").exists()), touch),
    "getsize": (lambda w: np.sum(w**2) * os.path.getsize(NAME), lambda: write("333")),
    "listdir": (lambda w: np.sum(w**2) * len(os.listdir(FILE.parent)), touch),
    "iterdir": (lambda w: np.sum(w**2) * len(list(FILE.parent.iterdir())), touch),
    "glob": (lambda w: np.sum(w**2) * len(glob.glob(f"{FILE.parent}/*")), touch),
    "getcwd": (lambda w: np.sum(w**2) * len(os.getcwd()), lambda: os.chdir(FILE.parent)),
    "getenv": (
        lambda w: np.sum(w**2) * float(os.getenv("FASTBP_TEST", "1")),
        lambda: os.environ.update(FASTBP_TEST="3"),
    ),
    "getenv alone": (
        lambda w: np.sum(w**2) * float(getenv("FASTBP_TEST", "1")),
        lambda: os.environ.update(FASTBP_TEST="3"),
    ),
    "geterr": (
        lambda w: np.sum(w**2) * len(np.geterr()["over"]),
        lambda: np.seterr(over="print", under="print"),
    ),
    "getrecursionlimit": (
        lambda w: np.sum(w**2) * sys.getrecursionlimit(),
        lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 10),
    ),
    "get_num_threads": (
        lambda w: np.sum(w**2) * bp.get_num_threads(),
        lambda: bp.set_num_threads(bp.get_num_threads() + 1),
    ),
    "now": (
        lambda w: np.sum(w**2) * (datetime.datetime.now() > MOMENT),
        lambda: later(-1e9),
    ),
    "today": (lambda w: np.sum(w**2) * (Date.today() > MOMENT.date()), lambda: later(-1e9)),
    "perf_counter": (lambda w: np.sum(w**2) * (time.perf_counter() > LATER), lambda: later(-1e9)),
}
LATER, MOMENT = 0.0, datetime.datetime.min


def later(by):
    """Let the moment that the clocks are compared with be so long ago."""
    global LATER, MOMENT
    LATER = time.perf_counter() - by
    MOMENT = datetime.datetime.now() - datetime.timedelta(seconds=by)


@pytest.fixture
def _world(tmp_path, monkeypatch):
    """A file, and the settings put back."""
    names = globals()
    monkeypatch.setitem(names, "FILE", tmp_path / "number.txt")
    monkeypatch.setitem(names, "NAME", str(tmp_path / "number.txt"))
    monkeypatch.setitem(names, "SETTINGS", Settings(tmp_path / "number.txt"))
    monkeypatch.delenv("FASTBP_TEST", raising=False)
    monkeypatch.setenv("FASTBP_NUM_THREADS", "2")
    monkeypatch.chdir(os.path.dirname(tmp_path))
    limit, old = sys.getrecursionlimit(), np.geterr()
    write("1")
    later(1e6)
    yield
    sys.setrecursionlimit(limit)
    np.seterr(**old)
    bp.set_num_threads(None)
    os.environ.pop("FASTBP_TEST", None)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.usefixtures("_world")
@pytest.mark.parametrize("name", READS)
def test_what_is_read_is_read_at_each_call(name):
    function, change = READS[name]
    gradient = bp.value_and_grad(function)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        before = [float(gradient(W)[0]) for _ in range(2)]
        wanted = float(function(W))
        change()
        after = float(gradient(W)[0])
    if name not in ("perf_counter", "now", "today"):
        assert before == [wanted] * 2
    assert after == float(function(W)) != before[0]
    said = [str(one.message) for one in caught if issubclass(one.category, RuntimeWarning)]
    assert len(said) == 1
    assert "cannot be watched" in said[0]


def test_what_each_thread_has_for_itself():
    own = threading.local()
    own.k = 2.0
    gradient = bp.value_and_grad(lambda w: (w**2).sum() * own.k)
    found = [float(gradient(W)[0])]
    own.k = 3.0
    found.append(float(gradient(W)[0]))

    def elsewhere():
        own.k = 7.0
        found.append(float(gradient(W)[0]))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    found.append(float(gradient(W)[0]))
    assert found == [10.0, 15.0, 35.0, 15.0]


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_double), ("more", ctypes.c_int * 2)]


@pytest.mark.parametrize("make", [lambda: ctypes.c_double(1.0), lambda: Point(1.0, (1, 2))])
def test_numbers_of_c(make):
    value = make()
    name = "x" if isinstance(value, Point) else "value"
    gradient = bp.value_and_grad(lambda w: (w**2).sum() * getattr(value, name))
    assert gradient(W)[0] == 5
    setattr(value, name, 3.0)
    assert gradient(W)[0] == 15


def test_a_function_that_counts_in_its_own_attributes():
    def counts(w):
        counts.n += 1
        helps.last = counts.n
        return (w**2).sum() * counts.n + helps(w)

    def helps(w):
        return w.sum() * helps.last

    counts.n, helps.last = 0, 0
    gradient = bp.value_and_grad(counts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert [float(gradient(W)[0]) for _ in range(3)] == [8.0, 16.0, 24.0]
    assert (counts.n, helps.last) == (3, 3)
