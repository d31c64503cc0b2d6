"""What `verbose` shows, and that it shows nothing where nobody looks."""

import io
import re
import types

import numpy as np
import pytest

import fastbp as bp
from fastbp.training import progress
from fastbp.training.history import History

X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(float)


def fit(**options):
    model = bp.Sequential([bp.Dense(1, "sigmoid")], seed=0)
    return model.fit(X, Y, loss="bce", metrics=["accuracy"], **options)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def standard_error(monkeypatch, stream, **modules):
    """Let the display see this stream; pytest puts its own into sys before each test."""
    system = types.SimpleNamespace(stderr=stream, modules=modules)
    monkeypatch.setattr(progress, "sys", system)
    return stream


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    return standard_error(monkeypatch, Terminal())


def test_one_line_an_epoch(capsys):
    history = fit(epochs=3, verbose=1, validation_data=(X, Y))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    for i, line in enumerate(lines):
        assert line.startswith(f"epoch {i + 1}/3  loss {history['loss'][i]:.4f}  accuracy ")
        assert f"val_loss {history['val_loss'][i]:.4f}" in line
        assert re.search(r"  [\d.]+ (us|ms|s)$", line)


@pytest.mark.parametrize("verbose", [0, "auto", False])
def test_silence(capsys, verbose):
    fit(epochs=3, verbose=verbose)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.parametrize("verbose", [2, -1, "yes", None, 1.0, "1"])
def test_other_values_are_refused(verbose):
    with pytest.raises(ValueError, match=r"verbose must be 'auto', 0 or 1, got "):
        fit(verbose=verbose)


def test_a_short_run_shows_nothing_on_a_terminal(terminal):
    fit(epochs=3)
    assert terminal.getvalue() == ""


def test_a_long_run_shows_a_bar_on_a_terminal(terminal, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    monkeypatch.setattr(progress, "REFRESH", -1.0)
    history = fit(epochs=4)
    drawn = terminal.getvalue().split("\r")[1:]
    assert len(drawn) == 4
    assert re.match(r"\[======                  \] 1/4  loss \d.\d{4}  accuracy .* left", drawn[0])
    assert drawn[-1].startswith(f"[{'=' * 24}] 4/4  loss {history['loss'][-1]:.4f}")
    assert drawn[-1].endswith("\n")
    assert {len(each.rstrip("\n")) >= len(drawn[0].rstrip()) for each in drawn} == {True}


def test_the_bar_leaves_the_training_alone(terminal, monkeypatch):
    expected = fit(epochs=9, verbose=0)
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    assert fit(epochs=9) == expected


def test_the_bar_ends_its_line_when_the_training_breaks_off(terminal):
    bar = progress.Bar(10, terminal)
    bar._draw(3, History({"loss": [1.0]}), 0.0)
    bar.close()
    assert terminal.getvalue().endswith("left\n")


def test_a_dumb_terminal_shows_nothing(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    fit(epochs=3)
    assert terminal.getvalue() == ""


def test_a_notebook_shows_a_bar(monkeypatch):
    standard_error(monkeypatch, io.StringIO())
    assert type(progress.progress("auto", 5)) is progress.Progress
    standard_error(monkeypatch, io.StringIO(), ipykernel=types)
    assert isinstance(progress.progress("auto", 5), progress.Bar)


@pytest.mark.parametrize("stream", [None, object()])
def test_no_stream_is_no_error(monkeypatch, stream):
    standard_error(monkeypatch, stream)
    assert type(progress.progress("auto", 5)) is progress.Progress
    fit(epochs=2)


def test_a_closed_terminal_does_not_end_the_training(terminal, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    bar = progress.Bar(10, terminal)
    terminal.close()
    bar._draw(3, History({"loss": [1.0]}), 0.0)
    bar.close()
    assert bar._length == 0


def test_the_bar_looks_less_often_when_epochs_are_short():
    bar = progress.Bar(10_000, Terminal())
    for done in range(1, 6):
        bar.update(done, History({"loss": [1.0]}))
    assert bar.chunk() == 32
    bar._last -= 1.0
    bar.update(6, History({"loss": [1.0]}))
    assert bar.chunk() == 16


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1e-6, "1 us"), (0.0123, "12.3 ms"), (1.25, "1.2 s"), (75.9, "1 min 15 s")],
)
def test_durations(seconds, text):
    assert progress._duration(seconds) == text
