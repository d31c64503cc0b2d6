"""The bundled data are the published ones, to the last digit."""

import numpy as np
import pytest

from fastbp import datasets

sklearn = pytest.importorskip("sklearn", reason="compares with scikit-learn")
pytest.importorskip("sklearn.datasets")


def test_breast_cancer_is_what_scikit_learn_has():
    X, y = datasets.load_breast_cancer()
    theirs = sklearn.datasets.load_breast_cancer()
    assert X.shape == (569, 30)
    assert X.dtype == y.dtype == np.float32
    np.testing.assert_array_equal(X, theirs.data.astype(np.float32))
    np.testing.assert_array_equal(y, theirs.target.astype(np.float32))


def test_breast_cancer_is_stored_exactly():
    folder = datasets.bundled.HERE
    with np.load(folder / "breast_cancer.npz", allow_pickle=False) as file:
        values = file["X"] / 10.0 ** file["decimals"]
    np.testing.assert_array_equal(values, sklearn.datasets.load_breast_cancer().data)


def test_digits_are_what_scikit_learn_has():
    X, y = datasets.load_digits()
    theirs = sklearn.datasets.load_digits()
    assert X.shape == (1797, 64)
    assert X.dtype == np.float32
    assert y.dtype == np.int64
    np.testing.assert_array_equal(X, theirs.data)
    np.testing.assert_array_equal(y, theirs.target)


@pytest.mark.parametrize("load", [datasets.load_breast_cancer, datasets.load_digits])
def test_each_call_gives_arrays_of_its_own(load):
    X, y = load()
    X[...] = 0
    y[...] = 0
    again = load()
    assert again[0].any()
    assert again[1].any()
    assert again[0].flags.c_contiguous


def test_the_sources_and_the_licence_travel_with_the_data():
    text = (datasets.bundled.HERE / "README.md").read_text(encoding="utf-8")
    for part in ("10.24432/C5DW2B", "10.24432/C50P49", "CC BY 4.0"):
        assert part in text
    for load in (datasets.load_breast_cancer, datasets.load_digits):
        assert "CC BY 4.0" in load.__doc__
