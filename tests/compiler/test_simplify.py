"""Simplify: each rule, what the gradients of the losses read like, and that values stay."""

import numpy as np
import pytest
from reference import evaluate, evaluate_all

from fastbp.compiler.simplify import simplify
from fastbp.graph import (
    apply,
    constant,
    functions,
    gradients,
    input_node,
    parameter_node,
    topological,
)

Z = input_node(0, (8, 3), "float64", "z")
Z1 = input_node(1, (8, 1), "float64", "z1")
Y = input_node(2, (8,), "float64", "y")
Y1 = input_node(3, (8, 1), "float64", "y1")
T = input_node(4, (8, 3), "float64", "t")
S = parameter_node(0, (), "float64", "s")


def text(node):
    """The graph as an expression: leaves by name, numbers by value."""
    if node.op == "constant":
        return repr(float(node.attrs["value"])) if node.shape == () else "array"
    if not node.inputs:
        return node.name
    attrs = [f"{key}={value}" for key, value in node.attrs.items()]
    return f"{node.op}({', '.join([*map(text, node.inputs), *attrs])})"


def simplified(node):
    (result,) = simplify([node])
    assert (result.shape, result.dtype) == (node.shape, node.dtype)
    return text(result)


def full(value, shape=(8, 3)):
    return apply("broadcast_to", value if value is S else constant(value, "float64"), shape=shape)


RULES = {
    "bce": (apply("bce", functions.sigmoid(Z1), Y1), "bce_with_logits(z1, y1)"),
    "bce of reshaped": (
        apply("bce", functions.sigmoid(Z1).reshape(8), Y),
        "bce_with_logits(reshape(z1, shape=(8,)), y)",
    ),
    "cross_entropy": (
        apply("cross_entropy", functions.softmax(Z), Y),
        "cross_entropy_with_logits(z, y)",
    ),
    "binary_hits": (
        apply("binary_hits", functions.sigmoid(Z1), Y1, threshold=0.5),
        "binary_hits(z1, y1, threshold=0.0)",
    ),
    "binary_hits elsewhere": (
        apply("binary_hits", functions.sigmoid(Z1), Y1, threshold=0.3),
        "binary_hits(sigmoid(z1), y1, threshold=0.3)",
    ),
    "class_hits": (apply("class_hits", functions.softmax(Z), Y), "class_hits(z, y)"),
    "squared error": (np.square(Z - T), "squared_error(z, t)"),
    "squared error, broadcast": (np.square(Z - Z1), "square(subtract(z, z1))"),
    "fold": (Z * (constant(3, "float64") + 2) ** 2, "multiply(25.0, z)"),
    "fold division": (Z + np.exp(constant(0, "float64")) / 4, "add(z, 0.25)"),
    "constant first": (Z * 3, "multiply(3.0, z)"),
    "gather": (2 * (Z * 3) * 4, "multiply(24.0, z)"),
    "gather negative": (-(2 * Z), "multiply(-2.0, z)"),
    "gather inner negative": (2 * -Z, "multiply(-2.0, z)"),
    "gather to one": (0.5 * (2 * Z), "z"),
    "gather to minus one": (-0.5 * (2 * Z), "negative(z)"),
    "gather not through a sum": (2 * (3 * Z).sum(), None),
    "no overflow": (1e200 * (1e200 * Z), "multiply(1e+200, multiply(1e+200, z))"),
    "no underflow": (1e-200 * (1e-200 * Z), "multiply(1e-200, multiply(1e-200, z))"),
    "zero factor": (0.0 * (2.0 * Z), "multiply(0.0, z)"),
    "one": (1 * Z * 1 / 1, "z"),
    "zero": (0 + Z + 0 - 0, "z"),
    "zero minus": (0 - Z, "negative(z)"),
    "minus one": (Z * -1.0, "negative(z)"),
    "zero of another shape": (S + np.zeros((2, 2)), "add(s, array)"),
    "twice transposed": (Z.T.T, "z"),
    "twice negative": (np.negative(-Z), "z"),
    "same shape": (Z.reshape(8, 3), "z"),
    "same broadcast": (apply("broadcast_to", Z, shape=(8, 3)), "z"),
    "sum of a number": (S.sum().sum(), "s"),
    "reshape twice": (Z.reshape(4, 6).reshape(2, 12), "reshape(z, shape=(2, 12))"),
    "reshape there and back": (Z.reshape(24).reshape(8, 3), "z"),
    "broadcast twice": (
        apply("broadcast_to", apply("broadcast_to", S, shape=(3,)), shape=(8, 3)),
        "broadcast_to(s, shape=(8, 3))",
    ),
    "uniform unary": (np.exp(full(S)), "broadcast_to(exp(s), shape=(8, 3))"),
    "uniform binary": (full(S) / 4.0, "broadcast_to(divide(s, 4.0), shape=(8, 3))"),
    "uniform of two": (full(S, (3,)) + full(2.0), "broadcast_to(add(s, 2.0), shape=(8, 3))"),
    "uniform reshape": (full(S).reshape(24), "broadcast_to(s, shape=(24,))"),
    "uniform transpose": (full(S).T, "broadcast_to(s, shape=(3, 8))"),
    "uniform sum": (full(S).sum(axis=0), "broadcast_to(multiply(8.0, s), shape=(3,))"),
    "uniform sum of all": (full(2.0).sum(), "48.0"),
    "uniform sum of nothing": (full(np.inf, (0, 3)).sum(), "0.0"),
    "without broadcast": (full(2.0) * Z, "multiply(2.0, z)"),
    "without broadcast, right": (Z - full(S), "subtract(z, s)"),
    "without broadcast of a row": (
        Z + apply("broadcast_to", T.sum(axis=0), shape=(8, 3)),
        "add(z, sum(t, axis=0, keepdims=False))",
    ),
    "broadcast that makes the shape": (
        Z1 * full(S),
        "multiply(z1, broadcast_to(s, shape=(8, 3)))",
    ),
    "paired operations keep theirs": (
        apply("tanh_grad", full(2.0), Z),
        "tanh_grad(broadcast_to(2.0, shape=(8, 3)), z)",
    ),
    "nothing to do": (functions.bce_with_logits(Z1, Y), None),
}


@pytest.mark.parametrize(("node", "expected"), RULES.values(), ids=RULES.keys())
def test_rule(node, expected):
    assert simplified(node) == (expected or text(node))


@pytest.mark.parametrize(("node", "expected"), RULES.values(), ids=RULES.keys())
def test_rule_keeps_the_value(node, expected):
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(8, 3)), rng.normal(size=(8, 1)), np.arange(8.0) % 3]
    if "bce" in text(node) or "binary_hits" in text(node):
        inputs[2] = inputs[2] % 2
    inputs += [inputs[2][:, None], rng.normal(size=(8, 3))]
    (after,) = simplify([node])
    with np.errstate(all="ignore"):
        before = evaluate(node, inputs, [1.7])
        np.testing.assert_allclose(evaluate(after, inputs, [1.7]), before, rtol=1e-13)


def at_logits(loss, z, y):
    """The gradient at the logits, as the compiler makes it."""
    (loss,) = simplify([loss(z, y)])
    loss, dz = simplify([loss, *gradients(loss, [z])])
    return text(dz)


@pytest.mark.parametrize(
    ("loss", "z", "y", "expected"),
    [
        (
            lambda z, y: functions.bce(functions.sigmoid(z), y),
            Z1,
            Y1,
            "multiply(0.125, subtract(sigmoid(z1), y1))",
        ),
        (functions.bce_with_logits, Z1, Y1, "multiply(0.125, subtract(sigmoid(z1), y1))"),
        (
            functions.bce_with_logits,
            Z1,
            Y,
            "multiply(0.125, subtract(sigmoid(z1), reshape(y, shape=(8, 1))))",
        ),
        (
            lambda z, y: functions.cross_entropy(functions.softmax(z), y),
            Z,
            Y,
            "multiply(0.125, subtract(softmax(z), one_hot(y, classes=3)))",
        ),
        (
            functions.cross_entropy_with_logits,
            Z,
            Y,
            "multiply(0.125, subtract(softmax(z), one_hot(y, classes=3)))",
        ),
        (functions.mse, Z1, Y1, "multiply(0.25, subtract(z1, y1))"),
        (lambda z, y: ((z - y) ** 2).mean(), Z1, Y1, "multiply(0.25, subtract(z1, y1))"),
        (lambda z, y: np.sum((z - y) ** 2) / len(y), Z1, Y1, "multiply(0.25, subtract(z1, y1))"),
        (lambda z, y: 0.5 * np.mean(np.square(z - y)), Z1, Y1, "multiply(0.125, subtract(z1, y1))"),
        (lambda z, y: ((z - y) ** 2).sum(axis=1).mean(), Z, T, "multiply(0.25, subtract(z, t))"),
        (lambda z, y: ((z - y) ** 2).sum(), Z, T, "multiply(2.0, subtract(z, t))"),
    ],
)
def test_gradients_of_mean_losses_read_as_in_the_textbook(loss, z, y, expected):
    assert at_logits(loss, z, y) == expected


def test_no_lost_gradient_far_out():
    z = parameter_node(0, (1, 1), "float64")
    loss = functions.bce(functions.sigmoid(z), [[1.0]])
    (loss,) = simplify([loss])
    loss, dz = simplify([loss, *gradients(loss, [z])])
    far = [np.array([[-50.0]])]
    assert evaluate(loss, (), far) == pytest.approx(50.0)
    assert evaluate(dz, (), far) == pytest.approx(-1.0, abs=1e-15)
    assert evaluate(loss, (), [np.array([[-1000.0]])]) == 1000.0


def test_equal_nodes_become_one():
    a = np.exp(Z + 1.0) * T.sum(axis=0)
    b = np.exp(Z + 1.0) * T.sum(axis=0)
    left, right = simplify([a, b])
    assert left is right
    different = simplify([Z.sum(axis=0), Z.sum(axis=1), Z.sum(axis=0, keepdims=True)])
    assert len(set(different)) == 3


def test_equal_numbers_become_one_but_signed_zeros_do_not():
    root = simplify([Z / 3.0 + T / 3.0])
    assert sum(node.op == "constant" for node in topological(root)) == 1
    root = simplify([apply("divide", Z, constant(0.0, "float64")) + T / -0.0])
    assert sum(node.op == "constant" for node in topological(root)) == 2


def test_leaves_keep_their_identity():
    array = constant(np.ones(3), "float64")
    twin = input_node(0, (8, 3), "float64", "z")
    root = simplify([(Z + twin) * 1.0 + array, Z])
    leaves = {node for node in topological(root) if not node.inputs}
    assert leaves == {Z, twin, array}
    assert root[1] is Z


def test_what_needs_no_change_is_not_copied():
    node = functions.bce_with_logits(Z1, Y1)
    assert simplify([node]) == [node]


def test_dead_nodes_vanish():
    _unused = np.exp(Z)
    p = functions.sigmoid(Z1)
    root = simplify([apply("bce", p, Y1)])
    assert {node.op for node in topological(root)} == {"bce_with_logits", "input"}


def test_deep_graph_without_recursion():
    node = Z
    for i in range(3000):
        node = np.tanh(node) * 1.0 + (0.0 if i % 2 else Z)
    (result,) = simplify([node])
    assert len(topological([result])) == 3000 + 1500 + 1


def test_names_stay():
    hidden = np.tanh(1.0 * Z)
    hidden.name = "hidden"
    (result,) = simplify([hidden])
    assert result.name == "hidden"
    assert result.inputs == (Z,)


def test_float32_numbers_are_rounded_once():
    z = input_node(0, (3,), "float32")
    (node,) = simplify([0.1 * (0.1 * z)])
    tenth = np.float64(np.float32(0.1))
    assert node.inputs[0].attrs["value"] == np.float32(tenth * tenth)
    (node,) = simplify([1e-30 * (1e-30 * z)])  # 0 in float32
    assert node.inputs[1].op == "multiply"


def random_graph(rng, leaves, size=40):
    """A random graph of smooth operations that stay finite."""
    nodes = [*leaves, *(constant(c, "float64") for c in (0.0, 1.0, -1.0, 0.5))]
    for _ in range(size):
        a, b = (nodes[i] for i in rng.integers(0, len(nodes), 2))
        choice = rng.integers(0, 9)
        if choice < 4:
            try:
                node = apply(["add", "subtract", "multiply", "multiply"][choice], a, b)
            except ValueError:  # shapes that do not broadcast
                continue
        elif choice == 4 and a.ndim == 2:
            node = a.T if rng.random() < 0.5 else a.reshape(a.shape[::-1])
        elif choice == 5:
            node = full(0.5, (4, 3)) * a if a.shape in ((), (3,), (4, 3)) else -a
        elif choice == 6 and a.ndim == 2:
            node = a.sum(axis=int(rng.integers(0, 2)), keepdims=bool(rng.integers(0, 2)))
        else:
            node = [np.tanh, np.negative, functions.sigmoid][choice % 3](a)
        nodes.append(np.tanh(node) if rng.random() < 0.3 else node)
    return sum((node.mean() for node in nodes[-8:]), start=constant(0.0, "float64"))


@pytest.mark.parametrize("seed", range(150))
def test_random_graphs_keep_their_values_and_gradients(seed):
    rng = np.random.default_rng(seed)
    points = [rng.normal(size=shape) for shape in ((4, 3), (3,), ())]
    leaves = [parameter_node(i, p.shape, "float64") for i, p in enumerate(points)]
    loss = random_graph(rng, leaves)
    before = [loss, *gradients(loss, leaves)]
    (first,) = simplify([loss])
    after = simplify([first, *gradients(first, leaves)])
    assert [node.shape for node in after] == [node.shape for node in before]
    for found, wanted in zip(
        evaluate_all(after, (), points), evaluate_all(before, (), points), strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)
    assert len(topological(after)) <= len(topological(before))
    assert simplify(after) == after
