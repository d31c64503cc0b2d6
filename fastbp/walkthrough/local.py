"""The local gradient, read off a contribution: what is left of it when the incoming gradient goes.

A contribution is linear in the incoming gradient `g`. `g * a * (1 - a)` leaves `a * (1 - a)`, and
`g @ W.T` leaves `W.T`.
"""

from __future__ import annotations

import ast

ONE = ast.Constant(1)
_TOTALS = ("sum", "broadcast_to")


def local_tree(tree: ast.expr, symbol: str) -> ast.expr | None:
    """The factor beside `symbol` in `tree`, or None where it is no factor."""
    if isinstance(tree, ast.Name) and tree.id == symbol:
        return ONE
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        inner = local_tree(tree.operand, symbol)
        return None if inner is None else ast.UnaryOp(ast.USub(), inner)
    if isinstance(tree, ast.BinOp):
        return _of_operator(tree, symbol)
    if isinstance(tree, ast.Call):
        return _of_call(tree, symbol)
    if isinstance(tree, ast.Attribute):  # g.T
        return local_tree(tree.value, symbol)
    return None


def mentions(tree: ast.AST, symbol: str) -> bool:
    """Whether `symbol` stands in `tree`."""
    return any(isinstance(part, ast.Name) and part.id == symbol for part in ast.walk(tree))


def _of_operator(tree: ast.BinOp, symbol: str) -> ast.expr | None:
    on_left, on_right = mentions(tree.left, symbol), mentions(tree.right, symbol)
    if on_left == on_right or not isinstance(tree.op, ast.Mult | ast.Div | ast.MatMult):
        return None
    inner = local_tree(tree.left if on_left else tree.right, symbol)
    if inner is None or (on_right and isinstance(tree.op, ast.Div)):
        return None
    if _is_one(inner) and not isinstance(tree.op, ast.Div):
        return tree.right if on_left else tree.left
    pair = (inner, tree.right) if on_left else (tree.left, inner)
    return ast.BinOp(pair[0], tree.op, pair[1])


def _of_call(tree: ast.Call, symbol: str) -> ast.expr | None:
    """Sums, copies and other shapes of g are g; where(c, g, 0) is where(c, 1, 0)."""
    if isinstance(tree.func, ast.Attribute):
        moved = tree.func.attr in ("reshape", "transpose", "sum")
        return local_tree(tree.func.value, symbol) if moved else None
    name = tree.func.id if isinstance(tree.func, ast.Name) else ""
    if name in _TOTALS and not any(mentions(a, symbol) for a in tree.args[1:]):
        return local_tree(tree.args[0], symbol)
    if name == "where" and not mentions(tree.args[0], symbol):
        branches = [local_tree(a, symbol) if mentions(a, symbol) else a for a in tree.args[1:]]
        if all(branch is not None for branch in branches):
            return ast.Call(tree.func, [tree.args[0], *[b for b in branches if b]], [])
    return None


def _is_one(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant) and tree.value == 1
