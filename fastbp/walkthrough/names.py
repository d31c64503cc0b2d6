"""A name for each node: the user's own wherever there is one."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Sequence

from fastbp.graph.node import Node, scalar_value
from fastbp.walkthrough.formulas import expression, text_of, word
from fastbp.walkthrough.watch import Call

LONGEST = 20  # characters of a formula that still serves as a name


class Names:
    """Names and texts of the nodes of one trace.

    Attributes
    ----------
    name : dict of Node to str
        Unique names.
    tree : dict of Node to ast.expr
        What stands for the node in the formulas of others: its name, or what it computes where
        that is short and has no name.
    """

    def __init__(self) -> None:
        self.name: dict[Node, str] = {}
        self.tree: dict[Node, ast.expr] = {}
        self._taken: set[str] = set()

    def leaves(self, paths: Sequence[tuple[str, Node]], calls: Sequence[Call]) -> None:
        """Name the arguments: by themselves, by their last key, or by the variable they went to."""
        short = [_last_key(path) for path, _ in paths]
        alone = {name for name, count in Counter(short).items() if count == 1}
        for path, node in paths:  # arguments that are one array each come first
            if path.isidentifier():
                self._give(node, path)
        unpacked = {node: name for node, name in _steady(calls) if name not in alone}
        for (path, node), name in zip(paths, short, strict=True):
            if node not in self.name:
                name = name if name in alone else path
                name = unpacked.get(node, name) if name.endswith("]") else name
                self._give(node, path if name in self._taken else name)

    def variables(self, calls: Sequence[Call]) -> None:
        """Name nodes by the variables that held them; the last of a variable gets its plain name."""
        for call in calls:
            for variable, held in call.held.items():
                free = [node for node in dict.fromkeys(held) if node not in self.name]
                if free and free[-1] is held[-1] and variable not in self._taken:
                    self._give(free.pop(), variable)
                for node in free:
                    self._give(node, self._numbered(variable, 1))

    def output(self, node: Node, function: str) -> None:
        """Name the output like the function, if no variable held it."""
        if node not in self.name:
            name = function if function.isidentifier() else "output"
            self._give(node, "output" if name in self._taken else name)

    def others(self, order: Sequence[Node]) -> None:
        """Name the rest: a node by what it computes, where that is short; else by its operation."""
        for node in order:
            if node in self.name:
                continue
            tree = expression(node, self.tree)
            text = text_of(tree)
            if scalar_value(node) is not None:
                self._give(node, self._numbered("c", 1, ""), tree)
            elif node.op == "constant" or len(text) > LONGEST or text in self._taken:
                self._give(node, self._numbered(node.op, 1))
            else:
                self._give(node, text, tree)

    def symbol(self) -> str:
        """What the incoming gradient is called: g, unless a node is called so."""
        free = [name for name in ("g", "grad") if name not in self._taken]
        return free[0] if free else self._numbered("grad", 1)

    def _give(self, node: Node, name: str, tree: ast.expr | None = None) -> None:
        if name in self._taken:
            name = self._numbered(name, 2)
        self._taken.add(name)
        self.name[node] = name
        self.tree[node] = word(name) if tree is None else tree

    def _numbered(self, name: str, start: int, between: str = "_") -> str:
        while f"{name}{between}{start}" in self._taken:
            start += 1
        return f"{name}{between}{start}"


def _last_key(path: str) -> str:
    """The path from its last name on: params['W'][0] gives W[0], model.b gives b."""
    found = re.fullmatch(r".*(?:\['(.+?)'\]|\.([^\W\d]\w*))((?:\[\d+\])*)", path, re.DOTALL)
    return path if found is None else (found[1] or found[2]) + found[3]


def _steady(calls: Sequence[Call]) -> list[tuple[Node, str]]:
    """Nodes and the variables that held them and no other, the outermost function's last."""
    pairs = [(v, held[0]) for call in calls for v, held in call.held.items() if len(held) == 1]
    return [(node, variable) for variable, node in reversed(pairs)]
