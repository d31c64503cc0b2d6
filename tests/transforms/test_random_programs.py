"""Random programs of rows, columns and numbers, against NumPy; around the sizes at which the compiler cuts.

A fixed seed is the default; ``pytest tests/transforms/test_random_programs.py --minutes 60`` looks for new programs.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
import time
from bisect import bisect_left

import hypothesis
import numpy as np
import pytest
import random_oracle as oracle
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from random_programs import ARGUMENTS, Instruction, N, Program, program

import fastbp as bp
import fastbp.compiler
from fastbp import kernels
from fastbp._cpu import x86_level
from fastbp.compiler import compile_graph
from fastbp.engine.memory import Layout
from fastbp.graph import input_node, parameter_node

plan = importlib.import_module("fastbp.compiler.plan")
LARGEST = 1100  # rows
BY_ROWS = ("X", "a", "y")
NUMBERS = ("W", "b", "s")


def constants():
    """Every whole number that the compiler's modules name: what they compare sizes with."""
    for module in pkgutil.iter_modules(fastbp.compiler.__path__):
        found = importlib.import_module(f"fastbp.compiler.{module.name}")
        yield from (v for k, v in vars(found).items() if k.isupper() and type(v) is int)


def sizes():
    """Numbers of rows around each of those constants, around powers of two, and small ones."""
    around = {*constants(), *(1 << i for i in range(4, 11))}
    found = {n + d for n in around for d in (-1, 0, 1)} | {1, 2, 3}
    return sorted(n for n in found if 1 <= n <= LARGEST)


SIZES = sizes()
# Where there are enough blocks, and as many groups as there may be: for some programs only, as they take long.
MANY = [plan.BLOCK * n + d for n in (plan.FEWEST, plan.MOST) for d in (-1, 0, 1)]


def test_the_sizes_are_those_of_the_compiler():
    for constant in (plan.BLOCK, plan.GRAIN, plan.ROWS_OF_BLOCK):
        assert {constant - 1, constant, constant + 1} <= set(SIZES)


def blocks(program, rows):
    """How a gradient of so many rows is cut: its blocks, and their groups."""
    arguments = program.arguments(rows, "float64", 0)
    nodes, inputs, parameters = dict(arguments), [], []
    for name in BY_ROWS:
        nodes[name] = input_node(len(inputs), arguments[name].shape, "float64", name)
        inputs.append(nodes[name])
    for name in NUMBERS:
        nodes[name] = parameter_node(len(parameters), arguments[name].shape, "float64", name)
        parameters.append(nodes[name])
    compiled = compile_graph(
        {"loss": program.number(np, nodes)},
        parameters,
        inputs,
        layout=Layout.of([node.shape for node in parameters], "float64"),
        differentiate="loss",
    )
    return -(-rows // max(compiled.block, 1)), compiled.groups


def shapes_of(program):
    """The shapes of its values for N rows."""
    return [np.shape(value) for value in program.values(np, program.arguments(N, "float64", 0))]


def rows_for(rng, program):
    """A number of rows: one of the sizes, or one beside that from which this program is cut in another way."""
    if rng.random() < 0.03 and not any(shape.count(N) > 1 for shape in shapes_of(program)):
        return rng.choice(MANY)
    low, high = sorted((rng.choice(SIZES), rng.choice(SIZES)))
    if not runs(program, program.arguments(low, "float64", 0)):
        return high  # an index lies outside of so few rows
    first = blocks(program, low) if rng.random() < 0.5 else None
    if first is None or first == blocks(program, high):
        return rng.choice((low, high))
    changed = bisect_left(range(low, high), True, key=lambda n: blocks(program, n) != first)
    return low + changed + rng.choice((-1, 0, 1))


def runs(program, arguments):
    """Whether NumPy takes it (an index may lie outside of few rows), and its numbers stay near 1."""
    try:
        values = program.values(np, oracle.in_float64(arguments))
    except IndexError:
        return False
    return all(np.abs(value).max(initial=0) < 1000 for value in values)


class Drawn:
    """A program with its arguments."""

    def __init__(self, data, most_rows=MANY[-1]):
        seed = data.draw(st.integers(0, (1 << 32) - 1), "seed")
        self.program = program(seed, data.draw(st.integers(1, 8), "length"))
        self.rng = random.Random(seed)
        self.rows = min(max(rows_for(self.rng, self.program), 1), most_rows)
        self.dtype = self.rng.choice(("float64", "float64", "float32"))
        self.arguments = self.program.arguments(self.rows, self.dtype, seed)
        self.seed = seed
        hypothesis.assume(runs(self.program, self.arguments))
        note(f"{self.program}\n{self.rows} rows of {self.dtype}, seed {seed}")

    def names(self, among=ARGUMENTS):
        """What to differentiate by."""
        return tuple(self.rng.sample(among, self.rng.randint(1, len(among))))

    def split(self, names):
        """The arguments to differentiate by, and the others."""
        chosen = {name: self.arguments[name] for name in names}
        return chosen, {k: v for k, v in self.arguments.items() if k not in names}


def check_compile(data):
    drawn = Drawn(data)

    def nested(arguments):
        first, *rest = drawn.program(np, arguments)
        return {"first": first, "rest": (rest, [first * 2])}

    found, wanted = bp.compile(nested)(drawn.arguments), nested(drawn.arguments)
    assert found.keys() == wanted.keys() and type(found["rest"]) is tuple
    flat, expected = ([v["first"], *v["rest"][0], *v["rest"][1]] for v in (found, wanted))
    exact = nested(oracle.in_float64(drawn.arguments))
    exact = [exact["first"], *exact["rest"][0], *exact["rest"][1]]
    assert len(flat) == len(expected)
    for one, like, numbers in zip(flat, expected, exact, strict=True):
        assert np.shape(one) == np.shape(like) and one.dtype == np.asarray(like).dtype
        oracle.assert_values(one, numbers, drawn.dtype, like)


def check_gradient(data):
    drawn = Drawn(data)
    names = drawn.names()
    chosen, rest = drawn.split(names)

    def loss(chosen, rest):
        return drawn.program.number(np, chosen | rest)

    if drawn.rng.random() < 0.5:
        value, found = bp.value_and_grad(loss)(chosen, rest)
        exact = loss(*map(oracle.in_float64, (chosen, rest)))
        oracle.assert_values(value, exact, drawn.dtype, loss(chosen, rest))
    else:
        found = bp.grad(loss)(chosen, rest)
    assert all(found[k].dtype == v.dtype and found[k].shape == v.shape for k, v in chosen.items())
    oracle.assert_gradient(drawn.program.number, found, chosen, rest, drawn.dtype)


def check_two_results(data):
    """The value of rows beside a gradient by rows."""
    drawn = Drawn(data)

    def loss(X, rest):
        return drawn.program.number(np, rest | {"X": X})

    chosen, rest = drawn.split(("X",))
    both = bp.compile(lambda X, rest: (np.tanh(X), bp.grad(loss)(X, rest), loss(X, rest)))
    rows, found, _ = both(chosen["X"], rest)
    oracle.assert_values(rows, np.tanh(chosen["X"].astype(float)), drawn.dtype)
    oracle.assert_gradient(drawn.program.number, {"X": found}, chosen, rest, drawn.dtype)


def check_jacobian(data):
    drawn = Drawn(data)
    names = drawn.names()
    chosen, rest = drawn.split(names)

    def some(xp, arguments):
        result = xp.reshape(drawn.program(xp, arguments)[0], (-1,))
        return result[: min(result.shape[0], 3)]

    found = bp.jacobian(lambda chosen, rest: some(np, chosen | rest))(chosen, rest)
    count = len(some(np, drawn.arguments))
    for i in range(count):
        rows = {name: np.reshape(found[name][i], np.shape(chosen[name])) for name in names}
        oracle.assert_gradient(
            lambda xp, arguments, i=i: some(xp, arguments)[i], rows, chosen, rest, drawn.dtype
        )


def sorts_many(program, arguments):
    """Whether it sorts so many numbers that some change places within any step: no difference tells its Hessian."""
    known = program.values(np, arguments)[len(ARGUMENTS) :]
    return any(
        one.name == "by_order" and value.size > 10_000
        for one, value in zip(program.instructions, known, strict=True)
    )


def check_hvp(data):
    drawn = Drawn(data)
    names = drawn.names()
    chosen, rest = drawn.split(names)
    hypothesis.assume(not sorts_many(drawn.program, chosen | rest))
    rng = np.random.default_rng(drawn.seed)
    along = {k: np.asarray(rng.normal(size=v.shape), v.dtype) for k, v in chosen.items()}

    def loss(chosen, rest):
        return drawn.program.number(np, chosen | rest)

    found = bp.hvp(loss)(chosen, along, rest)
    oracle.assert_along(bp.grad(loss), found, chosen, along, rest, drawn.dtype)


def check_per_sample(data):
    drawn = Drawn(data, most_rows=67)
    names = drawn.names(NUMBERS)
    chosen, rest = drawn.split(names)
    fixed = {k: v for k, v in rest.items() if k in NUMBERS}
    columns = {k: v for k, v in rest.items() if k not in NUMBERS}

    def loss(chosen, *columns_):
        given = dict(zip(columns, columns_, strict=True))
        return drawn.program.number(np, chosen | fixed | given)

    each = [{k: v[row : row + 1] for k, v in columns.items()} for row in range(drawn.rows)]
    hypothesis.assume(all(runs(drawn.program, chosen | fixed | own) for own in each))
    found = bp.per_sample_grad(loss)(chosen, *columns.values())
    for row in {0, drawn.rows // 2, drawn.rows - 1}:
        own = each[row]
        gradient = {k: v[row] for k, v in found.items()}
        oracle.assert_gradient(drawn.program.number, gradient, chosen, fixed | own, drawn.dtype)


def check_trainer(data):
    """A function's trainer: its evaluation, its gradients, an epoch of plain descent; the same bits for any threads."""
    drawn = Drawn(data)
    chosen, columns = drawn.split(NUMBERS)

    def loss(chosen, *columns_):
        return drawn.program.number(np, chosen | dict(zip(columns, columns_, strict=True)))

    def trainer():
        return bp.Trainer(loss, params=chosen, optimizer=bp.SGD(0.05), seed=0)

    first, arrays = trainer(), tuple(columns.values())
    value, found = first.gradients(*arrays)
    found = {name.split("'")[1]: gradient for name, gradient in found.items()}
    exact = drawn.program.number(np, oracle.in_float64(drawn.arguments))
    oracle.assert_values(np.asarray(value, drawn.dtype), exact, drawn.dtype)
    oracle.assert_gradient(drawn.program.number, found, chosen, columns, drawn.dtype)
    oracle.assert_values(
        np.asarray(first.evaluate(arrays)["loss"], drawn.dtype), exact, drawn.dtype
    )
    batch = drawn.rng.choice((drawn.rows, -(-drawn.rows // 2), 16))
    if drawn.rows // batch > 4:
        batch = drawn.rows
    after = []
    for threads in (1, 2, 3):
        one = trainer()
        one.fit(arrays, batch_size=batch, shuffle=False, threads=threads, verbose=0)
        after.append({name: array.copy() for name, array in one.params.items()})
    for name in chosen:
        assert all(other[name].tobytes() == after[0][name].tobytes() for other in after), name
    wanted = oracle.descended(drawn.program.number, chosen, columns, batch, 0.05)
    if wanted is not None:
        for name in chosen:
            oracle.assert_values(after[0][name], wanted[name], drawn.dtype)


CHECKS = {
    check.__name__.removeprefix("check_"): check
    for check in (
        check_compile,
        check_gradient,
        check_two_results,
        check_jacobian,
        check_hvp,
        check_per_sample,
        check_trainer,
    )
}


def search(check, examples, seed=None):
    """Run a check on so many programs; the same ones without a seed."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=seed is None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def one(data):
        check(data)

    (one if seed is None else hypothesis.seed(seed)(one))()


@pytest.mark.parametrize("name", CHECKS)
def test_programs_give_what_numpy_gives(name, request):
    minutes = request.config.getoption("minutes")
    search(CHECKS[name], 250)
    end = time.monotonic() + 60 * minutes / len(CHECKS)
    while time.monotonic() < end:
        search(CHECKS[name], 100, random.randrange(1 << 32))


@pytest.mark.parametrize("isa", ["v2", "v3", "v4"])
def test_the_other_builds_do_so_too(isa, run_python):
    if isa == kernels.isa or kernels.isa == "base" or int(isa[1:]) > x86_level():
        pytest.skip("the build that the other tests run with, or none that this CPU runs")
    done = run_python("-P", "-c", OTHER, __file__, FASTBP_ISA=isa)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


OTHER = """
import sys, importlib.util, pathlib
sys.path.insert(0, str(pathlib.Path(sys.argv[1]).parents[1]))
spec = importlib.util.spec_from_file_location("programs", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules["programs"] = module
spec.loader.exec_module(module)
for check in module.CHECKS.values():
    module.search(check, 20)
"""


def test_a_wrong_row_is_found():
    """The net is one: a result with one row in another's place does not pass."""
    one = Program((5, 7), (Instruction("product", (0, 3), None, False, 1.0),), (6,))
    arguments = one.arguments(N, "float64", 0)
    (wanted,) = one(np, arguments)
    wrong = wanted.copy()
    wrong[3] = wanted[4]
    with pytest.raises(AssertionError):
        oracle.assert_values(wrong, wanted, "float64")
    chosen = {"a": arguments.pop("a")}
    number = Program((5, 7), (Instruction("multiply", (1, 2), None, False, 1.0),), (6,)).number
    gradient = bp.grad(lambda chosen, rest: number(np, chosen | rest))(chosen, arguments)["a"]
    oracle.assert_gradient(number, {"a": gradient}, chosen, arguments, "float64")
    with pytest.raises(AssertionError):
        oracle.assert_gradient(number, {"a": np.roll(gradient, 1)}, chosen, arguments, "float64")


def test_a_wrong_element_of_a_product_with_the_hessian_is_found():
    square = Program((5, 7), (Instruction("multiply", (1, 1), None, False, 1.0),), (6,)).number
    arguments = Program((5, 7), (), ()).arguments(N, "float64", 0)
    chosen = {"a": arguments.pop("a")}
    along = {"a": np.cos(np.arange(N))}

    def loss(chosen, rest):
        return square(np, chosen | rest)

    product = bp.hvp(loss)(chosen, along, arguments)["a"]
    oracle.assert_along(bp.grad(loss), {"a": product}, chosen, along, arguments, "float64")
    product[[3, 4]] = product[[4, 3]]
    with pytest.raises(AssertionError):
        oracle.assert_along(bp.grad(loss), {"a": product}, chosen, along, arguments, "float64")
