"""Calls of NumPy's functions that move elements."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy_call import Call, on

THREE = ((2, 3, 4),)
MANY = ((4, 3), (4, 3), (4, 3))


def _modes(*shapes: tuple[int, ...]) -> list[Call]:
    return [
        Call(lambda x, m=mode: np.pad(x, 2, m), (shape,))
        for mode in ("constant", "edge", "reflect", "symmetric", "wrap")
        for shape in shapes
    ]


ONE: dict[Any, list[Call]] = {
    np.ravel: [*on(np.ravel, lambda x: np.ravel(x, "F")), *on(lambda x: x.ravel(), shapes=THREE)],
    np.squeeze: on(
        np.squeeze, lambda x: np.squeeze(x, 1), lambda x: x.squeeze((1, -1)), shapes=((3, 1, 2, 1),)
    ),
    np.expand_dims: on(
        lambda x: np.expand_dims(x, 0),
        lambda x: np.expand_dims(x, (0, -1)),
        lambda x: np.expand_dims(x, axis=1),
    ),
    np.swapaxes: [
        *on(lambda x: np.swapaxes(x, 0, 1)),
        *on(lambda x: np.swapaxes(x, 0, -1), lambda x: x.swapaxes(1, 2), shapes=THREE),
    ],
    np.moveaxis: on(
        lambda x: np.moveaxis(x, 0, -1), lambda x: np.moveaxis(x, [0, 1], [1, 2]), shapes=THREE
    ),
    np.rollaxis: on(
        lambda x: np.rollaxis(x, 2), lambda x: np.rollaxis(x, 0, start=2), shapes=THREE
    ),
    np.transpose: [
        *on(np.transpose, lambda x: np.transpose(x, (1, 0)), lambda x: x.T),
        *on(
            np.transpose,
            lambda x: np.transpose(x, (1, 2, 0)),
            lambda x: np.transpose(x, axes=(0, 2, 1)),
            lambda x: x.T,
            shapes=THREE,
        ),
        *on(np.transpose, shapes=((3,),)),
    ],
    np.flip: [
        *on(np.flip, lambda x: np.flip(x, 0)),
        *on(lambda x: np.flip(x, (0, 2)), shapes=THREE),
    ],
    np.fliplr: on(np.fliplr),
    np.flipud: on(np.flipud),
    np.roll: [
        *on(
            lambda x: np.roll(x, 2),
            lambda x: np.roll(x, -1, axis=0),
            lambda x: np.roll(x, (1, 2), axis=(0, 1)),
        ),
        *on(lambda x: np.roll(x, 1, axis=1), shapes=THREE),
    ],
    np.rot90: [
        *on(np.rot90, lambda x: np.rot90(x, 2)),
        *on(lambda x: np.rot90(x, 1, (1, 2)), shapes=THREE),
    ],
    np.tile: on(
        lambda x: np.tile(x, 2), lambda x: np.tile(x, (2, 1)), lambda x: np.tile(x, (2, 1, 2))
    ),
    np.repeat: on(
        lambda x: np.repeat(x, 2),
        lambda x: np.repeat(x, 3, axis=1),
        lambda x: np.repeat(x, [1, 0, 2, 3], axis=0),
        lambda x: x.repeat(2, axis=0),
    ),
    np.diag: [
        *on(np.diag, lambda x: np.diag(x, 1), lambda x: np.diag(x, k=-1)),
        *on(np.diag, lambda x: np.diag(x, 2), shapes=((3,),)),
    ],
    np.diagflat: on(np.diagflat, lambda x: np.diagflat(x, 1), shapes=((2, 2),)),
    np.diagonal: [
        *on(np.diagonal, lambda x: np.diagonal(x, offset=1)),
        *on(lambda x: np.diagonal(x, 0, 1, 2), shapes=THREE),
    ],
    np.tril: [*on(np.tril, lambda x: np.tril(x, -1)), *on(np.tril, shapes=THREE)],
    np.triu: [*on(np.triu, lambda x: np.triu(x, k=1)), *on(np.triu, shapes=THREE)],
    np.resize: on(lambda x: np.resize(x, (2, 2)), lambda x: np.resize(x, (5, 4))),
    np.atleast_1d: [*on(np.atleast_1d), *on(np.atleast_1d, shapes=((),))],
    np.atleast_2d: [*on(np.atleast_2d), *on(np.atleast_2d, shapes=((3,),))],
    np.atleast_3d: [*on(np.atleast_3d), *on(np.atleast_3d, shapes=((3,),))],
    np.delete: on(
        lambda x: np.delete(x, 1),
        lambda x: np.delete(x, 1, axis=0),
        lambda x: np.delete(x, [0, 2], axis=1),
        lambda x: np.delete(x, slice(0, 2), axis=0),
    ),
    np.broadcast_to: [
        *on(lambda x: np.broadcast_to(x, (2, 4, 3))),
        *on(lambda x: np.broadcast_to(x, (2, 3, 2, 4)), shapes=((3, 1, 4),)),
        *on(lambda x: np.broadcast_to(x, (2, 3)), shapes=((),)),
    ],
    np.reshape: on(
        lambda x: np.reshape(x, (2, 6)),
        lambda x: np.reshape(x, -1),
        lambda x: np.reshape(x, (2, -1, 3)),
        lambda x: np.reshape(x, (3, 4), order="F"),
    ),
    np.pad: [
        *_modes((4, 3), (3, 3, 4), (5,)),
        *on(
            lambda x: np.pad(x, 1),
            lambda x: np.pad(x, ((1, 2), (0, 3))),
            lambda x: np.pad(x, 1, constant_values=2.5),
            lambda x: np.pad(x, ((0, 0), (2, 0)), "constant", constant_values=-1),
            lambda x: np.pad(x, 2, "reflect", reflect_type="even"),
        ),
        *on(lambda x: np.pad(x, 1), shapes=((0, 2),), curved=False),
    ],
    np.take: [
        *on(
            lambda x: np.take(x, 5),
            lambda x: np.take(x, [0, 5, -1, 5]),
            lambda x: np.take(x, [2, 0], axis=1),
            lambda x: np.take(x, np.array([[0, 1], [3, -1]]), axis=0),
            lambda x: x.take(1, axis=0),
        ),
        *on(lambda x: np.take(x, [2, 0], axis=1), shapes=THREE),
    ],
}

APART: dict[Any, list[Call]] = {
    np.split: on(
        lambda x: np.split(x, 2), lambda x: np.split(x, [1, 3]), lambda x: np.split(x, 3, axis=1)
    ),
    np.array_split: on(lambda x: np.array_split(x, 3), lambda x: np.array_split(x, 2, axis=1)),
    np.hsplit: [*on(lambda x: np.hsplit(x, 3)), *on(lambda x: np.hsplit(x, [2]), shapes=((5,),))],
    np.vsplit: on(lambda x: np.vsplit(x, 2)),
    np.dsplit: on(lambda x: np.dsplit(x, 2), shapes=THREE),
}
if hasattr(np, "unstack"):  # of NumPy 2.1
    APART[np.unstack] = on(np.unstack, lambda x: np.unstack(x, axis=1))

TOGETHER: dict[Any, list[Call]] = {
    np.concatenate: [
        *on(
            lambda *xs: np.concatenate(xs),
            lambda *xs: np.concatenate(xs, axis=1),
            lambda *xs: np.concatenate(xs, axis=None),
            lambda a, b, c: np.concatenate([a, np.zeros((1, 3)), b * 2, c[:1]]),
            shapes=MANY,
        ),
        *on(lambda a, b: np.concatenate((a, b), axis=1), shapes=((4, 3), (4, 2))),
        *on(lambda a, b: np.concatenate((a, b), axis=-1), shapes=((2, 3, 1), (2, 3, 4))),
        *on(lambda a, b: np.concatenate((a, b), axis=1), shapes=((2, 3, 1), (2, 2, 1))),
        *on(lambda a, b: np.concatenate((a, b)), shapes=((3,), (0,))),
        *on(lambda x: np.concatenate([x]), lambda x: np.concatenate(x)),
    ],
    np.stack: [
        *on(
            lambda *xs: np.stack(xs),
            lambda *xs: np.stack(xs, axis=1),
            lambda *xs: np.stack(xs, axis=-1),
            shapes=MANY,
        ),
        *on(lambda a, b: np.stack([a, b, 1.0]), shapes=((), ())),
        *on(lambda x: np.stack([row * i for i, row in enumerate(x)]), lambda x: np.stack(x)),
    ],
    np.vstack: [
        *on(lambda *xs: np.vstack(xs), shapes=MANY),
        *on(lambda *xs: np.vstack(xs), shapes=((3,), (2, 3))),
    ],
    np.hstack: [
        *on(lambda *xs: np.hstack(xs), shapes=MANY),
        *on(lambda *xs: np.hstack(xs), shapes=((3,), (2,))),
    ],
    np.dstack: [
        *on(lambda *xs: np.dstack(xs), shapes=MANY),
        *on(lambda *xs: np.dstack(xs), shapes=((3,), (3,))),
    ],
    np.column_stack: [
        *on(lambda *xs: np.column_stack(xs), shapes=((4,), (4, 3))),
        *on(lambda *xs: np.column_stack(xs), shapes=((4,), (4,))),
    ],
    np.append: on(
        lambda a, b: np.append(a, b),
        lambda a, b: np.append(a, b, axis=0),
        lambda a, b: np.append(np.zeros((2, 3)), b, axis=0) * a[0],
        shapes=((4, 3), (2, 3)),
    ),
}

MOVES = ONE | APART | TOGETHER
