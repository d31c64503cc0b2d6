"""Runs, programs and blocks of memory that do not fit one another: refused by name, before anything is read."""

import contextlib

import numpy as np
import pytest

from fastbp.compiler import compile_graph
from fastbp.engine import random
from fastbp.engine.buffers import Memory
from fastbp.engine.call import Call
from fastbp.engine.direct import Batches, Predictor
from fastbp.engine.epochs import evaluate, fit
from fastbp.engine.guard import Guard
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.program import Program
from fastbp.engine.run import Arrays, Run
from fastbp.engine.snapshot import Snapshot
from fastbp.engine.team import Team
from fastbp.graph import input_node, parameter_node

LAYOUT = Layout.of([(3, 1)], "float64")


def squares(rows, update=None):
    """The loss of a line, for a batch of so many rows."""
    x, y = input_node(0, (rows, 3), "float64", "x"), input_node(1, (rows, 1), "float64", "y")
    w = parameter_node(0, (3, 1), "float64")
    loss = ((x @ w - y) ** 2).mean()
    return compile_graph(
        {"loss": loss}, [w], [x, y], layout=LAYOUT, differentiate="loss", update=update
    )


def line(rows, units=1, width=3):
    """A forward program."""
    x, w = (
        input_node(0, (rows, width), "float64", "x"),
        parameter_node(0, (width, units), "float64"),
    )
    layout = Layout.of([(width, units)], "float64")
    return compile_graph({"output": x @ w}, [w], [x], layout=layout)


def run_of(program, states=1):
    return Run(program, zeros(16), zeros(16 * states), np.full(16, 0.5))


def zeros(n):
    return aligned_zeros(n, "float64")


def odd_blocks(n):
    block, raw = zeros(2 * n), np.zeros(8 * n + 8, np.uint8)
    return [
        (block[:n][::-1], ValueError, "C-contiguous"),
        (block[::2], ValueError, "C-contiguous"),
        (raw[1 : 1 + 8 * n].view("f8"), ValueError, "aligned"),
        (np.zeros(n, "V0"), TypeError, "float64"),  # numbers of no bytes divided by zero
        (np.zeros(n, ">f8"), TypeError, "float64"),
        (np.zeros(n, "i8"), TypeError, "float64"),
        (np.zeros(n, "M8[s]"), (TypeError, ValueError), "float64|array"),
        ([0.0] * n, TypeError, "an array of float64, got list"),
        (None, TypeError, "an array of float64, got NoneType"),
    ]  # fmt: skip


@pytest.mark.parametrize("which", ["values", "training", "hyper"])
@pytest.mark.parametrize("odd", range(9))
def test_blocks_of_a_run(which, odd):
    """A reversed block was taken: it was read in front of its first number."""
    bad, error, message = odd_blocks(16)[odd]
    blocks = {"values": zeros(16), "training": zeros(16), "hyper": np.ones(16)} | {which: bad}
    with pytest.raises(error, match=f"^{which}: expected .*({message})"):
        Run(squares(4, "sgd"), *blocks.values())
    if which != "values" or odd > 6:
        return
    with pytest.raises(error, match=f"expected .*({message}|float32)"):
        Snapshot(bad, zeros(16), np.ones(16))


@pytest.mark.parametrize("which", ["values", "training", "hyper"])
def test_a_block_that_is_updated_is_writable(which):
    """Parameters that may not be written were written: of a file mapped for reading, that ends the process."""
    blocks = {"values": zeros(16), "training": zeros(16), "hyper": np.ones(16)}
    blocks[which].flags.writeable = False
    with pytest.raises(ValueError, match=f"^{which}: expected a writable array"):
        Run(squares(4, "sgd"), *blocks.values())


def test_blocks_that_are_only_read_need_not_be_writable():
    values = zeros(16)
    values.flags.writeable = False
    Run(line(4), values).forward((np.ones((4, 3)),), np.empty((4, 1)))


def test_what_holds_memory_knows_two_dtypes():
    with pytest.raises(TypeError, match="x: expected an array of float32 or float64, got one of"):
        Memory(np.zeros(3, "i8"), "x", "int64", 0, False)
    with pytest.raises(TypeError, match="Argument 'run'"):
        Arrays(None, ())


def test_a_last_batch_of_more_rows_than_there_are():
    """Minus one batch of 3 rows and one of 8 are 5 rows: those were read from three rows before the first."""
    x, y = np.ones((5, 3)), np.ones((5, 1))
    three, eight = run_of(squares(3)), run_of(squares(8))
    with pytest.raises(ValueError, match="arrays: 5 rows are not batches of 3 and a last one of 8"):
        evaluate(three, eight, (x, y))
    with pytest.raises(ValueError, match="arrays: 5 rows are not batches of 3 and a last one of 8"):
        fit(
            three, eight, (x, y), epochs=1, shuffle=True, seed=0, first_shuffle=0,
            results=np.empty((1, 1)), snapshot=None,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("epochs", 2**70, OverflowError),
        ("epochs", -1, OverflowError),
        ("epochs", 1.5, TypeError),
        ("seed", -1, OverflowError),
        ("seed", 2**64, OverflowError),
        ("first_shuffle", 10**400, OverflowError),
        ("first_shuffle", float("nan"), TypeError),
    ],
)
def test_scalars_of_fit(name, value, error):
    scalars = {"epochs": 1, "seed": 0, "first_shuffle": 0} | {name: value}
    with pytest.raises(error, match=f"^{name}: expected a whole number"):
        fit(
            run_of(squares(4)), None, (np.ones((4, 3)), np.ones((4, 1))), shuffle=False,
            results=np.empty((1, 1)), snapshot=None, **scalars,
        )  # fmt: skip


def test_results_that_are_not_aligned():
    raw = np.zeros(17, np.uint8)[1:9].view("f8").reshape(1, 1)
    with pytest.raises(ValueError, match="results: expected an aligned C-contiguous array"):
        fit(
            run_of(squares(4)), None, (np.ones((4, 3)), np.ones((4, 1))), epochs=1, shuffle=False,
            seed=0, first_shuffle=0, results=raw, snapshot=None,
        )  # fmt: skip


def test_an_output_whose_size_overflows():
    """2**50 rows of no features, each with 2**14 outputs: 2**64 elements were none, and were written."""
    run = Run(line(64, 2**14, 0), zeros(0))
    with pytest.raises(ValueError, match=f"out: expected {2**64} elements for {2**50} rows, got 0"):
        run.forward((np.empty((2**50, 0)),), np.empty((0, 5)))


def test_a_program_that_gives_an_array_gives_no_numbers():
    """There is no place for them to be read from."""
    x = (np.ones((4, 3)),)
    run = Run(line(4), zeros(16))
    for use in (lambda: run.step(x), lambda: run.results, lambda: evaluate(run, None, x)):
        with pytest.raises(ValueError, match=r"gives .*'output'.*, an array: forward computes it"):
            use()


def test_sizes_that_memory_cannot_hold():
    with pytest.raises(MemoryError, match=rf"{2**124} numbers, of shapes \({2**62}, {2**62}\)"):
        Layout.of([(2**62, 2**62)], "float32")
    with pytest.raises(MemoryError, match=f"{2**59} numbers are more than memory can hold"):
        aligned_zeros(2**59, "float64")
    with pytest.raises(ValueError, match="shapes: expected sizes from 0 on, got shape"):
        Layout.of([(3, -1)], "float64")
    with pytest.raises(ValueError, match="n: expected a number of elements, got -5"):
        aligned_zeros(-5, "float64")


EMPTY = {
    "dtype": "float64", "rows": 4, "block": 4, "groups": 1, "blocked": True, "steps": [], "workspace": 16,
    "constants": [], "inputs": [("x", 3)], "outputs": [], "parameters": 0, "updates": False, "gradients": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"dtype": "int64"}, ValueError, "dtype: expected one of 'float32', 'float64'"),
        ({"rows": 2**70}, OverflowError, "rows: expected a whole number"),
        ({"rows": -1}, OverflowError, "rows: expected a whole number"),
        ({"block": 4.5}, TypeError, "block: expected a whole number, got float"),
        ({"workspace": 2**62}, OverflowError, "workspace: expected"),
        ({"parameters": 2**63}, OverflowError, "parameters: expected"),
        ({"gradients": 2**63}, OverflowError, "gradients: expected"),
        ({"groups": -1}, OverflowError, "groups: expected"),
        ({"inputs": [("x", 2**61)]}, OverflowError, "the width of x: expected"),
        ({"inputs": [("x", 2**55)]}, OverflowError, "a block of the arrays: expected"),
        ({"inputs": [("x", 1)] * 17}, ValueError, "up to 16 arrays"),
        ({"constants": [(15, [1.0, 2.0])]}, ValueError, "constant: expected a place within the 16"),
        ({"constants": [(-1, [1.0])]}, ValueError, "constant: expected a place within the 16"),
        ({"outputs": [("loss", 0, 16, ())]}, ValueError, "loss: expected a place within the 16"),
        ({"outputs": [("loss", 9, 0, ())]}, ValueError, "loss: expected one of 1 arrays"),
        ({"outputs": [("output", 3, 0, (4, 2**60))]}, OverflowError, "output: expected a whole"),
        ({"updates": True}, ValueError, "updates: expected an optimizer's step as the last one"),
    ],
)
def test_programs_that_do_not_fit_their_memory(changed, error, message):
    with pytest.raises(error, match=message):
        Program(**(EMPTY | changed))


def test_no_groups_are_one():
    """Rows were divided by them."""
    assert Program(**(EMPTY | {"groups": 0})).groups == 1


def copied(program, i, **changed):
    """The program, with one of its steps changed."""
    steps = [dict(step) for step in program.steps]
    steps[i] |= changed
    return Program(**(
        EMPTY | {"rows": program.rows, "block": program.block, "workspace": program.workspace, "steps": steps,
                 "parameters": program.parameters, "inputs": [("x", program.widths[0])]}
    ))  # fmt: skip


def moved(index):
    x = input_node(0, (4, 3), "float64", "x")
    out = compile_graph({"output": x[:, index]}, [], [x], layout=Layout.of([], "float64"))
    (i,) = [i for i, step in enumerate(out.steps) if step["op"] == "gather_columns"]
    return out, i


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"index": np.array([0, 3, 2])}, IndexError, "indices below 3, got 3 at position 1"),
        ({"index": np.array([0, 1])}, ValueError, "gather_columns: expected 3 indices, got 2"),
        ({"n": 2**57}, OverflowError, "n of a step: expected a whole number"),
        ({"n": 2**40, "m": 2**40}, MemoryError, "numbers are more than memory can hold"),
        ({"sizes": [12, 0, 13, 0, 0]}, ValueError, "expected a place within the 12 numbers of the array 0"),
        ({"inputs": [(5, 0), None, None]}, ValueError, "expected one of 1 arrays, got number 1"),
        ({"inputs": [(1, 0), None, None]}, ValueError, "within the 0 numbers of the parameters"),
        ({"op": "argsort", "index": None, "m": 2**55}, MemoryError, "more than memory can hold"),
        ({"op": "argsort", "index": None, "n": 1, "m": 2**54, "k": 1}, ValueError, "at most 9007199254740992 col"),
    ],
)  # fmt: skip
def test_steps_that_do_not_fit_their_memory(changed, error, message):
    program, i = moved([2, 0, 2])
    copied(program, i)
    with pytest.raises(error, match=message):
        copied(program, i, **changed)


def test_a_program_never_changes():
    """Sizes and indices were checked when it was made."""
    program, i = moved([2, 0, 2])
    with pytest.raises(TypeError, match="mappingproxy"):
        program.steps[i]["n"] = 10**9
    with pytest.raises(ValueError, match="read-only"):
        program.steps[i]["index"][0] = 10**9
    index = np.array([2, 1, 0])
    other = copied(program, i, index=index)
    index[0] = 10**9
    assert other.steps[i]["index"].tolist() == [2, 1, 0]


ARGUMENTS = [
    (0, 0, (4, 3), np.dtype("f8")),
    (1, 0, (4, 1), np.dtype("f8")),
    (-1, 0, (3, 1), np.dtype("f8")),
]


def test_leaves_of_a_call():
    """Leaves that were not there were read all the same."""
    call = Call(squares(4), LAYOUT, LAYOUT, ARGUMENTS, [np.dtype("f8")])
    leaves = [np.ones((4, 3)), np.ones((4, 1)), np.zeros((3, 1))]
    np.testing.assert_array_equal(call(leaves)[0], np.full((3, 1), -2.0))
    for n in (0, 2):
        with pytest.raises(ValueError, match=f"leaves: expected 3, got {n}"):
            call(leaves[:n])

    class Greedy:
        def __array__(self, *_, **__):
            del leaves[1:]
            return np.ones((4, 3), "f4")

        dtype = np.dtype("f4")

    leaves[0] = Greedy()
    with contextlib.suppress(IndexError):  # where it finds that the next one is gone
        assert call(leaves) is None


@pytest.mark.parametrize(
    ("i", "argument"),
    [
        (0, (2, 0, (4, 3), np.dtype("f8"))),
        (0, (-2, 0, (4, 3), np.dtype("f8"))),
        (0, (0, 0, (1, 3), np.dtype("f8"))),
        (1, (1, 0, (1,) * 65, np.dtype("f8"))),
        (2, (-1, 0, (300, 1), np.dtype("f8"))),
    ],
)
def test_arguments_of_a_call_that_do_not_fit_the_program(i, argument):
    arguments = list(ARGUMENTS)
    arguments[i] = argument
    with pytest.raises(ValueError, match=rf"arguments\[{i}\]: expected"):
        Call(squares(4), LAYOUT, LAYOUT, arguments, [np.dtype("f8")])


def test_the_short_way_takes_programs_of_its_own_kind():
    """A run of more arrays than are given would read those of nobody."""
    predictor, batches = Predictor(Guard()), Batches(Guard(), 0)
    predictor.runs.append(run_of(squares(4)))
    assert predictor.predict(np.ones((4, 3))) is None
    batches.keep(Run(line(4), zeros(16)), {})
    assert batches.step(np.ones((4, 3)), np.ones((4, 1))) is None


def test_an_optimizer_without_parameters_needs_its_memory():
    with pytest.raises(TypeError, match="training: expected an array of float64, got NoneType"):
        Run(squares(4, "sgd"), zeros(16), None, np.ones(16))


def test_scalars_of_random_numbers():
    out, index = np.zeros(3), np.zeros(3, np.int64)
    for name, scalars in {"seed": (2**64, 0), "stream": (0, -1)}.items():
        with pytest.raises(OverflowError, match=f"^{name}: expected a whole number from 0 to"):
            random.permutation(index, *scalars)
        with pytest.raises(OverflowError, match=f"^{name}: expected a whole number from 0 to"):
            random.uniform(out, *scalars, 0.0, 1.0)
    with pytest.raises(OverflowError, match=r"^high: expected a number, got one beyond float64"):
        random.uniform(out, 0, 0, 0.0, 10**400)
    raw = np.zeros(25, np.uint8)[1:].view(np.int64)
    for bad in (raw, index[::-1], np.zeros(6, np.int64)[::2]):
        with pytest.raises(ValueError, match=r"^index: expected an aligned C-contiguous array"):
            random.permutation(bad, 0, 0)
    index.flags.writeable = False
    with pytest.raises(ValueError, match=r"^index: expected a writable array"):
        random.permutation(index, 0, 0)
    assert not index.any()
    assert not out.any()


def test_a_team_of_no_number():
    with pytest.raises(TypeError, match="lanes: expected a whole number, got float"):
        Team(float("nan"))
    with pytest.raises(OverflowError, match="lanes: expected a whole number"):
        Team(2**70)
    with Team(-5) as team:
        assert team.lanes == 1
