"""Transformed functions: called with arrays they run a program, called with nodes they add to the graph."""

from __future__ import annotations

import functools
from typing import Any

from fastbp import checks, nesting
from fastbp.graph.node import Node
from fastbp.transforms.captured import Function
from fastbp.transforms.tracing import Derive, Traced, trace

KEPT = 64  # programs that a function keeps: one for each form of its arguments


class Transformed:
    """A function made from another one, and computed by compiled programs.

    It is what `fastbp.grad` and its relatives return. Programs are kept by the arguments' nesting, shapes and dtypes,
    and die with it.
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
        self._traced: list[Traced] = []

    def rebuilt_on(self, function: Function) -> Transformed:
        """The same transformation of another function."""
        return Transformed(function, self._derive, self._argnums, self._made)

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle has what it was made of; its programs are compiled again."""
        transform, *arguments = self._made
        return transform, (self.function, *arguments)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the results: by the first program that takes the arguments, or by a new one."""
        for traced in self._traced:
            leaves = traced.leaves(args, kwargs)
            if leaves is not None:
                results = traced.run(leaves)
                if results is not None:
                    return traced.result.put_together(results)
        if _holds_nodes((args, kwargs)):
            return self._derive(self.function, args, kwargs)
        return self._first_call(args, kwargs)

    def _first_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        numbers = {i % len(args) for i in self._argnums if -len(args) <= i < len(args)}
        traced = trace(self.function, self._derive, args, kwargs, numbers)
        leaves = traced.leaves(args, kwargs)
        assert leaves is not None, "a trace must fit the call that it was made from"
        results = traced.run(leaves)
        assert results is not None, "a program must take the leaves that it was made from"
        self._traced = [traced, *self._traced[: KEPT - 1]]
        return traced.result.put_together(results)

    def __repr__(self) -> str:
        return f"<transformed {getattr(self.function, '__name__', self.function)!s}>"


def _holds_nodes(value: Any) -> bool:
    return any(isinstance(leaf, Node) for _, leaf in nesting.leaves(value, ""))
