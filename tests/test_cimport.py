"""An extension of somebody else's calls kernels: examples/cimport, compiled against the fastbp that is installed."""

import shlex
import shutil
import sysconfig
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parent.parent / "examples" / "cimport"

CHECK = """
import numpy as np
import layers
import fastbp

rng = np.random.default_rng(0)
for n, k, h, m in [(50, 7, 33, 3), (50, 7, 33, 1), (1, 1, 1, 1), (128, 64, 80, 48)]:
    x, w1, b1, w2, b2 = (
        (rng.normal(size=shape) / shape[0] ** 0.5).astype(np.float32)
        for shape in [(n, k), (k, h), (h,), (h, m), (m,)]
    )
    found = layers.forward(x, w1, b1, w2, b2)
    expected = 1 / (1 + np.exp(-(np.maximum(x @ w1 + b1, 0) @ w2 + b2)))
    assert found.shape == (n, m) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)

    model = fastbp.Sequential([fastbp.Dense(h, "relu"), fastbp.Dense(m, "sigmoid")])
    model.build(k)
    for name, value in zip(model.parameters, (w1, b1, w2, b2)):
        model.parameters[name][:] = value
    np.testing.assert_allclose(model.predict(x), found, rtol=1e-5, atol=1e-6)
try:
    layers.forward(x, w1.T.copy(), b1, w2, b2)
except ValueError:
    print("all good")
"""


def test_the_example_compiles_and_computes(run_python, tmp_path):
    pytest.importorskip("Cython", reason="cimport needs Cython")
    pytest.importorskip("setuptools", reason="the example is built with setuptools")
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        pytest.skip(f"there is no C compiler here: {compiler}")
    shutil.copytree(
        EXAMPLE,
        tmp_path,
        dirs_exist_ok=True,
        ignore=lambda _, names: {*names} - {"layers.pyx", "setup.py"},
    )
    build = run_python("setup.py", "build_ext", "--inplace", cwd=tmp_path)
    assert build.returncode == 0, build.stdout + build.stderr
    assert "warning" not in build.stderr, build.stderr
    run = run_python("-W", "error", "-c", CHECK, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "all good\n"
