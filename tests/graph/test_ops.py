"""Walks the table of operations: each row has a reference, a formula, gradients of two orders."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from gradcheck import GradientError, check_gradient
from op_cases import CASES, Case, build
from reference import REFERENCE, evaluate

from fastbp.graph import OPS, apply, parameter_node
from fastbp.graph.ops import BROADCASTING, ELEMENTWISE, PAIRED, UNARY

SIZES = (0, 1, 7)
WALK = [(op, i, n) for op in OPS for i in range(len(CASES.get(op, [None]))) for n in SIZES]
walk = pytest.mark.parametrize(("op", "i", "n"), WALK)
walk_movable = pytest.mark.parametrize(  # class indices cannot be moved
    ("op", "i", "n"), [(op, i, n) for op, i, n in WALK if op not in CASES or CASES[op][i].wrt]
)
walk_smooth = pytest.mark.parametrize(
    ("op", "i", "n"), [(op, i, n) for op, i, n in WALK if op not in CASES or CASES[op][i].smooth]
)


def case_of(op: str, i: int) -> Case:
    assert op in CASES, f"operation {op!r} has no case in tests/op_cases.py"
    return CASES[op][i]


def lacking(
    rows: Mapping[str, object],
    cases: Mapping[str, object],
    references: Mapping[str, Callable[..., object]],
) -> list[str]:
    """What the table's rows lack, and what belongs to no row."""
    return [
        f"{name}: {what}"
        for what, known in (("gradient check", cases), ("reference", references))
        for name in sorted(rows.keys() ^ known.keys())
    ]


def test_every_operation_has_a_check_and_a_reference():
    assert lacking(OPS, CASES, REFERENCE) == []


def test_a_new_operation_without_check_and_reference_is_noticed():
    rows = {**OPS, "cube": dataclasses.replace(OPS["square"], name="cube")}
    assert lacking(rows, CASES, REFERENCE) == ["cube: gradient check", "cube: reference"]
    with pytest.raises(AssertionError, match="'cube' has no case"):
        case_of("cube", 0)


@walk
def test_shape_and_value(op, i, n):
    case = case_of(op, i)
    arrays = case.arrays(np.random.default_rng(n), n)
    nodes = [parameter_node(k, a.shape, "float64") for k, a in enumerate(arrays)]
    node = apply(op, *nodes, **case.attrs(n))
    value = evaluate(node, (), arrays)  # asserts that the shape is the node's
    assert np.isfinite(value).all()
    if op in READABLE:
        found = by_formula(op, arrays, case.attrs(n))
        np.testing.assert_allclose(value, found, rtol=1e-11, atol=1e-14)


IN_WORDS = {"erf", "arctan2", "single"}
MOVES = {"matmul", "transpose", "reshape", "broadcast_to", "join_columns"}
REDUCTIONS = {"sum", "max", "min", "norm", "logsumexp"}
READABLE = ELEMENTWISE - IN_WORDS | {"where"} | MOVES | REDUCTIONS


def by_formula(op, arrays, attrs):
    """The row's formula, read as Python."""
    functions = (
        np.exp, np.log, np.log1p, np.sqrt, np.tanh, np.sin, np.cos, np.arctan, np.sign, np.floor,
        np.ceil, np.where, np.broadcast_to, np.concatenate,
    )  # fmt: skip
    names = {f.__name__: f for f in functions} | {
        "abs": np.abs,
        "sum": lambda x, axis, keepdims: np.sum(x, axis, keepdims=keepdims),
        "max": larger_or_largest,
        "min": lambda *args: -larger_or_largest(-args[0], *negated(args[1:])),
    }
    row = OPS[op]
    return eval(row.formula, names, dict(zip(row.arguments, arrays, strict=True)) | dict(attrs))


def larger_or_largest(a, b, keepdims=None):
    """`max(a, b)` is of two numbers, `max(x, axis, keepdims)` of many."""
    return np.maximum(a, b) if keepdims is None else np.max(a, axis=b, keepdims=keepdims)


def negated(rest):
    return (-rest[0],) if len(rest) == 1 else rest


@pytest.mark.parametrize("op", sorted(IN_WORDS))
def test_formulas_in_words_are_no_python(op):
    with pytest.raises(SyntaxError):
        compile(OPS[op].formula, op, "eval")


@walk_movable
def test_gradient(op, i, n):
    case = case_of(op, i)
    arrays = case.arrays(np.random.default_rng(n), n)
    found = check_gradient(build(op, case, n), arrays, evaluate, wrt=case.wrt, seed=n)
    sensitive = {c.where for c in found if abs(c.numeric) > 1e-6}
    if n > 1:
        expected = {f"array {k}" for k in case.wrt if k not in case.flat}
        assert expected <= sensitive, "the check compared zeros only"
        assert not sensitive & {f"array {k}" for k in case.flat}


@walk_smooth
def test_second_gradient(op, i, n):
    case = case_of(op, i)
    arrays = case.arrays(np.random.default_rng(n), n)
    found = check_gradient(build(op, case, n), arrays, evaluate, wrt=case.wrt, seed=n, order=2)
    second = [c.numeric for c in found if c.order == 2]
    if n > 1:
        assert any(abs(value) > 1e-4 for value in second) == case.curved


@walk
def test_gradients_are_none_exactly_where_flat(op, i, n):
    """Where a row says None, the value must not depend on the operand, or only in steps."""
    case = case_of(op, i)
    arrays = case.arrays(np.random.default_rng(n), n)
    nodes = [parameter_node(k, a.shape, "float64") for k, a in enumerate(arrays)]
    node = apply(op, *nodes, **case.attrs(n))
    g = parameter_node(len(nodes), node.shape, "float64")
    for k, gradient in enumerate(OPS[op].gradient(node, g)):
        if k in case.flat or k not in case.wrt:
            assert gradient is None
        else:
            assert gradient is not None
            assert gradient.shape == nodes[k].shape


def test_kinds_of_operations():
    assert UNARY | BROADCASTING | PAIRED == ELEMENTWISE
    assert {"negative", "relu"} <= UNARY
    assert {"add", "divide"} <= BROADCASTING
    assert {"bce", "relu_grad", "binary_hits"} <= PAIRED
    assert not ELEMENTWISE & {"softmax", "sum", "matmul", "reshape", "where", "take_along"}


@pytest.mark.parametrize("op", sorted(PAIRED))
def test_paired_operations_never_broadcast(op):
    a, b = parameter_node(0, (3, 1), "float64"), parameter_node(1, (3,), "float64")
    attrs = {"threshold": 0.5} if op == "binary_hits" else {}
    with pytest.raises(ValueError, match=rf"{op}\(.*\): expected two operands of one shape"):
        apply(op, a, b, **attrs)


def test_relu_passes_nan_and_stops_the_gradient_at_zero():
    x = parameter_node(0, (3,), "float64")
    point = np.array([np.nan, 0.0, -1.0])
    assert np.isnan(evaluate(apply("relu", x), (), [point])[0])
    g = parameter_node(1, (3,), "float64")
    (dx,) = OPS["relu"].gradient(apply("relu", x), g)
    assert evaluate(dx, (), [point, np.ones(3)])[1] == 0


@pytest.mark.parametrize("op", [op for op in OPS if CASES[op][0].smooth])
@pytest.mark.parametrize("factor", [-1.0, 1.01])
def test_planted_error_in_any_row_is_caught(monkeypatch, op, factor):
    row, case = OPS[op], CASES[op][0]
    arrays = case.arrays(np.random.default_rng(7), 7)
    for k in case.smooth:

        def local(out, g, *inputs, wrong=k):
            grads = row.local(out, g, *inputs)
            return tuple(factor * d if i == wrong else d for i, d in enumerate(grads))

        monkeypatch.setitem(OPS, op, dataclasses.replace(row, local=local))
        with pytest.raises(GradientError, match="order 1"):
            check_gradient(build(op, case, 7), arrays, evaluate, wrt=(k,))
