"""One training or many readers, and nobody waits."""

import threading

import pytest

from fastbp.engine.guard import Guard


def in_thread(function):
    """Call in another thread, and give back what it took; return what it raised."""
    raised = []

    def call():
        try:
            function().end()
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return raised


def test_a_second_training_is_refused():
    guard = Guard()
    with guard.training():
        with pytest.raises(RuntimeError, match="this model is being trained already"):
            guard.training()
        assert len(in_thread(guard.training)) == 1
    with guard.training():
        pass


def test_who_trains_may_read_and_others_may_not():
    guard = Guard()
    with guard.training():
        with guard.reading():
            pass
        (error,) = in_thread(guard.reading)
        assert "this model is being trained in another thread" in str(error)
    assert in_thread(guard.reading) == []


def test_any_number_may_read():
    guard = Guard()
    with guard.reading(), guard.reading():
        assert in_thread(guard.reading) == []
        with pytest.raises(RuntimeError, match="this model is in use by another thread"):
            guard.training()
    with guard.training():
        pass


def test_what_is_raised_gives_back_too():
    guard = Guard()
    with pytest.raises(KeyError), guard.training():
        raise KeyError
    with pytest.raises(KeyError), guard.reading():
        raise KeyError
    with guard.training():
        pass


def test_what_nobody_holds_is_given_back():
    """As when a signal comes between the call and the block."""
    guard = Guard()
    guard.training()
    guard.reading()
    hold = guard.training()
    del hold
    with guard.training():
        pass


def test_giving_back_twice_is_giving_back_once():
    guard = Guard()
    first, second = guard.reading(), guard.reading()
    first.end()
    first.end()
    del first
    with pytest.raises(RuntimeError, match="in use"):
        guard.training()
    second.end()
    assert in_thread(guard.training) == []
