"""A copy of a node has its numbers; a pickle is refused."""

import copy
import pickle

import numpy as np
import pytest

import fastbp as bp

X = np.array([1.0, 2.0])
COPIES = {
    "copy": lambda w: copy.copy(w),
    "deepcopy": lambda w: copy.deepcopy(w),
    "in a dict": lambda w: copy.deepcopy({"a": [w, (w,)]})["a"][1][0],
    "of a list": lambda w: copy.copy([w])[0],
    "np.copy": lambda w: np.copy(w),
    "method": lambda w: w.copy(),
    "of what follows": lambda w: copy.deepcopy(w * 1.0),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_the_same(name):
    make = COPIES[name]
    np.testing.assert_array_equal(bp.grad(lambda w: (make(w) ** 2).sum())(X), 2 * X)
    trainer = bp.Trainer(lambda w, x: (make(w) ** 2).sum() + 0 * x.sum(), params=X)
    _, slopes = trainer.gradients(np.ones((1, 1)))
    np.testing.assert_array_equal(slopes["params"], 2 * X)


@pytest.mark.parametrize("dump", [pickle.dumps, lambda w: pickle.dumps({"a": [w]}, protocol=2)])
def test_a_pickle_is_refused(dump):
    with pytest.raises(TypeError, match=r"A Node cannot be pickled .*test_copies.py, line"):
        bp.grad(lambda w: (w**2).sum() + len(dump(w)))(X)
