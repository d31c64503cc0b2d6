"""Calls of NumPy's products."""

from __future__ import annotations

from typing import Any

import numpy as np
from case import near_one
from numpy_call import Call, on

SUBSCRIPTS = {
    "ij,jk->ik": ((2, 3), (3, 4)),
    "ij,jk": ((2, 3), (3, 4)),
    "ij->ji": ((2, 3),),
    "ij->": ((2, 3),),
    "ij->j": ((2, 3),),
    "ii->i": ((3, 3),),
    "ii": ((3, 3),),
    "iij->j": ((3, 3, 2),),
    "i,j->ij": ((2,), (3,)),
    "i,i": ((3,), (3,)),
    "ij,ij->i": ((2, 3), (2, 3)),
    "bij,bjk->bik": ((2, 3, 4), (2, 4, 2)),
    "bij,bkj->kib": ((2, 3, 4), (2, 2, 4)),
    "...ij,...jk->...ik": ((2, 3, 4), (2, 4, 2)),
    "...i->...": ((2, 3, 4),),
    "...i,i": ((2, 3, 4), (4,)),
    "i...,i...": ((2, 3), (2, 3)),
    "ij,jk,kl->il": ((2, 3), (3, 4), (4, 2)),
    "ij,ik,il->jkl": ((2, 3), (2, 2), (2, 4)),
    "i,j,k->kj": ((2,), (3,), (4,)),
    " ij , jk -> ik ": ((2, 3), (3, 4)),
}

PRODUCTS: dict[Any, list[Call]] = {
    np.einsum: [
        *(
            Call(lambda *nodes, s=text: np.einsum(s, *nodes), shapes, (near_one,))
            for text, shapes in SUBSCRIPTS.items()
        ),
        *on(lambda x: np.einsum("ij,j->i", x, np.array([1, 2, 3]))),
        *on(lambda x: np.einsum("ij,ij->", x, x, optimize=True)),
    ],
    np.tensordot: [
        *on(np.tensordot, lambda a, b: np.tensordot(a, b, 2), shapes=((2, 3, 4), (3, 4, 2))),
        *on(lambda a, b: np.tensordot(a, b, 1), shapes=((2, 3), (3, 2, 2))),
        *on(lambda a, b: np.tensordot(a, b, 0), shapes=((2, 3), (2,))),
        *on(
            lambda a, b: np.tensordot(a, b, axes=([0, 1], [1, 0])),
            lambda a, b: np.tensordot(a, b, axes=(0, 1)),
            lambda a, b: np.tensordot(a, b, axes=((-2,), (0,))),
            shapes=((2, 3, 4), (3, 2)),
        ),
        *on(lambda a, b: np.tensordot(a, b, axes=((-2,), (-2,))), shapes=((2, 3, 4), (3, 2))),
    ],
    np.kron: [
        *on(np.kron, shapes=((2, 3), (3, 2))),
        *on(np.kron, shapes=((3,), (2,))),
        *on(np.kron, shapes=((2, 3), (2,))),
        *on(np.kron, shapes=((2,), (2, 1, 3))),
        *on(lambda x: np.kron(np.eye(2), x), shapes=((2, 3),)),
    ],
    np.dot: [
        *on(np.dot, shapes=((2, 3), (3, 4))),
        *on(np.dot, lambda a, b: a.dot(b), shapes=((2, 3), (3,))),
        *on(np.dot, shapes=((3,), (3,))),
        *on(np.dot, shapes=((3,), (3, 2))),
        *on(np.dot, shapes=((2, 3, 4), (4, 2))),
        *on(np.dot, shapes=((2, 3, 4), (4,))),
        *on(np.dot, shapes=((2, 3), (2, 3, 2))),
        *on(np.dot, shapes=((), (2, 3))),
        *on(lambda x: np.dot(np.ones((2, 4)), x), lambda x: np.dot(x, 2.0)),
    ],
    np.vdot: [*on(np.vdot, shapes=((4,), (4,))), *on(np.vdot, shapes=((2, 3), (2, 3)))],
    np.inner: [
        *on(np.inner, shapes=((4,), (4,))),
        *on(np.inner, shapes=((2, 3), (4, 3))),
        *on(np.inner, shapes=((2, 2, 3), (3,))),
        *on(np.inner, shapes=((), (2, 3))),
    ],
    np.outer: [
        *on(np.outer, np.multiply.outer, np.add.outer, shapes=((2,), (3,))),
        *on(np.outer, shapes=((2, 2), (3,))),
        *on(np.multiply.outer, shapes=((2, 2), (3,))),
    ],
    np.matmul: [
        *on(np.matmul, lambda a, b: a @ b, shapes=((2, 3), (3, 4))),
        *on(np.matmul, shapes=((2, 3), (3,))),
        *on(np.matmul, shapes=((3,), (3, 2))),
        *on(np.matmul, shapes=((3,), (3,))),
        *on(np.matmul, shapes=((2, 3, 4), (4, 2))),
        *on(np.matmul, shapes=((2, 3, 4), (2, 4, 2))),
        *on(np.matmul, shapes=((3, 4), (2, 4, 2))),
        *on(np.matmul, shapes=((2, 3, 4), (4,))),
        *on(np.matmul, shapes=((4,), (2, 4, 2))),
        *on(np.matmul, shapes=((2, 1, 3, 4), (3, 4, 2))),
        *on(lambda x: np.ones((2, 4)) @ x, lambda x: x.T @ x),
    ],
    np.trace: [
        *on(
            np.trace,
            lambda x: np.trace(x, 1),
            lambda x: np.trace(x, offset=-1),
            lambda x: x.trace(),
        ),
        *on(np.trace, lambda x: np.trace(x, axis1=1, axis2=2), shapes=((2, 3, 4),)),
    ],
}
