"""Watch a function run, and note which of its variables hold which nodes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from fastbp.graph.node import Node

_FILES = (os.path.dirname(os.path.abspath(__file__)), str(np.__file__))
_OURS = tuple(os.path.dirname(file) + os.sep for file in _FILES)


@dataclass(slots=True)
class Call:
    """One call of a function: for each variable the nodes that it held, one after the other.

    Attributes
    ----------
    depth : int
        0 for the function that was watched, 1 for those that it calls.
    held : dict of str to list of Node
        Variables in the order in which they were first assigned; arguments as they came are not
        among them.
    """

    depth: int
    came: dict[str, Any] = field(repr=False)
    held: dict[str, list[Node]] = field(default_factory=dict)

    def look(self, variables: dict[str, Any]) -> None:
        """Note what has changed since the last look."""
        for name, value in variables.items():
            if not isinstance(value, Node) or self.came.get(name) is value:
                continue
            self.came.pop(name, None)
            nodes = self.held.setdefault(name, [])
            if not nodes or nodes[-1] is not value:
                nodes.append(value)

    def among(self, nodes: set[Node]) -> Call:
        """The same call, with nothing but these nodes."""
        held = {name: [n for n in held if n in nodes] for name, held in self.held.items()}
        return Call(self.depth, {}, {name: kept for name, kept in held.items() if kept})


def watched(function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, list[Call]]:
    """Call `function`; return its result and the calls of functions in it, outermost first.

    What fastbp, NumPy and Python's frozen modules call is not looked at. A debugger or a
    measurement of coverage that is at work pauses meanwhile.
    """
    calls: list[Call] = []
    depths: dict[FrameType, int] = {}

    def begin(frame: FrameType, event: str, arg: Any) -> Any:
        file = frame.f_code.co_filename
        if file.startswith((*_OURS, "<frozen")):
            return None
        caller = frame.f_back
        while caller is not None and caller not in depths:
            caller = caller.f_back
        depths[frame] = 0 if caller is None else depths[caller] + 1
        call = Call(depths[frame], dict(frame.f_locals))
        calls.append(call)

        def step(frame: FrameType, event: str, arg: Any) -> Any:
            call.look(frame.f_locals)
            return step

        return step

    before = sys.gettrace()
    sys.settrace(begin)
    try:
        result = function(*args)
    finally:
        sys.settrace(before)
    return result, sorted(calls, key=lambda call: call.depth)
