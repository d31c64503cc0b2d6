"""Values, gradients and contributions, against NumPy and against formulas by hand."""

import ast

import numpy as np
import pytest
from op_cases import CASES
from reference import evaluate_all

import fastbp as bp
from fastbp.graph import OPS, apply, gradients, parameter_node

PARAMS = {
    "W1": np.array([[0.5, -0.3], [0.8, 0.2]]),
    "b1": np.array([0.1, -0.1]),
    "W2": np.array([[1.0], [-0.7]]),
    "b2": np.array([0.2]),
}
X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])


def network(params, x, y):
    z1 = x @ params["W1"] + params["b1"]
    a1 = bp.sigmoid(z1)
    z2 = a1 @ params["W2"] + params["b2"]
    p = bp.sigmoid(z2)
    return bp.bce(p, y)


@pytest.fixture(scope="module")
def traced():
    return bp.trace(network, PARAMS, X, Y)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_values_are_those_of_numpy(traced):
    a1 = sigmoid(X @ PARAMS["W1"] + PARAMS["b1"])
    p = sigmoid(a1 @ PARAMS["W2"] + PARAMS["b2"])
    np.testing.assert_allclose(traced["a1"].value, a1, rtol=1e-14)
    np.testing.assert_allclose(traced["p"].value, p, rtol=1e-14)
    loss = -(Y * np.log(p) + (1 - Y) * np.log(1 - p))
    np.testing.assert_allclose(traced["bce(p, y)"].value, loss, rtol=1e-13)
    np.testing.assert_allclose(traced.output.value, loss.mean(), rtol=1e-13)


def test_gradients_are_those_of_the_lecture(traced):
    a1, p = traced["a1"].value, traced["p"].value
    dz2 = (p - Y) / len(Y)
    dz1 = dz2 @ PARAMS["W2"].T * a1 * (1 - a1)
    expected = {
        "z2": dz2,
        "W2": a1.T @ dz2,
        "b2": dz2.sum(axis=0),
        "z1": dz1,
        "W1": X.T @ dz1,
        "b1": dz1.sum(axis=0),
        "x": dz1 @ PARAMS["W1"].T,
    }
    for name, gradient in expected.items():
        np.testing.assert_allclose(traced[name].gradient, gradient, rtol=1e-12, err_msg=name)
        assert traced[name].gradient.shape == traced[name].shape


def test_the_graph_is_the_one_that_was_written(traced):
    """The sigmoid before the loss is there, with its own gradient; nothing is fused away."""
    p = traced["p"]
    assert p.op == "sigmoid" and p.inputs == (traced["z2"],)
    np.testing.assert_allclose(p.gradient, (p.value - Y) / (p.value * (1 - p.value)) / len(Y))


@pytest.mark.parametrize(
    ("name", "consumer", "formula", "local"),
    [
        ("x", "x @ W1", "g @ W1.T", "W1.T"),
        ("W2", "a1 @ W2", "a1.T @ g", "a1.T"),
        ("z1", "a1", "g * a1 * (1 - a1)", "a1 * (1 - a1)"),
        ("b1", "z1", "sum(g, axis=0)", "1"),
        ("p", "bce(p, y)", "g * ((p - y) / max(p * (1 - p), 1e-12))", None),
    ],
)
def test_contributions_say_how_they_are_computed(traced, name, consumer, formula, local):
    (part,) = traced[name].contributions
    assert part.consumer is traced[consumer]
    assert part.formula == formula
    assert local is None or part.local == local
    assert part.incoming is traced[consumer].gradient or np.array_equal(
        part.incoming, traced[consumer].gradient
    )


def test_local_gradients_as_numbers_where_they_go_element_by_element(traced):
    a1 = traced["a1"].value
    (part,) = traced["z1"].contributions
    np.testing.assert_allclose(part.local_value, a1 * (1 - a1), rtol=1e-14)
    np.testing.assert_allclose(part.incoming * part.local_value, part.value, rtol=1e-14)
    (part,) = traced["b1"].contributions  # summed over the rows after it
    np.testing.assert_array_equal(part.local_value, np.ones((4, 2)))
    assert traced["W2"].contributions[0].local_value is None


def test_each_node_is_visited_once_after_those_that_use_it(traced):
    assert [node.visit for node in traced.backward] == list(range(1, len(traced.backward) + 1))
    for node in traced.backward:
        assert all(part.consumer.visit < node.visit for part in node.contributions)
    assert [node.number for node in traced.nodes] == list(range(1, len(traced.nodes) + 1))
    for node in traced.nodes:
        assert all(operand.number < node.number for operand in node.inputs)
    numbers = [node.number for node in traced.backward]
    assert numbers == sorted(numbers, reverse=True)


def test_contributions_add_up_where_paths_meet():
    t = bp.trace(lambda x: x * x + bp.tanh(x) * x, 0.7)
    x = t["x"]
    assert len(x.contributions) == 4  # twice from the square, once each from tanh and the product
    assert np.isclose(sum(part.value for part in x.contributions), x.gradient, rtol=1e-15)
    tanh = np.tanh(0.7)
    assert np.isclose(x.gradient, 2 * 0.7 + (1 - tanh**2) * 0.7 + tanh)
    assert {part.argument for part in x.contributions if part.consumer.op == "multiply"} == {0, 1}


def test_it_agrees_with_the_compiled_gradient():
    start = {k: v.copy() for k, v in PARAMS.items()}
    stepped, _ = bp.optimize(network, start, (X, Y), lr=1.0, n_iter=1)
    t = bp.trace(network, PARAMS, X, Y)
    for name, old in PARAMS.items():
        np.testing.assert_allclose(t[name].gradient, old - stepped[name], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize(
    ("op", "case"),
    [
        pytest.param(op, case, id=f"{op}-{i}")
        for op in sorted(OPS)
        for i, case in enumerate(CASES[op])
    ],
)
def test_every_operation_can_be_traced(op, case):
    """Values and gradients of each row of the table, and its formula as Python that reads."""
    arrays = [np.asarray(a, float) for a in case.arrays(np.random.default_rng(0), 3)]

    def f(*operands):
        return (apply(op, *operands, **case.attrs(3)) * 2).sum()

    nodes = [parameter_node(i, a.shape, "float64") for i, a in enumerate(arrays)]
    output = f(*nodes)
    value, *slopes = evaluate_all([output, *gradients(output, nodes)], [], arrays)
    t = bp.trace(f, *arrays)
    rtol = 1e-6 if op == "single" else 1e-11  # the sum is float32's then
    np.testing.assert_allclose(t.output.value, value, rtol=rtol)
    for i, slope in enumerate(slopes):
        node = t.nodes[i]
        found = np.zeros(node.shape) if node.gradient is None else node.gradient
        np.testing.assert_allclose(found, slope, rtol=1e-10, atol=1e-12)
    (traced,) = (node for node in t.nodes if node.op == op and node.inputs[0].op == "argument")
    ast.parse(traced.formula)
    for node in t.nodes:
        for part in node.contributions:
            ast.parse(part.formula), ast.parse(part.local)


def test_float32_stays_float32():
    t = bp.trace(lambda x: (x * 2).sum(), np.ones(3, np.float32))
    assert {node.value.dtype for node in t.nodes} == {np.dtype("float32")}
    assert t["x"].gradient.dtype == np.float32
    mixed = bp.trace(lambda x, w: (x * w).sum(), np.ones(3, np.float32), np.ones(3))
    assert mixed["x"].value.dtype == np.float64


def test_what_the_output_does_not_depend_on_has_no_gradient():
    t = bp.trace(lambda used, unused: used * 2, 1.0, 5.0)
    assert t["unused"].gradient is None and t["unused"].visit is None
    assert t["unused"] not in t.backward
    hits = bp.trace(lambda p: bp.mse(p, p * 0), np.ones(2))
    assert hits["p"].gradient is not None


def test_arrays_of_whole_numbers_are_constants():
    def loss(z, y):
        return bp.cross_entropy(bp.softmax(z), y)

    z, y = np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 3.0]]), np.array([1, 0])
    t = bp.trace(loss, z, y)
    assert t["y"].op == "constant" and t["y"].gradient is None
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(t["z"].gradient, (p - np.eye(3)[y]) / 2, rtol=1e-12)


def test_saturation_shows_as_it_is():
    """The graph as written has a sigmoid of exactly 1, whose gradient is 0."""
    t = bp.trace(lambda z, y: bp.bce(bp.sigmoid(z), y), np.array([800.0]), np.array([0.0]))
    assert t.output.value == 100.0
    assert t["z"].gradient == 0.0


def test_nothing_is_written_and_arrays_are_read_only(traced):
    x = np.array([1.0, 2.0])
    t = bp.trace(lambda x: (x * x).sum(), x)
    x[0] = 9.0
    assert t["x"].value[0] == 1.0
    for array in (t["x"].value, t["x"].gradient, t["x"].contributions[0].value):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_the_output_may_be_an_argument():
    t = bp.trace(lambda x: x, 3.0)
    assert t.output is t["x"] and t["x"].gradient == 1.0
    assert len(t.nodes) == len(t.backward) == 1
    assert "x" in str(t) and "<svg" in t.to_svg() and "</html>" in t.to_html()


def test_unknown_node_names_the_known_ones(traced):
    with pytest.raises(KeyError, match=r"no node 'z9'; there are 'W1', 'b1'"):
        traced["z9"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: bp.trace(lambda x: x * 2, np.ones(3)),
            ValueError,
            r"one number, got shape \(3,\)",
        ),
        (lambda: bp.trace(lambda x: None, 1.0), TypeError, "got None: is its return missing"),
        (lambda: bp.trace(lambda x: 3.0, 1.0), TypeError, "computed from its arguments, got 3.0"),
        (lambda: bp.trace(lambda x, k: x, 1.0, "relu"), TypeError, "k must be an array .*'relu'"),
        (lambda: bp.trace(lambda p: p["a"], {"a": None}), TypeError, r"p\['a'\] must be .*None"),
        (lambda: bp.trace(lambda x: x, True), TypeError, "x must be .*got True"),
        (lambda: bp.trace(lambda x: x, np.array(["a"])), TypeError, "x must be .*array of <U1"),
        (lambda: bp.trace(lambda x: x, np.array([1j])), TypeError, "array of complex128"),
        (lambda: bp.trace(3.0, 1.0), TypeError, "function must be a function, got 3.0"),
        (lambda: bp.trace(lambda x: x), TypeError, "missing a required argument: 'x'"),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_errors_of_the_function_pass():
    with pytest.raises(ValueError, match="matmul"):
        bp.trace(lambda x, w: (x @ w).sum(), np.ones((2, 3)), np.ones((2, 3)))


def test_gradients_are_those_of_the_graph():
    """Any graph: the same numbers as the reverse walk that adds nodes."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(5, 3)), rng.normal(size=(3, 2))

    def f(x, w):
        a = bp.tanh(x @ w)
        b = bp.softmax(a * 2 - x.sum(axis=1, keepdims=True) / 3)
        return (b * a + (a.T.reshape(5, 2) ** 2 + 1) ** -1).mean() + (w / (w**2 + 1)).sum()

    nodes = [parameter_node(i, a.shape, "float64") for i, a in enumerate((x, w))]
    expected = evaluate_all(gradients(f(*nodes), nodes), [], (x, w))
    t = bp.trace(f, x, w)
    for name, gradient in zip("xw", expected, strict=True):
        np.testing.assert_allclose(t[name].gradient, gradient, rtol=1e-11)
