"""The team: threads that start with a call and end with it, whatever happens between."""

import _thread
import time

import numpy as np
import pytest
from networks import batch, bound_mlp

from fastbp.engine.epochs import fit
from fastbp.engine.team import Team
from fastbp.engine.threads import Share

START = "fastbp.engine.team.start_new_thread"
BEFORE = _thread._count()


def ours():
    """How many threads there are beside those before; who has left is given time to end."""
    for _ in range(1000):
        if _thread._count() <= BEFORE:
            break
        time.sleep(0.001)
    return _thread._count() - BEFORE


def train(lanes, epochs=20):
    """All bits of a training with so many threads."""
    bound = bound_mlp(300, "float32", update="adam")
    results = np.empty((epochs, 1))
    with Share(lanes, True) as share:
        fit(
            bound.run, None, batch(900, "float32"), epochs=epochs, shuffle=True, seed=0, first_shuffle=0,
            results=results, snapshot=bound.snapshot(), share=share,
        )  # fmt: skip
    return bound.block.tobytes() + bound.training.tobytes() + results.tobytes()


def test_threads_live_as_long_as_the_call():
    with Team(4) as team:
        assert team.lanes == 4
        while _thread._count() < BEFORE + 3:  # they come when the system lets them
            time.sleep(0.001)
    assert not ours()
    with Team(1) as team:
        assert team.lanes == 1
        assert not ours()


@pytest.mark.parametrize("error", [RuntimeError, MemoryError])
@pytest.mark.parametrize("good", [0, 1, 2])
def test_a_thread_that_cannot_start_means_fewer_threads(monkeypatch, good, error):
    wanted, started = train(1), []

    def start(*arguments):
        if len(started) == good:
            raise error("can't start new thread")
        started.append(_thread.start_new_thread(*arguments))

    monkeypatch.setattr(START, start)
    with Team(4) as team:
        assert team.lanes == 1 + good
    started.clear()
    assert train(4) == wanted
    assert len(started) == good
    assert not ours()


@pytest.mark.parametrize("runs", [False, True], ids=["before it runs", "when it runs already"])
@pytest.mark.parametrize("good", [0, 1, 3])
def test_an_interrupted_start_ends_all_threads(monkeypatch, good, runs):
    started = []

    def start(*arguments):
        if len(started) < good or runs:
            _thread.start_new_thread(*arguments)
        started.append(arguments)
        if len(started) > good:
            raise KeyboardInterrupt

    monkeypatch.setattr(START, start)
    with pytest.raises(KeyboardInterrupt):
        train(5)
    assert len(started) == good + 1
    assert not ours()


def test_an_error_inside_is_raised_when_all_have_left():
    with pytest.raises(ZeroDivisionError), Team(3):
        raise ZeroDivisionError
    assert not ours()
