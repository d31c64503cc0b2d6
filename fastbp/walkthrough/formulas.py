"""What nodes compute, as text: a row's formula with the operands' names in the arguments' places.

Texts are built as Python's syntax trees, so that parentheses stand where they are needed and only
there.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fastbp.graph.node import Node, Op, scalar_value
from fastbp.graph.ops import OPS

Known = Mapping[Node, ast.expr]


def text_of(tree: ast.expr) -> str:
    """The tree as Python writes it, on one line."""
    return " ".join(ast.unparse(tree).split())


def word(text: str) -> ast.expr:
    """A name that stands as it is."""
    return ast.Name(id=text)


def number(value: float) -> ast.expr:
    """A number as short as it can be; 1/3 and the like as fractions."""
    short = f"{value:.4g}"
    count = round(1 / value) if 0 < abs(value) < 1 else 0
    if abs(count) > 1 and abs(value * count - 1) < 1e-6 and float(short) != value:
        return ast.BinOp(ast.Constant(1), ast.Div(), ast.Constant(count))
    return word(short)


def expression(node: Node, known: Known) -> ast.expr:
    """What `node` computes, with `known` trees in the places of its operands.

    Operands that are not known are written out, down to those that are.
    """
    value = scalar_value(node)
    if value is not None:
        return number(value)
    if not node.inputs:
        return word(node.name or node.op)
    operands = [known[x] if x in known else expression(x, known) for x in node.inputs]
    if node.op == "broadcast_to" and scalar_value(node.inputs[0]) is not None:
        return operands[0]
    row = OPS[node.op]
    tree = _parsed(row.formula)
    if tree is None or not (_is_simple(row) or row.name.endswith("_grad")):
        fixed = [_keyword(name, node.attrs[name]) for name in row.attrs]
        return ast.Call(word(row.name), operands, [k for k in fixed if k is not None])
    places = dict(zip(row.arguments, operands, strict=True))
    return _Filled(places, node.attrs).filled(tree)


@lru_cache(maxsize=256)
def _parsed(formula: str) -> ast.expr | None:
    try:
        return ast.parse(formula, mode="eval").body
    except SyntaxError:
        return None


def _is_simple(row: Op) -> bool:
    """Whether the formula is one operator, or one call of the row's own name or of a method.

    Any other, such as that of sigmoid, is easier to read as a call.
    """
    tree = _parsed(row.formula)
    if isinstance(tree, ast.Call):
        own = isinstance(tree.func, ast.Name) and tree.func.id == row.name
        parts: list[ast.AST] = list(tree.args)
        if isinstance(tree.func, ast.Attribute):
            own = isinstance(tree.func.value, ast.Name)
            parts.append(tree.func.value)
        parts += [keyword.value for keyword in tree.keywords]
        return own and _are_plain(parts, row)
    if isinstance(tree, ast.BinOp):
        return _are_plain([tree.left, tree.right], row)
    if isinstance(tree, ast.UnaryOp):
        return _are_plain([tree.operand], row)
    if isinstance(tree, ast.Subscript):
        return _are_plain([tree.value, tree.slice], row)
    return isinstance(tree, ast.Attribute) and _are_plain([tree.value], row)


def _are_plain(parts: list[ast.AST], row: Op) -> bool:
    """Names and numbers alone, each operand once."""
    names = [part.id for part in parts if isinstance(part, ast.Name)]
    once = all(names.count(argument) == 1 for argument in row.arguments)
    return once and all(isinstance(part, ast.Name | ast.Constant) for part in parts)


def _keyword(name: str, value: Any) -> ast.keyword | None:
    """A fixed argument as it is written; None where it says what holds anyway."""
    if value is None or value is False:
        return None
    return ast.keyword(arg=name, value=word(_fixed(value)))


def _fixed(value: Any) -> str:
    if isinstance(value, slice):
        ends = [value.start, value.stop] + ([value.step] if value.step is not None else [])
        return ":".join("" if end is None else str(end) for end in ends)
    if isinstance(value, tuple) and any(isinstance(part, slice) for part in value):
        return ", ".join(map(_fixed, value))
    return str(value)


def _spread(value: Any) -> list[ast.expr]:
    """A fixed argument of a method: the parts of a shape stand alone, x.reshape(2, 3)."""
    parts = value if isinstance(value, tuple) and value else (value,)
    return [word(_fixed(part)) for part in parts]


class _Filled(ast.NodeTransformer):
    """A copy of a formula's tree with operands and fixed arguments in their places."""

    def __init__(self, places: Mapping[str, ast.expr], attrs: Mapping[str, Any]) -> None:
        self.places = places
        self.attrs = attrs

    def filled(self, tree: ast.expr) -> ast.expr:
        copy: ast.expr = self.visit(ast.parse(ast.unparse(tree), mode="eval").body)
        return copy

    def visit_Name(self, name: ast.Name) -> ast.expr:
        if name.id in self.places:
            return self.places[name.id]
        return word(_fixed(self.attrs[name.id])) if name.id in self.attrs else name

    def visit_Call(self, call: ast.Call) -> ast.expr:
        """The function's name stays; fixed arguments get theirs."""
        args: list[ast.expr] = []
        keywords = [self.visit(keyword) for keyword in call.keywords]
        for argument in call.args:
            if isinstance(argument, ast.Name) and argument.id in self.attrs:
                if isinstance(call.func, ast.Attribute):
                    args += _spread(self.attrs[argument.id])
                    continue
                keyword = _keyword(argument.id, self.attrs[argument.id])
                keywords += [] if keyword is None else [keyword]
            else:
                args.append(self.visit(argument))
        func = call.func if isinstance(call.func, ast.Name) else self.visit(call.func)
        return ast.Call(func, args, keywords)
