"""Losses by name, by function and by the names of other libraries; which outputs they go with."""

import numpy as np
import pytest

import fastbp as bp
from fastbp.nn.losses import LOSSES, get_loss

NAMES = [
    "bce",
    "bce_with_logits",
    "cross_entropy",
    "cross_entropy_with_logits",
    "mse",
    "mae",
    "huber",
]


def test_the_names():
    assert [loss.name for loss in LOSSES] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_is_found_by_name_and_by_function(name):
    loss = get_loss(name)
    assert loss.name == name
    assert get_loss(getattr(bp, name)) is loss
    assert get_loss(loss) is loss


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("binary_crossentropy", "bce"),
        ("BinaryCrossentropy", "bce"),
        ("BCELoss", "bce"),
        ("log_loss", "bce"),
        ("BCEWithLogitsLoss", "bce_with_logits"),
        ("categorical_crossentropy", "cross_entropy"),
        ("sparse_categorical_crossentropy", "cross_entropy"),
        ("NLLLoss", "cross_entropy"),
        ("CrossEntropyLoss", "cross_entropy_with_logits"),
        ("mean_squared_error", "mse"),
        ("squared_error", "mse"),
        ("MSELoss", "mse"),
        ("MSE", "mse"),
        ("cross-entropy", "cross_entropy"),
        ("crossentropi", "cross_entropy"),
    ],
)
def test_names_of_other_libraries(name, meant):
    with pytest.raises(
        ValueError, match=rf"unknown loss '{name}': did you mean '{meant}'\? Known: "
    ):
        get_loss(name)


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match="Known: " + ", ".join(map(repr, NAMES))):
        get_loss("quantile")


def test_objects_of_other_libraries():
    class BCELoss:
        pass

    for value in (BCELoss(), BCELoss):
        with pytest.raises(TypeError, match=r"loss must be one of .*did you mean 'bce'"):
            get_loss(value)
    for value in (3, None, np.mean):
        with pytest.raises(TypeError, match=r"loss must be one of 'bce', .*, got "):
            get_loss(value)


FITTING = [
    ("bce", 1, "sigmoid"),
    ("bce", 4, "sigmoid"),
    ("bce_with_logits", 1, None),
    ("cross_entropy", 3, "softmax"),
    ("cross_entropy_with_logits", 2, None),
    *(("mse", 1, activation) for activation in ("sigmoid", "tanh", "relu", "softmax", None)),
]


@pytest.mark.parametrize(("name", "units", "activation"), FITTING)
def test_fitting_outputs(name, units, activation):
    model = bp.Sequential([bp.Dense(units, activation)])
    assert bp.Trainer(model, loss=name).loss == name


@pytest.mark.parametrize(
    ("name", "units", "activation", "message"),
    [
        (
            "bce",
            1,
            None,
            r"activation='sigmoid', got None: give .*'sigmoid', or use loss='bce_with_logits'",
        ),
        ("bce", 1, "relu", r"activation='sigmoid', got 'relu': give .*, or use loss='mse'"),
        ("bce", 3, "softmax", r"got 'softmax': .* or use loss='cross_entropy' or loss='mse'"),
        (
            "bce_with_logits",
            1,
            "sigmoid",
            r"needs logits, .*None, got 'sigmoid': use loss='bce', or leave the activation out",
        ),
        ("bce_with_logits", 1, "tanh", r"got 'tanh': leave the activation out, or use loss='mse'"),
        (
            "cross_entropy",
            3,
            None,
            r"activation='softmax', got None: .* loss='cross_entropy_with_logits'",
        ),
        (
            "cross_entropy",
            3,
            "sigmoid",
            r"activation='softmax', got 'sigmoid': .* loss='bce' or loss='mse'",
        ),
        (
            "cross_entropy_with_logits",
            3,
            "softmax",
            r"got 'softmax': use loss='cross_entropy', or leave",
        ),
        (
            "cross_entropy",
            1,
            "softmax",
            r"needs at least 2 output units, .*got 1: for two use Dense\(1, activation='sigmoid'\)",
        ),
        ("cross_entropy", 1, "sigmoid", r"needs at least 2 output units"),
        ("cross_entropy_with_logits", 1, None, r"needs at least 2 output units"),
    ],
)
def test_a_loss_that_does_not_fit_names_the_way_out(name, units, activation, message):
    model = bp.Sequential([bp.Dense(units, activation)])
    X, y = np.zeros((2, 2)), np.zeros(2)
    for call in (
        lambda: bp.Trainer(model, loss=name),
        lambda: model.fit(X, y, loss=name),
        lambda: model.evaluate(X, y, loss=name),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert not model.built
