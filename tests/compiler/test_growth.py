"""Making and compiling a network takes work in proportion to its layers: calls are counted, not time."""

import sys

import numpy as np

import fastbp as bp


def calls_of(function):
    """How many calls, of Python and of C, a function makes."""
    count = 0

    def counted(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def train_and_predict(depth):
    hidden = [bp.Dense(4, activation="tanh") for _ in range(depth)]
    model = bp.Sequential([*hidden, bp.Dense(1, activation="sigmoid")], seed=0)
    x = np.linspace(-1, 1, 24, dtype=np.float32).reshape(8, 3)
    model.fit(x, (x[:, 0] > 0).astype(np.float32), loss="bce", batch_size=8, verbose=0)
    model.predict(x)


def test_the_work_of_compiling_grows_in_proportion_to_the_depth():
    train_and_predict(2)  # what is imported late, and caches
    few = calls_of(lambda: train_and_predict(25))
    many = calls_of(lambda: train_and_predict(200))
    assert many < 8.5 * few


def test_the_counter_sees_work_that_grows_faster():
    few = calls_of(lambda: [abs(i) for _ in range(5) for i in range(5)])
    many = calls_of(lambda: [abs(i) for _ in range(40) for i in range(40)])
    assert many > 16 * few
