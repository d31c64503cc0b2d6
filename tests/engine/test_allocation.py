"""Nothing is allocated while epochs run: counted by a preloaded malloc and its relatives."""

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

if not sys.platform.startswith("linux") or shutil.which("cc") is None:
    pytest.skip("needs Linux and a C compiler called cc", allow_module_level=True)
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    pytest.skip("this Python has one allocator, not malloc", allow_module_level=True)

# Counts for 2 and for 200 epochs: of fit, of a loop of fits, of a loop with a malloc in it.
PROGRAM = """
import ctypes, json
import numpy as np
import fastbp
from fastbp.compiler import compile_graph
from fastbp.engine.epochs import evaluate, fit
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.run import Run
from fastbp.engine.snapshot import Snapshot
from fastbp.engine.threads import Share
from fastbp.graph import functions, input_node, parameter_node

hook = ctypes.PyDLL(None)
hook.hook_stop.restype = ctypes.c_long
shapes = [(5, 8), (8,), (8, 1), (1,)]
layout = Layout.of(shapes, DTYPE)

def program(n, mixes=False):
    x, y = input_node(0, (n, 5), DTYPE), input_node(1, (n, 1), DTYPE)
    w1, b1, w2, b2 = parameters = [parameter_node(i, s, DTYPE) for i, s in enumerate(shapes)]
    h = functions.relu((x - x.mean(axis=0) if mixes else x) @ w1 + b1)
    loss = functions.bce(functions.sigmoid(h @ w2 + b2), y)
    loss = loss if loss.shape == () else loss.mean()
    return compile_graph({"loss": loss}, parameters, [x, y], layout=layout,
                         differentiate="loss", update="adam")

rng = np.random.default_rng(0)
arrays = rng.normal(size=(37, 5)).astype(DTYPE), rng.integers(0, 2, (37, 1)).astype(DTYPE)
found = {}
for name, mixes in (("rows", False), ("mixed", True)):
    values, training = aligned_zeros(layout.length, DTYPE), aligned_zeros(3 * layout.length, DTYPE)
    hyper = np.zeros(16)
    hyper[[0, 1, 2, 3, 5, 6]] = 1e-3, 0.9, 0.999, 1e-8, 1, 1
    run, last = (Run(program(n, mixes), values, training, hyper) for n in (16, 5))
    snapshot = Snapshot(values, training, hyper)

    def counted(epochs, pieces=1, planted=False, lanes=1):
        results = np.empty((epochs, 1))
        hook.hook_start()
        for _ in range(pieces):
            with Share(lanes, True) as share:
                fit(run, last, arrays, epochs=epochs, shuffle=True, seed=0, first_shuffle=0,
                    results=results, snapshot=snapshot, share=share)
            if planted:
                libc_free(libc_malloc(64))
        return hook.hook_stop()

    libc_malloc, libc_free = hook.malloc, hook.free
    libc_malloc.restype, libc_free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    counted(2), counted(1, 2, True)                 # whatever is made at the first call
    found[name] = [counted(2), counted(200)]
    found[name + " in pieces"] = [counted(1, 2), counted(1, 200)]
    counted(2, lanes=3)
    found[name + " by threads"] = [counted(2, lanes=3), counted(200, lanes=3)]
    found[name + " planted"] = [counted(1, 200, True)]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def hook(tmp_path_factory):
    """The compiled counter."""
    library = tmp_path_factory.mktemp("hook") / "malloc_hook.so"
    source = Path(__file__).with_name("malloc_hook.c")
    built = subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-fno-builtin", "-o", library, source],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if built.returncode:
        pytest.fail(f"the counter does not compile: {built.stderr[-300:]}")
    return library


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_epochs_allocate_nothing(dtype, hook, run_python):
    code = PROGRAM.replace("DTYPE", repr(dtype))
    done = run_python("-c", code, LD_PRELOAD=str(hook), PYTHONMALLOC="malloc")
    if "__libc_" in done.stderr:
        pytest.skip("needs glibc")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name in ("rows", "mixed"):
        few, many = found[name]
        assert few == many
        assert few > 0  # the call itself makes something: the counter counts
        few, many = found[name + " by threads"]
        assert many - few < 100  # none an epoch; how Python's threads end is not always the same
        # The same work with one allocation or more in each epoch is caught.
        few, many = found[name + " in pieces"]
        assert many >= few + 198
        assert found[name + " planted"][0] >= many + 200
