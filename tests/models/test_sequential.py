"""Sequential: what its methods mean."""

import copy
import inspect
import pickle
import threading

import numpy as np
import pytest

import fastbp as bp

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(70, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(float)


def network(seed=0, dtype="float32", units=1, activation="sigmoid"):
    layers = [bp.Dense(8, activation="tanh"), bp.Dense(units, activation=activation)]
    return bp.Sequential(layers, dtype=dtype, seed=seed)


def weights(model):
    return {name: view.copy() for name, view in model.parameters.items()}


def same(a, b):
    return list(a) == list(b) and all(np.array_equal(a[name], b[name]) for name in a)


# ---------------------------------------------------------------- making one


def test_the_signatures():
    fit = inspect.signature(bp.Sequential.fit).parameters
    assert list(fit)[:3] == ["self", "X", "y"]
    options = {name: p.default for name, p in list(fit.items())[3:]}
    assert options == {
        "loss": inspect.Parameter.empty,
        "optimizer": "adam",
        "epochs": 1,
        "batch_size": 32,
        "validation_data": None,
        "metrics": (),
        "shuffle": True,
        "threads": None,
        "verbose": "auto",
    }
    assert all(p.kind is p.KEYWORD_ONLY for p in list(fit.values())[3:])
    made = inspect.signature(bp.Sequential).parameters
    assert {k: p.default for k, p in list(made.items())[1:]} == {"dtype": "float32", "seed": None}


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ([], ValueError, "layers is empty, expected at least one layer"),
        (bp.Dense(1), TypeError, r"layers must be a list of layers, got Dense\(1"),
        (3, TypeError, "layers must be a list of layers, got 3"),
        ([bp.Dense(1), "relu"], TypeError, r"layers\[1\] must be a layer such as .*, got 'relu'"),
        ([bp.Dense], TypeError, r"layers\[0\] must be a layer .*: write Dense\(units\)"),
        ([bp.Dense(2)] * 2, ValueError, r"layers\[1\] is the same object as one before it"),
    ],
)
def test_layers_that_are_none(layers, error, message):
    with pytest.raises(error, match=message):
        bp.Sequential(layers)


def test_dtype_and_seed_are_checked():
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', got 'int8'"):
        bp.Sequential([bp.Dense(1)], dtype="int8")
    with pytest.raises(ValueError, match="seed must be None or an integer in"):
        bp.Sequential([bp.Dense(1)], seed=-1)


def test_layers_may_come_from_any_iterable():
    model = bp.Sequential(bp.Dense(n) for n in (3, 2))
    assert [layer.units for layer in model.layers] == [3, 2]


def test_repr_reads_back():
    model = network(seed=7, dtype="float64")
    text = (
        "Sequential([Dense(8, activation='tanh'), Dense(1, activation='sigmoid')], "
        "dtype='float64', seed=7)"
    )
    assert repr(model) == text
    again = eval(text, vars(bp))
    assert repr(again) == text
    assert np.array_equal(again.predict(X), model.predict(X))


# ---------------------------------------------------------------- randomness


def test_no_seed_draws_one_and_keeps_it():
    model, other = bp.Sequential([bp.Dense(1)]), bp.Sequential([bp.Dense(1)])
    assert model.seed != other.seed
    again = bp.Sequential([bp.Dense(1)], seed=model.seed)
    assert np.array_equal(model.predict(X), again.predict(X))


def test_the_seed_decides_weights_and_shuffles():
    runs = []
    for seed in (1, 1, 2):
        model = network(seed)
        history = model.fit(X, Y, loss="bce", epochs=3)
        runs.append((history, weights(model)))
    assert runs[0][0] == runs[1][0]
    assert same(runs[0][1], runs[1][1])
    assert runs[0][0] != runs[2][0]


def test_the_weights_of_both_dtypes_agree():
    single, double = network(3), network(3, dtype="float64")
    single.build(3)
    double.build(3)
    for name, view in double.parameters.items():
        assert np.array_equal(single.parameters[name], view.astype("float32"))


def test_shuffles_differ_between_seeds_for_the_same_weights():
    losses = []
    for seed in (1, 2):
        model = network(seed)
        model.build(3)
        for view in model.parameters.values():
            view[...] = 0.1
        losses.append(model.fit(X, Y, loss="bce")["loss"])
    assert losses[0] != losses[1]


def test_numpys_global_state_is_untouched():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    network(seed=None).fit(X, Y, loss="bce")
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# ---------------------------------------------------------------- building


def test_before_the_build_parameters_raise():
    model = network()
    assert not model.built
    for look in (lambda: model.parameters, lambda: model.n_parameters):
        with pytest.raises(RuntimeError, match="no parameters yet: the first fit or predict makes"):
            look()


@pytest.mark.parametrize(
    "use",
    [
        lambda m: m.build(3),
        lambda m: m.predict(X),
        lambda m: m.fit(X, Y, loss="bce"),
        lambda m: m.evaluate(X, Y, loss="bce"),
        lambda m: bp.Trainer(m, loss="bce").step(X, Y),
        lambda m: bp.Trainer(m, loss="bce").gradients(X, Y),
        lambda m: bp.Trainer(m, loss="bce").evaluate(X, Y),
    ],
)
def test_the_first_use_builds(use):
    model = network()
    use(model)
    assert model.built
    assert model.n_features == 3
    assert model.n_parameters == 3 * 8 + 8 + 8 + 1
    shapes = {name: view.shape for name, view in model.parameters.items()}
    assert shapes == {"0.weight": (3, 8), "0.bias": (8,), "1.weight": (8, 1), "1.bias": (1,)}


def test_building_twice():
    model = network()
    model.build(3)
    before = weights(model)
    model.build(3)
    assert same(before, weights(model))
    with pytest.raises(ValueError, match="built for 3 features, got n_features=4"):
        model.build(4)
    with pytest.raises(ValueError, match="n_features must be a positive integer, got 0"):
        network().build(0)


def test_the_block_never_moves():
    model = network()
    model.build(3)
    before = {name: view.__array_interface__["data"] for name, view in model.parameters.items()}
    model.fit(X, Y, loss="bce", epochs=2)
    model.fit(X, Y, loss="bce", optimizer="sgd")
    after = {name: view.__array_interface__["data"] for name, view in model.parameters.items()}
    assert before == after
    assert model.layers[0].weight.__array_interface__["data"] == after["0.weight"]


def test_parameters_are_live_and_assigning_copies_in():
    model = network(activation=None)
    model.build(3)
    parameters = model.parameters
    for name in parameters:
        parameters[name] = np.zeros(parameters[name].shape)
    parameters["1.bias"][...] = 4
    assert (model.predict(X) == 4).all()
    saved = {name: np.full_like(view, 0.5) for name, view in parameters.items()}
    model.parameters.update(saved)
    assert (model.layers[0].weight == 0.5).all()
    with pytest.raises(ValueError, match=r"0.weight must have shape \(3, 8\), got \(8, 3\)"):
        parameters["0.weight"] = np.zeros((8, 3))
    with pytest.raises(KeyError, match=r"no parameter '2.weight'; there are '0.weight'"):
        parameters["2.weight"] = 0
    with pytest.raises(TypeError, match="cannot be taken out"):
        del parameters["0.weight"]
    assert len(parameters) == 4
    assert repr(parameters).startswith("Parameters({'0.weight': float32 (3, 8), ")


# ---------------------------------------------------------------- predicting


@pytest.mark.parametrize("n", [1, 2, 511, 512, 513, 1500])
@pytest.mark.parametrize("units", [1, 4])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predict_gives_a_row_of_units_for_each_row(n, units, dtype):
    model = network(units=units, dtype=dtype)
    x = np.random.default_rng(n).normal(size=(n, 3))
    outputs = model.predict(x)
    assert outputs.shape == (n, units)
    assert outputs.dtype == dtype
    first, second = model.layers
    hidden = np.tanh(x @ first.weight.astype(float) + first.bias)
    expected = 1 / (1 + np.exp(-(hidden @ second.weight.astype(float) + second.bias)))
    assert np.allclose(outputs, expected, rtol=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "softmax", None])
def test_every_activation_at_the_end_and_in_the_middle(activation):
    layers = [bp.Dense(5, activation), bp.Dense(3, activation)]
    model = bp.Sequential(layers, dtype="float64", seed=0)
    apply = getattr(bp, activation) if activation else (lambda z: z)
    model.build(3)
    expected = X
    for layer in layers:
        expected = apply(expected @ layer.weight + layer.bias)
    assert np.allclose(model.predict(X), expected, rtol=1e-12)


def test_a_row_does_not_depend_on_its_neighbours():
    model = network()
    many = model.predict(X)
    assert np.array_equal(np.concatenate([model.predict(row[None]) for row in X]), many)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((0, 3)), r"X is empty, expected at least one row"),
        (np.zeros(3), r"X must be 2-D \(rows, features\), got shape \(3,\)"),
        (np.zeros((2, 4)), r"X must have 3 features \(columns\), got 4"),
    ],
)
def test_predict_checks_the_shape(x, message):
    model = network()
    model.build(3)
    with pytest.raises(ValueError, match=message):
        model.predict(x)


def test_predict_does_not_look_for_nan():
    outputs = network().predict([[np.nan, 0, 0], [0, 0, 0]])
    assert np.isnan(outputs[0]).all()
    assert np.isfinite(outputs[1]).all()


def test_threads_may_predict_together():
    model = network()
    x = np.random.default_rng(1).normal(size=(2000, 3)).astype("float32")
    expected, wrong = model.predict(x), []

    def work():
        wrong.extend(not np.array_equal(model.predict(x), expected) for _ in range(30))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 120
    assert not any(wrong)


def test_threads_may_build_together():
    model, outputs = network(), []
    threads = [threading.Thread(target=lambda: outputs.append(model.predict(X))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outputs) == 8
    assert all(np.array_equal(each, outputs[0]) for each in outputs)


# ---------------------------------------------------------------- evaluating


def test_accuracy_is_a_share_whatever_the_dtype():
    X = np.linspace(-1, 1, 1000)[:, None]
    y = np.arange(1000) >= 470
    model = bp.Sequential([bp.Dense(1, "sigmoid")], dtype="float32", seed=0)
    model.build(1)
    model.parameters["0.weight"][...] = 1
    history = model.fit(
        X, y, loss="bce", optimizer=bp.SGD(1e-9), metrics=["accuracy"], validation_data=(X, y),
        batch_size=300,
    )  # fmt: skip
    found = model.evaluate(X, y, loss="bce", metrics=["accuracy"])["accuracy"]
    assert found == history["accuracy"][0] == history["val_accuracy"][0] == 0.97


def test_evaluate_gives_a_dict_and_changes_nothing():
    model = network(dtype="float64")
    model.build(3)
    before = weights(model)
    result = model.evaluate(X, Y, loss="bce", metrics=["accuracy"])
    p = model.predict(X)[:, 0]
    assert list(result) == ["loss", "accuracy"]
    assert result["loss"] == pytest.approx(-np.log(np.where(Y == 1, p, 1 - p)).mean(), rel=1e-12)
    assert result["accuracy"] == ((p > 0.5) == (Y == 1)).mean()
    assert all(type(value) is float for value in result.values())
    assert same(before, weights(model))


def test_evaluate_checks_its_data():
    model = network()
    with pytest.raises(ValueError, match="X must hold finite values"):
        model.evaluate(X * np.nan, Y, loss="bce")
    with pytest.raises(ValueError, match="as many rows each, got 70 and 69"):
        model.evaluate(X, Y[1:], loss="bce")


# ---------------------------------------------------------------- fitting


def test_a_column_of_targets_equals_a_row():
    runs = []
    for y in (Y, Y[:, None], Y.astype(int), (Y > 0).tolist()):
        model = network()
        runs.append((model.fit(X, y, loss="bce", epochs=2), weights(model)))
    for history, values in runs[1:]:
        assert history == runs[0][0]
        assert same(values, runs[0][1])


def test_fit_again_goes_on_with_a_fresh_optimizer_and_the_next_shuffles():
    model = network()
    model.fit(X, Y, loss="bce", epochs=2)
    middle = weights(model)
    history = model.fit(X, Y, loss="bce", epochs=2)

    other = network()
    other.fit(X, Y, loss="bce", epochs=2)
    assert same(weights(other), middle)
    trainer = bp.Trainer(other, loss="bce")  # fresh state, the same model
    assert trainer.fit(X, Y, epochs=2) == history
    assert same(weights(other), weights(model))

    replay = network()
    replay.build(3)
    replay.parameters.update(middle)
    assert replay.fit(X, Y, loss="bce", epochs=2) != history  # the first shuffles


def test_one_optimizer_object_serves_several_models():
    adam = bp.Adam(0.05)
    together = [network().fit(X, Y, loss="bce", optimizer=adam, epochs=3) for _ in range(2)]
    assert together[0] == together[1]
    assert adam == bp.Adam(0.05)


def test_loss_and_optimizer_by_name_and_by_object():
    one = network().fit(X, Y, loss="bce", optimizer="adam")
    other = network().fit(X, Y, loss=bp.bce, optimizer=bp.Adam())
    assert one == other


def test_without_shuffling_the_seed_does_not_matter():
    losses = []
    for seed in (1, 2):
        model = network(seed)
        model.build(3)
        for view in model.parameters.values():
            view[...] = 0.1
        losses.append(model.fit(X, Y, loss="bce", epochs=3, shuffle=False)["loss"])
    assert losses[0] == losses[1]


def test_bce_equals_bce_with_logits():
    model = bp.Sequential([bp.Dense(8, "tanh"), bp.Dense(1)], seed=0)
    logits = model.fit(X, Y, loss="bce_with_logits", epochs=5)
    assert network().fit(X, Y, loss="bce", epochs=5) == logits


def test_cross_entropy_equals_cross_entropy_with_logits():
    y = RANDOM.integers(0, 3, len(X))
    model = bp.Sequential([bp.Dense(8, "tanh"), bp.Dense(3)], seed=0)
    logits = model.fit(X, y, loss="cross_entropy_with_logits", epochs=5)
    same_model = network(units=3, activation="softmax")
    assert same_model.fit(X, y.astype(float), loss="cross_entropy", epochs=5) == logits


def test_linear_regression_finds_the_line():
    x = RANDOM.normal(size=(200, 2))
    model = bp.Sequential([bp.Dense(1)], seed=0)
    model.fit(x, x @ [2.0, -1.0] + 0.5, loss="mse", optimizer=bp.SGD(0.1), epochs=50)
    assert np.allclose(model.layers[0].weight.ravel(), [2, -1], atol=1e-4)
    assert np.allclose(model.layers[0].bias, 0.5, atol=1e-4)


def test_xor_needs_a_hidden_layer():
    x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    options = {"loss": "bce", "optimizer": bp.Adam(0.05), "epochs": 1000, "metrics": ["accuracy"]}
    line = bp.Sequential([bp.Dense(1, "sigmoid")], seed=0)
    line.fit(x, y, **options)
    assert line.evaluate(x, y, loss="bce")["loss"] > 0.69
    model = bp.Sequential([bp.Dense(8, "tanh"), bp.Dense(1, "sigmoid")], seed=0)
    history = model.fit(x, y, **options)
    assert history["accuracy"][-1] == 1
    assert (model.predict(x)[:, 0] > 0.5).tolist() == [False, True, True, False]


# ---------------------------------------------------------------- copies


def copies():
    return [
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(lambda m: pickle.loads(pickle.dumps(m)), id="pickle"),
    ]


@pytest.mark.parametrize("copied", copies())
def test_a_copy_shares_nothing(copied):
    model = network()
    model.fit(X, Y, loss="bce", epochs=2)
    twin = copied(model)
    assert repr(twin) == repr(model)
    assert same(weights(twin), weights(model))
    before = weights(model)
    for name, view in twin.parameters.items():
        assert not np.shares_memory(view, model.parameters[name])
    for layer, other in zip(twin.layers, model.layers, strict=True):
        assert layer is not other
        assert not np.shares_memory(layer.weight, other.weight)
    history = twin.fit(X, Y, loss="bce", epochs=2)
    assert same(before, weights(model))
    assert model.fit(X, Y, loss="bce", epochs=2) == history  # the shuffles were copied too
    assert same(weights(twin), weights(model))


@pytest.mark.parametrize("copied", copies())
def test_a_copy_of_an_unbuilt_model(copied):
    model = network()
    twin = copied(model)
    assert not twin.built
    assert np.array_equal(twin.predict(X), model.predict(X))
    assert twin.layers[0].weight is not model.layers[0].weight


@pytest.mark.parametrize("copied", copies())
def test_a_copied_model_owns_its_layers(copied):
    twin = copied(network())
    with pytest.raises(ValueError, match="belongs to another model"):
        bp.Sequential(twin.layers)
