"""Functions of arrays keep their runs: calls that follow one another, or meet, do not disturb each other."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastbp as bp
from fastbp.nn import eager


def inputs(n, seed, dtype="float32"):
    return np.random.default_rng(seed).normal(size=(n, 3)).astype(dtype)


CALLS = {
    "sigmoid": lambda x: bp.sigmoid(x),
    "softmax": lambda x: bp.softmax(x),
    "mse": lambda x: bp.mse(x, x[::-1]),
    "cross_entropy_with_logits": lambda x: bp.cross_entropy_with_logits(x, np.arange(len(x)) % 3),
}


def fresh(call, x):
    """The answer of runs that nobody had before."""
    eager._forward_pool.cache_clear()
    eager._loss_pool.cache_clear()
    return call(x).tobytes()


@pytest.mark.parametrize("name", CALLS)
def test_a_second_call_has_the_bits_of_a_first(name):
    call = CALLS[name]
    arrays = [inputs(n, n) for n in (5, 600, 5, 1, 512, 1100, 600)]
    expected = [fresh(call, x) for x in arrays]
    assert [call(x).tobytes() for x in arrays for _ in range(2)] == [
        e for e in expected for _ in "12"
    ]


@pytest.mark.parametrize("name", CALLS)
def test_threads_do_not_share_a_run(name):
    call = CALLS[name]
    arrays = [inputs(300, seed) for seed in range(8)]
    expected = [fresh(call, x) for x in arrays]

    def work(i):
        return [call(arrays[i]).tobytes() for _ in range(30)] == [expected[i]] * 30

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_results_belong_to_the_caller():
    x = inputs(4, 0)
    first = bp.sigmoid(x)
    kept = first.copy()
    second = bp.sigmoid(x + 1)
    assert not np.shares_memory(first, second)
    assert np.array_equal(first, kept)


def test_a_large_run_is_not_kept():
    pool = eager._forward_pool("softmax", 5000, np.dtype("float32"))
    bp.softmax(np.zeros((2, 5000), "f4"))
    assert pool._runs == []
    small = eager._forward_pool("softmax", 50, np.dtype("float32"))
    bp.softmax(np.zeros((2, 50), "f4"))
    assert len(small._runs) == 1
