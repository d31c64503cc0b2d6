"""Threads: runs side by side give the bits of runs one by one, and the GIL is free meanwhile."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fastbp.compiler import compile_graph
from fastbp.engine.epochs import fit
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.run import Run
from fastbp.engine.snapshot import Snapshot
from fastbp.graph import functions, input_node, parameter_node

SHAPES = [(20, 32), (32,), (32, 1), (1,)]
ROWS, BATCH = 512, 32


@pytest.fixture(scope="module", params=["float32", "float64"])
def program(request):
    """A network with Adam; runs of one program share nothing that is written."""
    dtype = request.param
    x, y = input_node(0, (BATCH, 20), dtype), input_node(1, (BATCH, 1), dtype)
    w1, b1, w2, b2 = parameters = [parameter_node(i, s, dtype) for i, s in enumerate(SHAPES)]
    loss = functions.bce(functions.sigmoid(functions.relu(x @ w1 + b1) @ w2 + b2), y)
    return compile_graph(
        {"loss": loss if loss.shape == () else loss.mean()}, parameters, [x, y],
        layout=Layout.of(SHAPES, dtype), differentiate="loss", update="adam",
    )  # fmt: skip


def train(program, seed, epochs, before=lambda: None):
    """Train a network of its own; returns all bits."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, 20)).astype(program.dtype)
    y = (x[:, :1] > 0).astype(program.dtype)
    n = program.parameters
    values, training = aligned_zeros(n, program.dtype), aligned_zeros(3 * n, program.dtype)
    for view in Layout.of(SHAPES, program.dtype).views(values):
        view[...] = rng.normal(0, 0.2, view.shape)
    hyper = np.zeros(16)
    hyper[[0, 1, 2, 3, 5, 6]] = 1e-3, 0.9, 0.999, 1e-8, 1, 1
    run, results = Run(program, values, training, hyper), np.empty((epochs, 1))
    snapshot = Snapshot(values, training, hyper)
    before()
    ended = fit(
        run, None, (x, y), epochs=epochs, shuffle=True, seed=seed, first_shuffle=0,
        results=results, snapshot=snapshot,
    )  # fmt: skip
    assert ended == (epochs, -1)
    return values.tobytes() + training.tobytes() + results.tobytes()


@pytest.mark.parametrize("threads", [2, 4])
def test_runs_in_parallel_give_the_bits_of_runs_one_by_one(program, threads):
    alone = [train(program, seed, 40) for seed in range(threads)]
    assert len(set(alone)) == threads
    gate = threading.Barrier(threads)
    with ThreadPoolExecutor(threads) as pool:
        together = list(pool.map(lambda s: train(program, s, 40, gate.wait), range(threads)))
    assert together == alone


def test_other_threads_run_during_fit(program):
    """With a long switch interval, another thread gets its turn only where the GIL is given up."""
    counts, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counts[0] += 1
            time.sleep(0)  # gives the GIL back at once

    seen = []
    interval = sys.getswitchinterval()
    other = threading.Thread(target=count)
    sys.setswitchinterval(1000)
    try:
        other.start()
        for epochs in (0, 300):
            train(program, 0, epochs, lambda: seen.append(counts[0]))
            seen.append(counts[0])
    finally:
        stop.set()
        sys.setswitchinterval(interval)
        other.join()
    assert seen[3] > seen[2]
