"""One training or many readers, and nobody waits."""

import threading

import pytest

from fastbp.engine.guard import Guard


def in_thread(function):
    """Call in another thread; return what it raised."""
    raised = []

    def call():
        try:
            function()
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return raised


def test_a_second_training_is_refused():
    guard = Guard()
    guard.begin_training()
    with pytest.raises(RuntimeError, match="this model is being trained already"):
        guard.begin_training()
    assert len(in_thread(guard.begin_training)) == 1
    guard.end_training()
    guard.begin_training()


def test_who_trains_may_read_and_others_may_not():
    guard = Guard()
    guard.begin_training()
    guard.begin_reading()
    guard.end_reading()
    (error,) = in_thread(guard.begin_reading)
    assert "this model is being trained in another thread" in str(error)
    guard.end_training()
    assert in_thread(guard.begin_reading) == []


def test_any_number_may_read():
    guard = Guard()
    guard.begin_reading()
    assert in_thread(guard.begin_reading) == []
    with pytest.raises(RuntimeError, match="this model is in use by another thread"):
        guard.begin_training()
    guard.end_reading()
    guard.end_reading()
    guard.begin_training()
