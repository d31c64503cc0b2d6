"""Random calls of kernels and of the engine, good ones and ones that do not fit: right, or refused by name.

A child process makes the calls, as a fault may end it. Each array lies between bytes that no call may change.
"""

import array as arrays_of_python
import contextlib
import faulthandler
import functools
import importlib
import inspect
import os
import pkgutil
import random
import re
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

if __name__ == "__main__":  # the child: without pytest, which makes the helpers known
    sys.path.append(str(Path(__file__).parents[1]))

from reference import REFERENCE

from fastbp import kernels
from fastbp.compiler import compile_graph
from fastbp.engine import random as engine_random
from fastbp.engine.buffers import Memory
from fastbp.engine.call import Call
from fastbp.engine.direct import Batches, Predictor
from fastbp.engine.epochs import evaluate, fit
from fastbp.engine.guard import Guard
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.program import Program
from fastbp.engine.run import Arrays, Run
from fastbp.engine.snapshot import Snapshot
from fastbp.engine.team import Team
from fastbp.graph import input_node, parameter_node
from fastbp.kernels import probe

REFUSALS = (ValueError, TypeError, IndexError, MemoryError, OverflowError)
INNER = re.compile(
    r"NoneType' object|has no attribute|unpack|unhashable|ambiguous|object is not|<lambda>"
)
LONGEST = 500  # characters of a message
LIMIT = 120  # seconds without an end of a round: it hangs
GUARD, PATTERN = 96, 0xA5  # bytes beside each array, and what they hold

# What stands for a name in a message: dense_rate says at once what its five choices may be; blocks are nbytes, numbers
# that memory cannot hold n; as many epochs as results has rows.
WORDS = {
    "n": "sizes of at least|numbers are more than memory can hold", "k": "sizes of at least", "m": "sizes of at least",
    "product": "forward, inputs, weights", "dtype": "float32 or float64", "nbytes": "blocks of",
    "epochs": "results: expected shape",
}  # fmt: skip


# ---------------------------------------------------------------- every kernel, and what it computes
# Shapes by letters: n, k, m; j is k + m; "*" any shape of about n * m numbers, "1" that or a single number, "~" what
# broadcasts to it. Outputs begin with ">"; "?" may be None; a tuple is a choice, of words or of numbers.

ACTIVATIONS = (None, "relu", "sigmoid", "tanh")
RATES, FLAG = (0.1, 0.5, 1.0), (False, True)
KINDS = ("float32", "float64")
UNARY = (
    "negative", "square", "sqrt", "exp", "log", "reciprocal", "sigmoid", "tanh", "relu", "log1p", "expm1", "sin", "cos",
    "arctan", "erf", "softplus", "absolute", "sign", "floor", "ceil", "single",
)  # fmt: skip
BINARY = (
    "add", "subtract", "multiply", "divide", "sigmoid_grad", "tanh_grad", "relu_grad", "squared_error", "bce",
    "bce_grad", "bce_with_logits", "power", "arctan2", "mod", "maximum", "minimum", "greater", "greater_equal", "equal",
    "not_equal", "ramp_grad",
)  # fmt: skip


def unary(name, x):
    return x.astype("f4") if name == "single" else REFERENCE[name](x)


def binary(name, a, b):
    a, b = np.broadcast_arrays(a, b)
    return np.arctan2(a, b) if name == "arctan2" else REFERENCE[name](a, b)


def places(index, size, wraps=False):
    """Floats as places, -1 where they are none."""
    good = (index == np.floor(index)) & (index >= (-size if wraps else 0)) & (index < size)
    whole = np.where(good, index, 0).astype(int)
    return np.where(good, whole + size * (whole < 0), -1)


def table(index, size, least=-(2**63)):
    """Indices as places, -1 where they name none; those out of range must have been refused."""
    assert ((index >= least) & (index < size)).all(), "an index out of range was accepted"
    return np.maximum(index, -1)


def taken(x, index, nothing):
    """Rows by place, those of `nothing` at -1."""
    return np.concatenate([x, np.full((1, *x.shape[1:]), nothing)])[index]


def put(out, index, g, keeps=False):
    """Rows added at places."""
    assert g.shape == (
        len(index),
        *out.shape[1:],
    )  # add.at itself ends the process for some that do not fit
    sums = np.concatenate([out if keeps else np.zeros_like(out), np.zeros((1, *out.shape[1:]))])
    np.add.at(sums, index, g)
    return sums[:-1]


def picked(x, y):
    """One number of each row."""
    return np.concatenate([x, np.full((len(x), 1), np.nan)], 1)[
        np.arange(len(x)), places(y, x.shape[1])
    ]


def softmax_with(z, y, scale):
    hot = REFERENCE["one_hot"](np.where(places(y, z.shape[1]) < 0, np.nan, y), z.shape[1])
    loss = np.logaddexp.reduce(z, axis=1, initial=-np.inf) - picked(z, y)
    return {"dz": (REFERENCE["softmax"](z) - hot) * scale, "return": loss.sum()}


def one_hot(y, classes):
    return REFERENCE["one_hot"](np.where(places(y, classes) < 0, np.nan, y), classes)


def momentum(v):
    speed = v.momentum * v.v + v.g
    ahead = v.g + v.momentum * speed if v.nesterov else speed
    return {"v": speed, "p": v.p - v.learning_rate * ahead}


def to_the(b, t):
    """b to a whole number, which is odd or even as it is: float64 would round it."""
    return np.float64(abs(b)) ** t * (-1 if b < 0 and t % 2 else 1)


def adam(v):
    m = v.beta_1 * v.m + (1 - v.beta_1) * v.g
    s = v.beta_2 * v.v + (1 - v.beta_2) * v.g**2
    first, second = 1 - to_the(v.beta_1, v.t), 1 - to_the(v.beta_2, v.t)
    step, scale = v.learning_rate / first, 1 / np.sqrt(second)
    return {"m": m, "v": s, "p": v.p - step * m / (scale * np.sqrt(s) + v.epsilon)}


def accumulated(v, sums):
    return sums + v.out if v.accumulate else sums


def first_bad(x):
    bad = np.flatnonzero(~np.isfinite(x.ravel()))
    return int(bad[0]) if bad.size else -1


def along(x, index, nothing):
    wide = np.concatenate([x, np.full((len(x), 1), nothing)], 1)
    return np.take_along_axis(wide, places(index, x.shape[1]) % wide.shape[1], 1)


def put_along(g, index):
    out = np.zeros((len(g), g.shape[1] + 1))
    np.add.at(out, (np.arange(len(g))[:, None], places(index, g.shape[1])), g)
    return out[:, :-1]


def backward(name):
    return {"dy": "*", "y": "*", ">dx": "*"}, lambda v: {"dx": REFERENCE[name](v.dy, v.y)}


def forward(name):
    return {"x": "*", ">out": "*"}, lambda v: {"out": REFERENCE[name](v.x)}


def loss(name, p, out):
    return {p: "*", "y": "*", f">{out}": "*"}, lambda v: {out: REFERENCE[name](vars(v)[p], v.y)}


def with_logits(v, scale=1.0):
    return (REFERENCE["sigmoid"](v.z) - v.y) * scale


def extreme(function, start):
    return {"x": "nkm", ">out": "nm"}, lambda v: {"out": function(v.x, axis=1, initial=start)}


KERNELS = {
    "dense.dense_forward": (
        {"x": "nk", "weight": "km", "bias": "m?", ">out": "nm", "activation": ACTIVATIONS},
        lambda v: {"out": REFERENCE[v.activation or "identity"](v.x @ v.weight + (0 if v.bias is None else v.bias))},
    ),
    "dense.dense_backward": (
        {"x": "nk", "weight": "km", "dz": "nm", ">dx": "nk?", ">dweight": "km", ">dbias": "m?"},
        lambda v: {"dx": v.dz @ v.weight.T, "dweight": v.x.T @ v.dz, "dbias": v.dz.sum(0)},
    ),
    "losses.bce_forward": loss("bce", "p", "out"),
    "losses.bce_backward": loss("bce_grad", "p", "dp"),
    "losses.bce_with_logits_forward": loss("bce_with_logits", "z", "out"),
    "losses.bce_with_logits_backward": ({"z": "*", "y": "*", ">dz": "*"}, lambda v: {"dz": with_logits(v)}),
    "losses.bce_with_logits": (
        {"z": "*", "y": "*", ">dz": "*", "scale": RATES},
        lambda v: {"dz": with_logits(v, v.scale), "return": REFERENCE["bce_with_logits"](v.z, v.y).sum()},
    ),
    "losses.mse": (
        {"p": "*", "y": "*", ">dp": "*", "scale": RATES},
        lambda v: {"dp": (v.p - v.y) * v.scale, "return": ((v.p - v.y) ** 2).sum()},
    ),
    "losses.softmax_forward": ({"z": "nm", ">out": "nm"}, lambda v: {"out": REFERENCE["softmax"](v.z)}),
    "losses.cross_entropy_forward": (
        {"p": "nm", "y": "classes", ">out": "n"}, lambda v: {"out": -np.log(picked(v.p, v.y))},
    ),
    "losses.cross_entropy_with_logits_forward": (
        {"z": "nm", "y": "classes", ">out": "n"},
        lambda v: {"out": np.logaddexp.reduce(v.z, axis=1, initial=-np.inf) - picked(v.z, v.y)},
    ),
    "losses.softmax_cross_entropy": (
        {"z": "nm", "y": "classes", ">dz": "nm", "scale": RATES}, lambda v: softmax_with(v.z, v.y, v.scale),
    ),
    "losses.class_hits": (
        {"p": "nm", "y": "classes", ">out": "n"}, lambda v: {"out": REFERENCE["class_hits"](v.p, v.y)},
    ),
    "losses.one_hot": ({"y": "classes", ">out": "nm"}, lambda v: {"out": one_hot(v.y, v.out.shape[1])}),
    "moves.gather_elements": (
        {"x": "*", "index": "elements of x", ">out": "n"},
        lambda v: {"out": taken(v.x.ravel(), table(v.index, v.x.size), 0)},
    ),
    "moves.scatter_elements": (
        {"g": "n", "index": "elements of out", ">out": "*", "accumulate": FLAG},
        lambda v: {"out": put(v.out.ravel(), table(v.index, v.out.size), v.g, v.accumulate).reshape(v.out.shape)},
    ),
    "moves.gather_columns": (
        {"x": "nm", "index": "columns", ">out": "nk"},
        lambda v: {"out": taken(v.x.T, table(v.index, v.x.shape[1]), 0).T},
    ),
    "moves.scatter_columns": (
        {"g": "nk", "index": "columns", ">out": "nm"},
        lambda v: {"out": put(v.out.T, table(v.index, v.out.shape[1]), v.g.T).T},
    ),
    "moves.take_rows": (
        {"x": "km", "index": "rows", ">out": "nm"},
        lambda v: {"out": taken(v.x, places(v.index, len(v.x), True), np.nan)},
    ),
    "moves.add_rows": (
        {"g": "nm", "index": "rows", ">out": "km", "accumulate": FLAG},
        lambda v: {"out": put(v.out, places(v.index, len(v.out), True), v.g, v.accumulate)},
    ),
    "moves.join_columns": (
        {"a": "nk", "b": "nm", ">out": "nj"}, lambda v: {"out": np.concatenate([v.a, v.b], 1)},
    ),
    "rows.gather_rows": (
        {"x": "km", "index": "whole rows", ">out": "nm"}, lambda v: {"out": v.x[table(v.index, len(v.x), 0)]},
    ),
    "sorting.argsort": ({"x": "nm", ">out": "nm"}, lambda v: {"out": np.argsort(v.x, axis=1, kind="stable")}),
    "sorting.take_along": (
        {"x": "nm", "index": "along", ">out": "nm"}, lambda v: {"out": along(v.x, v.index, np.nan)},
    ),
    "sorting.put_along": ({"g": "nm", "index": "along", ">out": "nm"}, lambda v: {"out": put_along(v.g, v.index)}),
    "reduce_axes.sum_axis": ({"x": "nkm", ">out": "nm"}, lambda v: {"out": v.x.sum(1)}),
    "reduce_axes.max_axis": extreme(np.max, -np.inf),
    "reduce_axes.min_axis": extreme(np.min, np.inf),
    "reduce_axes.cumsum_axis": (
        {"x": "nkm", ">out": "nkm", "reverse": FLAG},
        lambda v: {"out": np.cumsum(v.x[:, ::-1], 1)[:, ::-1] if v.reverse else np.cumsum(v.x, 1)},
    ),
    "reductions.total": ({"x": "*"}, lambda v: {"return": v.x.sum()}),
    "reductions.first_nonfinite": ({"x": "*"}, lambda v: {"return": first_bad(v.x)}),
    "reductions.column_sums": (
        {"x": "nm", ">out": "m", "accumulate": FLAG}, lambda v: {"out": accumulated(v, v.x.sum(0))},
    ),
    "reductions.row_sums": ({"x": "nm", ">out": "n"}, lambda v: {"out": v.x.sum(1)}),
    "updates.sgd": ({">p": "*", "g": "*", "learning_rate": RATES}, lambda v: {"p": v.p - v.learning_rate * v.g}),
    "updates.momentum": (
        {">p": "*", ">v": "*", "g": "*", "learning_rate": RATES, "momentum": (0.5, 0.9), "nesterov": FLAG}, momentum,
    ),
    "updates.adam": (
        {
            ">p": "*", ">m": "*", ">v": "*", "g": "*", "learning_rate": RATES, "t": (1, 2, 10, 2**31, 2**63 - 1),
            "beta_1": (0.5, 0.9), "beta_2": (0.9, 0.999), "epsilon": (1e-8, 1e-3),
        },
        adam,
    ),
    "elementwise.unary": (
        {"name": UNARY, "x": "*", ">out": "*"}, lambda v: {"out": unary(str(v.name), v.x)},
    ),
    "elementwise.binary": (
        {"name": BINARY, "a": "~", "b": "~", ">out": "~out"},
        lambda v: {"out": np.broadcast_to(binary(str(v.name), v.a, v.b), v.out.shape)},
    ),
    "elementwise.binary_hits": (
        {"p": "*", "y": "*", ">out": "*", "threshold": (0.25, 0.5)},
        lambda v: {"out": REFERENCE["binary_hits"](v.p, v.y, v.threshold)},
    ),
    "elementwise.where": (
        {"c": "*", "a": "1", "b": "1", ">out": "*"},
        lambda v: {"out": np.where(v.c != 0, *(x if x.shape == v.c.shape else x.ravel()[0] for x in (v.a, v.b)))},
    ),
    "elementwise.sigmoid_forward": forward("sigmoid"),
    "elementwise.sigmoid_backward": backward("sigmoid_grad"),
    "elementwise.tanh_forward": forward("tanh"),
    "elementwise.tanh_backward": backward("tanh_grad"),
    "elementwise.relu_forward": forward("relu"),
    "elementwise.relu_backward": backward("relu_grad"),
    "probe.fma_peak": ({"dtype": KINDS, "seconds": (0.0, -1.0)}, lambda v: {"above": 0}),
    "probe.bandwidth": (
        {"nbytes": (4096, 5000, 1 << 16), "copies": FLAG, "seconds": (0.0, -1.0)}, lambda v: {"above": 0},
    ),
    "probe.dense_rate": (
        {
            "product": ("forward", "inputs", "weights"), "n": (8, 33), "k": (5, 40), "m": (3, 65),
            "dtype": KINDS, "seconds": (0.0, -1.0),
        },
        lambda v: {"above": 0},
    ),
}  # fmt: skip
FUNCTIONS = {
    f"{name}.{function.__name__}": function
    for name in sorted({module.name for module in pkgutil.iter_modules(kernels.__path__)})
    for module in [importlib.import_module(f"fastbp.kernels.{name}")]
    for function in vars(module).values()
    if callable(function) and getattr(function, "__module__", "") == module.__name__
    if not function.__name__.startswith("_")
}
INDICES = ("classes", "along", "rows", "columns", "whole rows", "elements of x", "elements of out")
WHOLE = ("t", "n", "k", "m", "nbytes")
ROUNDED = ("learning_rate", "scale", "threshold", "momentum", "epsilon")  # to the arrays' dtype
# Where an operand of the output's shape may be the output; elsewhere only the memory around is looked at.
IN_PLACE = re.compile(r"elementwise\..*|reduce_axes\.cumsum_axis|sorting\.argsort")
UNSIGNED = re.compile(r"losses\..*|updates\..*|elementwise\.(binary_hits|sigmoid|tanh).*")


# ---------------------------------------------------------------- a good call

SMALL = (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33)
LARGER = (63, 64, 65, 100, 255, 256, 257)
LARGE = (511, 512, 513, 1023, 1024, 1025, 2048, 2049, 4095, 4096, 4097, 6145)


class Held:
    """An array within bytes of a pattern, and what they were."""

    def __init__(self, value, array=None, raw=None, first=0):
        self.value, self.array, self.raw = value, value if array is None else array, raw
        self.first, self.last = first, first + self.array.nbytes

    @classmethod
    def of(cls, numbers, rng):
        """The same numbers, at a place that is aligned to their size only."""
        first = GUARD + numbers.itemsize * int(rng.integers(0, 9))
        raw = np.full(first + numbers.nbytes + GUARD + 64, PATTERN, np.uint8)
        raw = raw[-raw.ctypes.data % 64 :]
        inner = raw[first : first + numbers.nbytes].view(numbers.dtype).reshape(numbers.shape)
        inner[...] = numbers
        return cls(inner, raw=raw, first=first)


def sizes_of(r):
    """Three sizes: small ones, with one that is larger now and then."""
    sizes = [r.choice(SMALL) for _ in range(3)]
    if r.random() < 0.4:
        sizes[r.randrange(3)] = r.choice(LARGER)
    elif r.random() < 0.15:
        sizes = [min(size, 9) for size in sizes]
        sizes[r.randrange(3)] = r.choice(LARGE)
    return dict(zip("nkm", sizes, strict=True))


def shape_of(r, n, m):
    return r.choice([(n, m), (n * m,), (n,), (), (1, n, 1, m), (m, 1), (n, m)])


def numbers_of(name, what, sizes, shapes, dtype, rng, r):
    """What fills an array."""
    n, k, m = sizes["n"], sizes["k"], sizes["m"]
    if what == "classes":
        return rng.integers(-(r.random() < 0.2), m + (r.random() < 0.2) or 1, n).astype(dtype)
    if what == "along":
        return rng.integers(0, max(m, 1), (n, m)).astype(dtype)
    if what == "rows":
        return rng.integers(-k, max(k, 1), n).astype(dtype)
    if what == "columns" and r.random() < 0.3 and k <= m:  # a slice
        return np.arange(k, dtype=np.int64) + r.randint(0, m - k)
    if what in ("elements of x", "elements of out", "columns", "whole rows"):
        size = {"columns": m, "whole rows": k}.get(what, int(np.prod(shapes["*"])))
        return rng.integers(
            0 if what == "whole rows" else -1, max(size, 1), k if what == "columns" else n
        )
    if what in "*1~":
        shape = shapes[what] if what == "*" else r.choice(shapes[what])
    else:
        shape = shapes["~out"] if what == "~out" else tuple(sizes[x] for x in what)
    x = rng.uniform(0.05, 0.95, shape)
    if not UNSIGNED.fullmatch(name):
        x = x * rng.choice([-3.0, 3.0], shape)
    return np.asarray(x if r.random() < 0.7 else np.round(x * 4) / 4 + 0.0, dtype)


def good_call(name, r):
    """The arguments of a call that fits: held arrays, and scalars; and whether some of it is empty."""
    rng, sizes = np.random.default_rng(r.getrandbits(32)), sizes_of(r)
    sizes["j"] = sizes["k"] + sizes["m"]
    n, m, dtype = sizes["n"], sizes["m"], r.choice(KINDS)
    shapes = {"*": shape_of(r, n, m), "~out": r.choice([(n, m), (n, m), (m,), ()])}
    shapes["1"] = [shapes["*"], shapes["*"], (), (1,)]
    shapes["~"] = [shapes["~out"], (), *[(1,)] * (shapes["~out"] != ())]
    shapes["~"] += [(n, 1), (1, m), (m,), (n, m), (1, 1)] if len(shapes["~out"]) == 2 else []
    made = {}
    for key, what in KERNELS[name][0].items():
        parameter = key.lstrip(">")
        if isinstance(what, tuple):
            made[parameter] = r.choice(what)
        elif what[-1] == "?" and r.random() < 0.2:
            made[parameter] = None
        else:
            what = what.rstrip("?")
            made[parameter] = Held.of(numbers_of(name, what, sizes, shapes, dtype, rng, r), rng)
    return made, 0 in sizes.values()


# ---------------------------------------------------------------- what does not fit

NUMBERS = (
    float("nan"), float("inf"), -float("inf"), -0.0, 0, 2**31, 2**63, 2**64, -1, -(2**63), 10**400, -(10**400), True,
    1.5, "a", None, [], (), b"1", 1j, {}, object(), "x" * 2000, np.float32(0.5), np.int8(1), np.array([0.5, 1.0]),
)  # fmt: skip
NAMES = (
    "", "a", None, 3, float("nan"), b"exp", [], {}, ("relu",), "x" * 2000, "exp\0", 10**400, ["add"], object(),
    np.array(["exp", "log"]),
)  # fmt: skip
WIDE = [(f"number_{i}", "f8") for i in range(80)]  # a dtype of many words
DTYPES = (
    "f2", "f4", "f8", "g", "c8", "c16", "?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">f4", ">f8", ">i8", "O",
    "S3", "S0", "U2", "V3", "V0", "M8[s]", "m8[ms]", "f4,i4", [("a", "f8", (2,))], WIDE, "q",
    {"names": [], "formats": [], "itemsize": 8},
)  # fmt: skip


def of_other_dtype(r, held, rng):
    dtype = np.dtype(r.choice(DTYPES))
    dtype = np.dtype("O") if dtype.itemsize * held.array.size > 1 << 18 else dtype
    kind = (
        "between" if dtype in (np.float32, np.float64) and held.array.dtype.kind == "f" else "own"
    )
    return Held(np.zeros(held.array.shape, dtype)), kind


def swapped(r, held, rng):
    return Held(held.array.astype(held.array.dtype.newbyteorder())), "own"


def of_other_shape(r, held, rng):
    shape, at = list(held.array.shape), r.randrange(held.array.ndim + 1)
    change = r.randrange(6)
    if change == 0 or not shape:
        shape.insert(at, r.choice([0, 1, 1, 2]))
    elif change == 1:
        shape.pop(at - 1)
    elif change == 2:
        shape[at - 1] += r.choice([-1, 1]) if shape[at - 1] else 1
    elif change == 3:
        shape[at - 1] = r.choice([0, 1, 2, 40])
    elif change == 4:
        shape = shape[::-1]
    else:
        shape = [1] * r.choice([0, 3, 64 - len(shape)]) + shape
    return Held.of(np.resize(held.array, shape), rng), "between"


def huge_of_nothing(r, held, rng):
    shape = r.choice(
        [(1 << 50, 0), (0, 1 << 50), (1 << 58, 0), (1 << 50, 0, 3), (3, 0, 1 << 50), (0,)]
    )
    return Held(np.empty(shape, held.array.dtype)), "between"


def of_no_stride(r, held, rng):
    one, shape = (
        np.ones(1, held.array.dtype),
        r.choice([(1 << 40,), (1 << 20, 1 << 20), held.array.shape]),
    )
    wide = np.lib.stride_tricks.as_strided(one, shape, [0] * len(shape), writeable=r.random() < 0.5)
    return Held(wide, one if wide.size > held.array.size else wide), "own"


def strided(r, held, rng):
    """Reversed, with gaps, in Fortran's order, between the rows of a wider array."""
    x, form = held.array, r.randrange(4)
    if form == 3 and x.ndim:
        around = Held.of(np.zeros((*x.shape[:-1], x.shape[-1] + 3), x.dtype), rng)
        inner = around.array[..., 1 : 1 + x.shape[-1]]
    elif form == 2:
        around = Held.of(np.zeros(x.shape[::-1], x.dtype), rng)
        inner = around.array.T
    else:
        around = Held.of(np.zeros((2 * x.shape[0], *x.shape[1:]) if x.ndim else (), x.dtype), rng)
        inner = around.array[:: -2 if form else 2] if x.ndim else around.array
    inner[...] = x
    begin = around.first + inner.ctypes.data - around.array.ctypes.data
    made = Held(inner, raw=around.raw, first=begin)
    made.last = made.last if inner.flags.c_contiguous else made.first  # refused: nothing may change
    return made, "own"


def misaligned(r, held, rng):
    x = held.array
    raw = np.full(x.nbytes + 2 * GUARD, PATTERN, np.uint8)
    inner = raw[GUARD + 1 : GUARD + 1 + x.nbytes].view(x.dtype).reshape(x.shape)
    inner[...] = x
    return Held(inner, raw=raw, first=GUARD + 1), "own"


def read_only(r, held, rng):
    made = Held.of(held.array, rng)
    made.value = made.array.view()
    made.value.flags.writeable = False
    return made, "own"


def another_object(r, held, rng):
    x = held.array
    flat = arrays_of_python.array(x.dtype.char if x.dtype.kind == "f" else "q", x.ravel().tolist())
    released = memoryview(np.ones(3))
    released.release()
    kind, made = r.choice([
        ("own", x.tobytes()), ("own", x.tolist()), ("own", None), ("own", "index"), ("own", 0.5), ("own", object()),
        ("own", released), ("own", {}), ("own", np.float64), ("own", iter([])), ("own", 10**400), ("own", [[], [1]]),
        ("between", memoryview(x)), ("between", bytearray(x.tobytes())), ("between", flat), ("between", x[()]),
        ("between", np.ma.masked_array(x, np.ones(x.shape, bool))), ("between", memoryview(x).toreadonly()),
    ])  # fmt: skip
    if made is flat or isinstance(made, np.generic):
        return Held(made, np.asarray(memoryview(made))), kind
    if isinstance(made, (memoryview, np.ndarray)) and made is not released:
        return Held(made, x, held.raw, held.first), kind
    return made, kind


def wild_indices(r, held, rng):
    """Some of them out of range: one too many, -1, and the extremes."""
    made = Held.of(held.array, rng)
    info = (
        np.finfo(made.array.dtype) if made.array.dtype.kind == "f" else np.iinfo(made.array.dtype)
    )
    most = int(np.max(made.array, initial=0))
    bad = [most + 1, most + 2, -1, -most - 1, -most - 2, info.max, info.min, 2**31, 2**32, 2**53]
    if made.array.dtype.kind == "f":
        bad += [np.nan, np.inf, -np.inf, 0.5, -0.5, -1e-30, info.tiny, 2.0**63, 2.0**64, -(2.0**63)]
    for place in range(made.array.size):
        if r.random() < 0.3 and place < 50:
            made.array.flat[place] = r.choice(bad)
    return made, "own"


ODD = (
    of_other_dtype, of_other_dtype, swapped, of_other_shape, of_other_shape, huge_of_nothing, of_no_stride, strided,
    strided, misaligned, read_only, another_object, another_object,
)  # fmt: skip


class Changed:
    """What was changed in a call, and so may be named by a refusal."""

    def __init__(self):
        self.names, self.loose, self.notes = set(), False, []

    def array(self, made, name, kind, note):
        self.names |= (
            {key for key in made if isinstance(made[key], Held)} if kind == "between" else set()
        )
        self.names.add(name)
        self.notes.append(f"{name}: {note}")


def change(name, made, r):
    """Change one or two arguments of a call in place; what they are."""
    rng, changed = np.random.default_rng(r.getrandbits(32)), Changed()
    arrays = [key for key in made if isinstance(made[key], Held)]
    for key in r.sample(list(made), min(len(made), r.choice([1, 1, 2]))):
        if key not in arrays:
            changed.array(made, key, "own", "another scalar")
            known = KERNELS[name][0].get(key, ())
            choice = NAMES if any(isinstance(word, str) for word in known) else NUMBERS
            made[key] = r.choice([x for x in choice if fits_a_probe(name, key, x)])
            continue
        if KERNELS[name][0].get(key) in INDICES and r.random() < 0.5:
            odd = wild_indices
        elif len(arrays) > 1 and r.random() < 0.12 and not changed.names:
            overlap(name, made, key, arrays, changed, r)
            break
        else:
            odd = r.choice(ODD)
        made[key], kind = odd(r, made[key], rng)
        changed.array(made, key, kind, odd.__name__)
    return changed


def fits_a_probe(name, key, value):
    """Not what a probe does for long, or with all memory."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return True
    if not name.startswith("probe.") or key == "copies":
        return True
    return not (0 < number < float("inf") if key == "seconds" else 1 < number < 2**62)


def overlap(name, made, key, arrays, changed, r):
    """Let an argument lie where another one lies, or one number further."""
    beside = r.choice([x for x in arrays if x != key])
    other = made[beside]
    mine = made[key].array
    if not isinstance(other, Held) or other.raw is None:
        return
    first = other.first + r.choice([0, 0, mine.itemsize])
    if first + mine.nbytes + GUARD > other.raw.size or mine.dtype != other.array.dtype:
        return
    inner = other.raw[first : first + mine.nbytes].view(mine.dtype).reshape(mine.shape)
    if inner.flags.aligned:
        same = first == other.first and mine.shape == other.array.shape
        if f">{key}" in KERNELS[name][0] or f">{beside}" in KERNELS[name][0]:
            changed.loose |= not (same and IN_PLACE.fullmatch(name))
        made[key] = Held(inner, raw=other.raw, first=first)
        changed.array(made, key, "between", "overlaps")


# ---------------------------------------------------------------- the judgement


def names_in(text, names):
    words = [rf"\b{name}\b" for name in names] + [WORDS[name] for name in names if name in WORDS]
    return any(re.search(word, text) for word in words)


def judge_refusal(error, names):
    """A refusal is of few classes, names an argument, and is short."""
    text = str(error)
    assert type(error) in REFUSALS, f"{type(error).__name__}: {text[:LONGEST]}"
    assert not INNER.search(text), f"an inner text: {text[:LONGEST]}"
    assert len(text) < LONGEST, f"{len(text)} characters: {text[:LONGEST]}"
    assert names_in(text, names), f"names none of {sorted(names)}: {text}"


def as_numbers(value):
    """What NumPy makes of an argument, in float64; scalars as the kernel's dtype has them."""
    if isinstance(value, Held):
        x = np.array(value.array)
        assert x.dtype in (np.float32, np.float64, np.int64), f"an array of {x.dtype}"
        return x.astype(np.float64) if x.dtype.kind == "f" else x
    if isinstance(value, (bytearray, arrays_of_python.array, np.ndarray, np.generic)):
        x = np.asarray(memoryview(value))
        return x.astype(np.float64) if x.dtype.kind == "f" else x
    return value


def numbers_before(name, made):
    """The arguments as the oracle takes them, as they are before the call."""
    spec, v = KERNELS[name][0], {key: as_numbers(value) for key, value in made.items()}
    for key, choice in spec.items():
        if isinstance(choice, tuple) and not isinstance(choice[0], (str, type(None))):
            v[key] = bool(v[key]) if choice is FLAG else v[key] if key in WHOLE else float(v[key])
    single = any(isinstance(x, Held) and x.array.dtype == np.float32 for x in made.values())
    with np.errstate(all="ignore"):
        for key in ROUNDED if single else ():
            if key in v:
                v[key] = float(np.float32(v[key]))
    return SimpleNamespace(**v)


def close(found, wanted):
    """Right up to rounding."""
    dtype = found.dtype
    wanted = np.asarray(wanted, np.float64)
    finite = np.abs(wanted[np.isfinite(wanted)])
    eps = 3e-4 if dtype == np.float32 else 1e-8
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(
            found,
            wanted.astype(dtype),
            rtol=eps,
            atol=eps * (0.01 + finite.max(initial=0) * 0.1),
            equal_nan=True,
        )


def look_around(before, allowed):
    """No byte has changed, except within what may be written."""
    for key, (raw, was) in before.items():
        now = raw.copy()
        for place in allowed:
            if place.raw is raw and place.last > place.first:
                now[place.first : place.last] = was[place.first : place.last]
        assert np.array_equal(now, was), (
            f"bytes at {np.flatnonzero(now != was)[:8]} around {key} changed"
        )


def attempt(name, made, r, names=(), loose=False):
    """Make a call and judge what becomes of it; whether it was accepted."""
    written = [key[1:] for key in KERNELS[name][0] if key[0] == ">"]
    held = {key: x for key, x in made.items() if isinstance(x, Held)}
    before = {key: (x.raw, x.raw.copy()) for key, x in held.items() if x.raw is not None}
    loose |= any(max(x.array.shape, default=0) > 1 << 30 for x in held.values())  # of no elements
    numbers = trouble = None
    try:
        numbers = None if loose else numbers_before(name, made)
    except Exception as error:  # what is no number must be refused
        trouble = error
    values = {key: x.value if isinstance(x, Held) else x for key, x in made.items()}
    last = r.randrange(len(values) + 1)  # by position, then by name
    by_name = dict(list(values.items())[last:])
    result, error = outcome(FUNCTIONS[name], list(values.values())[:last], by_name)
    look_around(before, [] if error else [held[key] for key in written if key in held])
    if error:
        assert names, f"a good call was refused: {type(error).__name__}: {error}"
        judge_refusal(error, names)
        return False
    assert trouble is None, f"accepted, though {type(trouble).__name__}: {trouble}"
    if not loose:
        judge_numbers(name, numbers, result, held, written)
    return True


def outcome(function, by_position, by_name):
    """What a call returns, and what it raises."""
    try:
        return function(*by_position, **by_name), None
    except Exception as error:
        return None, error


def judge_numbers(name, numbers, result, held, written):
    """What was computed is what the oracle computes."""
    with np.errstate(all="ignore"):
        wanted = KERNELS[name][1](numbers)
    if "above" in wanted:
        assert result > wanted["above"]
        return
    returned = wanted.pop("return", None)
    if returned is None:
        assert result is None
    else:
        close(np.asarray(result, next(iter(held.values())).array.dtype), returned)
    for key in written:
        if key in held:
            close(held[key].array, wanted[key])


def kernel_round(r, names=None):
    """A good call of a kernel, then some that are not."""
    name = r.choice(names or list(KERNELS))
    made, empty = good_call(name, r)
    arrays = {key for key in made if isinstance(made[key], Held)}
    done = attempt(name, made, r, arrays if empty else ())
    index = next((made[key] for key, what in KERNELS[name][0].items() if what in INDICES), None)
    if index is not None and index.array.size and done and r.random() < 0.1:
        race(name, made, index, r)
    for _ in range(3 if done else 1):
        made, empty = good_call(name, r)
        changed = change(name, made, r)
        if not changed.names:
            continue
        names = changed.names | (
            {key for key in made if isinstance(made[key], Held)} if empty else set()
        )
        try:
            attempt(name, made, r, names, changed.loose)
        except AssertionError as error:
            raise AssertionError(f"{name}, {shown(made)}, {changed.notes}: {error}") from error


def shown(made):
    """Arguments in few words."""
    return {
        key: f"{x.array.dtype.str}{x.array.shape}"[:80] if isinstance(x, Held) else repr(x)[:60]
        for key, x in made.items()
    }


def race(name, made, held, r):
    """Another thread writes to the indices meanwhile: each call is through, or names them."""
    index = held.array
    good, stop = index.copy(), threading.Event()
    bad = np.full(index.shape, r.choice([2**31, 2**40, -5, 0]), index.dtype)

    def write():
        while not stop.is_set():
            np.copyto(index, bad)
            np.copyto(index, good)

    written = [made[key[1:]] for key in KERNELS[name][0] if key[0] == ">"]
    before = {key: (x.raw, x.raw.copy()) for key, x in made.items() if isinstance(x, Held)}
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(30):
            try:
                FUNCTIONS[name](
                    **{key: x.value if isinstance(x, Held) else x for key, x in made.items()}
                )
            except IndexError as error:
                judge_refusal(error, {"index"})
    finally:
        stop.set()
        writer.join()
    look_around(before, [*written, held])


# ---------------------------------------------------------------- the engine


@functools.cache
def training_program(rows, update, dtype):
    """The loss of a line."""
    x, y = input_node(0, (rows, 3), dtype, "x"), input_node(1, (rows, 1), dtype, "y")
    w = parameter_node(0, (3, 1), dtype)
    loss = ((x @ w - y) ** 2).mean()
    layout = Layout.of([(3, 1)], dtype)
    return compile_graph(
        {"loss": loss}, [w], [x, y], layout=layout, differentiate="loss", update=update
    )


@functools.cache
def forward_program(rows, dtype):
    x, w = input_node(0, (rows, 3), dtype, "x"), parameter_node(0, (3, 2), dtype)
    return compile_graph({"output": x @ w}, [w], [x], layout=Layout.of([(3, 2)], dtype))


class Engine:
    """What good calls of the engine are made of: a batch, and blocks of memory between guards."""

    def __init__(self, r):
        self.rng = np.random.default_rng(r.getrandbits(32))
        self.rows, self.dtype = r.choice([1, 2, 5, 16, 33]), r.choice(KINDS)
        self.x, self.y = self.held((self.rows, 3)), self.held((self.rows, 1))
        self.training, self.hyper = self.held(48), Held.of(np.full(16, 0.5), self.rng)
        self.values = self.held(16)
        self.program = training_program(self.rows, r.choice([None, "sgd"]), self.dtype)
        self.forward = forward_program(self.rows, self.dtype)

    def held(self, shape):
        return Held.of(self.rng.uniform(-1, 1, shape).astype(self.dtype), self.rng)

    def run(self, program):
        """A run of copies of the blocks."""
        return Run(program, *(x.array.copy() for x in (self.values, self.training, self.hyper)))

    def mean(self):
        w = self.values.array[:3].astype("f8")
        return ((self.x.array @ w - self.y.array[:, 0]) ** 2).mean()

    def arguments(self):
        """Those of a program without steps."""
        return {
            "dtype": self.dtype, "rows": 4, "block": 4, "groups": 1, "blocked": True, "steps": [], "workspace": 16,
            "constants": [(0, [1.0])], "inputs": [("x", 3)], "outputs": [("loss", 0, 0, ())], "parameters": 0,
            "updates": False, "gradients": 0,
        }  # fmt: skip

    def call(self):
        kind, layout = np.dtype(self.dtype), Layout.of([(3, 1)], self.dtype)
        program = training_program(self.rows, None, self.dtype)
        arguments = [
            (0, 0, (self.rows, 3), kind),
            (1, 0, (self.rows, 1), kind),
            (-1, 0, (3, 1), kind),
        ]
        return {
            "program": program,
            "layout": layout,
            "results": layout,
            "arguments": arguments,
            "dtypes": [kind],
        }

    def batches(self):
        made = Batches(Guard(), 0)
        made.keep(self.run(training_program(self.rows, None, self.dtype)), {})
        return made


def near(found, wanted):
    """Equal, up to the rounding of float32."""
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def epochs_of(e, r):
    """A training without updates: each epoch's loss is that of the batch."""
    epochs = r.choice([1, 2, 3])
    made = {
        "run": e.run(training_program(e.rows, None, e.dtype)), "last": None, "arrays": (e.x, e.y), "epochs": epochs,
        "shuffle": True, "seed": 3, "first_shuffle": 0, "results": Held.of(np.zeros((epochs, 1)), e.rng),
        "snapshot": None, "look": (), "share": None,
    }  # fmt: skip
    return fit, made, {"results"}, lambda out, m: near(m["results"].array, e.mean())


def shuffled(e, r):
    index = Held.of(np.zeros(r.choice([0, 1, 2, 17, 100]), np.int64), e.rng)
    return (
        engine_random.permutation,
        {"index": index, "seed": 3, "stream": 0},
        {"index"},
        in_any_order,
    )


def in_any_order(out, made):
    index = made["index"].array
    np.testing.assert_array_equal(np.sort(index), np.arange(index.size))


def between(out, made):
    low, high = float(made["low"]), float(made["high"])
    if np.isfinite([low, high]).all() and low <= high:
        assert ((made["out"].array >= low) & (made["out"].array <= high)).all()


# A function, its arguments, which of them are written, and what must hold for those that are accepted.
CALLS = {
    "Program": lambda e, r: (Program, e.arguments(), set(), lambda out, m: str(out) + str(out.run_memory)),
    "Run": lambda e, r: (
        Run,
        {
            "program": e.program, "values": e.values, "training": e.training, "hyper": e.hyper, "flushes": True,
        },
        set(), lambda out, m: out.results,
    ),
    "Run.step": lambda e, r: (
        e.run(e.program).step, {"arrays": (e.x, e.y), "share": None, "guards": False}, set(),
        lambda out, m: near(out, e.mean()),
    ),
    "Run.forward": lambda e, r: (
        e.run(e.forward).forward, {"arrays": (e.x,), "out": e.held((e.rows, 2)), "share": None}, {"out"},
        lambda out, m: near(m["out"].array.reshape(-1, 2), e.x.array @ e.values.array[:6].reshape(3, 2)),
    ),
    "fit": epochs_of,
    "evaluate": lambda e, r: (
        evaluate,
        {"run": e.run(training_program(e.rows, None, e.dtype)), "last": None, "arrays": (e.x, e.y), "share": None},
        set(), lambda out, m: near(out, [e.mean()]),
    ),
    "permutation": shuffled,
    "uniform": lambda e, r: (
        engine_random.uniform, {"out": e.held(r.choice(SMALL)), "seed": 3, "stream": 0, "low": -1.0, "high": 1.0},
        {"out"}, between,
    ),
    "Snapshot": lambda e, r: (
        Snapshot, {"values": e.values, "training": e.training, "hyper": e.hyper}, {"values", "training", "hyper"},
        lambda out, m: out.restore(),
    ),
    "Memory": lambda e, r: (
        lambda array: Memory(array, "array", e.dtype, 1, False), {"array": e.x}, set(), lambda out, m: None,
    ),
    "Arrays": lambda e, r: (
        Arrays, {"run": e.run(e.program), "arrays": (e.x, e.y)}, set(), lambda out, m: None,
    ),
    "Call": lambda e, r: (Call, e.call(), set(), lambda out, m: None),
    "Call()": lambda e, r: (
        Call(**e.call()), {"leaves": [e.x, e.y, e.held((3, 1))]}, set(),
        lambda out, m: out is None or near(out[0].shape, (3, 1)),
    ),
    "Team": lambda e, r: (Team, {"lanes": 2, "share": None}, set(), lambda out, m: out.__exit__()),
    "Predictor": lambda e, r: (Predictor, {"guard": Guard()}, set(), lambda out, m: out.runs),
    "Batches": lambda e, r: (Batches, {"guard": Guard(), "classes": 0}, set(), lambda out, m: None),
    "Batches.keep": lambda e, r: (
        Batches(Guard(), 0).keep, {"run": e.run(e.program), "views": {}}, set(), lambda out, m: None,
    ),
    "Batches.step": lambda e, r: (
        e.batches().step, {"x": e.x, "y": e.y}, set(), lambda out, m: out is None or near(out, e.mean()),
    ),
    "Batches.gradients": lambda e, r: (
        e.batches().gradients, {"x": e.x, "y": e.y}, set(), lambda out, m: out is None or near(out[0], e.mean()),
    ),
    "aligned_zeros": lambda e, r: (
        functools.partial(aligned_zeros, dtype=e.dtype), {"n": 5}, set(), lambda out, m: near(out[:9], 0),
    ),
}  # fmt: skip


def engine_round(r):
    """A good call, then one with an argument that is not."""
    name = r.choice(list(CALLS))
    for odd in (False, True):
        e = Engine(r)
        function, made, written, right = CALLS[name](e, r)
        changed = change_engine(name, made, r) if odd else None
        try:
            attempt_engine(function, made, written, right, changed)
        except AssertionError as error:
            notes = changed.notes if changed else "a good call"
            raise AssertionError(f"{name}, {notes}: {error}") from error


def change_engine(name, made, r):
    """Change one argument of a call, or an array in it."""
    key, changed, rng = r.choice(list(made)), Changed(), np.random.default_rng(r.getrandbits(32))
    value = made[key]
    if isinstance(value, Held) and r.random() < 0.9:
        odd = r.choice(ODD)
        made[key], kind = odd(r, value, rng)
        note = odd.__name__
    elif (
        isinstance(value, (tuple, list))
        and any(isinstance(x, Held) for x in value)
        and r.random() < 0.8
    ):
        at, odd = r.randrange(len(value)), r.choice(ODD)
        one, kind = odd(r, value[at], rng)
        made[key] = type(value)([*value[:at], one, *value[at + 1 :]])
        note = f"{odd.__name__} at {at}"
    else:
        choice = [x for x in (*NUMBERS, *NAMES) if not (key == "lanes" and is_many(x))]
        if isinstance(value, Held):  # other arrays come from `ODD`
            choice = [x for x in choice if not isinstance(x, (np.ndarray, np.generic))]
        made[key], kind = r.choice(choice), "own"
        note = repr(made[key])[:60]
    changed.array(made, key, kind, note)
    return changed


def is_many(lanes):
    """So many threads that starting them takes long."""
    return isinstance(lanes, int) and 9 < lanes < 2**63


def plain(x):
    """An argument as it is given to the call."""
    if type(x) in (tuple, list):
        return type(x)(map(plain, x))
    return x.value if isinstance(x, Held) else x


def attempt_engine(function, made, written, right, changed):
    """Make a call and judge what becomes of it: numbers where the batch is as it was, and memory in any case."""
    held = [
        (key, x)
        for key, value in made.items()
        for x in (value if isinstance(value, (tuple, list)) else [value])
    ]
    held = [(key, x) for key, x in held if isinstance(x, Held)]
    before = {
        f"{key} {i}": (x.raw, x.raw.copy()) for i, (key, x) in enumerate(held) if x.raw is not None
    }
    out, error = outcome(function, (), {key: plain(value) for key, value in made.items()})
    look_around(before, [] if error else [x for key, x in held if key in written])
    if error:
        assert changed, f"refused: {type(error).__name__}: {error}"
        judge_refusal(error, changed.names)
    elif not changed or not any("of_" in note or "nothing" in note for note in changed.notes):
        right(out, made)


# ---------------------------------------------------------------- the child, and who asks it

ROUNDS = {"kernels": kernel_round, "engine": engine_round}


def serve(which):
    """A round for each seed that comes in, and a word when it ended well."""
    warnings.simplefilter("error")
    sys.setswitchinterval(1e-5)
    for line in sys.stdin:
        faulthandler.dump_traceback_later(LIMIT, exit=True)
        ROUNDS[which](random.Random(int(line)))
        faulthandler.cancel_dump_traceback_later()
        print("done", flush=True)


def search(which, numbers, folder):
    """Have a child make the rounds; its last words where one fails."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    words = folder / "words"
    command = [sys.executable, "-P", "-X", "faulthandler", "-X", "utf8", __file__, which]
    with (
        words.open("w") as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
            env=inherited,
        ) as child,
    ):
        for each in numbers:
            with contextlib.suppress(OSError):  # where it is gone
                child.stdin.write(f"{each.started}\n")
                child.stdin.flush()
            if child.stdout.readline() != "done\n":
                with contextlib.suppress(OSError):
                    child.stdin.close()
                code, told = child.wait(LIMIT), words.read_text("utf-8", "replace")
                pytest.fail(f"{each!r}: ended with {code}\n{told[-6000:]}", pytrace=False)
        child.stdin.close()
        assert child.wait(LIMIT) == 0, words.read_text("utf-8", "replace")


def test_every_kernel_is_described():
    assert set(KERNELS) == set(FUNCTIONS)
    for name, function in FUNCTIONS.items():
        assert [key.lstrip(">") for key in KERNELS[name][0]] == list(
            inspect.signature(function).parameters
        ), name


def test_random_calls_of_kernels(rounds, tmp_path):
    search("kernels", rounds(4500), tmp_path)


def test_random_engine_arguments(rounds, tmp_path):
    search("engine", rounds(15000), tmp_path)


def one_too_many(x, out):
    """A loop that goes too far."""
    FAULTLESS["reductions.row_sums"](x, out)
    np.lib.stride_tricks.as_strided(out, (out.size + 1,))[-1] = 0


def without_a_look(x, index, out):
    """Indices that nobody looks at."""
    FAULTLESS["rows.gather_rows"](x, index % max(len(x), 1), out)


def one_wrong(x, out):
    FAULTLESS["elementwise.sigmoid_forward"](x, out)
    if out.size > 20:
        out.flat[17] *= 1.1


def late(p, g, learning_rate):
    """It looks at its arguments when it has written."""
    with contextlib.suppress(Exception):
        FAULTLESS["updates.sgd"](p, np.ones_like(p), 1.0)
    FAULTLESS["updates.sgd"](p, g, learning_rate)


def nameless(x):
    try:
        return FAULTLESS["reductions.total"](x)
    except (TypeError, ValueError) as error:
        raise type(error)("expected something else") from None


def of_another_class(x):
    try:
        return FAULTLESS["reductions.first_nonfinite"](x)
    except TypeError as error:
        raise AttributeError(*error.args) from None


def writes_its_input(z, y, out):
    FAULTLESS["losses.cross_entropy_with_logits_forward"](z, y, out)
    if z.size:
        z.flat[0] = 7


FAULTLESS = dict(FUNCTIONS)
PLANTED = {
    "reductions.row_sums": (one_too_many, "bytes at .* around out changed"),
    "rows.gather_rows": (without_a_look, "an index out of range was accepted"),
    "elementwise.sigmoid_forward": (one_wrong, "Not equal to tolerance"),
    "updates.sgd": (late, "bytes at .* changed|Not equal"),
    "reductions.total": (nameless, "names none of"),
    "reductions.first_nonfinite": (of_another_class, "AttributeError: x: expected"),
    "losses.cross_entropy_with_logits_forward": (writes_its_input, "bytes at .* around z changed"),
}


@pytest.mark.thread_unsafe
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name, monkeypatch):
    function, message = PLANTED[name]
    monkeypatch.setitem(FUNCTIONS, name, function)
    found = list(filter(None, (complaint(seed, name) for seed in range(400))))
    assert any(re.search(message, each) for each in found), found[:9]


def complaint(seed, name):
    """What a round of a kernel says."""
    try:
        kernel_round(random.Random(seed), [name])
    except AssertionError as error:
        return str(error)
    return ""


PROBES = {
    "fma_peak": lambda seconds: probe.fma_peak(seconds=seconds),
    "bandwidth": lambda seconds: probe.bandwidth(4096, seconds=seconds),
    "dense_rate": lambda seconds: probe.dense_rate("forward", 64, 64, 64, seconds=seconds),
}


@pytest.mark.thread_unsafe
@pytest.mark.parametrize("call", PROBES.values(), ids=PROBES)
def test_a_probe_ends(call):
    """At once where no time is given; refused where the clock cannot pass it; by a signal where it can."""
    for seconds in (0, -0.0, -1, -1e300, -(2**63)):
        assert call(seconds) > 0
    for seconds in (float("nan"), float("inf"), -float("inf"), 10**400, -(10**400), "1", None):
        with pytest.raises((ValueError, OverflowError, TypeError), match=r"^seconds: expected"):
            call(seconds)
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                call(30)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    serve(sys.argv[1])
