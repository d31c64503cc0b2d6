"""Dense: its description, its views and its starting values."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import fastbp as bp


def test_the_signature():
    parameters = inspect.signature(bp.Dense).parameters
    assert list(parameters) == ["units", "activation"]
    assert parameters["activation"].default is None


@pytest.mark.parametrize("units", [0, -1])
def test_units_are_positive(units):
    with pytest.raises(ValueError, match=r"units must be a positive integer, got "):
        bp.Dense(units)


@pytest.mark.parametrize("units", [1.0, "3", None, True])
def test_units_are_integers(units):
    with pytest.raises(TypeError, match=r"units must be a positive integer, got "):
        bp.Dense(units)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "softmax"])
def test_activations_by_name_and_by_function(name):
    assert bp.Dense(2, activation=name).activation == name
    assert bp.Dense(2, getattr(bp, name)).activation == name
    assert bp.Dense(2).activation is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ReLU", "'relu'"),
        ("logistic", "'sigmoid'"),
        ("linear", "None"),
        ("identity", "None"),
        ("sigmoidd", "'sigmoid'"),
    ],
)
def test_unknown_activations(name, meant):
    message = (
        rf"unknown activation '{name}': did you mean {meant}\? "
        "Known: 'sigmoid', 'tanh', 'relu', 'softmax', None"
    )
    with pytest.raises(ValueError, match=message):
        bp.Dense(3, activation=name)


@pytest.mark.parametrize("value", [3, np.tanh, max, bp.bce])
def test_activations_that_are_none(value):
    with pytest.raises(TypeError, match=r"activation must be one of 'sigmoid'.*, None, got "):
        bp.Dense(3, activation=value)


def test_classes_of_other_libraries_are_understood():
    class ReLU:
        pass

    with pytest.raises(TypeError, match=r"did you mean 'relu'"):
        bp.Dense(3, activation=ReLU())


def test_repr_reads_back():
    layer = bp.Dense(16, activation="relu")
    assert repr(layer) == "Dense(16, activation='relu')"
    again = eval(repr(layer), vars(bp))
    assert (again.units, again.activation) == (16, "relu")


def test_before_the_build_there_are_no_parameters():
    layer = bp.Dense(2)
    for name in ("weight", "bias"):
        message = rf"Dense\(2, activation=None\) has no {name} yet: the first fit or predict makes"
        with pytest.raises(RuntimeError, match=message):
            getattr(layer, name)
        with pytest.raises(RuntimeError, match=message):
            setattr(layer, name, np.zeros(2))


def built(activation=None, n_features=300, units=200, dtype="float32", seed=0):
    layer = bp.Dense(units, activation)
    model = bp.Sequential([layer], dtype=dtype, seed=seed)
    model.build(n_features)
    return model, layer


@pytest.mark.parametrize(
    ("activation", "bound"),
    [
        (None, np.sqrt(6 / 500)),
        ("tanh", np.sqrt(6 / 500)),
        ("softmax", np.sqrt(6 / 500)),
        ("relu", np.sqrt(6 / 300)),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_starting_values(activation, bound, dtype):
    _, layer = built(activation, dtype=dtype)
    assert layer.weight.shape == (300, 200)
    assert layer.weight.dtype == dtype
    assert np.abs(layer.weight).max() <= bound * (1 + 1e-6)
    assert np.abs(layer.weight).max() > 0.99 * bound
    assert abs(layer.weight.mean()) < 0.02 * bound
    assert layer.weight.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)
    assert layer.bias.shape == (200,)
    assert not layer.bias.any()


def test_layers_start_differently():
    first, second = bp.Dense(4), bp.Dense(4)
    bp.Sequential([first, second], seed=0).build(4)
    assert not np.array_equal(first.weight, second.weight)


def test_views_are_live():
    model, layer = built(n_features=2, units=3)
    layer.weight[...] = 1.0
    layer.bias += 0.5
    assert model.predict([[1.0, 2.0]]).tolist() == [[3.5, 3.5, 3.5]]


def test_assigning_copies_in():
    model, layer = built(n_features=2, units=3)
    weight = layer.weight
    given = np.arange(6, dtype=float).reshape(3, 2).T
    layer.weight = given
    layer.bias = [1, 2, 3]
    given[...] = 0
    assert layer.weight is weight
    assert weight.tolist() == [[0, 2, 4], [1, 3, 5]]
    assert model.predict([[1, 1]]).tolist() == [[2, 7, 12]]


def test_assigning_checks_the_shape():
    _, layer = built(n_features=2, units=3)
    before = layer.weight.copy()
    with pytest.raises(ValueError, match=r"weight must have shape \(2, 3\), got \(3, 2\)"):
        layer.weight = np.zeros((3, 2))
    with pytest.raises(ValueError, match=r"bias must have shape \(3,\), got \(\)"):
        layer.bias = 0.0
    with pytest.raises(TypeError, match=r"weight must hold real numbers, got complex128"):
        layer.weight = np.zeros((2, 3), complex)
    assert np.array_equal(layer.weight, before)


def test_a_view_keeps_the_block_alive():
    model, layer = built(n_features=2, units=3)
    layer.weight = np.ones((2, 3))
    view = layer.weight
    del model, layer
    assert view.sum() == 6


def test_a_layer_belongs_to_one_model():
    model, layer = built(n_features=2, units=3)
    with pytest.raises(ValueError, match=r"Dense\(3, activation=None\) belongs to another model"):
        bp.Sequential([layer])
    layer.weight = np.ones((2, 3))
    again = bp.Sequential([copy.deepcopy(layer)])
    with pytest.raises(RuntimeError, match="has no weight yet"):
        _ = again.layers[0].weight
    assert model.layers[0] is layer
    del model
    bp.Sequential([layer])
    with pytest.raises(RuntimeError, match="has no weight yet"):
        _ = layer.weight


def test_a_pickled_layer_is_its_description():
    _, layer = built(n_features=2, units=3)
    again = pickle.loads(pickle.dumps(layer))
    assert repr(again) == repr(layer)
    with pytest.raises(RuntimeError, match="has no weight yet"):
        _ = again.weight
