"""The builds for different instruction sets give the same bits."""

import json
from pathlib import Path

import pytest

from fastbp import kernels
from fastbp._cpu import x86_level

# Every kernel on sizes with and without a rest, for both dtypes: the digest of all that comes out.
PROGRAM = """
import hashlib, json
import numpy as np
from fastbp.kernels import elementwise, isa, losses, moves, reduce_axes, reductions, updates

UNARY = "negative square sqrt exp log reciprocal sigmoid tanh relu".split()
UNARY += "log1p expm1 sin cos arctan erf softplus absolute sign floor ceil single".split()
BINARY = "divide sigmoid_grad tanh_grad relu_grad ramp_grad bce bce_grad bce_with_logits".split()
PAIRS = "power arctan2 mod maximum minimum greater greater_equal equal not_equal".split()
digests = {}

def put(name, *arrays):
    bits = b"".join(np.asarray(a).tobytes() for a in arrays)
    digests[name] = hashlib.sha256((digests.get(name, "")).encode() + bits).hexdigest()

rng = np.random.default_rng(0)
for dtype in ("f4", "f8"):
    for n in (1, 7, 16, 29, 65, 130, 1000, 4099):
        x = (rng.normal(size=n) * np.exp(rng.normal(0, 3, n))).astype(dtype)
        y, p, m, v = rng.random((4, n)).astype(dtype)
        out = np.empty_like(x)
        for name in UNARY:
            elementwise.unary(name, abs(x), out)
            put(name, out)
            if name not in ("sqrt", "log", "log1p"):
                elementwise.unary(name, x, out)
                put(name, out)
        for name in BINARY:
            elementwise.binary(name, p, y, out)
            put(name, out)
        for name in PAIRS:
            for a, b in ((abs(x), v), (x, np.round(m * 9)), (x, np.round(x)), (x[::-1].copy(), x)):
                elementwise.binary(name, a, b, out)
                put(name, np.where(np.isnan(out), dtype == "f4", out))  # a NaN has many bits
        elementwise.where(np.round(p), x, y, out)
        put("where", out)
        put("total", reductions.total(x))
        put("bce fused", losses.bce_with_logits(x, y, out, 0.3), out)
        put("mse fused", losses.mse(x, y, out, 0.3), out)
        updates.sgd(p, x, 0.1)
        updates.momentum(p, m, x, 0.1, 0.9, True)
        updates.adam(p, m, v, x, 0.1, 3)
        put("updates", p, m, v)
    for n, m in ((1, 1), (5, 3), (128, 10), (33, 16), (70, 64), (9, 65), (40, 200), (3, 1000)):
        z, y = rng.normal(0, 3, (n, m)).astype(dtype), rng.integers(0, m, n).astype(dtype)
        out, rows, columns = np.empty_like(z), np.empty(n, dtype), np.empty(m, dtype)
        losses.softmax_forward(z, out)
        put("softmax", out)
        put("cross entropy fused", losses.softmax_cross_entropy(z, y, out, 0.3), out)
        losses.cross_entropy_with_logits_forward(z, y, rows)
        put("cross entropy", rows)
        reductions.column_sums(z, columns)
        reductions.row_sums(z, rows)
        put("sums", rows, columns)
        index = rng.integers(-1, m, 2 * m)
        wide = np.empty((n, 2 * m), dtype)
        moves.gather_columns(z, index, wide)
        moves.scatter_columns(wide, index, out)
        put("columns", wide, out)
        moves.gather_elements(z, index, wide[0])
        moves.scatter_elements(wide[0], index, out)
        put("elements", wide[0], out)
        moves.take_rows(z, rng.integers(-n, n, n).astype(dtype), out)
        put("take", out)
        moves.add_rows(z, rng.integers(-n, n, n).astype(dtype), out)
        put("add", out)
        for shape in ((n, m, 1), (1, n, m), (n, 1, m)):
            x, out = z.reshape(shape), np.empty(shape, dtype)
            reduced = np.empty((shape[0], shape[2]), dtype)
            for name in ("sum_axis", "max_axis", "min_axis"):
                getattr(reduce_axes, name)(x, reduced)
                put(name, reduced)
            for reverse in (False, True):
                reduce_axes.cumsum_axis(x, out, reverse)
                put("cumsum", out)
print(json.dumps([isa, digests]))
"""


def test_v3_and_v4_give_the_same_bits(run_python):
    built = {p.name for p in Path(kernels.__file__).parent.iterdir()}
    if x86_level() < 4 or not {"v3", "v4"} <= built:
        pytest.skip("needs a CPU of level x86-64-v4, and both builds")
    digests = {}
    for isa in ("v3", "v4"):
        done = run_python("-c", PROGRAM, FASTBP_ISA=isa)
        assert done.returncode == 0, done.stderr
        used, digests[isa] = json.loads(done.stdout)
        assert used == isa
    assert len(digests["v3"]) > 50
    assert digests["v3"] == digests["v4"]
