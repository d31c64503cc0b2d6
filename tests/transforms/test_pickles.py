"""Functions made from functions are pickled and copied where the function is."""

import copy
import pickle

import numpy as np
import pytest

import fastbp as bp

X = np.array([1.0, 2.0, 3.0])


def cubes(x):
    return (x**3).sum()


def rows(w, x):
    return ((x @ w) ** 2).mean()


def both(a, b):
    return (a * b**2).sum()


CALLS = {
    "value_and_grad": (lambda: bp.value_and_grad(cubes), (X,)),
    "grad": (lambda: bp.grad(both, argnums=1), (X, X)),
    "several": (lambda: bp.grad(both, argnums=(0, 1)), (X, X)),
    "jacobian": (lambda: bp.jacobian(np.sin), (X,)),
    "hessian": (lambda: bp.hessian(cubes), (X,)),
    "hvp": (lambda: bp.hvp(cubes), (X, X)),
    "compile": (lambda: bp.compile(cubes), (X,)),
    "nested": (lambda: bp.compile(bp.grad(cubes)), (X,)),
    "per_sample_grad": (lambda: bp.per_sample_grad(rows), (X, np.eye(3))),
}
COPIES = {
    "pickle": lambda f: pickle.loads(pickle.dumps(f)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("kind", COPIES)
@pytest.mark.parametrize("name", CALLS)
def test_a_copy_computes_the_same(name, kind):
    made, args = CALLS[name]
    function = made()
    before = COPIES[kind](function)  # never called
    wanted = function(*args)
    for other in (before, COPIES[kind](function)):
        found = other(*args)
        assert type(found) is type(wanted)
        alike = zip(found, wanted, strict=True) if type(wanted) is tuple else [(found, wanted)]
        for a, b in alike:
            np.testing.assert_array_equal(a, b)


def test_what_cannot_be_pickled_says_so():
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(bp.grad(lambda x: x.sum()))
