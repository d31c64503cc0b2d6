"""Nodes: leaves, shapes checked at once, and the array syntax that builds them."""

import numpy as np
import pytest
from reference import evaluate

from fastbp.graph import Node, apply, constant, input_node, parameter_node, topological
from fastbp.graph.index_map import IndexMap

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
    "three axes": lambda x, v: x + np.ones((2, 4, 3)),
    "reshape to three axes": lambda x, v: x.reshape(2, 2, 3) * x.reshape(4, 1, 3)[:2],
    "transpose of three axes": lambda x, v: x.reshape(2, 2, 3).T + np.ones((3, 2, 2)),
    "sum of no axes": lambda x, v: x.sum(axis=()),
    "sum of two of three": lambda x, v: x.reshape(2, 2, 3).sum(axis=(0, -1), keepdims=True),
    "compared": lambda x, v: 1.0 * (x > v) + (x <= 1) * v + (x > 2) + (x >= x) + (v < 1.5),
    "equal": lambda x, v: 1.0 * (x == x) + (x != v) + (x == 1.0) + (np.float64(1) != x),
    "masks": lambda x, v: v * ((x > 1) & (x < v) | ~(v > 1)),
    "power 3": lambda x, v: x**3 + x**-2 + v**0.3 + v**0,
    "power of a node": lambda x, v: x**v + 2**x + np.power(0.5, v),
    "mod": lambda x, v: x % v + 5 % x + x // 0.4 + 3 // v,
    "abs": lambda x, v: abs(x - v),
    "index": lambda x, v: x[0] + v[::-1],
    "rows": lambda x, v: sum(row * i for i, row in enumerate(x)),
    "unpacked": lambda x, v: (lambda a, b, c: a + 2 * b + 3 * c)(*v),
    "methods": lambda x, v: x.var(axis=0) + x.std(axis=0, ddof=1) + x.max(0) * x.min() + v.prod(),
    "more methods": lambda x, v: x.cumsum(axis=1).clip(1, 2).swapaxes(0, 1).repeat(2, axis=0),
    "ravel, squeeze, flatten": lambda x, v: x[:1].squeeze() * x.ravel()[:3] * x.flatten()[3:6],
    "take, trace, copy": lambda x, v: x.take([0, 2], axis=0) * x.trace() * x.copy()[:2],
    "transpose with axes": lambda x, v: x.reshape(2, 2, 3).transpose(2, 0, 1),
    "dot of three axes": lambda x, v: x.reshape(2, 2, 3).dot(x.T) + v.dot(v),
    "matmul of three axes": lambda x, v: x.reshape(2, 2, 3) @ x.reshape(2, 3, 2),
    "matmul, broadcast": lambda x, v: x[:2] @ x.reshape(2, 3, 2) + v @ x.reshape(2, 3, 2)[:, :, :1],
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


NUMBERS = [2, 2.0, True, np.float32(2), np.float64(2), np.array(2), np.array(2.0), np.int8(2)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "value", NUMBERS, ids=lambda v: f"{type(v).__name__} {np.asarray(v).dtype}"
)
def test_numbers_become_constants_without_axes_and_promote_as_numpy_has_it(dtype, value):
    x = input_node(0, (4, 3), dtype)
    for node in (x + value, value + x):
        assert {(c.op, c.shape) for c in node.inputs} == {("input", (4, 3)), ("constant", ())}
        assert node.dtype == (np.ones((4, 3), dtype) + value).dtype


@pytest.mark.parametrize("value", [2, 2.0, True])
def test_pythons_numbers_take_the_nodes_dtype(value):
    assert (input_node(0, (3,), "float32") * value).inputs[1].dtype == np.float32


@pytest.mark.parametrize("right", ["float32", "float64", "int64", "int32", "bool"])
@pytest.mark.parametrize("left", ["float32", "float64", "int64", "int32", "bool"])
def test_dtypes_promote_as_numpys(left, right):
    a, b = input_node(0, (3,), left), parameter_node(0, (3,), right)
    u, v = np.ones(3, left), np.ones(3, right)
    for call in (
        lambda a, b: a + b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: np.maximum(a, b),
        lambda a, b: np.where(a > b, a, b),
        lambda a, b: a > b,
        lambda a, b: a == b,
        lambda a, b: a.sum() + b.mean(),
    ):
        assert call(a, b).dtype == call(u, v).dtype


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("wanted", ["float32", "float64"])
def test_astype_gives_the_dtype_asked_for(dtype, wanted):
    assert input_node(0, (3,), dtype).astype(wanted).dtype == wanted


def test_astype_to_whole_numbers_rounds_towards_zero():
    point = np.array([-1.5, -0.2, 0.0, 0.7, 2.9])
    node = input_node(0, (5,), "float64")
    for dtype in ("int64", "int32", "bool"):
        found = node.astype(dtype)
        assert found.dtype == dtype
        np.testing.assert_array_equal(evaluate(found, [point]), point.astype(dtype))


def test_mean_is_a_constant_times_the_sum(x):
    mean = x.mean()
    assert mean.op == "multiply"
    assert mean.inputs[0].attrs["value"] == 1 / 12
    assert mean.inputs[1].op == "sum"


def test_comparisons_build_nodes_and_hashes_are_by_identity(x, v):
    other = input_node(0, (4, 3), "float64", "x")
    assert (x == other).op == "equal"
    assert (x != other).op == "not_equal"
    assert (x == x).dtype == bool
    assert x != "x"
    assert (x == None) is False  # noqa: E711
    nodes = {x: 0, other: 1, v: 2}
    assert [nodes[x], nodes[other], nodes[v]] == [0, 1, 2]
    assert hash(input_node(0, (4, 3), "float64", "x")) != hash(x)


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
        (lambda x, v: x.sum(axis=-3), r"sum: axis -3 of a Node of shape \(4, 3\)"),
        (lambda x, v: x.sum(axis=(0, -2)), r"sum: axis \(0, -2\) names one axis twice"),
        (lambda x, v: x + np.ones((2, 3, 3)), r"shapes \(4, 3\) and \(2, 3, 3\) do not"),
        (lambda x, v: x.reshape(2, 2, 4), r"12 elements and cannot become \(2, 2, 4\)"),
        (lambda x, v: x.reshape(2, 6) @ x.reshape(2, 2, 3), r"matmul: \(2, 6\) @ \(2, 2, 3\)"),
        (lambda x, v: input_node(0, (0, 3), "float64").max(), "max: no elements"),
        (lambda x, v: x.var(ddof=12), "var: 12 elements and ddof=12"),
        (lambda x, v: input_node(0, (0, 3), "float64").mean(), "no elements to average"),
        (lambda x, v: input_node(0, (-1, 3), "float64"), "sizes of 0 or more"),
        (
            lambda x, v: apply("gamma", x),
            "unknown operation 'gamma'; known: absolute, add, add_rows",
        ),
        (lambda x, v: apply("where", x, x, v), r"where\(c, a, b\): expected operands of one shape"),
        (lambda x, v: apply("cumsum", v, axis=1, reverse=False), r"cumsum\(x\): axis 1"),
        (lambda x, v: apply("join_columns", x, v), r"expected shapes \(n, k\) and \(n, m\)"),
        (lambda x, v: apply("take_rows", v, v), r"for indices, \(k,\), got \(3,\)"),
        (lambda x, v: apply("add_rows", x, v, rows=5), r"expected shapes \(k, m\) and \(k,\)"),
        (lambda x, v: apply("gather", x, index=IndexMap([0, 1]), shape=(3,)), "cannot fill shape"),
        (
            lambda x, v: apply("scatter", x, index=IndexMap([0, 1]), shape=(3,)),
            "an index of 2 elements",
        ),
        (
            lambda x, v: apply("scatter_columns", x, index=IndexMap([0]), width=2),
            "an index of 1 columns",
        ),
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
        (lambda x: input_node(0, (3,), "complex64"), "an integer or bool, got complex64"),
        (lambda x: input_node(0, (3,), np.longdouble), "got (float128|longdouble)"),
        (lambda x: input_node(0, (3,), object), "got object"),
        (lambda x: x.mean(axis="rows"), "mean: axis must be whole numbers, got 'rows'"),
        (lambda x: x.sum(axis=True), "sum: axis must be whole numbers, got True"),
        (lambda x: x & x, "combine masks"),
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
