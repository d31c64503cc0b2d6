"""Kernels' Python functions with what may break them: neighbours in memory, other threads, sizes, strides, scalars."""

import textwrap

import numpy as np
import pytest

from fastbp.kernels import (
    dense,
    elementwise,
    losses,
    moves,
    probe,
    reduce_axes,
    reductions,
    rows,
    sorting,
    updates,
)

both = pytest.mark.parametrize("dtype", ["float32", "float64"])
HUGE = 1 << 50
GUARD = 48  # numbers on either side of each array


# ---------------------------------------------------------------- a call of each function
# Names of the arguments, shapes by (n, k, m) or what fills them; written ones begin with ">".

N, K, M = "n", "k", "m"
CALLS = {
    (dense.dense_forward, "relu"): {"x": (N, K), "weight": (K, M), "bias": (M,), ">out": (N, M)},
    (dense.dense_forward, "tanh"): {"x": (N, K), "weight": (K, M), "bias": (M,), ">out": (N, M)},
    (dense.dense_backward,): {
        "x": (N, K), "weight": (K, M), "dz": (N, M), ">dx": (N, K), ">dweight": (K, M), ">dbias": (M,),
    },
    (losses.bce_forward,): {"p": (N, M), "y": (N, M), ">out": (N, M)},
    (losses.bce_backward,): {"p": (N, M), "y": (N, M), ">dp": (N, M)},
    (losses.bce_with_logits_forward,): {"z": (N, M), "y": (N, M), ">out": (N, M)},
    (losses.bce_with_logits_backward,): {"z": (N, M), "y": (N, M), ">dz": (N, M)},
    (losses.bce_with_logits, 0.5): {"z": (N, M), "y": (N, M), ">dz": (N, M)},
    (losses.mse, 0.5): {"p": (N, M), "y": (N, M), ">dp": (N, M)},
    (losses.softmax_forward,): {"z": (N, M), ">out": (N, M)},
    (losses.cross_entropy_forward,): {"p": (N, M), "y": "classes", ">out": (N,)},
    (losses.cross_entropy_with_logits_forward,): {"z": (N, M), "y": "classes", ">out": (N,)},
    (losses.softmax_cross_entropy, 0.5): {"z": (N, M), "y": "classes", ">dz": (N, M)},
    (losses.class_hits,): {"p": (N, M), "y": "classes", ">out": (N,)},
    (losses.one_hot,): {"y": "classes", ">out": (N, M)},
    (moves.gather_elements,): {"x": (K, M), "index": "elements", ">out": (N,)},
    (moves.scatter_elements,): {"g": (N,), "index": "elements", ">out": (K, M)},
    (moves.scatter_elements, True): {"g": (N,), "index": "elements", ">out": (K, M)},
    (moves.gather_columns,): {"x": (N, M), "index": "columns", ">out": (N, K)},
    (moves.scatter_columns,): {"g": (N, K), "index": "columns", ">out": (N, M)},
    (moves.take_rows,): {"x": (K, M), "index": "rows", ">out": (N, M)},
    (moves.add_rows,): {"g": (N, M), "index": "rows", ">out": (K, M)},
    (moves.add_rows, True): {"g": (N, M), "index": "rows", ">out": (K, M)},
    (moves.join_columns,): {"a": (N, K), "b": (N, M), ">out": (N, K, M)},  # K + M columns
    (rows.gather_rows,): {"x": (K, M), "index": "whole rows", ">out": (N, M)},
    (sorting.argsort,): {"x": (N, M), ">out": (N, M)},
    (sorting.take_along,): {"x": (N, M), "index": "along", ">out": (N, M)},
    (sorting.put_along,): {"g": (N, M), "index": "along", ">out": (N, M)},
    (reduce_axes.sum_axis,): {"x": (N, K, M), ">out": (N, M)},
    (reduce_axes.max_axis,): {"x": (N, K, M), ">out": (N, M)},
    (reduce_axes.min_axis,): {"x": (N, K, M), ">out": (N, M)},
    (reduce_axes.cumsum_axis,): {"x": (N, K, M), ">out": (N, K, M)},
    (reduce_axes.cumsum_axis, True): {"x": (N, K, M), ">out": (N, K, M)},
    (reductions.total,): {"x": (N, M)},
    (reductions.first_nonfinite,): {"x": (N, M)},
    (reductions.column_sums,): {"x": (N, M), ">out": (M,)},
    (reductions.column_sums, True): {"x": (N, M), ">out": (M,)},
    (reductions.row_sums,): {"x": (N, M), ">out": (N,)},
    (updates.sgd, 0.1): {">p": (N, M), "g": (N, M)},
    (updates.momentum, 0.1, 0.9, True): {">p": (N, M), ">v": (N, M), "g": (N, M)},
    (updates.adam, 0.1, 3): {">p": (N, M), ">m": (N, M), ">v": (N, M), "g": (N, M)},
    (elementwise.binary_hits,): {"p": (N, M), "y": (N, M), ">out": (N, M)},
    (elementwise.where,): {"c": (N, M), "a": (N, M), "b": (1,), ">out": (N, M)},
    (elementwise.sigmoid_forward,): {"x": (N, M), ">out": (N, M)},
    (elementwise.sigmoid_backward,): {"dy": (N, M), "y": (N, M), ">dx": (N, M)},
    (elementwise.tanh_forward,): {"x": (N, M), ">out": (N, M)},
    (elementwise.tanh_backward,): {"dy": (N, M), "y": (N, M), ">dx": (N, M)},
    (elementwise.relu_forward,): {"x": (N, M), ">out": (N, M)},
    (elementwise.relu_backward,): {"dy": (N, M), "y": (N, M), ">dx": (N, M)},
    **{
        (elementwise.unary, name): {"x": (N, M), ">out": (N, M)}
        for name in ("exp", "log", "sqrt", "sin", "erf", "softplus", "floor", "single")
    },
    **{
        (elementwise.binary, name): {"a": a, "b": b, ">out": (N, M)}
        for name in ("add", "power", "mod", "arctan2", "maximum")
        for a, b in [((N, 1), (M,))]
    },
    (elementwise.binary, "multiply"): {"a": (N, M), "b": (N, 1), ">out": (N, M)},
}  # fmt: skip
NAMED = {"binary", "unary"}  # the name of the function comes first
LAST = {"dense_forward", "bce_with_logits", "mse", "softmax_cross_entropy", "column_sums"}
IDS = [" ".join(map(str, (f.__name__, *more))) for f, *more in CALLS]
calls = pytest.mark.parametrize("call", list(CALLS), ids=IDS)


def values(what, sizes, dtype, rng):
    """What fills an argument: numbers of a shape, or indices of a kind, not all of them in range where none raises."""
    n, k, m = sizes
    if what == "classes":
        return rng.integers(-1, m + 1, n).astype(dtype)
    if what == "along":
        return rng.integers(-1, m + 1, (n, m)).astype(dtype)
    if what == "rows":
        return rng.integers(-k - 1, k + 1, n).astype(dtype)
    if what in ("elements", "columns", "whole rows"):
        low, high = {"elements": (-1, k * m), "columns": (-1, m), "whole rows": (0, k)}[what]
        return rng.integers(low, max(high, low + 1), k if what == "columns" else n)
    extents = {"n": n, "k": k, "m": m, 1: 1}
    return rng.uniform(0.05, 0.95, [extents[name] for name in what]).astype(dtype)


def arguments(call, sizes, dtype, rng):
    """(name, array, whether it is written) for each array of a call."""
    found = []
    for name, what in CALLS[call].items():
        array = values(what, sizes, dtype, rng)
        if call[0] is moves.join_columns and name == ">out":
            array = np.zeros((sizes[0], sizes[1] + sizes[2]), dtype)
        found.append([name.lstrip(">"), array, name[0] == ">"])
    return found


def apply(call, arrays):
    function, *more = call
    if function.__name__ in NAMED:
        return function(*more, *arrays)
    return function(*arrays, *more)


def guarded(array):
    """The same numbers in the middle of a block, and the block."""
    size, seven = array.size, np.array(7, array.dtype)
    block = np.full(size + 2 * GUARD, seven)
    inner = block[GUARD : GUARD + size].reshape(array.shape)
    inner[...] = array
    return inner, block


SIZES = [
    (1, 1, 1),
    (0, 3, 2),
    (3, 0, 2),
    (2, 3, 0),
    (0, 0, 0),
    (5, 7, 3),
    (33, 5, 17),
    (13, 40, 65),
    (64, 16, 1),
]


# The largest of nothing, rows of no class, and what goes from nothing or to nothing by an index are refused.
REFUSES_NOTHING = {
    reduce_axes.max_axis, reduce_axes.min_axis, losses.softmax_forward, losses.softmax_cross_entropy,
    losses.cross_entropy_forward, losses.cross_entropy_with_logits_forward, losses.class_hits, rows.gather_rows,
    moves.gather_elements, moves.gather_columns, moves.scatter_elements, moves.scatter_columns,
}  # fmt: skip


@both
@calls
def test_nothing_but_the_results_is_written(call, dtype):
    """Random sizes; each array lies between sevens, and what is read keeps its bits."""
    rng = np.random.default_rng(len(str(call[1:])))
    for sizes in SIZES + [tuple(rng.integers(1, 90, 3)) for _ in range(12)]:
        if 0 in sizes[1:] and call[0] in REFUSES_NOTHING:
            continue
        given = arguments(call, sizes, dtype, rng)
        held = [guarded(array) for _, array, _ in given]
        apply(call, [inner for inner, _ in held])
        for (name, array, written), (inner, block) in zip(given, held, strict=True):
            outside = np.delete(block, np.s_[GUARD : GUARD + array.size])
            assert (outside == 7).all(), (name, sizes)
            if not written:
                np.testing.assert_array_equal(inner, array, err_msg=f"{name} {sizes}")


@calls
def test_arrays_that_are_not_in_one_piece_are_refused_by_name(call):
    """Reversed, with gaps, not aligned: an error names the argument, and nothing is written."""
    rng = np.random.default_rng(1)
    given = arguments(call, (5, 4, 6), "float64", rng)
    for i, (name, array, _) in enumerate(given):
        raw = np.zeros(array.nbytes + 8, np.uint8)[1 : 1 + array.nbytes]
        twice = np.concatenate([array, array])
        odd = {
            "reversed": twice[: len(array)][::-1],
            "with gaps": twice[::2],
            "not aligned": raw.view(array.dtype).reshape(array.shape),
        }
        for form, bad in odd.items():
            if bad.size < 2 and form != "not aligned":
                continue
            arrays = [a for _, a, _ in given]
            before = [a.copy() for a in arrays]
            arrays[i] = bad
            with pytest.raises(
                ValueError, match=f"^{name}: expected an aligned C-contiguous array"
            ):
                apply(call, arrays)
            for (_, a, _), was in zip(given, before, strict=True):
                np.testing.assert_array_equal(a, was, err_msg=f"{name} {form}")


@calls
def test_arrays_of_other_kinds_are_refused_by_name(call):
    rng = np.random.default_rng(2)
    given = arguments(call, (5, 4, 6), "float64", rng)
    for i, (name, array, _) in enumerate(given):
        odd = [
            array.astype(">f8"), array.astype("c16"), array.astype(object), np.zeros(array.shape, "V0"),
            np.zeros(array.shape, "M8[s]"), None, 3.0, "index", array.tolist(),
        ]  # fmt: skip
        for bad in odd:
            arrays = [a for _, a, _ in given]
            arrays[i] = bad
            if bad is None and name in ("bias", "dx", "dbias"):
                continue  # may be missing
            with pytest.raises(TypeError, match=f"^{name}: expected"):
                apply(call, arrays)


@pytest.mark.parametrize(
    "call", [c for c in CALLS if "index" in CALLS[c] or CALLS[c].get("y") == "classes"]
)
def test_indices_of_another_kind_or_shape(call):
    rng = np.random.default_rng(3)
    given = arguments(call, (5, 4, 6), "float64", rng)
    at = [name for name, _, _ in given].index("index" if "index" in CALLS[call] else "y")
    name, index, _ = given[at]
    arrays = [a for _, a, _ in given]
    for other in ("i4", "u8", "f4", "?", ">i8"):
        with pytest.raises(TypeError, match=f"^{name}: expected"):
            apply(call, [*arrays[:at], np.zeros(index.shape, other), *arrays[at + 1 :]])
    for shape in [(), (1, *index.shape), (*index.shape, 1), (index.shape[0] + 1, *index.shape[1:])]:
        with pytest.raises(ValueError, match=r"^\w+: expected"):
            apply(call, [*arrays[:at], np.zeros(shape, index.dtype), *arrays[at + 1 :]])


# ---------------------------------------------------------------- other threads

RACE = """
import threading
import numpy as np
from fastbp.kernels import losses, moves, rows, sorting

FAR = 1 << {far}
n, width = 1 << 18, 3
good = np.random.default_rng(0).integers(0, 1000, n).astype("{dtype}")
bad = np.full(n, FAR, good.dtype)
index = good.copy()
x, g, one = np.arange(1000.0 * width).reshape(1000, width), np.ones((n, width)), np.ones(n)
stop = False

def write():
    while not stop:
        np.copyto(index, bad)       # which gives up the GIL
        np.copyto(index, good)

def calls():
    {made}
    {called}
    assert {holds}

writer = threading.Thread(target=write)
writer.start()
raised = done = 0
try:
    for _ in range({times}):
        try:
            calls()
            done += 1
        except IndexError as error:
            assert str(error).startswith("index: expected values"), error
            raised += 1
finally:
    stop = True
    writer.join()
print("ended", raised + done)
"""
RACES = {
    "gather_rows": ("int64", "out = np.empty((n, width))", "rows.gather_rows(x, index, out)", "(out >= 0).all()"),
    "gather_elements": ("int64", "out = np.empty(n)", "moves.gather_elements(x, index, out)", "(out < 1000).all()"),
    "scatter_elements": ("int64", "out = np.empty(1000)", "moves.scatter_elements(one, index, out)", "out.sum() == n"),
    "gather_columns": (
        "int64", "out = np.empty((2, n))", "moves.gather_columns(x.reshape(2, -1), index, out)", "(out >= 0).all()",
    ),
    "scatter_columns": (
        "int64", "out = np.empty((1, 1000))", "moves.scatter_columns(one.reshape(1, n), index, out)", "out.sum() == n",
    ),
    "take_rows": ("float64", "out = np.empty((n, width))", "moves.take_rows(x, index, out)", "not (out < 0).any()"),
    "add_rows": ("float64", "out = np.empty((1000, width))", "moves.add_rows(g, index, out)", "out.sum() <= g.size"),
    "take_along": (
        "float64", "out = np.empty((1, n))", "sorting.take_along(one.reshape(1, n), index.reshape(1, n), out)",
        "not (out < 1).any()",
    ),
    "put_along": (
        "float64", "out = np.empty((1, n))", "sorting.put_along(one.reshape(1, n), index.reshape(1, n), out)",
        "out.sum() <= n",
    ),
    "argsort": (
        "float64", "out = index.reshape(64, n // 64)", "sorting.argsort(one.reshape(out.shape), out)", "True",
    ),
    "one_hot": ("float64", "out = np.empty((n, 4))", "losses.one_hot(index, out)", "not (out > 1).any()"),
    "class_hits": ("float64", "out = np.empty(n)", "losses.class_hits(g, index, out)", "out.sum() <= n"),
    "softmax_cross_entropy": (
        "float64", "out = np.empty((n, width))", "losses.softmax_cross_entropy(g, index, out)", "not (out > 1).any()",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RACES)
def test_a_thread_that_writes_indices_meanwhile_makes_nobody_read_outside(name, run_python):
    dtype, made, called, holds = RACES[name]
    many = dtype == "int64"  # a short time between the check and the use
    code = RACE.format(
        far=45 if many else 40,
        dtype=dtype,
        made=made,
        called=called,
        holds=holds,
        times=150 if many else 25,
    )
    done = run_python("-P", "-c", textwrap.dedent(code))
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert done.stdout.startswith("ended"), done


# ---------------------------------------------------------------- sizes


def test_huge_arrays_of_nothing_are_through_at_once(run_python):
    code = """
    import numpy as np
    from fastbp.kernels import (dense, elementwise, losses, moves, reduce_axes, reductions, rows, sorting, updates)
    for dtype in ("float32", "float64"):
        many, wide, none = np.empty((1 << 50, 0), dtype), np.empty((0, 1 << 50), dtype), np.zeros(0, np.int64)
        moves.gather_columns(many, none, many)
        moves.scatter_columns(many, none, many)
        moves.join_columns(many, many, many)
        moves.join_columns(wide, np.empty((0, 3), dtype), np.empty((0, (1 << 50) + 3), dtype))
        moves.take_rows(many, np.zeros(3, dtype), np.empty((3, 0), dtype))
        moves.add_rows(np.empty((3, 0), dtype), np.zeros(3, dtype), many)
        rows.gather_rows(many, np.zeros(3, np.int64), np.empty((3, 0), dtype))
        for x in (many, wide):
            if x is many:
                sorting.argsort(x, x)
            sorting.take_along(x, x, x)
            sorting.put_along(x, x, x)
            elementwise.binary("add", x, x, x)
            elementwise.binary("add", x, np.zeros((), dtype), x)
            elementwise.where(x, x, x, x)
            updates.sgd(x, x, 0.1)
            losses.mse(x, x, x)
            assert reductions.total(x) == 0
            assert reductions.first_nonfinite(x) == -1
        reductions.column_sums(many, np.empty(0, dtype))
        reductions.row_sums(wide, np.empty(0, dtype))
        losses.softmax_forward(wide, wide)
        losses.one_hot(np.empty(0, dtype), wide)
        dense.dense_forward(many, np.empty((0, 0), dtype), np.empty(0, dtype), many)
        dense.dense_backward(many, np.empty((0, 0), dtype), many, many, np.empty((0, 0), dtype), np.empty(0, dtype))
        dense.dense_backward(wide, many, np.empty((0, 0), dtype), wide, many.copy(), None)
        B = 1 << 50
        for shape in ((B, 3, 0), (B, 0, 0), (3, B, 0), (0, B, 1), (0, 3, B), (B, 1, 0)):
            x, out = np.empty(shape, dtype), np.empty((shape[0], shape[2]), dtype)
            for function in (reduce_axes.sum_axis, reduce_axes.max_axis, reduce_axes.min_axis):
                function(x, out)
            reduce_axes.cumsum_axis(x, x)
            reduce_axes.cumsum_axis(x, x, True)
    print("through")
    """
    done = run_python("-P", "-c", textwrap.dedent(code))
    assert (done.returncode, done.stdout) == (0, "through\n"), done.stderr


def test_rows_of_more_columns_than_float32_can_number():
    """From 2**24 columns on an index was rounded to one behind the row."""
    x = np.empty((1, (1 << 24) + 4), "f4")  # none of its pages is touched
    with pytest.raises(ValueError, match=r"x: expected at most 2\*\*24 columns, .* got 16777220"):
        sorting.argsort(x, np.empty_like(x))


def test_rows_are_sorted_in_place():
    """The order of `x` may go to `x` itself: each row is put in order elsewhere."""
    x = np.random.default_rng(0).normal(size=(3, 40))
    wanted = np.argsort(x, axis=1, kind="stable")
    sorting.argsort(x, x)
    np.testing.assert_array_equal(x, wanted)


# ---------------------------------------------------------------- scalars

X, P = np.full(3, 0.5), np.zeros(3)
TOO_LARGE = 10**400
SCALARS = [
    (probe.fma_peak, {"seconds": float("nan")}, ValueError),
    (probe.fma_peak, {"seconds": float("inf")}, ValueError),
    (probe.fma_peak, {"seconds": TOO_LARGE}, OverflowError),
    (probe.fma_peak, {"seconds": "long"}, TypeError),
    (probe.bandwidth, {"nbytes": 4096, "seconds": float("nan")}, ValueError),
    (probe.bandwidth, {"nbytes": 2**70}, OverflowError),
    (probe.bandwidth, {"nbytes": float("nan")}, TypeError),
    (probe.bandwidth, {"nbytes": -(2**70)}, OverflowError),
    (probe.dense_rate, {"product": "forward", "n": 1, "k": 1, "m": 1, "seconds": float("nan")}, ValueError),
    (probe.dense_rate, {"product": "forward", "k": 1, "m": 1, "n": 2**63}, OverflowError),
    (probe.dense_rate, {"product": "forward", "n": 1, "m": 1, "k": TOO_LARGE}, OverflowError),
    (probe.dense_rate, {"product": "forward", "n": 1, "k": 1, "m": 2.5}, TypeError),
    (losses.mse, {"p": X, "y": X, "dp": P, "scale": TOO_LARGE}, OverflowError),
    (losses.bce_with_logits, {"z": X, "y": X, "dz": P, "scale": None}, TypeError),
    (losses.softmax_cross_entropy, {"z": X.reshape(1, 3), "y": X[:1], "dz": P.reshape(1, 3), "scale": "1"}, TypeError),
    (updates.sgd, {"p": P, "g": X, "learning_rate": TOO_LARGE}, OverflowError),
    (updates.sgd, {"p": P, "g": X, "learning_rate": "0.1"}, TypeError),
    (updates.momentum, {"p": P, "v": P, "g": X, "learning_rate": 0.1, "momentum": TOO_LARGE}, OverflowError),
    (updates.adam, {"p": P, "m": P, "v": P, "g": X, "learning_rate": 0.1, "t": 2**63}, OverflowError),
    (updates.adam, {"p": P, "m": P, "v": P, "g": X, "learning_rate": 0.1, "t": -(2**70)}, OverflowError),
    (updates.adam, {"p": P, "m": P, "v": P, "g": X, "learning_rate": 0.1, "t": float("nan")}, TypeError),
    (updates.adam, {"p": P, "m": P, "v": P, "g": X, "learning_rate": 0.1, "t": 1, "beta_1": TOO_LARGE}, OverflowError),
    (updates.adam, {"p": P, "m": P, "v": P, "g": X, "learning_rate": 0.1, "t": 1, "epsilon": None}, TypeError),
]  # fmt: skip


@pytest.mark.parametrize(("function", "arguments", "error"), SCALARS)
def test_scalars_out_of_range_are_refused_by_name(function, arguments, error):
    name = list(arguments)[-1]
    with pytest.raises(error, match=f"^{name}: expected"):
        function(**arguments)
    assert (P == 0).all()


def test_scalars_out_of_range_of_others_are_refused_by_name():
    with pytest.raises(OverflowError, match=r"^threshold: expected a number"):
        elementwise.binary_hits(X, X, np.empty(3), TOO_LARGE)


@pytest.mark.parametrize(
    "sizes", [(2**62, 2**62, 2**62), (2**31, 2**31, 4), (2**33, 2**31, 1), (2**61, 8, 1)]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sizes_whose_product_overflows(sizes, dtype):
    """Bytes are counted in Python: 2**31 times 2**31 times 4 was next to nothing."""
    with pytest.raises(MemoryError, match=r"dense_rate needs \d{19,} bytes for n, k, m"):
        probe.dense_rate("forward", *sizes, dtype, seconds=0.0)


def test_a_step_of_any_number():
    """b**t by squaring, t up to the ends of int64."""
    p, m, v = np.zeros(1), np.zeros(1), np.zeros(1)
    updates.adam(p, m, v, np.ones(1), 0.5, 2**63 - 1, epsilon=0.0)
    np.testing.assert_allclose(p, -0.5 * 0.1 / np.sqrt(0.001))
