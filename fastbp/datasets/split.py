"""Two steps before a training: hold rows out, and bring the features to one scale."""

from __future__ import annotations

from numbers import Real
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from fastbp import checks

A = TypeVar("A", bound=np.generic)
B = TypeVar("B", bound=np.generic)


def train_test_split(
    X: npt.NDArray[A], y: npt.NDArray[B], test_size: float = 0.25, seed: int = 0
) -> tuple[npt.NDArray[A], npt.NDArray[A], npt.NDArray[B], npt.NDArray[B]]:
    """Shuffle the rows and hold a share of them out.

    Parameters
    ----------
    X, y : ndarray of shape (n, ...)
        Arrays with the same number of rows, at least 2.
    test_size : float, default 0.25
        Share of the rows to hold out, between 0 and 1; rounded up to whole rows.
    seed : int, default 0
        Seed of the shuffle.

    Returns
    -------
    X_train, X_test, y_train, y_test : ndarray
        Copies, in scikit-learn's order.

    Raises
    ------
    ValueError
        If the lengths differ, `test_size` is not between 0 and 1, or a part would be empty.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.datasets import train_test_split
    >>> X_train, X_test, y_train, y_test = train_test_split(np.eye(8), np.arange(8))
    >>> X_train.shape, X_test.shape, bool((X_test[:, y_test] == np.eye(2)).all())
    ((6, 8), (2, 8), True)
    """
    X, y = checks.array("X", X), checks.array("y", y)
    if X.ndim == 0 or y.ndim == 0 or len(X) != len(y):
        raise ValueError(
            f"X and y must have the same number of rows, got shapes {X.shape} and {y.shape}"
        )
    _check_share(test_size)
    held_out = int(np.ceil(len(X) * test_size))
    if held_out >= len(X):
        raise ValueError(
            f"X has {len(X)} rows: with test_size={test_size} no row is left to train on"
        )
    order = np.random.default_rng(checks.seed_number(seed)).permutation(len(X))
    test, train = order[:held_out], order[held_out:]
    return X[train], X[test], y[train], y[test]


def standardize(
    train: npt.NDArray[Any], test: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Bring each feature to mean 0 and standard deviation 1.

    ``(x - mean) / std``, both measured on `train` alone; a feature that is constant there is only
    shifted.

    Parameters
    ----------
    train, test : ndarray of shape (n, n_features) and (m, n_features)
        Neither is written.

    Returns
    -------
    train, test : ndarray
        New arrays; float32 stays float32, any other dtype becomes float64.

    Raises
    ------
    ValueError
        If one is not 2-D, their numbers of features differ, or `train` has no rows.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.datasets import standardize
    >>> train, test = standardize(np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[4.0, 6.0]]))
    >>> train.tolist(), test.tolist()
    ([[-1.0, 0.0], [1.0, 0.0]], [[2.0, 1.0]])
    """
    train, test = checks.numbers("train", train), checks.numbers("test", test)
    if train.ndim != 2 or test.ndim != 2 or train.shape[1] != test.shape[1]:
        raise ValueError(
            "train and test must be 2-D with the same number of features, "
            f"got shapes {train.shape} and {test.shape}"
        )
    if len(train) == 0:
        raise ValueError(f"train must have at least one row, got shape {train.shape}")
    mean = train.mean(axis=0, dtype=np.float64)
    std = train.std(axis=0, dtype=np.float64)
    # The mean of equal numbers can be off by a rounding: their deviation is not always an exact 0.
    std[(train == train[0]).all(axis=0)] = 1.0
    dtype = np.float32 if train.dtype.newbyteorder("=") == np.float32 else np.float64
    return ((train - mean) / std).astype(dtype), ((test - mean) / std).astype(dtype)


def _check_share(test_size: object) -> None:
    message = f"test_size must be a share between 0 and 1, got {checks.shown(test_size)}"
    if isinstance(test_size, bool) or not isinstance(test_size, Real):
        raise TypeError(message)
    if not 0 < test_size < 1:  # type: ignore[operator]
        raise ValueError(message)
