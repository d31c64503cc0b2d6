"""A child that is forked while its parent's threads work on a model can use it, and everything else."""

import os

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")

PARENT = """
import os, signal, sys, threading, time, warnings
import numpy as np
import fastbp as bp

warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads
rng = np.random.default_rng(0)
X = rng.normal(size=(4000, 20)).astype("f4")
y = (X[:, :1] > 0).astype("f4")
model = bp.Sequential([bp.Dense(64, "relu"), bp.Dense(1, "sigmoid")], seed=0)
trainer = bp.Trainer(model, loss="bce")
other = bp.Trainer(lambda p, x: ((x @ p) ** 2).mean(), params=np.ones(20, "f4"))
trainer.step(X, y)
function = bp.value_and_grad(lambda w: ((X @ w) ** 2).mean())
w = np.ones(20, "f4")
wanted = function(w)[0]
over = False

def works():
    while not over:
        WORK

threads = [threading.Thread(target=works, daemon=True) for _ in range(THREADS)]
for thread in threads:
    thread.start()
time.sleep(0.05)
for turn in range(25):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            assert np.isfinite(model.predict(X)).all()
            assert np.isfinite(trainer.step(X[:32], y[:32]))
            trainer.fit(X[:256], y[:256], epochs=1, verbose=0)
            other.fit(X[:64], verbose=0, threads=2)
            assert function(w)[0] == wanted
            bp.Sequential([bp.Dense(3), bp.Dense(1)]).fit(X[:64], y[:64], loss="mse", verbose=0)
            trainer.save(f"{sys.argv[1]}/{turn}.npz")
            assert bp.Trainer.load(f"{sys.argv[1]}/{turn}.npz").steps == trainer.steps
            assert bp.optimize(lambda p: (p**2).sum(), w, lr=0.1, n_iter=2)
            os._exit(0)
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, (turn, status)
    time.sleep(0.002 * (turn % 5))
over = True
for thread in threads:
    thread.join()
model.predict(X)
trainer.step(X, y)
print("well")
"""
WORKS = {
    "fit": (1, "trainer.fit(X, y, epochs=2, verbose=0, threads=2)"),
    "steps": (1, "trainer.step(X[:32], y[:32])"),
    "predict": (3, "model.predict(X)"),
    "a function": (2, "function(w)"),
    "a function's training": (1, "other.fit(X, verbose=0)"),
    "new models": (2, "bp.Sequential([bp.Dense(500), bp.Dense(1)]).predict(X[:8])"),
    "transforms": (2, "bp.grad(lambda p: (p**2).sum())(w)"),
}


@pytest.mark.parametrize("name", WORKS)
def test_a_child_works(name, run_python, tmp_path):
    threads, work = WORKS[name]
    code = PARENT.replace("THREADS", str(threads)).replace("WORK", work)
    done = run_python("-P", "-c", code, str(tmp_path))
    assert done.stdout.splitlines()[-1:] == ["well"], done.stdout + done.stderr


FIRST = """
import faulthandler, os, sys, threading, time
import numpy as np, fastbp as bp

X = np.ones((8, 3))
sys.setswitchinterval(1e-5)

def work():
    bp.Sequential([bp.Dense(2), bp.Dense(1)]).fit(X, X[:, :1], loss="mse")
    bp.Trainer(lambda p, x: ((x @ p) ** 2).mean(), params=np.ones(3)).fit(X)
    bp.optimize(lambda p: (p**2).sum(), np.ones(2), lr=0.1, n_iter=2)
    str(bp.trace(lambda p: (p**2).sum(), np.ones(2)))

thread = threading.Thread(target=work)
thread.start()
time.sleep(WAIT)
child = os.fork()
if child == 0:
    faulthandler.dump_traceback_later(30, exit=True)
    work()
    os._exit(0)
status = os.waitpid(child, 0)[1]
thread.join()
print(status)
"""


@pytest.mark.parametrize("wait", [0.001, 0.004, 0.008, 0.012, 0.02, 0.03, 0.05, 0.08])
def test_a_fork_in_the_midst_of_the_first_use(wait, run_python):
    done = run_python("-P", "-W", "ignore", "-c", FIRST.replace("WAIT", str(wait)))
    assert done.stdout.splitlines()[-1:] == ["0"], done.stderr
