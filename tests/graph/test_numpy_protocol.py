"""What a node cannot do raises at the user's line, names the call and says what to write."""

import math

import numpy as np
import pytest

from fastbp.graph import input_node

A = np.ones((4, 3))


@pytest.fixture
def x():
    return input_node(0, (4, 3), "float64", "x")


def in_place(x):
    a = A.copy()
    a += x


def branch(x):
    if x:
        pass


def write(x):
    x[0] = 1.0


REFUSED = {
    "truth": (branch, "no truth value"),
    "and": (lambda x: x and x, "no truth value"),
    "float": (lambda x: float(x), "Python number"),
    "int": (lambda x: int(x), "Python number"),
    "math": (lambda x: math.exp(x), "np.exp instead of math.exp"),
    "np.array": (lambda x: np.array(x), "cannot become an array"),
    "np.array of a list": (lambda x: np.array([x]), "cannot become an array"),
    "np.asarray of a list": (lambda x: np.asarray([x, x]), "cannot become an array"),
    "array.dot": (lambda x: A.T.dot(x), r"a @ x instead of a.dot\(x\)"),
    "index": (lambda x: x[0], "cannot be indexed"),
    "slice": (lambda x: x[:, :2], "cannot be indexed"),
    "write": (write, r"cannot be written to \(x\[...\] = v\)"),
    "iterate": (lambda x: list(x), "cannot be iterated"),
    "unpack": (lambda x: (lambda *rows: rows)(*x), "cannot be iterated"),
    "greater": (lambda x: x > 0, "cannot be compared"),
    "number less": (lambda x: np.float64(1) <= x, "compare|np.less_equal"),
    "equal": (lambda x: x == 0, "cannot be compared"),
    "equal an array": (lambda x: x == A, "cannot be compared"),
    "array equal": (lambda x: np.equal(A, x), "np.equal on a Node"),
    "array greater": (lambda x: np.greater(A, x), "np.greater on a Node"),
    "max": (lambda x: max(x, 0), "maximum"),
    "power 3": (lambda x: x**3, r"x \*\* 3: .* x \* x \* x"),
    "power of nodes": (lambda x: x**x, r"x \*\* Node"),
    "number to a node": (lambda x: 2**x, r"np.exp\(x \* np.log\(base\)\)"),
    "np.power to a node": (lambda x: np.power(2.0, x), r"np.exp\(x \* np.log\(base\)\)"),
    "ufunc": (lambda x: np.arctan(x), "np.arctan on a Node: .* Write it with these"),
    "maximum of two": (lambda x: np.maximum(x, 1), "np.maximum on a Node"),
    "in place": (in_place, r"np.add into an existing array: .* a = a \+ x instead of a \+= x"),
    "out": (lambda x: np.exp(x, out=A.copy()), "np.exp into an existing array"),
    "where": (lambda x: np.exp(x, where=A > 0), "np.exp with where"),
    "reduce": (lambda x: np.add.reduce(x), "np.add.reduce"),
    "function": (lambda x: np.concatenate([x, x]), "np.concatenate on a Node"),
    "submodule": (lambda x: np.linalg.norm(x), "np.linalg.norm on a Node"),
    "argument": (lambda x: np.sum(x, where=A > 0), "np.sum on a Node .*'where'"),
    "transpose axes": (lambda x: np.transpose(x, (1, 0)), "np.transpose on a Node"),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals(x, call, message):
    with pytest.raises(TypeError, match=message):
        call(x)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: A + x,
        lambda x: np.multiply(A, x),
        lambda x: A @ x.T,
        lambda x: np.dot(A, x.T),
        lambda x: np.float64(2) - x,
        lambda x: np.array(2) / x,
    ],
)
def test_arrays_and_numbers_on_the_left_give_nodes(x, call):
    node = call(x)
    assert node.op in {"add", "multiply", "matmul", "subtract", "divide"}
    assert node.inputs[0].op == "constant"
