"""Tracing: a function is called once with nodes; what it returns becomes a program that is called with arrays."""

from __future__ import annotations

import contextlib
import functools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastbp import checks, nesting
from fastbp.compiler.exact import conditions
from fastbp.compiler.pipeline import compile_graph, results_layout
from fastbp.compiler.whole import computing_dtype, of_numpy
from fastbp.engine.call import Call
from fastbp.engine.memory import Layout
from fastbp.engine.program import MAX_ARRAYS, Program
from fastbp.graph import computed, numpy_functions, numpy_norms, ops  # noqa: F401  (all that operators need)
from fastbp.graph.dtypes import WEAK
from fastbp.graph.node import Node, input_node, parameter_node, topological
from fastbp.graph.number import Number, is_used, plain_int
from fastbp.graph.numpy_protocol import plain
from fastbp.transforms import template
from fastbp.transforms.captured import Function, Place, holds_floats, place_of, substituted
from fastbp.transforms.draws import without_draws
from fastbp.transforms.looked import Looked
from fastbp.transforms.survey import Survey, beside
from fastbp.transforms.template import Template, Watch
from fastbp.transforms.whole import Beforehand, apart

Derive = Callable[[Function, tuple[Any, ...], dict[str, Any]], Any]


@dataclass(slots=True)
class Leaf:
    """An array or number among the arguments: what it is called, its form, and its node."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]  # WEAK for a Python number
    rows: bool  # whether it may be one of the arrays that hold a row for each sample
    node: Node | None = None


@dataclass(slots=True)
class Traced:
    """A traced call: its form, its program, and how the results are put together."""

    form: Template
    watches: list[Watch]
    program: Program | None  # None where NumPy computes all results
    layouts: tuple[Layout, Layout]
    arguments: list[tuple[int, int, tuple[int, ...], np.dtype[Any] | None]]
    dtypes: list[np.dtype[Any] | None]
    result: Template
    before: Beforehand | None = None  # where there are whole numbers
    looked: Looked | None = None  # where they follow from floats
    unwatched: str | None = None  # what the function reads that nobody can watch
    given: list[Any] | None = None  # the leaves that it was traced with, for the first call
    calls: list[Call] = field(default_factory=list)  # that nobody uses just now

    @property
    def memory(self) -> int:
        """About how many bytes it takes, and a call."""
        return 0 if self.program is None else self.program.memory + self.program.run_memory

    def leaves(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any] | None:
        """The leaves of a call, captured ones last; None where its form is another one."""
        return template.call_leaves(self.form, self.watches, args, kwargs)

    def run(self, leaves: list[Any]) -> list[Any] | None:
        """The results for leaves of the right shapes and dtypes; None for others."""
        if self.before is None:
            return self._run(leaves)
        taken = self.before(leaves)
        results = None if taken is None else self._run(taken[0]) if self.program is not None else []
        return None if taken is None or results is None else self.before.merged(taken[1], results)

    def _run(self, leaves: list[Any]) -> list[Any] | None:
        try:
            call = self.calls.pop()
        except IndexError:  # another thread has it
            assert self.program is not None
            call = Call(self.program, *self.layouts, self.arguments, self.dtypes)
        try:
            if self.looked is None:
                return call(leaves)
            with np.errstate(invalid="ignore"):  # casts of numbers that are then refused
                found = call(leaves)
        finally:
            self.calls.append(call)
        return None if found is None else self.looked.at(found, leaves)


def trace(
    function: Function,
    derive: Derive,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    numbers: set[int],
    fixed: frozenset[int],
) -> tuple[Traced, frozenset[int]]:
    """Trace one call; say which of its Python ints, in order, the function looked at.

    `numbers` are the arguments whose whole numbers are parameters, too; `fixed` the ints that are given as they are.
    """
    leaves: list[Leaf] = []
    captured: list[tuple[Place, Any]] = []

    def as_input(holder: Any, key: str | None, value: Any, label: str) -> Template | None:
        """The form of what the function has from outside, where that becomes inputs."""
        plain(label, value)
        count = len(leaves)
        try:
            found = forming.form(value, label, False) if holds_floats(value) else None
        except RecursionError:  # it holds itself
            del leaves[count:], forming.given[count:]
            return None
        if found is not None:
            captured.append((place_of(holder, key), value))
            survey.argument(value)
        return found

    survey = Survey(as_input)
    ints = Ints(fixed)
    forming = Forming(leaves, survey, ints)
    forms = tuple(
        forming.form(value, f"argument {i}", i in numbers) for i, value in enumerate(args)
    )
    keywords = {name: forming.form(value, name, False) for name, value in kwargs.items()}
    form = template.nested(
        (args, kwargs),
        None,
        (
            template.nested(args, None, forms),
            template.nested(kwargs, tuple(keywords), tuple(keywords.values())),
        ),
    )
    own = len(leaves)
    forming.ints = None
    for value in (*args, *kwargs.values()):
        survey.argument(value)
    survey.of(function)
    if not fixed.issuperset(range(ints.count)) and "type" in survey.names:
        every = frozenset(range(ints.count))  # type(n) sees what stands for an int
        return trace(function, derive, args, kwargs, numbers, every)[0], every
    _make_nodes(leaves)
    nodes = iter([leaf.node for leaf in leaves[:own]])
    again = Ints(fixed)
    new_args = tuple(_with_nodes(value, nodes, i in numbers, again) for i, value in enumerate(args))
    new_kwargs = {name: _with_nodes(value, nodes, False, again) for name, value in kwargs.items()}
    rest = iter([leaf.node for leaf in leaves[own:]])
    copy = substituted(function, {at: _with_nodes(value, rest, False) for at, value in captured})
    result = without_draws(lambda: derive(copy, new_args, new_kwargs), survey)
    survey.after()
    result = nesting.mapped(result, plain_int)  # a number of the arguments is its int
    traced = _compiled(form, survey.watches, leaves, result)
    traced.unwatched, traced.given = survey.unwatched, forming.given
    return traced, again.pinned(ints)


class Ints:
    """The Python ints of a call in order: those that are given as they are, and those that nodes stand for.

    Attributes
    ----------
    count : how many there were so far.
    """

    def __init__(self, fixed: frozenset[int]) -> None:
        self._fixed, self.count = fixed, 0
        self._forms: dict[int, Template] = {}
        self._numbers: dict[int, Number] = {}

    def next_is_free(self) -> bool:
        """Whether a node stands for the next one."""
        self.count += 1
        return self.count - 1 not in self._fixed

    def form(self) -> Template:
        """The form of the last one."""
        return self._forms.setdefault(self.count - 1, template.leaf(int))

    def number(self, value: int, node: Node) -> Number:
        """What stands for the last one."""
        return self._numbers.setdefault(self.count - 1, Number(value, node))

    def pinned(self, forms: Ints) -> frozenset[int]:
        """Those that the function looked at; their forms, which `forms` has, now ask for these very ints."""
        used = {i: number for i, number in self._numbers.items() if is_used(number)}
        for i, number in used.items():
            template.pin(forms._forms[i], plain_int(number))
        return frozenset(used)


class Forming:
    """Makes the forms of values: their leaves are appended, and what is no leaf is watched.

    Attributes
    ----------
    ints : says which Python ints are leaves; None where none are.
    """

    def __init__(self, leaves: list[Leaf], survey: Survey, ints: Ints | None) -> None:
        self._leaves, self._survey, self.ints = leaves, survey, ints
        self.given: list[Any] = []  # the values of the leaves

    def form(self, value: Any, name: str, numbers: bool) -> Template:
        """The form of a value; `numbers`: whole numbers in it are parameters, too."""
        parts: list[tuple[str, Any]]
        keys: tuple[Any, ...] | None = None
        if isinstance(value, dict):
            keys, parts = tuple(value), [(f"{name}[{k!r}]", v) for k, v in value.items()]
        elif isinstance(value, list | tuple):
            parts = [(f"{name}[{i}]", v) for i, v in enumerate(value)]
        elif nesting.is_record(value):
            keys = nesting.fields(value)
            parts = [(f"{name}.{n}", getattr(value, n)) for n in keys]
        else:
            return self._single(value, name, numbers)
        forms = tuple([self.form(v, label, numbers) for label, v in parts])
        found = template.nested(value, keys, forms)
        if type(value) not in (dict, list, tuple) and (names := tuple(beside(value))):
            forms = tuple([self._survey.form(getattr(value, n), f"{name}.{n}") for n in names])
            template.beside(found, value, names, forms)
        return found

    def _single(self, value: Any, name: str, numbers: bool) -> Template:
        """The form of what is not taken apart."""
        free = type(value) is int and self.ints is not None and self.ints.next_is_free()
        if not (free and not numbers) and not is_leaf(value, numbers):
            return self._survey.form(value, name)
        self._leaves.append(_leaf(value, name, not numbers))
        self.given.append(value)
        if free and not numbers and self.ints is not None:
            return self.ints.form()
        return template.leaf(float if type(value) is float and not numbers else None)


def is_leaf(value: Any, numbers: bool) -> bool:
    """Whether a program takes the value: an array, a float; where `numbers`, whole numbers as well."""
    if isinstance(value, np.ndarray | np.floating) or checks.is_buffer(value):
        return True
    return type(value) is float or (numbers and type(value) is int)


def _leaf(value: Any, name: str, rows: bool) -> Leaf:
    if type(value) is float:
        return Leaf(name, (), WEAK, False)
    if type(value) is int:
        checks.real_number(name, value)  # not one that no float can be
        return Leaf(name, (), WEAK, False)
    value = np.asarray(value) if checks.is_buffer(value) else value
    plain(name, value)
    if value.dtype.kind not in "fiub" or value.dtype.itemsize > 8 or value.dtype == WEAK:
        raise TypeError(
            f"{name}: expected float32, float64 or whole numbers, got an array of {value.dtype}"
        )
    return Leaf(name, value.shape, value.dtype, rows and value.ndim > 0)


def _with_nodes(
    value: Any, nodes: Iterator[Node | None], numbers: bool, ints: Ints | None = None
) -> Any:
    """The same nesting with the next nodes for its leaves, and what stands for its ints."""

    def change(leaf: Any) -> Any:
        if type(leaf) is int and ints is not None and ints.next_is_free() and not numbers:
            node = next(nodes)
            assert node is not None, "leaves have nodes by now"
            return ints.number(leaf, node)
        return next(nodes) if is_leaf(leaf, numbers) else leaf

    return nesting.mapped(value, change)


def _make_nodes(leaves: list[Leaf]) -> None:
    """Arrays that share the first size of the first of them are a batch's; the others are values."""
    batch = [leaf for leaf in leaves if leaf.rows]
    batch = [leaf for leaf in batch if leaf.shape[0] == batch[0].shape[0]][:MAX_ARRAYS]
    inputs = values = 0
    for leaf in leaves:
        dtype = leaf.dtype.newbyteorder("=")
        if any(leaf is one for one in batch):
            leaf.node = input_node(inputs, leaf.shape, dtype, leaf.name)
            inputs += 1
        else:
            leaf.node = parameter_node(values, leaf.shape, dtype, leaf.name)
            values += 1


def _compiled(form: Template, watches: list[Watch], leaves: list[Leaf], result: Any) -> Traced:
    found = [node for _, node in nesting.leaves(result, "") if isinstance(node, Node)]
    if not found:
        raise TypeError(
            "the function returns nothing that it computed from its arguments: is its return missing, "
            "or are its arguments Python's whole numbers (pass floats or arrays)?"
        )
    nodes = [leaf.node for leaf in leaves if leaf.node is not None]
    results, taken, entered = apart(nodes, found)
    order = topological(results)
    known = {*nodes, *entered.values()}
    for node in order:
        if node.op in ("input", "parameter") and node not in known:
            raise TypeError(
                f"the function uses {node.name or 'an array'} of another call, which it kept or which it is inside of: "
                "pass it as an argument"
            )
    dtype = computing_dtype(order)
    looked = conditions(results, dtype, order)
    count, results = len(results), results + [condition.failures for condition in looked]
    own = [entered.get(node, node) for node in taken]
    values = [node for node in own if node.op == "parameter"]
    inputs = [node for node in own if node.op == "input"]
    layout, made = Layout.of([n.shape for n in values], dtype), results_layout(results, dtype)
    program = compile_graph({}, values, inputs, layout=layout, results=results) if results else None
    given = {node: leaf.dtype for node, leaf in zip(nodes, leaves, strict=True)}
    place = {node: i for kind in (values, inputs) for i, node in enumerate(kind)}
    arguments = []
    for node, mine in zip(taken, own, strict=True):
        array = place[mine] if mine.op == "input" else -1
        kind = dtype if node in entered else given[node]
        arguments.append(
            (array, 0 if array >= 0 else place[mine], node.shape, None if kind == WEAK else kind)
        )
    dtypes = [None if n.dtype == WEAK and not n.shape else _shown(n.dtype) for n in results]
    traced = Traced(form, watches, program, (layout, made), arguments, dtypes, _result_form(result))
    if looked:
        traced.looked = Looked(looked, count, dtype, (values, inputs, layout, arguments))
    if any(map(of_numpy, nodes + found)):
        returned = [node if of_numpy(node) else None for node in found]
        traced.before = Beforehand(nodes, taken, returned, dtype)
    return traced


def _result_form(value: Any) -> Template:
    """The form of what is returned: nodes are its leaves, arrays are copied, the rest is returned as it is."""
    if isinstance(value, Node):
        return template.leaf()
    if isinstance(value, dict):
        return template.result(value, tuple(value), tuple(map(_result_form, value.values())))
    if isinstance(value, list | tuple):
        return template.result(value, None, tuple(map(_result_form, value)))
    if nesting.is_record(value):
        names = nesting.fields(value)
        return template.result(value, names, tuple(_result_form(getattr(value, n)) for n in names))
    if isinstance(value, np.ndarray):
        return template.frozen(value)
    if _hides_nodes(value):
        raise TypeError(
            f"the function returned {checks.shown(value)}, in which there are arrays that it computed: return these in "
            "dicts, lists, tuples or dataclasses"
        )
    return template.fixed(value)


def _hides_nodes(value: Any) -> bool:
    """Whether an object that is returned as it is holds nodes: in its attributes, or as a function has them."""
    held = [*getattr(value, "__dict__", {}).values()]
    if isinstance(value, functools.partial):
        held += [*value.args, *value.keywords.values()]
    if isinstance(value, set | frozenset | deque):
        held += value
    for cell in getattr(value, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # not bound yet
            held.append(cell.cell_contents)
    return any(isinstance(leaf, Node) for _, leaf in nesting.leaves(held, ""))


def _shown(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype("float64") if dtype == WEAK else dtype
