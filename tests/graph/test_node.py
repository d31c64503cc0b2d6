"""Nodes: leaves, shapes checked at once, and the array syntax that builds them."""

import copy

import numpy as np
import pytest
from reference import evaluate

from fastbp.graph import Node, apply, constant, input_node, parameter_node, topological

X = np.random.default_rng(0).uniform(0.5, 2, (4, 3))
V = np.random.default_rng(1).uniform(0.5, 2, 3)


@pytest.fixture
def x():
    return input_node(0, (4, 3), "float64", "x")


@pytest.fixture
def v():
    return parameter_node(0, (3,), "float64", "v")


def value(node):
    return evaluate(node, [X], [V])


# Each is computed with arrays and with nodes: the shape, and the value, must be NumPy's.
SAME_AS_NUMPY = {
    "add": lambda x, v: x + v,
    "radd": lambda x, v: 2 + x,
    "array on the left": lambda x, v: np.ones((4, 1)) + x,
    "subtract": lambda x, v: x - v,
    "rsubtract": lambda x, v: 1.5 - x,
    "multiply": lambda x, v: x * v,
    "rmultiply": lambda x, v: np.float64(3) * x,
    "divide": lambda x, v: x / v,
    "rdivide": lambda x, v: 1 / x,
    "negative": lambda x, v: -x + np.negative(v),
    "positive": lambda x, v: np.positive(+x),
    "square": lambda x, v: x**2 + np.square(v),
    "sqrt": lambda x, v: x**0.5 + np.sqrt(v),
    "power 1": lambda x, v: np.power(x, 1),
    "power -1": lambda x, v: np.power(x, -1.0) + np.reciprocal(v),
    "power of an array": lambda x, v: x ** np.array(2),
    "exp, log, tanh": lambda x, v: np.exp(np.tanh(np.log(x))),
    "maximum": lambda x, v: np.maximum(x - 1, 0) + np.maximum(0.0, v - 1),
    "matmul": lambda x, v: x @ x.T,
    "matmul 2, 1": lambda x, v: x @ v,
    "matmul 1, 2": lambda x, v: v @ x.T,
    "matmul 1, 1": lambda x, v: v @ v,
    "rmatmul": lambda x, v: np.ones((2, 4)) @ x,
    "np.matmul": lambda x, v: np.matmul(x, v),
    "np.dot": lambda x, v: np.dot(x, v) + np.dot(2.0, v).sum(),
    ".dot": lambda x, v: x.dot(v),
    "transpose": lambda x, v: np.transpose(x) + x.T,
    "transpose of one axis": lambda x, v: v.T,
    "sum": lambda x, v: np.sum(x),
    "sum axis": lambda x, v: np.sum(x, axis=0) + x.sum(axis=-2),
    "sum keepdims": lambda x, v: x.sum(axis=1, keepdims=True),
    "sum all keepdims": lambda x, v: np.sum(x, keepdims=True),
    "sum of both axes": lambda x, v: x.sum(axis=(0, 1)) + x.sum(axis=(1,)).sum(),
    "mean": lambda x, v: np.mean(x) + x.mean(0),
    "mean keepdims": lambda x, v: np.mean(x, axis=1, keepdims=True),
    "reshape": lambda x, v: x.reshape(2, 6) + x.reshape((2, -1)),
    "np.reshape": lambda x, v: np.reshape(x, (-1, 2)),
    "reshape to one axis": lambda x, v: x.reshape(-1),
    "astype": lambda x, v: x.astype(np.float64),
    "len": lambda x, v: x.sum() / len(x),
    "shape": lambda x, v: x * (np.shape(x)[0] + np.size(x) + np.ndim(x) + x.ndim + x.size),
    "list": lambda x, v: x * [1, 2, 3],
    "booleans": lambda x, v: x * np.array([True, False, True]),
}


@pytest.mark.parametrize("call", SAME_AS_NUMPY.values(), ids=SAME_AS_NUMPY.keys())
def test_nodes_answer_as_arrays_do(x, v, call):
    node, expected = call(x, v), call(X, V)
    assert isinstance(node, Node)
    assert node.shape == np.shape(expected)
    assert node.dtype == np.float64
    np.testing.assert_allclose(value(node), expected, rtol=1e-13)


def test_leaves():
    x = input_node(1, [4, 3], "float32", "x")
    assert (x.op, x.inputs, x.attrs, x.shape, x.name) == ("input", (), {"index": 1}, (4, 3), "x")
    assert x.dtype == np.float32
    w = parameter_node(0, (), np.float64)
    assert (w.op, w.attrs, w.shape, w.name) == ("parameter", {"index": 0}, (), None)
    assert repr(x) == "<Node input 'x' (4, 3) float32>"


def test_constants_are_copied_and_read_only():
    array = np.arange(3)
    c = constant(array, "float32")
    array[0] = 9
    assert c.attrs["value"].tolist() == [0, 1, 2]
    assert c.attrs["value"].dtype == c.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        c.attrs["value"][0] = 1


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.array(2), True])
def test_numbers_become_constants_without_axes_in_the_nodes_dtype(value):
    x = input_node(0, (4, 3), "float32")
    c = (x * value).inputs[1]
    assert (c.op, c.shape, c.dtype) == ("constant", (), np.float32)


def test_mean_is_a_constant_times_the_sum(x):
    mean = x.mean()
    assert mean.op == "multiply"
    assert mean.inputs[0].attrs["value"] == 1 / 12
    assert mean.inputs[1].op == "sum"


def test_equality_and_hash_are_identity(x, v):
    other = input_node(0, (4, 3), "float64", "x")
    assert x == x
    assert x != other
    assert x != "x"
    assert x is not None
    assert len({x: 0, other: 1, v: 2}) == 3
    assert copy.copy(x) != x


def test_topological_order_without_recursion(x):
    node = x
    for _ in range(5000):
        node = node + x
    order = topological([node, x])
    assert order[0] is x
    assert order[-1] is node
    assert len(order) == 5001
    place = {n: i for i, n in enumerate(order)}
    assert all(place[operand] < place[n] for n in order for operand in n.inputs)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, v: x + np.ones((2, 3)), r"add\(a, b\): shapes \(4, 3\) and \(2, 3\) do not"),
        (lambda x, v: x @ x, r"matmul: \(4, 3\) @ \(4, 3\): the last size"),
        (lambda x, v: x @ 2.0, r"matmul: \(4, 3\) @ \(\)"),
        (lambda x, v: v @ x, r"matmul: \(3,\) @ \(4, 3\)"),
        (lambda x, v: x.reshape(5, -1), r"\(4, 3\) holds 12 elements and cannot become \(5, -1\)"),
        (lambda x, v: x.reshape(-1, -1), "cannot become"),
        (lambda x, v: x.sum(axis=2), r"sum: axis 2 of a Node of shape \(4, 3\)"),
        (lambda x, v: x.sum(axis=()), r"axis \(\)"),
        (lambda x, v: x.mean(axis="rows"), "mean: axis 'rows'"),
        (lambda x, v: x + np.ones((2, 4, 3)), "at most 2 axes"),
        (lambda x, v: x.reshape(2, 2, 3), "at most 2 axes"),
        (lambda x, v: input_node(0, (0, 3), "float64").mean(), "no elements to average"),
        (lambda x, v: input_node(0, (-1, 3), "float64"), "sizes of 0 or more"),
        (lambda x, v: input_node(0, (1, 2, 3), "float64"), "input: expected at most 2 axes"),
        (lambda x, v: apply("cosh", x), "unknown operation 'cosh'; known: add, bce"),
        (lambda x, v: apply("sum", x, axis=5, keepdims=False), r"sum\(x\): axis 5"),
        (lambda x, v: apply("matmul", x, v), r"matmul\(a, b\): expected shapes \(n, k\)"),
        (lambda x, v: apply("transpose", v), r"transpose\(x\): expected shape \(n, m\)"),
        (lambda x, v: apply("broadcast_to", x, shape=(3,)), "does not broadcast to"),
        (lambda x, v: apply("one_hot", x, classes=3), r"class indices of shape \(n,\)"),
        (lambda x, v: apply("cross_entropy", x, v), r"got \(4, 3\) and \(3,\)"),
    ],
)
def test_shapes_are_checked_at_once(x, v, call, message):
    with pytest.raises(ValueError, match=message):
        call(x, v)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: x + "a", "expected a Node, a number or an array of real numbers, got str"),
        (lambda x: x + None, "got NoneType"),
        (lambda x: x * 1j, "got complex"),
        (lambda x: x + parameter_node(0, (3,), "float32"), "b is float32, a is float64"),
        (lambda x: x.astype("float32"), "computes in float64 throughout, got float32"),
        (lambda x: input_node(0, (3,), "float16"), "expected float32 or float64, got float16"),
        (lambda x: input_node(0, (3,), "int64"), "got int64"),
        (lambda x: x.reshape(2.0), "reshape: expected whole numbers"),
        (lambda x: len(x.sum()), "without axes"),
        (lambda x: apply("add", x), r"expected add\(a, b\), got 1 operands"),
        (lambda x: apply("sum", x, axis=0), r"expected sum\(x, axis=, keepdims=\)"),
        (lambda x: apply("add", x, 1.0), "add: expected a Node for b, got float"),
    ],
)
def test_types_are_checked_at_once(x, call, message):
    with pytest.raises(TypeError, match=message):
        call(x)
