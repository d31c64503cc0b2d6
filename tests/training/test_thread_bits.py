"""No bit of a result depends on the number of threads, on the cores they have, or on the build of the kernels."""

import _thread
import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import thread_bits
from thread_bits import CASES, function, network, trained

import fastbp as bp
from fastbp import kernels
from fastbp._cpu import x86_level

SCRIPT = Path(thread_bits.__file__)
COUNTS = (2, 3, 5)


@pytest.mark.parametrize("name", CASES)
def test_any_number_of_threads(name):
    wanted = trained(name, 1)
    for threads in COUNTS:
        assert trained(name, threads) == wanted
    assert trained(name, None) == wanted


@pytest.mark.parametrize("name", ["columns", "columns, float64", "columns, more rows"])
def test_more_threads_than_panels_of_columns(name):
    """140 columns are five panels: each is shared by two or three of these threads, and one may be left over."""
    wanted = trained(name, 1)
    for threads in (8, 11, 16):
        assert trained(name, threads) == wanted


def test_long_steps_in_pieces():
    """Each thread's part of a long step is cut once more: along rows, columns and rows of weights, and as one is."""
    x = np.resize(np.linspace(-1, 1, 1009, dtype=np.float32), (1100, 1024))
    found = []
    for threads in (1, 2, 3):
        layers = [bp.Dense(2048, "tanh"), bp.Dense(4096), bp.Dense(1024)]
        trainer = bp.Trainer(bp.Sequential(layers, seed=0), loss="mse", optimizer="sgd")
        loss = trainer.fit(x, x, epochs=1, batch_size=len(x), threads=threads)["loss"]
        found.append([loss, *(v.tobytes() for v in trainer.model.parameters.values())])
        assert np.array_equal(
            trainer.model.predict(x[:700], threads=threads), trainer.model.predict(x)[:700]
        )
    assert found[0] == found[1] == found[2]


def test_any_number_of_threads_for_a_function():
    wanted = function(1)
    for threads in (*COUNTS, None):
        assert function(threads) == wanted


def test_each_way_to_share_a_batch_is_among_the_cases():
    ways, groups = set(), set()
    for name in CASES:
        _, trainer, X, y, batch = network(name)
        trainer.step(X[:batch], y[:batch])
        program = trainer._state.run("train", batch).program
        ways |= {step["share"] for step in program.steps}
        groups.add(min(program.groups, 3))
    assert ways == {"one", "rows", "columns", "output rows", "elements"}
    assert groups == {1, 2, 3}


def digests(run_python, *counts, before="", **environment):
    code = f"{before}\nimport runpy, sys\nsys.argv[1:] = {[str(n) for n in counts]}\n"
    code += f"sys.path.insert(0, {str(SCRIPT.parent)!r})\n"
    code += f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    done = run_python("-c", code, **environment)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines())


def test_all_threads_on_one_core(run_python):
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("no affinity here")
    one = min(os.sched_getaffinity(0))
    pin = f"import os; os.sched_setaffinity(0, [{one}])"
    assert digests(run_python, 2, 3, before=pin) == digests(run_python, 1)


def test_builds_for_other_processors(run_python):
    if x86_level() < 4 or not (Path(kernels.__file__).parent / "v3").is_dir():
        pytest.skip("needs a processor with AVX-512, and both builds")
    found = {isa: digests(run_python, 1, 2, FASTBP_ISA=isa) for isa in ("v3", "v4")}
    assert len(found["v4"]) == len(CASES) + 1
    assert found["v3"] == found["v4"]


# ---------------------------------------------------------------- pauses, signals, forks


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_subnormal_numbers_are_flushed_in_every_thread(threads):
    """Gradients of 1e-39 would move the weights; they count as zero, and the caller's own mode is left alone."""
    model = bp.Sequential([bp.Dense(150)], seed=0)
    model.build(200)
    model.layers[0].weight = np.zeros((200, 150))
    X, y = np.full((64, 200), 1e-19, "f4"), np.full((64, 150), 1e-18, "f4")
    bp.Trainer(model, loss="mse", optimizer=bp.SGD(1e30)).fit(
        X, y, batch_size=64, threads=threads, verbose=0
    )
    assert not model.layers[0].weight.any()
    assert model.layers[0].bias.all()  # these gradients are no such numbers
    assert np.float32(1e-30) * np.float32(1e-12) > 0


def long_batches():
    """A batch of many groups that lasts longer than the time between two looks for signals."""
    model = bp.Sequential([bp.Dense(96, "relu"), bp.Dense(64, "relu"), bp.Dense(1)], seed=0)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150_000, 64)).astype("float32")
    return bp.Trainer(model, loss="mse", optimizer=bp.SGD(1e-2)), X, X[:, :1].copy()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers")
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_batch_that_is_paused_in_its_midst(threads):
    trainer, X, y = long_batches()
    looked = []
    old = signal.signal(signal.SIGALRM, lambda *_: looked.append(trainer.steps))
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    try:
        trainer.fit(X, y, epochs=3, batch_size=len(X), threads=threads, verbose=0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    whole, *_ = long_batches()
    whole.fit(X, y, epochs=3, batch_size=len(X), threads=4 - threads, verbose=0)
    for name, view in trainer.model.parameters.items():
        assert view.tobytes() == whole.model.parameters[name].tobytes()


def use(trainer, X, y, threads, what):
    """Go on until interrupted."""
    while what == "fit":
        trainer.fit(X, y, epochs=100, batch_size=len(X), threads=threads, verbose=0)
    while True:
        trainer.model.predict(X, threads=threads)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("what", ["fit", "predict"])
def test_an_interrupt_ends_all_threads(threads, what):
    threads_before = _thread._count()
    trainer, X, y = long_batches()
    trainer.step(X[:10], y[:10])
    before = {name: view.copy() for name, view in trainer.model.parameters.items()}

    def interrupt(*_):
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt):
            use(trainer, X, y, threads, what)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    for _ in range(1000):
        if _thread._count() == threads_before:
            break
        time.sleep(0.001)
    assert _thread._count() == threads_before
    if what == "predict":
        for name, view in trainer.model.parameters.items():
            assert view.tobytes() == before[name].tobytes()
    assert np.isfinite(trainer.step(X[:10], y[:10]))  # in use again


def child(name, threads):
    """In a process of its own."""
    return trained(name, threads)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_trains_with_threads():
    wanted = trained("many groups", 2)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.starmap(child, [("many groups", 2), ("many groups", 3)])
    assert found == [wanted, wanted]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_the_midst_of_a_training(tmp_path):
    """The child has none of the threads, and may use all cores."""
    bp.set_num_threads(2)
    trainer, X, y = long_batches()
    other = threading.Thread(
        target=trainer.fit, args=(X, y), kwargs={"epochs": 3, "batch_size": len(X), "threads": 2, "verbose": 0}
    )  # fmt: skip
    other.start()
    while trainer.steps == 0 and other.is_alive():
        time.sleep(0.001)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            from fastbp.engine import threads

            status = 0 if threads.pick(None, 64, 1e9, 5, 1) == 2 and child("tiny", 2) else 2
        finally:
            os._exit(status)
    other.join()
    bp.set_num_threads(None)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_processes_of_joblib():
    joblib = pytest.importorskip("joblib")
    wanted = trained("two groups", 1)
    _, trainer, X, y, batch = network("two groups")

    def job():  # pickled by value: the workers have no path to the tests
        trainer.fit(X, y, epochs=3, batch_size=batch, threads=2, verbose=0)
        return b"".join(view.tobytes() for view in trainer.model.parameters.values())

    found = joblib.Parallel(n_jobs=2)(joblib.delayed(job)() for _ in range(2))
    assert found[0] == found[1]
    assert wanted.startswith(found[0])


def test_teams_side_by_side():
    """Trainings in several Python threads, each with threads of its own."""
    wanted, found = trained("many groups", 1), []
    callers = [
        threading.Thread(target=lambda: found.append(trained("many groups", 2))) for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert found == [wanted] * 4


@pytest.mark.parametrize("threads", [0, -1, 1.5, "two", True])
def test_strange_numbers_of_threads(threads):
    model, trainer, X, y, _ = network("tiny")
    for call in (
        lambda: trainer.fit(X, y, threads=threads),
        lambda: trainer.evaluate(X, y, threads=threads),
        lambda: model.predict(X, threads=threads),
        lambda: model.fit(X, y, loss="bce", threads=threads),
        lambda: bp.optimize(lambda p: p**2, 1.0, lr=0.1, n_iter=2, threads=threads),
    ):
        with pytest.raises((TypeError, ValueError), match="threads must be a positive integer"):
            call()
    assert trainer.steps == 0
