"""Points at which the gradients of operations that move elements are checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from case import Case, Rng, Shape, apart, normal

from fastbp.graph.index_map import IndexMap


def _map(n: int, size: int, count: int, filled: bool = True) -> IndexMap:
    """A fixed map of `count` positions below `size`: some twice, some never, some of them zeros."""
    rng = np.random.default_rng(100 + n)
    found = rng.integers(-1 if filled else 0, size, count)
    found[:2] = 0  # position 0 is there twice
    return IndexMap(found)


def _moved(
    before: Callable[[int], Shape], fixed: Callable[[int], Mapping[str, Any]], *more: int
) -> Case:
    return Case(lambda rng, n: [normal(rng, *before(n))], fixed=fixed)


def _reshaped(before: Callable[[int], Shape], after: Callable[[int], Shape]) -> Case:
    return _moved(before, lambda n: {"shape": after(n)})


def _joined(of_a: Callable[[int], Shape], of_b: Callable[[int], Shape]) -> Case:
    return Case(lambda rng, n: [normal(rng, *of_a(n)), normal(rng, *of_b(n))], (0, 1))


def _order(rng: Rng, n: int, m: int) -> Any:
    """In each row, 0 to m - 1 in another order."""
    return rng.permuted(np.tile(np.arange(m, dtype=float), (n, 1)), axis=1)


def _in_rows(m: int) -> Case:
    return Case(lambda rng, n: [normal(rng, n, m), _order(rng, n, m)])


def _sorted(shape: Callable[[int], Shape]) -> Case:
    return Case(lambda rng, n: [apart(rng, *shape(n))], flat=(0,))


def _rows(rng: Rng, count: int, rows: int) -> Any:
    """Row indices, some from the end, the first of them twice."""
    found = rng.integers(-rows, rows, count).astype(float)
    found[1:2] = found[:1]
    return found


MOVE_CASES: dict[str, list[Case]] = {
    "matmul": [
        Case(lambda rng, n: [normal(rng, n, 3), normal(rng, 3, 5)], (0, 1), curved=True),
        Case(lambda rng, n: [normal(rng, 5, n), normal(rng, n, 1)], (0, 1), curved=True),
        Case(lambda rng, n: [normal(rng, 1, 3), normal(rng, 3, n)], (0, 1), curved=True),
    ],
    "transpose": [
        Case(lambda rng, n: [normal(rng, n, 3)]),
        Case(lambda rng, n: [normal(rng, 1, n)]),
    ],
    "reshape": [
        _reshaped(lambda n: (n,), lambda n: (n, 1)),
        _reshaped(lambda n: (n, 6), lambda n: (2, 3 * n)),
        _reshaped(lambda n: (1, 1), lambda n: ()),
        _reshaped(lambda n: (2, n, 6), lambda n: (n, 3, 2, 2)),
    ],
    "broadcast_to": [
        _reshaped(lambda n: (), lambda n: (n, 3)),
        _reshaped(lambda n: (n, 1), lambda n: (n, 3)),
        _reshaped(lambda n: (3,), lambda n: (n, 3)),
        _reshaped(lambda n: (1,), lambda n: (n,)),
        _reshaped(lambda n: (n, 1, 3), lambda n: (n, 2, 3)),
        _reshaped(lambda n: (3,), lambda n: (2, n, 3)),
        _reshaped(lambda n: (1, n, 1), lambda n: (2, n, 3)),
        _reshaped(lambda n: (2, 1, n, 1), lambda n: (2, 3, n, 2)),
    ],
    "gather": [
        _moved(
            lambda n: (n + 1, 3),
            lambda n: {"index": _map(n, 3 * n + 3, 2 * n), "shape": (n, 2)},
        ),
        _moved(
            lambda n: (2, n + 1, 2),
            lambda n: {"index": _map(n, 4 * n + 4, 6 * n, filled=False), "shape": (3, n, 2)},
        ),
        _moved(lambda n: (n + 2,), lambda n: {"index": IndexMap([n]), "shape": ()}),
        _moved(
            lambda n: (n, 3),
            lambda n: {"index": IndexMap(np.arange(3 * n)[::-1]), "shape": (n, 3)},
        ),
    ],
    "scatter": [
        _moved(
            lambda n: (n, 2),
            lambda n: {"index": _map(n, 3 * n + 3, 2 * n), "shape": (n + 1, 3)},
        ),
        _moved(
            lambda n: (3, n, 2),
            lambda n: {"index": _map(n, 4 * n + 4, 6 * n, filled=False), "shape": (2, n + 1, 2)},
        ),
        _moved(lambda n: (), lambda n: {"index": IndexMap([n]), "shape": (n + 2,)}),
    ],
    "gather_columns": [
        _moved(lambda n: (n, 4), lambda n: {"index": IndexMap([1, -1, 3, 1, 0])}),
        _moved(lambda n: (n, 4), lambda n: {"index": IndexMap([1, 2])}),
        _moved(lambda n: (2, n + 1), lambda n: {"index": _map(n, n + 1, n)}),
    ],
    "scatter_columns": [
        _moved(lambda n: (n, 5), lambda n: {"index": IndexMap([1, -1, 3, 1, 0]), "width": 4}),
        _moved(lambda n: (n, 2), lambda n: {"index": IndexMap([1, 2]), "width": 4}),
        _moved(lambda n: (2, n), lambda n: {"index": _map(n, n + 1, n), "width": n + 1}),
    ],
    "join_columns": [
        _joined(lambda n: (n, 3), lambda n: (n, 2)),
        _joined(lambda n: (2, n), lambda n: (2, 1)),
        _joined(lambda n: (n, 1), lambda n: (n, 1)),
    ],
    "take_rows": [
        Case(lambda rng, n: [normal(rng, n + 1, 3), _rows(rng, 2 * n, n + 1)]),
        Case(lambda rng, n: [normal(rng, 5, n), _rows(rng, 4, 5)]),
        Case(lambda rng, n: [normal(rng, n, 2), _rows(rng, n, n) if n else np.zeros(0)]),
    ],
    "add_rows": [
        Case(
            lambda rng, n: [normal(rng, 2 * n, 3), _rows(rng, 2 * n, n + 1)],
            fixed=lambda n: {"rows": n + 1},
        ),
        Case(lambda rng, n: [normal(rng, 4, n), _rows(rng, 4, 5)], fixed={"rows": 5}),
    ],
    "argsort": [_sorted(lambda n: (n, 5)), _sorted(lambda n: (2, n))],
    "take_along": [_in_rows(5), _in_rows(1)],
    "put_along": [_in_rows(5), _in_rows(1)],
}
