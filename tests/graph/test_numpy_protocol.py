"""What a node cannot do raises at the user's line, names the call and says what to write."""

import math
import re

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
    "array.dot": (lambda x: A.T.dot(x), "cannot become an array"),
    "write": (write, r"cannot be written to \(x\[...\] = v\).* np.where\(mask, v, x\)"),
    "in": (lambda x: 1.0 in x, r"cannot be searched \(in\).* \(x == value\).max\(\)"),
    "max": (lambda x: max(x, 0), "no truth value.* np.where"),
    "chained comparison": (lambda x: 0 < x < 1, "no truth value"),
    "if of a comparison": (lambda x: 1 if x > 0 else 2, "no truth value"),
    "range": (lambda x: range(x.sum()), "Python number"),
    "ufunc": (lambda x: np.spacing(x), "np.spacing on a Node: .* Write it with operators"),
    "in place": (in_place, r"np.add into an existing array: .* a = a \+ x instead of a \+= x"),
    "out": (lambda x: np.exp(x, out=A.copy()), "np.exp into an existing array"),
    "where": (lambda x: np.exp(x, where=A > 0), "np.exp with where"),
    "dtype": (lambda x: np.exp(x, dtype=np.float32), "np.exp with dtype"),
    "accumulate": (lambda x: np.add.accumulate(x), "np.add.accumulate on a Node"),
    "reduceat": (lambda x: np.add.reduceat(x, [0]), "np.add.reduceat on a Node"),
    "reduce of another": (lambda x: np.subtract.reduce(x), "np.subtract.reduce on a Node"),
    "reduce with initial": (lambda x: np.add.reduce(x, initial=1.0), "np.sum with initial"),
    "product with initial": (lambda x: np.multiply.reduce(x, initial=1.0), "initial"),
    "function": (lambda x: np.unique(x), "np.unique on a Node"),
    "submodule": (lambda x: np.linalg.svd(x), "np.linalg.svd on a Node"),
    "argument": (lambda x: np.sum(x, where=A > 0), "np.sum on a Node .*'where'"),
    "norm of another order": (lambda x: np.linalg.norm(x, 3), "np.linalg.norm with ord=3"),
    "pad": (lambda x: np.pad(x, 1, "mean"), "np.pad with mode='mean'"),
    "pad by several": (lambda x: np.pad(x, 1, constant_values=(1, 2)), "np.pad with mode"),
    "einsum lists": (lambda x: np.einsum(x, [0, 1]), "np.einsum with lists of axes"),
    "roll by a node": (lambda x: np.roll(x, x.sum()), "np.roll by computed numbers"),
    "take along another axis": (lambda x: np.take(x, x[0], axis=1), "along another axis than 0"),
}


def message_of(error):
    """The message without the user's line, where the expected words stand as well."""
    return re.sub(r" \(test_numpy_protocol\.py, line \d+.*?\)(?=: a Node)", "", str(error.value))


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals(x, call, message):
    with pytest.raises(TypeError) as error:
        call(x)
    assert re.search(message, message_of(error)), str(error.value)


def test_refusals_name_the_users_line(x):
    with pytest.raises(TypeError, match=r"test_numpy_protocol\.py, line \d+: a \+= x\)"):
        in_place(x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: np.median(x, overwrite_input=True), "overwrite_input"),
        (lambda x: np.argsort(x, kind="stable"), "kind"),
        (lambda x: np.mean(x, dtype=np.float32), "dtype"),
    ],
)
def test_arguments_that_no_node_takes_are_named(x, call, message):
    with pytest.raises(TypeError, match=message):
        call(x)


BINARY = {
    "add", "multiply", "matmul", "subtract", "divide", "greater", "greater_equal", "equal",
    "maximum", "power", "mod",
}  # fmt: skip


@pytest.mark.parametrize(
    "call",
    [
        lambda x: A + x,
        lambda x: np.multiply(A, x),
        lambda x: A @ x.T,
        lambda x: np.dot(A, x.T),
        lambda x: np.float64(2) - x,
        lambda x: np.array(2) / x,
        lambda x: x < A,
        lambda x: np.equal(A, x),
        lambda x: np.float64(1) <= x,
        lambda x: np.maximum(A, x),
        lambda x: 2**x,
        lambda x: A**x,
        lambda x: A % x,
    ],
)
def test_arrays_and_numbers_on_the_left_give_nodes(x, call):
    node = call(x)
    assert node.op in BINARY
    assert [operand.op for operand in node.inputs].count("constant") == 1
