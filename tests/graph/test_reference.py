"""The oracle where the library's rules are its own: class indices that are none, and NaN."""

import numpy as np
import pytest
from reference import REFERENCE, evaluate

from fastbp.graph import input_node

BAD = [-1.0, 3.0, np.nan, np.inf, 1e300]


@pytest.mark.parametrize("bad", BAD)
def test_indices_out_of_range(bad):
    p, y = np.full((2, 3), 1 / 3), np.array([1.0, bad])
    for op in ("cross_entropy", "cross_entropy_with_logits"):
        assert np.isnan(REFERENCE[op](p, y)).tolist() == [False, True]
    assert REFERENCE["one_hot"](y, classes=3)[0].tolist() == [0, 1, 0]
    assert np.isnan(REFERENCE["one_hot"](y, classes=3)[1]).all()
    assert REFERENCE["class_hits"](p, y)[1] == 0


@pytest.mark.parametrize("op", ["relu", "softmax", "bce_with_logits", "cross_entropy_with_logits"])
def test_nan_passes(op):
    z = np.array([[np.nan, 1.0]])
    operands = {"bce_with_logits": [z, z * 0], "cross_entropy_with_logits": [z, np.zeros(1)]}
    with np.errstate(invalid="ignore"):
        assert np.isnan(REFERENCE[op](*operands.get(op, [z]))).any()


def test_large_logits():
    z = np.array([[1000.0, -1000.0]])
    assert REFERENCE["softmax"](z).tolist() == [[1.0, 0.0]]
    assert REFERENCE["cross_entropy_with_logits"](z, np.array([1.0])).tolist() == [2000.0]
    assert REFERENCE["bce_with_logits"](z, np.array([[0.0, 1.0]])).tolist() == [[1000.0, 1000.0]]


def test_arrays_must_have_the_leaves_shapes():
    x = input_node(0, (2, 3), "float32")
    with pytest.raises(AssertionError, match=r"the value has \(3, 2\)"):
        evaluate(x, [np.ones((3, 2))])
