"""Named functions on nodes: what losses average over, and that shapes never broadcast."""

import numpy as np
import pytest
from gradcheck import check_gradient
from reference import evaluate

from fastbp.graph import constant, functions, gradients, input_node, parameter_node

RNG = np.random.default_rng(3)
P = RNG.uniform(0.1, 0.9, (6, 2))
T = RNG.integers(0, 2, (6, 2)).astype(float)
Z = RNG.normal(size=(6, 4))
LABELS = np.array([0, 3, 1, 2, 2, 0.0])


def node(array):
    return constant(array, "float64")


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("sigmoid", sigmoid),
        ("tanh", np.tanh),
        ("relu", lambda x: np.maximum(x, 0)),
        ("softmax", softmax),
        ("exp", np.exp),
        ("square", np.square),
    ],
)
def test_functions(function, expected):
    value = evaluate(getattr(functions, function)(node(Z)))
    np.testing.assert_allclose(value, expected(Z), rtol=1e-13)


def test_functions_of_positive_numbers():
    np.testing.assert_allclose(evaluate(functions.log(node(P))), np.log(P), rtol=1e-13)
    np.testing.assert_allclose(evaluate(functions.sqrt(node(P))), np.sqrt(P), rtol=1e-13)


def test_elementwise_losses_average_over_all_elements():
    bce = -np.mean(T * np.log(P) + (1 - T) * np.log(1 - P))
    logits = np.log(P / (1 - P))
    assert evaluate(functions.bce(node(P), T)) == pytest.approx(bce, rel=1e-12)
    assert evaluate(functions.bce_with_logits(node(logits), T)) == pytest.approx(bce, rel=1e-12)
    assert evaluate(functions.mse(node(P), T)) == pytest.approx(np.mean((P - T) ** 2), rel=1e-12)


def test_cross_entropy_averages_over_rows():
    picked = softmax(Z)[np.arange(6), LABELS.astype(int)]
    expected = pytest.approx(-np.mean(np.log(picked)), rel=1e-12)
    assert evaluate(functions.cross_entropy(node(softmax(Z)), LABELS)) == expected
    assert evaluate(functions.cross_entropy_with_logits(node(Z), LABELS)) == expected
    assert evaluate(functions.cross_entropy_with_logits(node(Z), LABELS[:, None])) == expected


def test_accuracies():
    expected = np.mean((P > 0.3) == (T > 0.5))
    assert evaluate(functions.binary_accuracy(node(P), T, threshold=0.3)) == pytest.approx(expected)
    expected = np.mean(Z.argmax(axis=1) == LABELS)
    assert evaluate(functions.class_accuracy(node(Z), LABELS)) == pytest.approx(expected)


def test_losses_stay_finite_at_the_ends():
    ends = np.array([[0.0], [1.0], [0.0], [1.0]])
    value = evaluate(functions.bce(node(ends), np.array([0.0, 1.0, 1.0, 0.0])))
    assert value == pytest.approx(50.0)  # two of four at the floor of 100
    logits = np.array([[-1000.0], [1000.0]])
    value = evaluate(functions.bce_with_logits(node(logits), np.array([1.0, 1.0])))
    assert value == pytest.approx(500.0)


ELEMENTWISE = ["bce", "bce_with_logits", "mse", "binary_accuracy"]


@pytest.mark.parametrize("loss", ELEMENTWISE)
@pytest.mark.parametrize(("p", "y"), [((5, 1), (5,)), ((5,), (5, 1)), ((1, 1), (1,)), ((5,), (5,))])
def test_one_column_counts_as_a_vector(loss, p, y):
    result = getattr(functions, loss)(input_node(0, p, "float32"), input_node(1, y, "float32"))
    assert result.shape == ()
    size = np.prod(p)
    assert result.inputs[0].attrs["value"] == np.float32(1 / size)


@pytest.mark.parametrize("loss", ELEMENTWISE)
@pytest.mark.parametrize(
    ("p", "y"),
    [
        ((5, 1), (1, 5)),
        ((5, 2), (5,)),
        ((5, 2), (5, 1)),
        ((5, 5), (5,)),
        ((5, 1), (4,)),
        ((5, 1), ()),
        ((5,), (1, 5)),
        ((5,), (1,)),
        ((5, 1), (1,)),
        ((1, 5), (5,)),
        ((), (1,)),
    ],
)
def test_other_mismatches_raise_and_never_broadcast(loss, p, y):
    with pytest.raises(
        ValueError, match=rf"^{loss if loss != 'binary_accuracy' else 'binary_hits'}: "
    ):
        getattr(functions, loss)(input_node(0, p, "float32"), input_node(1, y, "float32"))


@pytest.mark.parametrize("loss", ["cross_entropy", "cross_entropy_with_logits", "class_accuracy"])
@pytest.mark.parametrize(
    ("p", "y", "message"),
    [
        ((5, 3), (4,), r"class indices of shape \(5,\)"),
        ((5, 3), (5, 2), "class indices"),
        ((5, 3), (5, 3), r"one-hot rows become indices by y.argmax\(axis=1\)"),
        ((5, 3), (), "class indices"),
        ((5,), (5,), r"prediction of shape \(n, classes\), got \(5,\)"),
    ],
)
def test_class_indices_are_checked(loss, p, y, message):
    with pytest.raises(ValueError, match=message):
        getattr(functions, loss)(input_node(0, p, "float32"), input_node(1, y, "float32"))


@pytest.mark.parametrize("function", ["sigmoid", "softmax", "exp"])
def test_plain_arrays_are_refused(function):
    with pytest.raises(TypeError, match=f"{function}: expected a Node, got ndarray"):
        getattr(functions, function)(np.ones((2, 2)))


def test_a_softmax_goes_along_the_last_axis():
    assert functions.softmax(input_node(0, (5,), "float32")).shape == (5,)
    assert functions.softmax(input_node(0, (2, 3, 4), "float32")).shape == (2, 3, 4)
    with pytest.raises(ValueError, match=r"softmax\(z\): expected shape \(n, m\)"):
        functions.softmax(input_node(0, (), "float32"))


@pytest.mark.parametrize(
    ("loss", "prediction", "target"),
    [
        ("bce", P, T),
        ("bce_with_logits", P - 0.5, T),
        ("mse", P, T),
        ("cross_entropy", softmax(Z), LABELS),
        ("cross_entropy_with_logits", Z, LABELS),
    ],
)
def test_gradients_of_the_losses(loss, prediction, target):
    found = check_gradient(
        lambda p: getattr(functions, loss)(p, target), [prediction], evaluate, order=2
    )
    assert all(abs(c.numeric) > 1e-4 for c in found)


def test_cross_entropy_gradient_where_other_probabilities_underflowed():
    p = parameter_node(0, (1, 3), "float64")
    (g,) = gradients(functions.cross_entropy(p, [1]), [p])
    value = evaluate(g, (), [np.array([[0.0, 1.0, 0.0]])])
    assert value.tolist() == [[0.0, -1.0, 0.0]]
