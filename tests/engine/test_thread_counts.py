"""How many threads a call gets."""

import math
import os

import pytest

import fastbp as bp
from fastbp.engine import threads


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in ("FASTBP_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
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
    assert threads.quota(root, own) == math.inf  # no file says anything
    (inner / "cpu.max").write_text("max 100000\n")
    assert threads.quota(root, own) == math.inf
    (root / "outer" / "cpu.max").write_text("150000 100000\n")
    assert threads.quota(root, own) == 1.5
    (inner / "cpu.max").write_text("50000 100000\n")
    assert threads.quota(root, own) == 0.5
    (inner / "cpu.max").write_text("gibberish")
    assert threads.quota(root, own) == 1.5


def test_the_quota_of_the_first_kind_of_control_groups(tmp_path):
    own, root = tmp_path / "cgroup", tmp_path / "sys"
    folder = root / "cpu" / "job"
    folder.mkdir(parents=True)
    own.write_text("5:memory:/other\n4:cpu,cpuacct:/job\n")
    (folder / "cpu.cfs_quota_us").write_text("-1\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    assert threads.quota(root, own) == math.inf
    (folder / "cpu.cfs_quota_us").write_text("300000\n")
    assert threads.quota(root, own) == 3.0


def test_no_control_groups(tmp_path):
    assert threads.quota(tmp_path, tmp_path / "missing") == math.inf


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
