"""Every operation, compiled: values and gradients against the reference."""

from __future__ import annotations

import numpy as np
import pytest
from gradcheck import check_gradient
from op_cases import CASES, Case, build
from reference import evaluate, evaluate_all

from fastbp.compiler import compile_graph
from fastbp.engine.epochs import evaluate as evaluate_rows
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.run import Run
from fastbp.graph import OPS, apply, gradients, input_node, parameter_node

DTYPES = ("float32", "float64")
SIZES = (1, 7, 65)
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}
WALK = [(op, i, n) for op in OPS for i in range(len(CASES.get(op, [None]))) for n in SIZES]
walk = pytest.mark.parametrize(("op", "i", "n"), WALK)
both = pytest.mark.parametrize("dtype", DTYPES)


def case_of(op: str, i: int) -> Case:
    assert op in CASES, f"operation {op!r} has no case in tests/op_cases.py"
    return CASES[op][i]


def run_gradients(loss, parameters, values):
    """The loss and its gradients at the parameters, from the engine."""
    layout = Layout.of([p.shape for p in parameters], loss.dtype)
    program = compile_graph({"loss": loss}, parameters, [], layout=layout, differentiate="loss")
    block, training = (aligned_zeros(layout.length, loss.dtype) for _ in range(2))
    for view, value in zip(layout.views(block), values, strict=True):
        view[...] = value
    (number,) = evaluate_rows(Run(program, block, training), None, ())
    return number, [view.copy() for view in layout.views(training)]


def engine_value(node, inputs, parameters):
    """The value of a node of parameters: the gradient of its sum with weights, at the weights."""
    assert not inputs
    nodes = [parameter_node(i, np.shape(p), "float64") for i, p in enumerate(parameters)]
    swapped = {}
    root = copied(node, dict(enumerate(nodes)), swapped)
    weights = parameter_node(len(nodes), node.shape, "float64")
    loss = (weights * root).sum()
    values = [*parameters, np.ones(node.shape)]
    return run_gradients(loss, [*nodes, weights], values)[1][-1].astype(np.float64)


def copied(node, leaves, done):
    """The graph with other parameters."""
    if node not in done:
        if node.op == "parameter":
            done[node] = leaves[node.attrs["index"]]
        elif node.op == "constant":
            done[node] = node
        else:
            done[node] = apply(
                node.op, *(copied(x, leaves, done) for x in node.inputs), **node.attrs
            )
    return done[node]


def close(found, wanted, dtype):
    wanted = np.asarray(wanted)
    scale = max(1.0, float(np.abs(wanted).max(initial=0)))
    np.testing.assert_allclose(found, wanted, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * scale)


def test_every_operation_has_a_case():
    assert sorted(OPS) == sorted(CASES)


def test_an_operation_without_a_case_is_noticed():
    with pytest.raises(AssertionError, match="'cube' has no case"):
        case_of("cube", 0)


@both
@walk
def test_value_and_gradients(op, i, n, dtype):
    """Of the sum with weights: its gradient at the weights is the operation's value."""
    case = case_of(op, i)
    arrays = [np.asarray(a, dtype) for a in case.arrays(np.random.default_rng(n), n)]
    nodes = [parameter_node(k, a.shape, dtype) for k, a in enumerate(arrays)]
    node = apply(op, *nodes, **case.attrs(n))
    weights = parameter_node(len(nodes), node.shape, dtype)
    loss = (weights * node).sum()
    nodes.append(weights)
    arrays.append(np.random.default_rng(1).uniform(0.5, 1.5, node.shape).astype(dtype))

    found, slopes = run_gradients(loss, nodes, arrays)
    wanted = evaluate_all([loss, *gradients(loss, nodes)], (), arrays)
    close(slopes[-1], evaluate(node, (), arrays), dtype)
    for slope, want in zip([np.float64(found), *slopes], wanted, strict=True):
        close(slope, want, dtype)


@pytest.mark.parametrize(  # class indices cannot be moved; small steps are lost where numbers are rounded
    ("op", "i", "n"),
    [
        (op, i, n)
        for op, i, n in WALK
        if n < 65 and op != "single" and (op not in CASES or CASES[op][i].wrt)
    ],
)
def test_gradients_against_differences(op, i, n):
    """Both the gradients and the differences are of values that the engine computes."""
    case = case_of(op, i)
    arrays = case.arrays(np.random.default_rng(n), n)
    found = check_gradient(build(op, case, n), arrays, engine_value, wrt=case.wrt)
    assert len(found) == len(case.wrt) + 1


def row_operands(op, i, n):
    """The operands, where each has a row for each row of the result."""
    case = case_of(op, i)
    arrays = case.arrays(np.random.default_rng(n), n)
    nodes = [input_node(k, a.shape, "float64") for k, a in enumerate(arrays)]
    shape = apply(op, *nodes, **case.attrs(n)).shape
    fits = all(a.ndim and a.shape[0] == n for a in arrays)
    return (arrays, shape) if fits and shape[:1] == (n,) else None


ROW_BY_ROW = [(op, i) for op, i, n in WALK if n == 7 and op in CASES and row_operands(op, i, 7)]


def test_most_operations_run_row_by_row():
    assert len({op for op, _ in ROW_BY_ROW}) >= 25


@both
@pytest.mark.parametrize("n", [1, 7, 1300])
@pytest.mark.parametrize(("op", "i"), ROW_BY_ROW)
def test_value_of_rows_from_the_callers_arrays(op, i, n, dtype):
    operands = row_operands(op, i, n)
    if operands is None:
        pytest.skip("the operands have other numbers of rows at this size")
    arrays = tuple(np.ascontiguousarray(a, dtype) for a in operands[0])
    nodes = [input_node(k, a.shape, dtype) for k, a in enumerate(arrays)]
    node = apply(op, *nodes, **case_of(op, i).attrs(n))
    program = compile_graph({"output": node}, [], nodes, layout=Layout.of([], dtype))
    out = np.full(node.shape, np.nan, dtype)
    Run(program, aligned_zeros(0, dtype)).forward(arrays, out)
    close(out, evaluate(node, arrays), dtype)
