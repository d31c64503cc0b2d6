"""Small data sets: two real ones that ship with fastbp, and seeded generators."""

from fastbp.datasets.bundled import load_breast_cancer, load_digits
from fastbp.datasets.generators import make_moons, make_regression, make_xor
from fastbp.datasets.split import standardize, train_test_split

__all__ = [
    "load_breast_cancer",
    "load_digits",
    "make_moons",
    "make_regression",
    "make_xor",
    "standardize",
    "train_test_split",
]
