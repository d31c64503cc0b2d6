"""Arrays of all kinds, as arguments, captured, as data: plain ones just work, those that mean something else do not."""

import array
import ctypes
import warnings

import numpy as np
import pytest

import fastbp as bp

X = np.arange(1.0, 7.0)


def unaligned(x):
    room = np.zeros(x.nbytes + 1, np.uint8)
    found = room[1:].view(x.dtype)
    found[:] = x
    return found


def swapped_twice(x):
    big = x.astype(x.dtype.newbyteorder(">"))
    return big.byteswap().view(big.dtype.newbyteorder())


PLAIN = {
    "unaligned": unaligned,
    "big endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "native, said so": swapped_twice,
    "foreign": lambda x: x.byteswap().view(x.dtype.newbyteorder()),
    "strided": lambda x: np.repeat(x, 2)[::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "read-only": lambda x: np.frombuffer(x.tobytes(), x.dtype),
    "ctypes": lambda x: ((ctypes.c_float if x.dtype == "f4" else ctypes.c_double) * len(x))(*x),
    "array": lambda x: array.array(x.dtype.char, x.tolist()),
    "memoryview": lambda x: memoryview(x.copy()),
}
MEANS_ELSE = {
    "masked": lambda: np.ma.masked_array(X, mask=[0, 1, 0, 0, 0, 0]),
    "nothing masked": lambda: np.ma.masked_array(X),
    "whole numbers masked": lambda: np.ma.masked_array(np.arange(6), mask=[0, 1, 0, 0, 0, 0]),
    "matrix": lambda: matrix(),
}


def matrix():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.matrix(X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", PLAIN)
def test_plain_arrays_just_work(kind, dtype):
    given, x = PLAIN[kind](X.astype(dtype)), X.astype(dtype)
    w = np.ones(6, dtype)
    np.testing.assert_array_equal(bp.grad(lambda w: (w**2).sum())(given), 2 * x)
    np.testing.assert_array_equal(bp.grad(lambda w, d: (w * d).sum())(w, given), x)
    np.testing.assert_array_equal(bp.compile(lambda d: d * 2)(given), 2 * x)
    np.testing.assert_array_equal(bp.grad(lambda w: (w * given).sum())(w), x)
    slope = bp.grad(lambda w, d: (w * d).sum())  # one after the other
    for d in (x, given, x, given):
        np.testing.assert_array_equal(slope(w, d), x)
    trainer = bp.Trainer(lambda w, d: (w * d).sum(), params=np.ones((), dtype))
    assert trainer.evaluate(given)["loss"] == x.sum()
    model = bp.Sequential([bp.Dense(1)], dtype=dtype, seed=0)
    rows = np.asarray(given).reshape(-1, 1)
    np.testing.assert_array_equal(model.predict(rows), model.predict(x.reshape(-1, 1)))


@pytest.mark.parametrize("kind", ["unaligned", "big endian", "native, said so", "ctypes", "array"])
def test_whole_numbers_of_those_kinds(kind):
    i = np.array([3, 1, 2], np.int64)
    made = {
        "ctypes": lambda x: (ctypes.c_int64 * len(x))(*x.tolist()),
        "array": lambda x: array.array("q", x.tolist()),
    }.get(kind, PLAIN[kind])
    found = bp.compile(lambda t, i: t[i] if hasattr(i, "dtype") else None)(X, made(i))
    np.testing.assert_array_equal(found, X[i])
    trainer = bp.Trainer(lambda t, i: t[i].sum(), params=X)
    assert trainer.evaluate(np.asarray(made(i)))["loss"] == X[i].sum()


@pytest.mark.parametrize("kind", MEANS_ELSE)
def test_what_means_something_else_is_refused(kind):
    given = MEANS_ELSE[kind]()
    plain = np.asarray(given)
    refused = pytest.raises(TypeError, match=r"must be a plain array, got a (MaskedArray|matrix)")
    product = bp.compile(lambda w, d: (w * d).sum())
    with refused:
        product(np.ones(6), given)
    product(np.ones(plain.shape[-1]), plain)
    with refused:  # there is a program for arrays of this form now
        product(np.ones(plain.shape[-1]), given)
    with refused:
        bp.compile(lambda w: (w * given).sum())(np.ones(6))
    with refused:
        bp.compile(lambda w, d: (w * d["x"]).sum())(np.ones(6), {"x": given})
    if given.dtype.kind == "f":
        with refused:
            bp.grad(lambda w: (w**2).sum())(given)
        with refused:
            bp.Trainer(lambda w, d: (w * d.sum()).sum(), params=given)


def test_a_mask_inside_of_the_function_is_refused():
    with pytest.raises(TypeError, match="must be a plain array, got a MaskedArray"):
        bp.grad(lambda w: (w * np.ma.masked_array([1.0, 2.0], [0, 1])).sum())(np.ones(2))


def test_other_subclasses_are_arrays(tmp_path):
    class Own(np.ndarray):
        pass

    mapped = np.memmap(tmp_path / "x", dtype=float, shape=(6,), mode="w+")
    mapped[:] = X
    for given in (mapped, X.view(Own)):
        np.testing.assert_array_equal(bp.grad(lambda w: (w**2).sum())(given), 2 * X)
