"""Functions with sums of more than 4,096 terms: no error beyond (8 + log2 n) eps times the sum of the terms' sizes."""

import math

import numpy as np
import pytest

import fastbp as bp

SIZES = [4095, 4096, 4097, 8192, 12_289, 1_000_001]
sizes = pytest.mark.parametrize("n", SIZES)


def numbers(*shape, mean=0, seed=0):
    return np.random.default_rng(seed).normal(mean, 1, shape).astype(np.float32)


def assert_sums(out, terms, axis=None, n=None):
    """`out` are the sums of float64 terms along an axis, of which there are n."""
    terms = np.asarray(terms)
    n = n or (terms.size if axis is None else terms.shape[axis])
    bound = (8 + math.log2(n)) * np.finfo(np.float32).eps * abs(terms).sum(axis)
    assert np.asarray(out).dtype in (np.float32, float)
    assert (abs(np.asarray(out, "f8") - terms.sum(axis)) <= bound).all()


@sizes
@pytest.mark.parametrize("mean", [0, 100])
def test_products_of_two_long_rows(n, mean):
    r, ones = numbers(n, mean=mean), np.ones(n, np.float32)
    squares = r.astype("f8") ** 2
    assert_sums(bp.compile(lambda r: r @ r)(r), squares)
    assert_sums(bp.compile(lambda r: np.einsum("i,i->", r, r))(r), squares)
    assert_sums(bp.compile(lambda r: np.vdot(r, r))(r), squares)
    assert_sums(bp.compile(lambda r, ones: r @ ones)(r, ones), r.astype("f8"))
    value, slope = bp.value_and_grad(lambda w, r: w * (r @ r))(np.float32(1), r)
    assert_sums(value, squares)
    assert_sums(slope, squares)


@sizes
@pytest.mark.parametrize("mean", [0, 100])
def test_totals(n, mean):
    x = numbers(n, mean=mean)
    wide = x.astype("f8")
    assert_sums(bp.compile(lambda x: x.sum())(x), wide)
    assert_sums(bp.compile(lambda x: x[::-1].sum())(x), wide)
    assert_sums(bp.compile(np.mean)(x), wide / n, n=n)
    assert_sums(bp.grad(lambda a, x: (a * x).sum())(np.float32(1), x), wide)
    found = bp.compile(lambda x: (np.var(x), np.std(x)))(x)
    np.testing.assert_allclose(found, [np.var(wide), np.std(wide)], rtol=2e-6)


@pytest.mark.parametrize("shape", [(2, 5000), (5000, 2), (5000, 70), (3, 4100, 2), (2, 3, 4500)])
def test_sums_along_an_axis(shape):
    x = numbers(*shape, mean=100)
    for axis in range(x.ndim):
        out = bp.compile(lambda x, axis=axis: x.sum(axis))(x)
        if x.shape[axis] > 4096:
            assert_sums(out, x.astype("f8"), axis)
    axis = int(np.argmax(x.shape))
    running = bp.compile(lambda x: np.cumsum(x, axis))(x)
    wanted = np.cumsum(x.astype("f8"), axis)
    np.testing.assert_allclose(running, wanted, rtol=20 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("rows", [4097, 8192, 12_289, 200_003])
def test_gradients_over_many_rows(rows):
    x, y = numbers(rows, 3, mean=100), numbers(rows, mean=100, seed=1)

    def loss(p, x, y):
        return ((x @ p["w"] + p["b"]) * y).sum()

    p = {"w": np.zeros(3, np.float32), "b": np.float32(0)}
    _, slopes = bp.value_and_grad(loss)(p, x, y)
    wide = y.astype("f8")
    assert_sums(slopes["b"], wide)
    assert_sums(slopes["w"], wide[:, None] * x.astype("f8"), 0)
    trainer = bp.Trainer(loss, params=p)
    _, same = trainer.gradients(x, y)
    assert_sums(same["params['w']"], wide[:, None] * x.astype("f8"), 0)
    ones = {"w": np.ones(3, np.float32), "b": np.float32(0)}
    alike = bp.Trainer(loss, params=ones)
    losses = {alike.evaluate((x, y), threads=threads)["loss"] for threads in (1, 2, 3)}
    assert len(losses) == 1


@pytest.mark.parametrize("units", [1, 12])
@pytest.mark.parametrize("inputs", [4097, 100_003])
def test_a_network_of_many_inputs(inputs, units):
    x, w = numbers(3, inputs, mean=1), numbers(inputs, units, mean=1, seed=1)
    model = bp.Sequential([bp.Dense(units)], dtype=np.float32)
    model.predict(x)
    model.parameters["0.weight"][...] = w
    terms = x.astype("f8")[:, :, None] * w.astype("f8")
    assert_sums(model.predict(x), terms, 1)
    assert_sums(bp.compile(lambda x, w: x @ w)(x, w), terms, 1)
    by_x = bp.grad(lambda x, w: (x @ w.T).sum())(x[:, :units], w)
    assert_sums(by_x, np.repeat(w.astype("f8").T[None], 1, 0)[0], 1)


@pytest.mark.parametrize("rows", [4096, 4097, 20_000, 300_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_that_meet_at_one_place(rows, dtype):
    """Embeddings, gathers, and whatever else adds many numbers back to where one came from."""
    rng = np.random.default_rng(rows)
    table, g = np.zeros((5, 2), dtype), numbers(rows, 2, mean=100).astype(dtype)
    rare = rng.integers(1, 5, rows)
    index = np.where(rng.random(rows) < 0.9, 0, rare)
    wanted = np.zeros((5, 2), np.longdouble)
    np.add.at(wanted, index, g.astype(np.longdouble))

    def loss(table, index, g):
        return (table[index] * g).sum()

    def assert_right(found):
        bound = (8 + math.log2(rows)) * np.finfo(dtype).eps * wanted
        assert found.dtype == dtype
        assert (abs(found - wanted) <= np.where(rows > 4096, bound, 4 * bound)).all()

    assert_right(bp.grad(loss)(table, index, g))
    assert_right(bp.grad(lambda table, g: (table[index] * g).sum())(table, g))
    _, slopes = bp.Trainer(lambda p, i, g: loss(p["t"], i, g), params={"t": table}).gradients(
        index, g
    )
    assert_right(slopes["params['t']"])
    flat = bp.grad(lambda t, g: (t[np.zeros(rows, int)] * g).sum())(table[:, 0], g[:, 0])
    exact = math.fsum(g[:, 0])
    assert abs(flat[0] - exact) <= (8 + math.log2(rows)) * 2 * np.finfo(dtype).eps * abs(exact)


def test_numbers_that_meet_in_a_row():
    n = 60_000
    x = numbers(2, n, mean=100)
    index = np.zeros((2, n), int)
    found = bp.grad(lambda t: (np.take_along_axis(t, index, 1) * x).sum())(
        np.zeros((2, n), np.float32)
    )
    assert_sums(found[:, 0], x.astype("f8"), 1)
    assert (found[:, 1:] == 0).all()
    found = bp.grad(lambda t: (t[:, index[0]] * x).sum())(np.zeros((2, 3), np.float32))
    assert_sums(found[:, 0], x.astype("f8"), 1)


@pytest.mark.parametrize("threads", [2, 3])
def test_an_embedding_trains_alike_on_any_number_of_threads(threads):
    rng = np.random.default_rng(0)
    index, g = rng.integers(0, 7, 9000) // 6, numbers(9000, 4, mean=1)
    params = {"t": numbers(2, 4), "w": numbers(4, 150)}

    def loss(p, index, g):
        return (np.tanh((p["t"][index] * g) @ p["w"])).mean()

    bits = []
    for lanes in (1, threads):
        trainer = bp.Trainer(loss, params=params, optimizer=bp.SGD(0.1), seed=0)
        trainer.fit((index, g), epochs=2, batch_size=9000, threads=lanes, verbose=0)
        bits.append([np.asarray(value).tobytes() for value in trainer.params.values()])
    assert bits[0] == bits[1]
