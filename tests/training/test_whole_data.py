"""Data of whole numbers: exact in comparisons, arithmetic and indices, whatever the parameters' dtype."""

import numpy as np
import pytest
from whole_numbers import BINARY, DTYPES, MIXING, UNARY, array, expression, outcome

import fastbp as bp

both = pytest.mark.parametrize("dtype", ["float32", "float64"])
D = np.array([0, 1, 30000, 40000, 65541, 100000, 300])


@both
@pytest.mark.parametrize("kind", ["int32", "int64", "uint32", "uint64"])
def test_comparisons_beyond_int16(dtype, kind):
    trainer = bp.Trainer(lambda w, d: (w * (d > 40000)).mean(), params=np.ones(1, dtype))
    assert trainer.evaluate(D.astype(kind))["loss"] == pytest.approx(2 / 7, rel=1e-6)
    assert trainer.gradients(D.astype(kind))[1]["params"] == pytest.approx(2 / 7, rel=1e-6)
    history = trainer.fit(D.astype(kind), batch_size=3, shuffle=False, verbose=0)
    assert history["loss"] == pytest.approx([2 / 7], rel=2e-2)


@pytest.mark.parametrize("number", range(120))
def test_random_functions_row_by_row(number):
    """A loss that tells which rows are zero, even, and above a limit; for batches of all lengths."""
    rng = np.random.default_rng(number)
    kinds = rng.choice(DTYPES, 2)
    inner = expression(rng, int(rng.integers(1, 4)), 2)
    a, b = array(rng, kinds[0], (23, 3)), array(rng, kinds[1], (23, 3))
    made = outcome(inner, a, b)
    if isinstance(made, type) or made.dtype.kind == "f":  # uint64 and int64 give floats
        return

    def loss(w, a, b):
        with np.errstate(all="ignore"):
            made = inner(a, b)
            odd = made % 2 == 1
        return (w * (made == 0)).sum() + 2 * (w * odd).sum() + 3 * (w * (made > 100)).sum()

    for dtype in ("float32", "float64"):
        w = np.ones(1, dtype)
        trainer = bp.Trainer(loss, params=w, optimizer=bp.SGD(1e-30))
        wanted = outcome(loss, w, a, b)
        if isinstance(wanted, type):
            continue
        assert trainer.evaluate((a, b))["loss"] == pytest.approx(wanted, abs=1e-3)
        assert trainer.step(a, b) == pytest.approx(wanted, abs=1e-3)
        history = trainer.fit(
            (a, b), batch_size=5, verbose=0
        )  # the mean of sums over batches, by rows
        parts = [slice(i, i + 5) for i in range(0, 23, 5)]
        sums = [loss(w, a[p], b[p]) * len(a[p]) / 23 for p in parts]
        whole = bp.Trainer(loss, params=w, optimizer=bp.SGD(1e-30))
        found = whole.fit((a, b), batch_size=5, shuffle=False, verbose=0)["loss"][0]
        assert found == pytest.approx(sum(sums), abs=1e-3)
        assert len(history["loss"]) == 1
        assert bp.optimize(loss, w, (a, b), lr=1e-9, n_iter=1)[1][0] == pytest.approx(
            wanted, abs=1e-3
        )


@both
def test_places_beyond_floats(dtype):
    rng = np.random.default_rng(0)
    table = rng.normal(size=1000).astype(dtype)
    i = rng.integers(2**61, 2**62, 50)

    def loss(p, i):
        return (p[i % 1000] ** 2).mean() + (p[i // 7 % 1000] * (i % 2)).mean()

    trainer = bp.Trainer(loss, params=table, optimizer=bp.SGD(0.1))
    value, slopes = trainer.gradients(i)
    assert value == pytest.approx(loss(table, i), rel=1e-5)
    wanted = np.zeros(1000)
    np.add.at(wanted, i % 1000, 2 * table[i % 1000] / 50)
    np.add.at(wanted, i // 7 % 1000, (i % 2) / 50)
    np.testing.assert_allclose(slopes["params"], wanted, rtol=1e-5, atol=1e-8)
    step = bp.Trainer(loss, params=table, optimizer=bp.SGD(0.1))
    step.fit(i, batch_size=50, verbose=0)
    np.testing.assert_allclose(step.params, table - 0.1 * wanted, rtol=1e-5, atol=1e-7)


@both
@pytest.mark.parametrize("batch", [1, 7, 16, 40])
def test_what_mixes_the_rows_of_a_batch(dtype, batch):
    """It is made anew for each batch: counts of a mask, the largest, places in the batch."""
    rng = np.random.default_rng(0)
    x, d = rng.normal(size=40).astype(dtype), rng.integers(0, 9, 40)

    def loss(w, x, d):
        mask = d > 2
        near = (d - np.arange(len(d)) > 0) * x
        return (
            (w * x * mask).sum() / (1 + mask.sum())
            + (w * (d == d.max()) * x).sum()
            + near.sum()
            + (w * d).mean()
        )

    trainer = bp.Trainer(loss, params=np.ones(1, dtype), optimizer=bp.SGD(1e-30))
    found = trainer.fit((x, d), batch_size=batch, shuffle=False, verbose=0)["loss"][0]
    parts = [slice(i, i + batch) for i in range(0, 40, batch)]
    w = np.ones(1, dtype)
    wanted = sum(loss(w, x[p], d[p]) * len(d[p]) for p in parts) / 40
    assert found == pytest.approx(wanted, rel=1e-5)
    assert trainer.evaluate((x, d))["loss"] == pytest.approx(loss(w, x, d), rel=1e-5)


@pytest.mark.parametrize("index", [10, -11, 2**40])
def test_an_index_out_of_range_is_named_before_training(index):
    trainer = bp.Trainer(
        lambda p, i: (p["table"][i] ** 2).mean(), params={"table": np.ones((10, 2))}
    )
    i = np.array([0, 9, -10, index])
    for call in (
        lambda: trainer.fit(i, verbose=0),
        lambda: trainer.step(i),
        lambda: trainer.evaluate(i),
    ):
        with pytest.raises(
            IndexError, match=rf"data\[0\]\[3\] is {index}: .* params\['table'\], which has 10"
        ):
            call()
    with pytest.raises(IndexError, match=rf"data\[3\] is {index}"):
        bp.optimize(lambda p, i: p[i].sum(), np.ones(10), i, lr=0.1, n_iter=1)
    assert trainer.steps == 0


def test_labels_out_of_range_are_named_before_training():
    trainer = bp.Trainer(
        lambda W, x, y: bp.cross_entropy_with_logits(x @ W, y), params=np.zeros((2, 3))
    )
    for y in ([0, 3, 1], [0.0, 3.0, 1.0]):
        with pytest.raises(
            ValueError, match=r"data\[1\] must hold class indices from 0 to 2.*got 3"
        ):
            trainer.fit((np.ones((3, 2)), np.array(y)), verbose=0)


def test_parameters_keep_their_dtype_and_the_users_arrays_their_numbers():
    d, before = D.copy(), D.copy()
    trainer = bp.Trainer(lambda w, d: (w * d / 7).mean(), params=np.ones(1, np.float32))
    trainer.fit(d, epochs=2, verbose=0)
    assert trainer.params.dtype == np.float32
    np.testing.assert_array_equal(d, before)


def test_validation_of_another_width():
    trainer = bp.Trainer(lambda w, d: (w * (d > 3)).mean(), params=np.ones(1))
    history = trainer.fit(D, validation_data=D.astype(np.int32), batch_size=2, verbose=0)
    assert len(history["val_loss"]) == 1
    with pytest.raises(ValueError, match=r"must be like data: .*int64.*float"):
        trainer.fit(D, validation_data=D * 1.0, verbose=0)
    with pytest.raises(ValueError, match="must be like data"):
        trainer.fit(D.astype(np.int8), validation_data=D, verbose=0)


def test_every_function_of_the_cases_is_met():
    """The random functions above reach all that they are made of."""
    a = array(np.random.default_rng(0), "int64", (4, 4))
    for one in (*UNARY, *MIXING):
        assert not isinstance(outcome(one, a), type), one
    for two in BINARY:
        assert two in (np.power,) or not isinstance(outcome(two, a, a), type), two


@both
def test_places_that_are_floats_are_named_before_training(dtype):
    trainer = bp.Trainer(lambda p, i: (p[i] ** 2).mean(), params=np.ones(10, dtype))
    trainer.fit(np.array([0.0, 9.0, -10.0]), verbose=0)
    for bad in (10, -11, 0.5):
        with pytest.raises(IndexError, match=rf"data\[1\] is {bad}: .* out of bounds for 10"):
            trainer.fit(np.array([0.0, bad]), verbose=0)
        with pytest.raises(IndexError, match=rf"data\[1\] is {bad}"):
            bp.optimize(
                lambda p, i: p[i].sum(), np.ones(10, dtype), np.array([0, bad]), lr=1, n_iter=1
            )


@both
def test_whole_numbers_that_follow_from_floats(dtype):
    """Exact, or no number, which the error says."""

    def loss(w, x):
        return (w * ((x * 2).astype(int) % 3 + x.astype(np.int8))).mean()

    x = np.array([0.7, 5.5, -3.2, 90.9], dtype)
    trainer = bp.Trainer(loss, params=np.ones(1, dtype))
    assert trainer.evaluate(x)["loss"] == pytest.approx(loss(np.ones(1), x))
    for bad in (1e3, 1e12 if dtype == "float32" else 1e18):
        with pytest.raises(bp.DivergenceError, match="whole numbers that follow from floats"):
            trainer.fit(np.array([0.5, bad], dtype), verbose=0)
        with pytest.raises(bp.DivergenceError, match="whole numbers that follow from floats"):
            trainer.step(np.array([0.5, bad], dtype))
    taking = bp.Trainer(lambda w, x: (w[(x * 2).astype(int)] ** 2).sum(), params=np.ones(4, dtype))
    assert taking.evaluate(np.array([0.5, 1.9]))["loss"] == 2
    with pytest.raises(bp.DivergenceError, match="no places where they are indices"):
        taking.fit(np.array([0.5, 2.0]), verbose=0)


@both
@pytest.mark.parametrize("large", [2**22, 2**24 + 1])
def test_sums_over_the_rows_of_a_batch_are_exact_or_refused(dtype, large):
    """1 of the mean loss for each batch whose sum is odd."""
    d = np.array([large, large + 1, 3, 4, 5, 7])
    loss = lambda w, d: (w * (d.sum() % 2)).sum()  # noqa: E731
    trainer = bp.Trainer(loss, params=np.ones(1, dtype), optimizer=bp.SGD(1e-30))
    if dtype == "float32" and large > 2**22:
        with pytest.raises(bp.DivergenceError, match="too large"):
            trainer.fit(d, batch_size=2, shuffle=False, verbose=0)
    else:
        found = trainer.fit(d, batch_size=2, shuffle=False, verbose=0)["loss"]
        assert found == pytest.approx([2 / 3])


def test_whole_numbers_that_the_loss_does_not_use():
    """They are rows all the same, and no array of the program."""
    x, unused = np.linspace(-1, 1, 10), np.arange(10)
    trainer = bp.Trainer(lambda w, x, unused: (w * x**2).mean(), params=np.ones(1), seed=0)
    assert trainer.evaluate((x, unused))["loss"] == pytest.approx((x**2).mean())
    loss, _ = trainer.gradients(x, unused)
    assert loss == pytest.approx((x**2).mean())
    trainer.fit((x, unused), batch_size=4, verbose=0)
    assert trainer.steps == 3


def test_more_places_than_float32_tells_apart_are_refused():
    table = np.zeros(2**24 + 1, np.float32)
    trainer = bp.Trainer(lambda p, i: p[i].sum(), params=table, optimizer=bp.SGD(0.1))
    with pytest.raises(TypeError, match=r"take_rows of 16777217 places.*float64"):
        trainer.evaluate(np.array([3]))


@both
def test_numbers_among_fixed_ones(dtype):
    """Row by row, though the fixed ones may be as many as the rows."""
    known, d = np.array([2**60 + 1, 7]), np.array([2**60, 2**60 + 1, 7, 8, 7, 0])

    def loss(w, d):
        return (w * np.isin(d, known)).sum() + (w * np.digitize(d, [5, 8])).sum()

    trainer = bp.Trainer(loss, params=np.ones(1, dtype), optimizer=bp.SGD(1e-30))
    found = trainer.fit(d, batch_size=2, verbose=0)["loss"]
    assert found == pytest.approx([loss(np.ones(1), d) / 3])


def test_no_comparison_hides_that_a_number_is_not_exact():
    """Division by 0 in the program: what is none is equal to nothing, and the loss must say so."""
    d = np.array([[0, 3], [0, 5], [2, 1]])
    loss = lambda w, d: (w * (d.sum() // d[:, :1] == 1)).sum()  # noqa: E731
    trainer = bp.Trainer(loss, params=np.ones(1))
    with pytest.raises(bp.DivergenceError, match="whole numbers that follow from floats"):
        trainer.fit(d, batch_size=2, verbose=0)
    assert trainer.fit(d + 1, batch_size=2, verbose=0)["loss"]
