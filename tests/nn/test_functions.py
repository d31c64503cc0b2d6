"""The public functions on arrays and on nodes."""

import numpy as np
import pytest

import fastbp as bp
from fastbp.graph.node import Node, input_node

RANDOM = np.random.default_rng(0)


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


ELEMENTWISE = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 5), (2, 3, 4), (1300, 2)])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_functions_of_arrays(name, shape, dtype):
    x = RANDOM.normal(size=shape).astype(dtype)
    result = getattr(bp, name)(x)
    assert result.shape == shape
    assert result.dtype == dtype
    expected = ELEMENTWISE[name](x.astype(float))
    assert np.allclose(result, expected, rtol=1e-6 if dtype == "float32" else 1e-14, atol=1e-7)


def test_numbers_give_numbers():
    assert bp.sigmoid(0) == 0.5
    assert isinstance(bp.sigmoid(0), np.float64)
    assert isinstance(bp.relu(np.float32(2)), np.float32)


def test_relu_passes_nan_on():
    assert np.isnan(bp.relu(np.nan))


@pytest.mark.parametrize("shape", [(5,), (1, 3), (1300, 4), (2, 3, 4)])
def test_softmax_of_arrays(shape):
    z = RANDOM.normal(size=shape)
    assert np.allclose(bp.softmax(z), softmax(z), rtol=1e-13)
    for bad in (1.0, np.zeros((2, 0))):
        with pytest.raises(ValueError, match=r"softmax: x must have an axis with at least one"):
            bp.softmax(bad)


def test_strided_and_read_only_arrays():
    x = np.asfortranarray(RANDOM.normal(size=(6, 8)))[::2, ::3]
    x.setflags(write=False)
    assert np.allclose(bp.tanh(x), np.tanh(x))
    assert bp.sigmoid([True, False]).tolist() == pytest.approx([0.7310585786300049, 0.5])


PAIRED = {
    "bce": (lambda p, y: -(y * np.log(p) + (1 - y) * np.log(1 - p)), True),
    "bce_with_logits": (lambda z, y: np.maximum(z, 0) - z * y + np.log1p(np.exp(-abs(z))), False),
    "mse": (lambda p, y: (p - y) ** 2, False),
}


@pytest.mark.parametrize("shape", [(1,), (7,), (3, 5), (1300,), (512, 2)])
@pytest.mark.parametrize("name", PAIRED)
def test_losses_average_over_all_elements(name, shape):
    formula, probabilities = PAIRED[name]
    p = RANDOM.uniform(0.01, 0.99, shape) if probabilities else RANDOM.normal(size=shape)
    y = RANDOM.uniform(size=shape)
    loss = getattr(bp, name)(p, y)
    assert isinstance(loss, np.float64)
    assert loss == pytest.approx(formula(p, y).mean(), rel=1e-12)


@pytest.mark.parametrize("rows", [1, 5, 512, 1300])
def test_cross_entropies_average_over_rows(rows):
    z, y = RANDOM.normal(size=(rows, 4)), RANDOM.integers(0, 4, rows)
    expected = -np.log(softmax(z)[np.arange(rows), y]).mean()
    assert bp.cross_entropy(softmax(z), y) == pytest.approx(expected, rel=1e-12)
    assert bp.cross_entropy_with_logits(z, y) == pytest.approx(expected, rel=1e-12)
    assert bp.cross_entropy_with_logits(z, y[:, None] * 1.0) == pytest.approx(expected, rel=1e-12)


def test_float32_stays_float32():
    p = np.full(3, 0.5, "float32")
    assert isinstance(bp.bce(p, [0, 1, 1]), np.float32)
    assert isinstance(bp.bce(p, np.ones(3)), np.float64)


def test_large_logits_are_exact():
    assert bp.bce_with_logits([-50.0, 800.0], [1, 0]) == 425.0
    assert bp.cross_entropy_with_logits([[1000.0, 0.0]], [1]) == 1000.0


def test_a_column_equals_a_row_and_nothing_else_does():
    p = np.array([0.2, 0.7, 0.9])
    y = np.array([0.0, 1.0, 1.0])
    for name in PAIRED:
        function = getattr(bp, name)
        assert function(p, y) == function(p[:, None], y) == function(p, y[:, None])
        for bad in (y[:2], y[None, :], np.zeros((3, 3)), 1.0):
            with pytest.raises(ValueError, match=r"expected a target of the prediction's shape"):
                function(p[:, None], bad)


def test_bad_class_indices_are_refused():
    z = np.zeros((3, 2))
    for bad, message in (
        ([0, 1, 2], "class indices from 0 to 1"),
        ([0, 1, 0.5], "whole numbers"),
        (np.eye(3), "expected class indices of shape"),
        ([0, 1], "expected class indices of shape"),
    ):
        with pytest.raises(ValueError, match=message):
            bp.cross_entropy_with_logits(z, bad)


def test_empty_and_wrong_arrays_are_refused():
    with pytest.raises(ValueError, match="mse: prediction is empty"):
        bp.mse([], [])
    with pytest.raises(TypeError, match="prediction must hold real numbers"):
        bp.mse([1j], [1.0])
    with pytest.raises(TypeError, match="target must hold numbers, got strings"):
        bp.bce([0.5], ["yes"])


def test_nodes_give_nodes():
    x = input_node(0, (4, 3), "float32")
    y = input_node(1, (4, 3), "float32")
    for name in [*ELEMENTWISE, "softmax"]:
        assert isinstance(getattr(bp, name)(x), Node)
    for name in PAIRED:
        assert getattr(bp, name)(x, y).shape == ()
        assert getattr(bp, name)(x, np.zeros((4, 3))).shape == ()
    assert bp.cross_entropy(x, np.zeros(4)).shape == ()


def test_the_functions_have_docstrings_with_examples():
    for name in [*ELEMENTWISE, "softmax", *PAIRED, "cross_entropy", "cross_entropy_with_logits"]:
        assert ">>> " in getattr(bp, name).__doc__
