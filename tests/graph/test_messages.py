"""What is refused is named with the user's line, not with a library's."""

import numpy as np
import pytest

import fastbp as bp

X = np.ones((3, 2))
LIBRARY = """
import numpy as np

def total(x):
    return np.asarray(x).sum()
"""


@pytest.fixture
def library(tmp_path):
    """A function of an installed library."""
    names = {}
    file = tmp_path / "site-packages" / "frames" / "core.py"
    exec(compile(LIBRARY, str(file), "exec"), names)
    return names["total"]


def test_another_library_is_named(library):
    def loss(w):
        return w.sum() * library(w)

    with pytest.raises(
        TypeError, match=r"^frames cannot compute with a Node \(test_messages.py"
    ) as caught:
        bp.grad(loss)(X)
    assert "return w.sum() * library(w)" in str(caught.value)
    assert "df.to_numpy()" in str(caught.value)


def test_an_array_of_a_node():
    with pytest.raises(
        TypeError, match=r"cannot become an array .*test_messages.py.*np.take_along_axis"
    ):
        bp.grad(lambda w: np.asarray(w).sum())(X)


@pytest.mark.parametrize("name", ["item", "argmax", "tolist", "real", "fill", "data"])
def test_attributes_of_arrays_that_nodes_have_not(name):
    with pytest.raises(AttributeError, match=rf"a Node has no \.{name} \(test_messages.py"):
        bp.grad(lambda w: getattr(w, name))(X)


def test_other_attributes():
    with pytest.raises(AttributeError, match="'Node' object has no attribute 'nothing'"):
        bp.grad(lambda w: w.nothing)(X)
    bp.grad(lambda w: w.sum() * (2 if hasattr(w, "item") else 1))(X)


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["any", "all"])
def test_any_and_all(name, axis, keepdims):
    x = np.array([[0.0, 1.0, 2.0], [0.0, 0.0, 3.0]])

    def f(x):
        return getattr(x > 0.5, name)(axis=axis, keepdims=keepdims) * 1.0

    np.testing.assert_array_equal(bp.compile(f)(x), f(x))
