"""Transformed functions: called with arrays they run a program, called with nodes they add to the graph."""

from __future__ import annotations

import functools
from collections.abc import Hashable
from typing import Any

from fastbp import checks, nesting
from fastbp._kept import Kept
from fastbp.graph.node import Node
from fastbp.graph.number import plain_int
from fastbp.transforms.captured import Function, warn_of
from fastbp.transforms.signature import signature
from fastbp.transforms.tracing import Derive, Traced, trace

STATES = 8  # programs that are kept for one form of the arguments: of other captured values


class Transformed:
    """A function made from another one, and computed by compiled programs.

    It is what `fastbp.grad` and its relatives return. Programs are kept by the arguments' nesting, shapes and dtypes,
    up to some 64 MB, and die with it.
    """

    def __init__(
        self, function: Function, derive: Derive, argnums: tuple[int, ...], made: tuple[Any, ...]
    ) -> None:
        if not callable(function):
            raise TypeError(f"expected a function, got {checks.shown(function)}")
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self._derive = derive
        self._argnums = argnums
        self._made = made  # by which function, and its arguments after the first
        self._last: Traced | None = None
        self._warned = False
        self._changes = 0  # how often the function changed what it reads
        self._kept: Kept[tuple[Traced, ...]] = Kept()
        self._fixed: dict[
            Hashable, frozenset[int]
        ] = {}  # ints that the function looks at, by signature

    def rebuilt_on(self, function: Function) -> Transformed:
        """The same transformation of another function."""
        return Transformed(function, self._derive, self._argnums, self._made)

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle has what it was made of; its programs are compiled again."""
        transform, *arguments = self._made
        return transform, (self.function, *arguments)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the results: by the last program, by another that takes the arguments, or by a new one."""
        last = self._last
        if last is not None:
            leaves = last.leaves(args, kwargs)
            if leaves is not None:
                results = last.run(leaves)
                if results is not None:
                    return last.result.put_together(results)
        with nesting.to_the_end("an argument"):
            nodes = _holds_nodes((args, kwargs))
        if nodes:
            return self._derive(self.function, args, kwargs)
        args, kwargs = nesting.mapped((args, kwargs), plain_int)
        form, ints = signature(args, kwargs)
        known = self._kept.get(self._key(form, ints)) or ()
        for traced in known:
            leaves = traced.leaves(args, kwargs)
            results = None if leaves is None else traced.run(leaves)
            if results is not None:
                self._last = traced
                return traced.result.put_together(results)
        return self._first_call(form, ints, args, kwargs)

    def _key(self, form: Hashable, ints: list[int]) -> Hashable:
        """What programs are kept by: of the ints the function looks at, their values, too."""
        fixed = self._fixed.get(form, ())
        return form, tuple([(i, ints[i]) for i in sorted(fixed)])

    def _first_call(
        self, form: Hashable, ints: list[int], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        traced = self._trace(form, args, kwargs, len(ints))
        given, traced.given = traced.given, None
        results = None if given is None else traced.run(given)
        assert results is not None, "a program must take the leaves that it was made from"
        if traced.unwatched is None and traced.leaves(args, kwargs) is None:
            self._changes += 1  # once: a defaultdict has a key more
            traced.unwatched = "what it changes itself"
        if traced.unwatched is not None:  # not kept: it may be another one by the next call
            self._warn(traced.unwatched)
            return traced.result.put_together(results)
        key = self._key(form, ints)
        states = (traced, *(self._kept.get(key) or ())[: STATES - 1])
        self._kept.put(key, states, sum(one.memory for one in states))
        self._last = traced
        return traced.result.put_together(results)

    def _warn(self, unwatched: str) -> None:
        """Say once that the function is traced each time."""
        if not self._warned and self._changes != 1:
            self._warned = True
            warn_of(self.function, unwatched)

    def _trace(
        self, form: Hashable, args: tuple[Any, ...], kwargs: dict[str, Any], ints: int
    ) -> Traced:
        """Trace the call, and note which of its ints the function looks at."""
        numbers = {i % len(args) for i in self._argnums if -len(args) <= i < len(args)}
        fixed = self._fixed.get(form, frozenset())
        try:
            traced, used = trace(self.function, self._derive, args, kwargs, numbers, fixed)
        except Exception as error:
            from fastbp._signals import from_handler

            if len(fixed) == ints or from_handler(error):
                raise
            used = frozenset(range(ints))  # it may not take what stands for an int
            traced, _ = trace(self.function, self._derive, args, kwargs, numbers, used)
        self._fixed[form] = fixed | used
        return traced

    def __repr__(self) -> str:
        return f"<transformed {getattr(self.function, '__name__', self.function)!s}>"


def _holds_nodes(value: Any) -> bool:
    return any(isinstance(leaf, Node) for _, leaf in nesting.leaves(value, ""))
