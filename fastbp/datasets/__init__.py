"""Small data sets: two real ones that ship with fastbp, and seeded generators."""

from typing import TYPE_CHECKING

from fastbp._lazy import lazily

if TYPE_CHECKING:
    from fastbp.datasets.bundled import load_breast_cancer, load_digits
    from fastbp.datasets.generators import make_moons, make_regression, make_xor
    from fastbp.datasets.split import standardize, train_test_split
else:  # what is asked for is imported then
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "fastbp.datasets.bundled": "load_breast_cancer load_digits",
            "fastbp.datasets.generators": "make_moons make_regression make_xor",
            "fastbp.datasets.split": "standardize train_test_split",
        },
    )

__all__ = [
    "load_breast_cancer",
    "load_digits",
    "make_moons",
    "make_regression",
    "make_xor",
    "standardize",
    "train_test_split",
]
