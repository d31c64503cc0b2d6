"""predict's short way: arrays that are taken as they are give the bits of the careful way, and all others go there."""

import copy
import gc
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastbp as bp

DTYPES = ["float32", "float64"]


def network(dtype="float32", seed=0):
    layers = [bp.Dense(9, "relu"), bp.Dense(5, "tanh"), bp.Dense(3, "softmax")]
    model = bp.Sequential(layers, dtype=dtype, seed=seed)
    model.build(4)
    return model


def rows(n, dtype="float32", seed=0):
    return np.random.default_rng(seed).normal(size=(n, 4)).astype(dtype)


@pytest.fixture
def model():
    model = network()
    model.predict(rows(1))
    return model


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 31, 511, 512])
def test_same_bits_as_the_careful_way(dtype, n):
    model, X = network(dtype), rows(n, dtype)
    assert model._direct.predict(X) is None  # no run yet
    careful = model.predict(X)
    direct = model._direct.predict(X)
    assert direct.dtype == careful.dtype and direct.shape == careful.shape == (n, 3)
    assert direct.tobytes() == careful.tobytes() == model._predict(X).tobytes()


@pytest.mark.thread_unsafe(reason="the fixture's model has one run")
def test_more_rows_than_run_together_may_be_shared_by_threads(model):
    assert model._direct.predict(rows(512)) is not None
    assert model._direct.predict(rows(513)) is None
    assert model.predict(rows(1300)).tobytes() == model._predict(rows(1300)).tobytes()


def other_arrays():
    X = rows(6)
    wide = np.zeros((6, 8), "f4")
    wide[:, ::2] = X
    odd = np.zeros(6 * 4 * 4 + 1, np.uint8)[1:].view("f4").reshape(6, 4)
    odd[...] = X
    return {
        "float64": X.astype("f8"),
        "integers": (X * 10).astype("i4"),
        "half": X.astype("f2"),
        "big-endian": X.astype(">f4"),
        "Fortran order": np.asfortranarray(X),
        "strided columns": wide[:, ::2],
        "strided rows": np.repeat(X, 2, axis=0)[::2],
        "reversed": X[::-1],
        "unaligned": odd,
        "list": X.tolist(),
        "masked without a mask": np.ma.MaskedArray(X),
        "matrix-like subclass": X.view(type("Sub", (np.ndarray,), {})),
    }


@pytest.mark.parametrize("name", other_arrays())
def test_what_must_be_converted_is_converted(model, name):
    X = other_arrays()[name]
    assert model._direct.predict(X) is None
    expected = model.predict(np.ascontiguousarray(np.asarray(X), dtype="f4"))
    assert model.predict(X).tobytes() == expected.tobytes()


def test_a_memmap_is_converted(model, tmp_path):
    file = np.memmap(tmp_path / "X", "f4", "w+", shape=(6, 4))
    file[...] = rows(6)
    assert model._direct.predict(file) is None
    got = model.predict(file)
    assert type(got) is np.ndarray
    assert got.tobytes() == model.predict(rows(6)).tobytes()
    del file


def test_an_array_that_cannot_be_written_is_read(model):
    X = rows(6)
    expected = model.predict(X)
    X.flags.writeable = False
    assert model._direct.predict(X).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (rows(6)[:, :3].copy(), "X must have 4 features"),
        (rows(6).reshape(-1), r"X must be 2-D \(rows, features\)"),
        (rows(6).reshape(2, 3, 4), r"X must be 2-D \(rows, features\)"),
        (np.empty((0, 4), "f4"), "X is empty"),
        (np.empty((4, 0), "f4"), "at least one feature"),
        (np.float32(1), r"X must be 2-D \(rows, features\)"),
        (np.array(1, "f4"), r"X must be 2-D \(rows, features\)"),
        (rows(6).astype("c8"), "X must hold real numbers"),
        (np.array([["a"] * 4]), "X must hold numbers"),
        (np.array([["2020-01-01"] * 4], "M8[D]"), "X must hold numbers"),
        (np.zeros((2, 4), "V0"), "X must hold numbers"),
        (np.zeros((2, 4), "S0"), "X must hold numbers"),
        (np.zeros((2, 4), [("a", "f4")]), "X must hold numbers"),
        (rows(6).astype(object), "X must hold numbers"),
        (None, "X must hold numbers"),
    ],
)  # fmt: skip
def test_refusals_are_the_careful_ones(model, X, message):
    assert model._direct.predict(X) is None
    with pytest.raises((ValueError, TypeError), match=message):
        model.predict(X)


def test_results_belong_to_the_caller(model):
    X = rows(3)
    first = model.predict(X)
    kept = first.copy()
    assert type(first) is np.ndarray
    assert first.flags.owndata and first.flags.writeable and first.flags.c_contiguous
    second = model.predict(rows(3, seed=1))
    assert not np.shares_memory(first, second) and not np.shares_memory(first, X)
    assert first.tobytes() == kept.tobytes()
    first[...] = 7
    assert model.predict(X).tobytes() == kept.tobytes()


def test_the_input_is_not_written(model):
    X = rows(40)
    before = X.copy()
    model.predict(X)
    assert X.tobytes() == before.tobytes()


@pytest.mark.thread_unsafe(reason="the fixture's model is trained")
def test_it_follows_the_parameters(model):
    X = rows(5)
    before = model.predict(X)
    model.layers[0].weight[...] *= 2
    after = model.predict(X)
    assert after.tobytes() == model._predict(X).tobytes() != before.tobytes()
    model.fit(X, [0, 1, 2, 0, 1], loss="cross_entropy", epochs=2, verbose=0)
    trained = model.predict(X)
    assert trained.tobytes() == model._predict(X).tobytes() != after.tobytes()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_share_nothing(model, duplicate):
    X = rows(5)
    expected = model.predict(X)
    other = duplicate(model)
    assert other.predict(X).tobytes() == other.predict(X).tobytes() == expected.tobytes()
    other.layers[0].weight[...] = 0
    assert model.predict(X).tobytes() == expected.tobytes() != other.predict(X).tobytes()


@pytest.mark.thread_unsafe(reason="the fixture's model is trained")
def test_a_training_elsewhere_refuses_it(model):
    raised = []

    def call():
        assert model._direct.predict(rows(2)) is None
        try:
            model.predict(rows(2))
        except RuntimeError as error:
            raised.append(str(error))

    with model.guard.training():
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        assert len(raised) == 1 and "being trained in another thread" in raised[0]
        assert model.predict(rows(2)).shape == (2, 3)  # who trains may look


@pytest.mark.thread_unsafe(reason="the fixture's model is trained")
@pytest.mark.parametrize("shape", [(6, 4), (6, 3), (1300, 4)])
def test_it_leaves_nothing_held(model, shape):
    """No array stays held and no reader counted, whether the array was taken or refused."""
    X = np.zeros(shape, "f4")
    before = sys.getrefcount(X)
    for _ in range(3):
        if shape[1] == 4:
            model.predict(X)
        else:
            with pytest.raises(ValueError, match="4 features"):
                model.predict(X)
    assert sys.getrefcount(X) == before
    X.resize((2, 2))  # NumPy refuses while somebody holds a buffer
    with model.guard.training():  # nobody reads
        pass


@pytest.mark.thread_unsafe(reason="the fixture's model is trained")
def test_threads_predict_at_once_and_right(model):
    inputs = [rows(1 + 37 * i, seed=i) for i in range(8)]
    expected = [model._predict(X).tobytes() for X in inputs]

    def work(i):
        return [model.predict(inputs[i]).tobytes() for _ in range(50)] == [expected[i]] * 50

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    with model.guard.training():
        pass


def test_memory_does_not_grow(model):
    X = rows(7)
    dtype = X.dtype
    model.predict(X)
    gc.collect()
    before = sys.getrefcount(X), sys.getrefcount(dtype), sys.getallocatedblocks()
    for _ in range(2000):
        model.predict(X)
    gc.collect()
    after = sys.getrefcount(X), sys.getrefcount(dtype), sys.getallocatedblocks()
    assert after[:2] == before[:2]
    assert after[2] - before[2] < 200
