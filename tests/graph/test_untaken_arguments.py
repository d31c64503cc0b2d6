"""Arguments that nodes' functions and methods do not take are named, with the call and the user's line."""

import numpy as np
import pytest

import fastbp as bp

X = np.array([[1.0, 2.0, 4.0], [0.5, 3.0, 1.5]])
CUBE = np.ones((2, 3, 2))
UNTAKEN = {
    "np.diff": (lambda x: np.diff(x, prepend=0.0), "np.diff", "prepend"),
    "np.argsort": (lambda x: np.argsort(x, kind="stable"), "np.argsort", "kind"),
    "np.mean": (lambda x: np.mean(x, dtype=np.float32), "np.mean", "dtype"),
    "np.sum": (lambda x: np.sum(x, where=X > 0), "np.sum", "where"),
    "np.var": (lambda x: np.var(x, mean=0), "np.var", "mean"),
    "np.cumsum": (lambda x: np.cumsum(x, dtype=float), "np.cumsum", "dtype"),
    "sum": (lambda x: x.sum(dtype=np.float32), ".sum", "dtype"),
    "sum by place": (lambda x: x.sum(0, np.float32), ".sum", "these arguments"),
    "mean": (lambda x: x.mean(where=X > 0), ".mean", "where"),
    "std": (lambda x: x.std(out=None), ".std", "out"),
    "reshape": (lambda x: x.reshape(3, 2, order="F"), ".reshape", "order"),
    "astype": (lambda x: x.astype(float, casting="safe"), ".astype", "casting"),
    "clip": (lambda x: x.clip(0, 1, out=None), ".clip", "out"),
    "ravel": (lambda x: x.ravel(order="F"), ".ravel", "order"),
    "take": (lambda x: x.take([0], mode="clip"), ".take", "mode"),
    "pow": (lambda x: pow(x, 2, 5), "pow", "third argument"),
}


@pytest.mark.parametrize(("call", "name", "argument"), UNTAKEN.values(), ids=UNTAKEN.keys())
def test_they_are_named(call, name, argument):
    with pytest.raises(TypeError) as caught:
        bp.compile(lambda x: call(x) + 0)(X)
    text = str(caught.value)
    assert text.startswith(name), text
    assert argument in text
    assert "(test_untaken_arguments.py, line" in text


def test_other_errors_are_themselves():
    with pytest.raises(TypeError, match="axis must be whole numbers, got 'a'"):
        bp.compile(lambda x: x.sum(axis="a"))(X)


@pytest.mark.parametrize("axis", [(0, 1), (), [0], 1.5])
@pytest.mark.parametrize(
    "function", [np.cumsum, np.sort, np.argsort, np.diff], ids=lambda f: f.__name__
)
def test_one_axis_alone(function, axis):
    def call(x):
        return function(x, axis=axis)

    with pytest.raises(TypeError):
        call(X)
    with pytest.raises(TypeError, match="axis must be"):
        bp.compile(call)(X)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.linalg.norm(x, axis=(0, 1, 2)),
        lambda x: np.linalg.norm(x, axis=()),
        lambda x: np.linalg.norm(x, "fro"),
        lambda x: np.linalg.norm(x, "fro", axis=0),
        lambda x: np.linalg.norm(x.reshape(-1), "fro"),
    ],
)
def test_norms_of_other_axes(call):
    with pytest.raises(ValueError, match="norm"):
        call(CUBE)
    with pytest.raises(ValueError, match="norm"):
        bp.compile(call)(CUBE)


@pytest.mark.parametrize("axis", [0, (1,), (0, 2), (2, 1), None])
def test_norms_of_one_and_two(axis):
    found = bp.compile(lambda x: np.linalg.norm(x, axis=axis))(CUBE)
    np.testing.assert_allclose(found, np.linalg.norm(CUBE, axis=axis))
