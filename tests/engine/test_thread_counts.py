"""How many threads a call gets."""

import math
import os

import numpy as np
import pytest

import fastbp as bp
from fastbp.engine import threads
from fastbp.engine.quota import quota


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in ("FASTBP_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "_until", 0.0)
    monkeypatch.setattr(threads, "_pause", 0.0)
    yield
    bp.set_num_threads(None)


def test_the_order_of_what_sets_the_limit(monkeypatch):
    assert bp.get_num_threads() == threads.cores() >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", "3,2")
    assert bp.get_num_threads() == 3
    monkeypatch.setenv("FASTBP_NUM_THREADS", "5")
    assert bp.get_num_threads() == 5
    bp.set_num_threads(2)
    assert bp.get_num_threads() == 2
    bp.set_num_threads(None)
    assert bp.get_num_threads() == 5


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_strange_variable(monkeypatch, text):
    monkeypatch.setenv("OMP_NUM_THREADS", text)  # not ours: another library may understand it
    assert bp.get_num_threads() == threads.cores()
    monkeypatch.setenv("FASTBP_NUM_THREADS", text)
    with pytest.raises(
        ValueError, match=f"FASTBP_NUM_THREADS must be a positive integer, got '{text}'"
    ):
        bp.get_num_threads()


@pytest.mark.parametrize("n", [0, -2, 1.5, True, "2"])
def test_a_strange_number(n):
    with pytest.raises((TypeError, ValueError), match="n must be a positive integer"):
        bp.set_num_threads(n)


def test_the_affinity_is_honoured(run_python):
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("no affinity here")
    one = min(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, [{one}]); import fastbp; print(fastbp.get_num_threads())"
    done = run_python("-c", code)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_the_quota_of_the_second_kind_of_control_groups(tmp_path):
    own, root = tmp_path / "cgroup", tmp_path / "sys"
    inner = root / "outer" / "inner"
    inner.mkdir(parents=True)
    own.write_text("0::/outer/inner\n")
    assert quota(root, own) == math.inf  # no file says anything
    (inner / "cpu.max").write_text("max 100000\n")
    assert quota(root, own) == math.inf
    (root / "outer" / "cpu.max").write_text("150000 100000\n")
    assert quota(root, own) == 1.5
    (inner / "cpu.max").write_text("50000 100000\n")
    assert quota(root, own) == 0.5
    (inner / "cpu.max").write_text("gibberish")
    assert quota(root, own) == 1.5


def test_the_quota_of_the_first_kind_of_control_groups(tmp_path):
    own, root = tmp_path / "cgroup", tmp_path / "sys"
    folder = root / "cpu" / "job"
    folder.mkdir(parents=True)
    own.write_text("5:memory:/other\n4:cpu,cpuacct:/job\n")
    (folder / "cpu.cfs_quota_us").write_text("-1\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    assert quota(root, own) == math.inf
    (folder / "cpu.cfs_quota_us").write_text("300000\n")
    assert quota(root, own) == 3.0


def test_no_control_groups(tmp_path):
    assert quota(tmp_path, tmp_path / "missing") == math.inf


def test_what_pays():
    bp.set_num_threads(4)
    assert threads.pick(None, 64, 1e3, 5, 10) == 1  # a microsecond or less
    assert (
        threads.pick(None, 64, 1e3, 5, 10**6) == 1
    )  # a long run of batches that are shorter than a meeting
    assert threads.pick(None, 64, 1e9, 5, 1) == 4
    assert threads.pick(None, 2, 1e9, 5, 1) == 2  # no more pieces
    assert threads.pick(None, 1, 1e9, 5, 1) == 1
    assert threads.pick(7, 64, 1e3, 5, 1) == 7  # as was asked for
    assert threads.pick(7, 3, 1e3, 5, 1) == 3


def test_calls_from_several_threads_share_the_cores():
    bp.set_num_threads(4)
    with threads.Share(3, True):
        assert threads.pick(None, 64, 1e9, 5, 1) == 1
        assert threads.pick(2, 64, 1e9, 5, 1) == 2
    assert threads.pick(None, 64, 1e9, 5, 1) == 4
    with pytest.raises(KeyboardInterrupt), threads.Share(3, True):
        raise KeyboardInterrupt
    assert threads.pick(None, 64, 1e9, 5, 1) == 4


def test_a_call_that_was_interrupted_before_it_could_end_is_not_counted():
    before, share = threads.busy(), threads.Share(3, True)
    share.__enter__()  # and then Ctrl-C: the block does not begin
    assert threads.busy() == before + 3
    del share
    assert threads.busy() == before


def test_a_call_makes_room_for_another_and_takes_it_back():
    bp.set_num_threads(4)
    with threads.Share(4, False) as first:
        assert first.now() == 4
        with threads.Share(3, False) as second:
            assert first.now() == 1
            assert second.now() == 3
            with threads.Share(2, True) as third:
                assert second.now() == 1
                assert third.now() == 2  # it was asked for
        assert first.now() == 4
    assert threads.pick(None, 64, 1e9, 5, 1) == 4


def test_more_threads_than_cores_do_not_spin():
    cores = threads.affinity()
    assert not threads.crowded(cores)
    assert threads.crowded(cores + 1)
    with threads.Share(cores, False):
        assert not threads.crowded(0)
        assert threads.crowded(1)


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when they are told to."""
    now = [1000.0]
    monkeypatch.setattr(threads.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(("lanes", "waited"), [(2, 0.05), (4, 0.24)])
def test_threads_that_wait_for_cores_are_given_up_for_a_while(clock, lanes, waited):
    """In 0.1 s, two threads that waited 0.05 s in all did as much as one; so did four that waited 0.24 s."""
    bp.set_num_threads(4)
    with threads.Share(lanes, False) as share:
        assert share.now() == lanes
        share.judge(0.1, 0.9 * 0.8 * waited, lanes)
        assert share.now() == lanes
        for pause in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0):
            share.judge(0.1, waited, lanes)
            assert share.now() == threads.pick(None, 64, 1e9, 5, 1) == 1
            assert threads.pick(3, 64, 1e9, 5, 1) == 3  # it was asked for
            clock[0] += pause - 0.01
            assert share.now() == 1
            clock[0] += 0.02
            assert share.now() == lanes
        share.judge(0.1, 0.0, lanes)
        share.judge(0.1, waited, lanes)  # after a good time, the next pause is a short one
        clock[0] += 0.26
        assert share.now() == lanes


def test_what_tells_nothing_of_the_cores(clock):
    bp.set_num_threads(4)
    with threads.Share(2, True) as asked_for, threads.Share(2, False) as share:
        asked_for.judge(0.1, 0.1, 2)
        share.judge(0.0005, 0.0005, 2)
        assert not threads.others_have_the_cores()


def test_two_threads_on_one_core_are_soon_one(run_python):
    """The limit says two, but they have one core: whoever waits, waits for it."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("no affinity here")
    code = f"""
import os
os.sched_setaffinity(0, [{min(os.sched_getaffinity(0))}])
import numpy as np, fastbp as bp
from fastbp.engine import threads
bp.set_num_threads(2)
X = np.random.default_rng(0).normal(size=(4096, 28)).astype("f4")
model = bp.Sequential([bp.Dense(64, "relu"), bp.Dense(32, "relu"), bp.Dense(1, "sigmoid")], seed=0)
assert threads.pick(None, 2, 3e6, 3, 1000) == 2
model.fit(X, X[:, 0] > 0, loss="bce", batch_size=128, epochs=30, verbose=0)
print(threads.others_have_the_cores() or threads._pause > 0)
"""
    done = run_python("-c", code)
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.parametrize("batch_size", [64, 8192])  # shared step by step; group by group
def test_a_long_epoch_looks_again_how_many_may_work(batch_size, monkeypatch):
    asked, now = [], threads.Share.now
    monkeypatch.setattr(threads.Share, "now", lambda share: asked.append(share) or now(share))
    for length in (1, 4, 16, 64):
        x = np.resize(np.linspace(-1, 1, 1001, dtype=np.float32), (length * 1 << 17, 8))
        model = bp.Sequential([bp.Dense(64, "tanh"), bp.Dense(1)], seed=0)
        model.build(8)
        asked.clear()
        model.fit(x, x[:, :1], loss="mse", epochs=1, batch_size=batch_size, threads=2)
        if len(asked) > 3:
            return
    pytest.fail("within an epoch nobody asked")
