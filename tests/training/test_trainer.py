"""Trainer: steps, gradients, fits; what is kept from call to call; who may use the model."""

import contextlib
import copy
import inspect
import math
import pickle
import threading

import numpy as np
import pytest

import fastbp as bp

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(70, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(float)


def network(dtype="float64", activation="sigmoid", units=1, hidden="tanh"):
    return bp.Sequential([bp.Dense(8, hidden), bp.Dense(units, activation)], dtype=dtype, seed=0)


def make(dtype="float64", optimizer="adam", **options):
    return bp.Trainer(network(dtype), loss="bce", optimizer=optimizer, **options)


def weights(model):
    return {name: view.copy() for name, view in model.parameters.items()}


def same(a, b):
    return list(a) == list(b) and all(np.array_equal(a[name], b[name]) for name in a)


class Reference:
    """The same network in NumPy, written out."""

    def __init__(self, model):
        self.p = [view.astype(float) for view in model.parameters.values()]

    def gradients(self, x, y):
        w1, b1, w2, b2 = self.p
        hidden = np.tanh(x @ w1 + b1)
        z = hidden @ w2 + b2
        y = y.reshape(z.shape)
        loss = (np.maximum(z, 0) - z * y + np.log1p(np.exp(-abs(z)))).mean()
        dz = (1 / (1 + np.exp(-z)) - y) / z.size
        dh = dz @ w2.T * (1 - hidden**2)
        return loss, [x.T @ dh, dh.sum(0), hidden.T @ dz, dz.sum(0)]


def sgd(reference, rate=0.1):
    def update(gradients):
        for p, g in zip(reference.p, gradients, strict=True):
            p -= rate * g

    return update


def momentum(reference, rate=0.1, mu=0.9, nesterov=False):
    velocity = [np.zeros_like(p) for p in reference.p]

    def update(gradients):
        for p, v, g in zip(reference.p, velocity, gradients, strict=True):
            v[...] = mu * v + g
            p -= rate * (g + mu * v if nesterov else v)

    return update


def adam(reference, rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    m = [np.zeros_like(p) for p in reference.p]
    v = [np.zeros_like(p) for p in reference.p]
    t = 0

    def update(gradients):
        nonlocal t
        t += 1
        for p, a, b, g in zip(reference.p, m, v, gradients, strict=True):
            a[...] = beta_1 * a + (1 - beta_1) * g
            b[...] = beta_2 * b + (1 - beta_2) * g**2
            root = np.sqrt(b / (1 - beta_2**t))
            p -= rate / (1 - beta_1**t) * a / (root + epsilon)

    return update


RULES = [
    (bp.SGD(0.1), sgd),
    (bp.SGD(0.1, 0.9), momentum),
    (bp.SGD(0.1, 0.9, nesterov=True), lambda r: momentum(r, nesterov=True)),
    (bp.Adam(), adam),
    (bp.Adam(0.05, 0.8, 0.95, 1e-3), lambda r: adam(r, 0.05, 0.8, 0.95, 1e-3)),
]


# ---------------------------------------------------------------- making one


def test_the_signatures():
    def defaults(function):
        return {k: p.default for k, p in inspect.signature(function).parameters.items()}

    empty = inspect.Parameter.empty
    assert defaults(bp.Trainer) == {
        "model": None,  # or a function: then with params
        "loss": None,
        "optimizer": "adam",
        "metrics": (),
        "params": None,
        "seed": None,
    }
    assert defaults(bp.Trainer.fit) == {
        "self": empty,
        "X": empty,
        "y": empty,
        "epochs": 1,
        "batch_size": 32,
        "validation_data": None,
        "metrics": None,
        "shuffle": True,
        "threads": None,
        "verbose": "auto",
    }


def test_what_it_says_of_itself():
    trainer = make(optimizer=bp.SGD(0.1), metrics=["accuracy"])
    assert trainer.loss == "bce"
    assert trainer.optimizer == bp.SGD(0.1)
    assert trainer.metrics == ("accuracy",)
    assert trainer.steps == 0
    assert repr(trainer) == (
        f"Trainer({trainer.model!r}, loss='bce', "
        "optimizer=SGD(learning_rate=0.1, momentum=0.0, nesterov=False), metrics=['accuracy'])"
    )
    assert repr(eval(repr(trainer), vars(bp))) == repr(trainer)


def test_bad_arguments():
    with pytest.raises(
        TypeError, match=r"model must be a bp.Sequential, or a function .*, got \[\]"
    ):
        bp.Trainer([], loss="bce")
    model = network()
    with pytest.raises(ValueError, match=r"unknown loss 'BCE': did you mean 'bce'"):
        bp.Trainer(model, loss="BCE")
    with pytest.raises(ValueError, match=r"unknown optimizer 'Adam': did you mean 'adam'"):
        bp.Trainer(model, loss="bce", optimizer="Adam")
    with pytest.raises(ValueError, match=r"unknown metric 'acc': did you mean 'accuracy'"):
        bp.Trainer(model, loss="bce", metrics=["acc"])


# ---------------------------------------------------------------- steps and gradients


@pytest.mark.parametrize("rows", [1, 2, 33, 70])
def test_gradients_are_the_references(rows):
    trainer = make()
    trainer.model.build(3)
    before = weights(trainer.model)
    loss, gradients = trainer.gradients(X[:rows], Y[:rows])
    expected_loss, expected = Reference(trainer.model).gradients(X[:rows], Y[:rows])
    assert type(loss) is float
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    assert list(gradients) == list(before)
    for gradient, wanted in zip(gradients.values(), expected, strict=True):
        assert gradient.dtype == np.float64
        assert np.allclose(gradient, wanted, rtol=1e-10, atol=1e-14)
    assert same(weights(trainer.model), before)
    assert trainer.steps == 0


def test_gradients_are_copies():
    trainer = make()
    _, first = trainer.gradients(X, Y)
    kept = {name: g.copy() for name, g in first.items()}
    trainer.gradients(X[:5], Y[:5])
    trainer.step(X[:5], Y[:5])
    assert same(first, kept)


@pytest.mark.parametrize(("optimizer", "rule"), RULES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_follows_the_reference_step_by_step(optimizer, rule, dtype):
    trainer = make(dtype, optimizer)
    trainer.model.build(3)
    reference = Reference(trainer.model)
    update = rule(reference)
    close = {"rtol": 1e-3, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-12}
    for i in range(40):
        rows = slice(i % 5 * 8, i % 5 * 8 + 8 + i % 3)
        loss = trainer.step(X[rows], Y[rows])
        expected, gradients = reference.gradients(X[rows], Y[rows])
        update(gradients)
        assert loss == pytest.approx(expected, rel=1e-4 if dtype == "float32" else 1e-10)
        for view, wanted in zip(trainer.model.parameters.values(), reference.p, strict=True):
            assert np.allclose(view, wanted, **close)
    assert trainer.steps == 40


def test_a_step_is_an_epoch_of_one_batch():
    one, other = make(), make()
    losses = [one.step(X, Y) for _ in range(5)]
    history = other.fit(X, Y, epochs=5, batch_size=1000, shuffle=False)
    assert history["loss"] == pytest.approx(losses, rel=1e-15)
    assert same(weights(one.model), weights(other.model))


def test_steps_take_what_numpy_reads():
    one, other = make(), make()
    for _ in range(2):
        assert one.step(X[::2], Y[::2]) == other.step(X[::2].tolist(), Y[::2, None].astype(int))
    assert same(weights(one.model), weights(other.model))


@pytest.mark.parametrize("method", ["step", "gradients"])
def test_steps_check_shapes_and_class_indices(method):
    call = getattr(make(), method)
    for x, y, message in (
        (X[0], Y, r"xb must be 2-D"),
        (X[:0], Y[:0], r"xb is empty"),
        (X, Y[:9], r"xb and yb must have as many rows each, got 70 and 9"),
        (X, np.zeros((70, 2)), r"yb must have shape \(rows,\) or \(rows, 1\)"),
    ):
        with pytest.raises(ValueError, match=message):
            call(x, y)
    trainer = bp.Trainer(network(activation="softmax", units=3), loss="cross_entropy")
    with pytest.raises(ValueError, match=r"yb must hold class indices from 0 to 2.*got 3"):
        getattr(trainer, method)(X[:2], [0, 3])
    assert not trainer.model.built


def test_a_step_does_not_look_for_nan_but_a_loss_that_is_none_raises():
    trainer = make()
    trainer.step(X, Y)
    before = weights(trainer.model)
    bad = X.copy()
    bad[3, 1] = np.nan
    with pytest.raises(bp.DivergenceError, match="not finite in step 2") as caught:
        trainer.step(bad, Y)
    assert caught.value.batch == 2
    assert same(weights(trainer.model), before)
    assert trainer.steps == 1
    assert math.isfinite(trainer.step(X, Y))


# ---------------------------------------------------------------- fits


def test_a_fit_goes_on_with_everything():
    one, other = make(), make()
    whole = one.fit(X, Y, epochs=6)
    parts = [other.fit(X, Y, epochs=n) for n in (1, 2, 3)]
    assert whole["loss"] == [value for part in parts for value in part["loss"]]
    assert same(weights(one.model), weights(other.model))
    assert one.steps == other.steps == 18


@pytest.mark.parametrize(("optimizer", "rule"), RULES)
@pytest.mark.parametrize(("batch", "groups"), [(128, 2), (512, 4)])
def test_batches_that_are_added_up_in_groups(batch, groups, optimizer, rule):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3 * batch, 28)), rng.integers(0, 2, 3 * batch)
    model = bp.Sequential([bp.Dense(200, "tanh"), bp.Dense(1, "sigmoid")], dtype="float64", seed=0)
    model.build(28)
    reference = Reference(model)
    update = rule(reference)
    trainer = bp.Trainer(model, loss="bce", optimizer=optimizer)
    trainer.fit(x, y, epochs=2, batch_size=batch, shuffle=False)
    for start in (0, batch, 2 * batch) * 2:
        rows = slice(start, start + batch)
        update(reference.gradients(x[rows], y[rows])[1])
    for view, wanted in zip(model.parameters.values(), reference.p, strict=True):
        assert np.allclose(view, wanted, rtol=1e-9, atol=1e-12)
    assert trainer._state.run("train", batch).program.groups == groups


@pytest.mark.parametrize("n", [1, 31, 32, 33, 64, 70])
def test_short_last_batches(n):
    trainer = make(optimizer=bp.SGD(0.1))
    trainer.model.build(3)
    reference = Reference(trainer.model)
    update = sgd(reference)
    history = trainer.fit(X[:n], Y[:n], epochs=2, shuffle=False)
    for epoch in range(2):
        total = 0.0
        for start in range(0, n, 32):
            rows = slice(start, min(start + 32, n))
            loss, gradients = reference.gradients(X[rows], Y[rows])
            update(gradients)
            total += loss * (rows.stop - rows.start)
        assert history["loss"][epoch] == pytest.approx(total / n, rel=1e-12)
    for view, wanted in zip(trainer.model.parameters.values(), reference.p, strict=True):
        assert np.allclose(view, wanted, rtol=1e-10)
    assert trainer.steps == 2 * -(-n // 32)


def test_shuffling_takes_every_row_once():
    """With a learning rate too small to matter, an epoch's mean is that of all rows."""
    trainer = make(optimizer=bp.SGD(1e-15))
    trainer.model.build(3)
    loss, _ = Reference(trainer.model).gradients(X, Y)
    history = trainer.fit(X, Y, epochs=3, batch_size=16)
    assert history["loss"] == pytest.approx([loss] * 3, rel=1e-12)


def test_metrics_of_the_trainer_and_of_the_call():
    trainer = make(metrics=["accuracy"])
    assert list(trainer.fit(X, Y)) == ["loss", "accuracy"]
    assert list(trainer.fit(X, Y, metrics=())) == ["loss"]
    assert list(trainer.evaluate(X, Y)) == ["loss", "accuracy"]
    assert list(trainer.evaluate(X, Y, metrics=[])) == ["loss"]
    assert list(make().fit(X, Y, metrics="accuracy")) == ["loss", "accuracy"]


def test_metrics_do_not_change_the_training():
    one, other = make(), make(metrics=["accuracy"])
    assert one.fit(X, Y, epochs=3)["loss"] == other.fit(X, Y, epochs=3)["loss"]
    assert same(weights(one.model), weights(other.model))


@pytest.mark.parametrize("verbose", ["auto", 0, 1])
def test_reports_and_validation_do_not_change_the_training(verbose, capsys):
    one, other = make(), make()
    plain = one.fit(X, Y, epochs=4, verbose=0)
    seen = other.fit(X, Y, epochs=4, verbose=verbose, validation_data=(X[:9], Y[:9]))
    assert plain["loss"] == seen["loss"]
    assert same(weights(one.model), weights(other.model))
    assert len(capsys.readouterr().out.splitlines()) == (4 if verbose == 1 else 0)


def test_validation_is_an_evaluation_after_each_epoch():
    trainer = make(metrics=["accuracy"])
    data = (X[:50], Y[:50])
    history = trainer.fit(X, Y, epochs=3, validation_data=list(data))
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert all(len(values) == 3 for values in history.values())
    result = trainer.evaluate(*data)
    assert history["val_loss"][-1] == result["loss"]
    assert history["val_accuracy"][-1] == result["accuracy"]


def test_evaluation_weighs_rows():
    trainer = make()
    x = np.random.default_rng(3).normal(size=(1111, 3))
    y = np.random.default_rng(4).integers(0, 2, 1111)
    trainer.model.build(3)
    loss, _ = Reference(trainer.model).gradients(x, y.astype(float))
    assert trainer.evaluate(x, y)["loss"] == pytest.approx(loss, rel=1e-12)


def test_several_outputs():
    y = RANDOM.normal(size=(70, 2))
    trainer = bp.Trainer(network(activation=None, units=2), loss="mse", optimizer=bp.Adam(0.01))
    history = trainer.fit(X, y, epochs=60)
    assert history["loss"][-1] < 0.9 * history["loss"][0]
    p = trainer.model.predict(X)
    assert trainer.evaluate(X, y)["loss"] == pytest.approx(((p - y) ** 2).mean(), rel=1e-12)
    with pytest.raises(ValueError, match=r"y must have shape \(rows, 2\)"):
        trainer.fit(X, y[:, 0])


# ---------------------------------------------------------------- refusals before anything starts


BAD = [
    ({"X": X[:, 0]}, r"X must be 2-D \(rows, features\), got shape \(70,\)"),
    ({"X": X[:69]}, r"X and y must have as many rows each, got 69 and 70"),
    ({"X": X[:, :2]}, r"X must have 3 features \(columns\), got 2"),
    ({"X": X[:0], "y": Y[:0]}, r"X is empty"),
    ({"y": Y[:0]}, r"y is empty"),
    ({"X": np.where(X[5, 1] == X, np.nan, X)}, r"X must hold finite values, got X\[5, 1\] = nan"),
    ({"X": np.where(X[5, 1] == X, np.inf, X)}, r"X must hold finite values, got X\[5, 1\] = inf"),
    (
        {"y": np.where(np.arange(70) == 3, np.nan, Y)},
        r"y must hold finite values, got y\[3\] = nan",
    ),
    ({"y": Y + 0.5}, r"y must lie in \[0, 1\] for a bce loss, got 1.5"),
    ({"y": np.stack([Y, Y], 1)}, r"y must have shape \(rows,\) or \(rows, 1\).*got \(70, 2\)"),
    ({"epochs": 0}, r"epochs must be a positive integer, got 0"),
    ({"batch_size": -1}, r"batch_size must be a positive integer, got -1"),
    ({"metrics": ["acc"]}, r"unknown metric 'acc'"),
    ({"verbose": 2}, r"verbose must be 'auto', 0 or 1, got 2"),
    (
        {"validation_data": (X, Y[1:])},
        r"validation_data\[0\] and validation_data\[1\] must have as",
    ),
    ({"validation_data": (X[:, :2], Y)}, r"validation_data\[0\] must have 3 features"),
    ({"validation_data": (X * np.inf, Y)}, r"validation_data\[0\] must hold finite values"),
    ({"validation_data": (X, Y - 1)}, r"validation_data\[1\] must lie in \[0, 1\]"),
]
WRONG = [
    ({"X": X.astype(complex)}, r"X must hold real numbers, got complex128"),
    (
        {"X": np.full((70, 3), None)},
        r"dtype object",
    ),
    ({"y": np.where(Y > 0, "yes", "no")}, r"y must hold numbers, got strings such as"),
    ({"epochs": 2.0}, r"epochs must be a positive integer, got 2.0"),
    ({"batch_size": "32"}, r"batch_size must be a positive integer, got '32'"),
    ({"shuffle": 1}, r"shuffle must be True or False, got 1"),
    ({"validation_data": X}, r"validation_data must be a pair \(X, y\), got "),
    ({"validation_data": (X, Y, Y)}, r"validation_data must be a pair \(X, y\), got "),
]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [(c, ValueError, m) for c, m in BAD] + [(c, TypeError, m) for c, m in WRONG],
)
@pytest.mark.parametrize("kind", ["trainer", "model"])
def test_bad_input_is_refused_before_anything_starts(kind, changes, error, message):
    model = network("float32")
    model.build(3)
    before = weights(model)
    trainer = bp.Trainer(model, loss="bce")
    arguments = {"X": X, "y": Y, "epochs": 2, "verbose": 0} | changes
    fit = trainer.fit if kind == "trainer" else model.fit
    if kind == "model":
        arguments["loss"] = "bce"
    with pytest.raises(error, match=message):
        fit(arguments.pop("X"), arguments.pop("y"), **arguments)
    assert same(weights(model), before)
    assert trainer.steps == 0
    assert model.shuffles == 0


def test_an_overflow_to_float32_is_refused():
    for x, y, name in ((X * 1e300, Y, r"X\[0, 0\]"), (X, Y * 1e300, r"y\[\d+\]")):
        model = network("float32", activation=None)
        with pytest.raises(ValueError, match=rf"{name} is .*, too large for float32: rescale"):
            model.fit(x, y, loss="mse")
        assert not model.built


def test_learning_rates_are_refused_before_a_fit():
    for bad in (0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="learning_rate must be"):
            network().fit(X, Y, loss="bce", optimizer=bp.Adam(bad))


# ---------------------------------------------------------------- the user's arrays


def test_the_users_arrays_are_never_written():
    x, y = X.astype("float32"), Y.astype("float32")
    x.setflags(write=False)
    y.setflags(write=False)
    make("float32").fit(x, y, epochs=3, validation_data=(x, y))
    kept = X.copy()
    trainer = make()
    trainer.fit(kept, Y, epochs=3)
    trainer.step(kept, Y)
    assert np.array_equal(kept, X)


def test_any_layout_gives_the_same_training():
    expected = make("float32").fit(X, Y, epochs=2)
    wide = np.zeros((70, 6))
    wide[:, ::2] = X
    for x in (np.asfortranarray(X), wide[:, ::2], X.astype("float32"), X.astype(">f8"), X.tolist()):
        assert make("float32").fit(x, Y, epochs=2) == expected


def test_arrays_that_fit_are_not_copied(monkeypatch):
    from fastbp.training import loop

    taken = []
    fit = loop.engine.fit

    def spy(run, last, arrays, **options):
        taken.extend(arrays)
        return fit(run, last, arrays, **options)

    monkeypatch.setattr(loop.engine, "fit", spy)
    x, y = X.astype("float32"), Y.astype("float32")[:, None]
    make("float32").fit(x, y)
    assert taken[0] is x
    assert np.shares_memory(taken[1], y)


@pytest.mark.parametrize("dtype", ["float32", "int64", "float64"])
def test_class_indices_are_private_to_the_engine(monkeypatch, dtype):
    """Another thread that changes y in the middle changes nothing."""
    from fastbp.training import loop

    y = np.random.default_rng(0).integers(0, 3, len(X)).astype(dtype)
    model = network("float32", "softmax", 3)
    expected = model.fit(X, y, loss="cross_entropy", epochs=3)
    fit = loop.engine.fit

    def meddle(run, last, arrays, **options):
        assert not np.shares_memory(arrays[1], y)
        y[...] = 100
        return fit(run, last, arrays, **options)

    monkeypatch.setattr(loop.engine, "fit", meddle)
    assert network("float32", "softmax", 3).fit(X, y, loss="cross_entropy", epochs=3) == expected


def test_a_thread_that_changes_class_indices_all_the_time():
    y, good = np.zeros(len(X), "float32"), np.arange(len(X)) % 3
    stop = threading.Event()

    def meddle():
        while not stop.is_set():
            y[...] = 1e9
            y[...] = good

    thread = threading.Thread(target=meddle)
    thread.start()
    losses, refusals = [], []
    try:
        for _ in range(50):
            model = network("float32", "softmax", 3)
            try:
                losses += model.fit(X, y, loss="cross_entropy", epochs=5, verbose=0)["loss"]
            except ValueError as error:
                refusals.append(str(error))
    finally:
        stop.set()
        thread.join()
    assert len(losses) + 5 * len(refusals) == 250
    assert all("class indices" in message for message in refusals)
    assert all(map(math.isfinite, losses))


# ---------------------------------------------------------------- divergence


@pytest.mark.parametrize("validation", [False, True])
def test_divergence_goes_back_to_the_last_good_epoch(validation):
    """Large steps on a steep loss: the parameters overflow after some epochs."""
    x, y = RANDOM.normal(size=(40, 2)), RANDOM.normal(size=40)

    def trainer():
        model = bp.Sequential([bp.Dense(1)], dtype="float32", seed=0)
        return bp.Trainer(model, loss="mse", optimizer=bp.SGD(5.0, momentum=0.5))

    broken = trainer()
    data = {"validation_data": (x, y)} if validation else {}
    with pytest.raises(bp.DivergenceError, match="A smaller learning rate") as caught:
        broken.fit(x, y, epochs=1000, batch_size=16, **data)
    error = caught.value
    assert 1 < error.epoch < 1000
    assert 1 <= error.batch <= 3
    assert error.parameter in (None, "0.weight", "0.bias")
    assert f"in epoch {error.epoch}, batch {error.batch} (" in str(error)
    assert f"those of the end of epoch {error.epoch - 1} again" in str(error)

    good = trainer()
    good.fit(x, y, epochs=error.epoch - 1, batch_size=16)
    assert same(weights(good.model), weights(broken.model))
    assert good.steps == broken.steps
    assert np.isfinite(broken.model.predict(x)).all()
    # What comes next is the same too: state and shuffles went back with the parameters.
    for each in (good, broken):
        with pytest.raises(bp.DivergenceError) as again:
            each.fit(x, y, epochs=1000, batch_size=16, **data)
        assert again.value.epoch == 1


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_divergence_of_a_model_whose_copy_threads_share(threads):
    """Parameters of more than a megabyte."""
    x, y = RANDOM.normal(size=(8, 600)), RANDOM.normal(size=(8, 500))

    def trainer():
        model = bp.Sequential([bp.Dense(500)], dtype="float32", seed=0)
        return bp.Trainer(model, loss="mse", optimizer=bp.SGD(100.0, momentum=0.5))

    broken, good = trainer(), trainer()
    with pytest.raises(bp.DivergenceError) as caught:
        broken.fit(x, y, epochs=1000, batch_size=4, threads=threads)
    assert caught.value.epoch > 2
    good.fit(x, y, epochs=caught.value.epoch - 1, batch_size=4, threads=threads)
    assert same(weights(good.model), weights(broken.model))
    for each in (broken, good):  # the momentum went back as well
        with pytest.raises(bp.DivergenceError) as again:
            each.fit(x, y, epochs=1000, batch_size=4, threads=threads)
        assert again.value.epoch == 1


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_large_layer_that_overflows_in_the_last_batch_is_found(threads):
    model = bp.Sequential([bp.Dense(500)], dtype="float32", seed=0)
    trainer = bp.Trainer(model, loss="mse", optimizer=bp.SGD(1e38))
    x = np.zeros((8, 600))
    x[:, 599] = 1e3  # so that the last row alone overflows
    model.build(600)
    before = weights(model)
    with pytest.raises(bp.DivergenceError) as caught:
        trainer.fit(x, RANDOM.normal(size=(8, 500)), epochs=1, batch_size=8, threads=threads)
    assert caught.value.parameter == "0.weight"
    assert same(weights(model), before)


def test_divergence_in_the_first_epoch_goes_back_to_the_start():
    trainer = bp.Trainer(network("float32", activation=None), loss="mse", optimizer=bp.SGD(1e30))
    trainer.model.build(3)
    before = weights(trainer.model)
    with pytest.raises(bp.DivergenceError, match="those of the start again") as caught:
        trainer.fit(X, Y, epochs=5, batch_size=8)
    assert caught.value.epoch == 1
    assert same(weights(trainer.model), before)
    assert trainer.steps == 0


def test_parameters_that_overflow_in_the_last_batch_raise_too():
    model = bp.Sequential([bp.Dense(1)], dtype="float32", seed=0)
    trainer = bp.Trainer(model, loss="mse", optimizer=bp.SGD(1e38))
    model.build(3)
    before = weights(model)
    with pytest.raises(bp.DivergenceError) as caught:
        trainer.fit(X * 1e3, Y, epochs=1, batch_size=70)
    assert caught.value.parameter == "0.weight"
    assert same(weights(model), before)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("optimizer", "parameter"),
    [(bp.SGD(1e20), "0.weight"), (bp.SGD(1e20, 0.9), "0.weight"), (bp.Adam(), None)],
)
def test_what_the_only_update_made_infinite_raises(optimizer, parameter, threads):
    model = bp.Sequential([bp.Dense(1, "sigmoid")], dtype="float32", seed=0)
    model.build(2000)
    model.parameters["0.weight"][...] = 0  # else the loss would not be finite
    trainer = bp.Trainer(model, loss="bce", optimizer=optimizer)
    before = weights(model)
    with pytest.raises(bp.DivergenceError) as caught:
        trainer.fit(np.full((8, 2000), 1e25), np.ones(8), epochs=1, threads=threads)
    assert caught.value.parameter == parameter  # of Adam, the square of a gradient overflows
    assert same(weights(model), before)
    trainer.fit(np.full((8, 2000), 1e-25), np.ones(8), epochs=1, threads=threads)
    assert trainer.steps == 1


@pytest.mark.parametrize("hidden", ["relu", "tanh", "sigmoid", None])
def test_a_nan_planted_in_any_parameter_raises(hidden):
    names = ["0.weight", "0.bias", "1.weight", "1.bias"]
    for name in names:
        model = network("float32", hidden=hidden)
        model.build(3)
        for place in np.ndindex(model.parameters[name].shape):
            for trainer in (bp.Trainer(model, loss="bce"), None):
                before = model.parameters[name][place]
                model.parameters[name][place] = np.nan
                with pytest.raises(bp.DivergenceError) as caught:
                    trainer.step(X, Y) if trainer else model.fit(X, Y, loss="bce", verbose=0)
                assert caught.value.epoch == 1
                assert caught.value.batch == 1
                assert caught.value.parameter == name
                assert np.isnan(model.parameters[name][place])
                model.parameters[name][place] = before


def test_the_error_pickles():
    error = bp.DivergenceError("message", 3, 4, "0.weight")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert (again.epoch, again.batch, again.parameter) == (3, 4, "0.weight")
    assert isinstance(error, ArithmeticError)
    assert "all parameters were finite" in str(bp.DivergenceError("message", 3, 4, None))


# ---------------------------------------------------------------- copies


@pytest.mark.parametrize("optimizer", ["adam", "sgd", bp.SGD(0.1, 0.9)])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_a_copy_shares_nothing(copied, optimizer):
    trainer = make(optimizer=optimizer, metrics=["accuracy"])
    trainer.fit(X, Y, epochs=2)
    twin = copied(trainer)
    before = weights(trainer.model)
    assert twin.model is not trainer.model
    assert repr(twin) == repr(trainer)
    assert twin.steps == trainer.steps
    history = twin.fit(X, Y, epochs=2)
    assert same(weights(trainer.model), before)
    assert trainer.fit(X, Y, epochs=2) == history
    assert same(weights(trainer.model), weights(twin.model))


def test_a_copy_before_the_first_step():
    twin = copy.deepcopy(make())
    assert not twin.model.built
    assert twin.fit(X, Y) == make().fit(X, Y)


# ---------------------------------------------------------------- threads


def test_a_model_in_training_is_locked():
    model = network()
    trainer, other = bp.Trainer(model, loss="bce"), bp.Trainer(model, loss="bce")
    model.build(3)
    raised = []

    def refuse(call):
        try:
            call()
        except RuntimeError as error:
            raised.append(str(error))

    calls = [
        lambda: model.predict(X),
        lambda: model.evaluate(X, Y, loss="bce"),
        lambda: model.fit(X, Y, loss="bce"),
        lambda: trainer.step(X, Y),
        lambda: trainer.gradients(X, Y),
        lambda: other.fit(X, Y),
        lambda: pickle.dumps(model),
        lambda: copy.deepcopy(trainer),
    ]
    with model.guard.training():  # as a fit in this thread does
        for call in calls:
            thread = threading.Thread(target=refuse, args=(call,))
            thread.start()
            thread.join()
    assert len(raised) == len(calls)
    assert all("being trained" in message for message in raised)
    assert trainer.step(X, Y) > 0


def test_a_training_in_another_thread_locks_the_model():
    model = network()
    model.build(3)
    trainer = bp.Trainer(model, loss="bce", optimizer=bp.SGD(1e-3))
    refused, ended = threading.Event(), threading.Event()

    def train():
        try:
            for _ in range(1000):  # until a predict came meanwhile
                if refused.is_set():
                    break
                with contextlib.suppress(RuntimeError):  # it found a predict in its way
                    trainer.fit(X, Y, epochs=3000, verbose=0)
        finally:
            ended.set()

    thread = threading.Thread(target=train)
    thread.start()
    while not (refused.is_set() or ended.is_set()):
        try:
            model.predict(X)
        except RuntimeError:
            refused.set()
    thread.join()
    assert refused.is_set()
    assert model.predict(X).shape == (70, 1)


def test_trainers_of_different_models_run_in_parallel():
    results = []
    expected = make().fit(X, Y, epochs=50)
    threads = [
        threading.Thread(target=lambda: results.append(make().fit(X, Y, epochs=50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def test_a_refusal_leaves_the_model_free():
    trainer = make()
    for call in (trainer.step, trainer.gradients, trainer.fit):
        with pytest.raises(ValueError, match="as many rows"):
            call(X, Y[1:])
    trainer.fit(X, Y)
