"""Whole numbers that follow from floats: what is said where they are not NumPy's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastbp.compiler.exact import Condition
from fastbp.compiler.pipeline import compile_graph, results_layout
from fastbp.engine.call import Call
from fastbp.graph.whole import named

WAY_OUT = "Compute it with NumPy beforehand and pass the result as data, or make floats of it"


@dataclass(slots=True)
class Looked:
    """The conditions of a program, whose failures it counts behind its results.

    Attributes
    ----------
    conditions : what must hold.
    count : how many results there are before them.
    dtype : the program's.
    program : parameters, inputs, layout and arguments of the program, to compute a node that fails.
    """

    conditions: list[Condition]
    count: int
    dtype: np.dtype[Any]
    program: tuple[Any, ...]

    def at(self, found: list[Any], leaves: list[Any]) -> list[Any]:
        """The results, or the error where a condition does not hold."""
        for condition, failures in zip(self.conditions, found[self.count :], strict=True):
            if failures:
                raise self._error(condition, leaves)
        return found[: self.count]

    def _error(self, condition: Condition, leaves: list[Any]) -> Exception:
        """IndexError for an index, else OverflowError, with the first number that is out of range."""
        node, (low, high) = condition.node, condition.range
        value = np.asarray(self._values(condition, leaves))
        bad = ~((value >= low) & (value <= high))
        bad |= (value != np.floor(value)) if condition.places else False
        where = np.unravel_index(int(np.argmax(bad)), bad.shape) if bad.any() else ()
        place = f"[{', '.join(map(str, where))}]" if where else ""
        if condition.places:
            name = named(node, "an index that follows from floats")
            shown = f"{name}{place} is {value[where]:.15g}"
            return IndexError(
                f"{shown}: expected whole numbers, out of bounds for {condition.places}"
            )
        return OverflowError(
            f"{node.op} of {node.dtype} that follows from floats{place}: expected numbers from {low:.16g} to "
            f"{high:.16g}, also on the way, which programs in {self.dtype} have, got {value[where]:.17g}. {WAY_OUT}"
        )

    def _values(self, condition: Condition, leaves: list[Any]) -> Any:
        parameters, inputs, layout, arguments = self.program
        node = condition.node._declared(np.dtype(np.float64))
        program = compile_graph({}, parameters, inputs, layout=layout, results=[node])
        made = results_layout([node], self.dtype)
        found = Call(program, layout, made, arguments, [np.dtype(np.float64)])(leaves)
        assert found is not None, "a program must take the leaves that another one took"
        return found[0]
