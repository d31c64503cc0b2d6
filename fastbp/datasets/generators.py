"""Data sets made from a seed; NumPy's global random state is never touched."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastbp import checks

FloatArray = npt.NDArray[np.float32]


def make_xor(
    n_samples: int = 200, *, noise: float = 0.1, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Return points around the corners of the unit square, labelled by the corner's exclusive or.

    No straight line parts the two classes: logistic regression cannot learn them, an MLP can.

    Parameters
    ----------
    n_samples : int, default 200
        Number of rows, at least 1. The corners (0, 0), (0, 1), (1, 0), (1, 1) take turns, so four
        rows without noise are the truth table.
    noise : float, default 0.1
        Standard deviation of the normal distribution around each corner.
    seed : int, default 0
        Seed of the noise.

    Returns
    -------
    X : ndarray of shape (n_samples, 2), float32
    y : ndarray of shape (n_samples,), float32
        0.0 or 1.0.

    Raises
    ------
    TypeError, ValueError
        If `n_samples` is not a positive integer or `noise` is negative or not finite.

    Examples
    --------
    >>> from fastbp.datasets import make_xor
    >>> X, y = make_xor(4, noise=0.0)
    >>> X.tolist(), y.tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0])
    """
    corner = np.arange(checks.positive_integer("n_samples", n_samples)) % 4
    X = np.column_stack([corner // 2, corner % 2]).astype(np.float64)
    X += _spread(noise) * _generator(seed).normal(size=X.shape)
    return X.astype(np.float32), (corner // 2 ^ corner % 2).astype(np.float32)


def make_moons(
    n_samples: int = 200, *, noise: float = 0.1, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Return two half circles that reach into each other.

    Parameters
    ----------
    n_samples : int, default 200
        Number of rows, at least 1; the classes take turns.
    noise : float, default 0.1
        Standard deviation of the normal noise on both coordinates.
    seed : int, default 0
        Seed of the positions on the circles and of the noise.

    Returns
    -------
    X : ndarray of shape (n_samples, 2), float32
    y : ndarray of shape (n_samples,), float32
        0.0 on the upper half circle (centre (0, 0)), 1.0 on the lower one (centre (1, 0.5)).

    Raises
    ------
    TypeError, ValueError
        If `n_samples` is not a positive integer or `noise` is negative or not finite.

    Examples
    --------
    >>> from fastbp.datasets import make_moons
    >>> X, y = make_moons(100, seed=1)
    >>> X.shape, int(y.sum())
    ((100, 2), 50)
    """
    y = np.arange(checks.positive_integer("n_samples", n_samples)) % 2
    rng = _generator(seed)
    angle = rng.uniform(0.0, np.pi, len(y))
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    X = np.where(y[:, None] == 0, upper, np.array([1.0, 0.5]) - upper)
    X += _spread(noise) * rng.normal(size=X.shape)
    return X.astype(np.float32), y.astype(np.float32)


def make_regression(
    n_samples: int = 200, n_features: int = 5, *, noise: float = 0.1, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Return features and a linear function of them, with noise.

    ``y = X @ weight + bias + noise * e``, where `X`, `weight`, `bias` and `e` are standard normal.

    Parameters
    ----------
    n_samples, n_features : int, default 200 and 5
        Shape of `X`; both at least 1.
    noise : float, default 0.1
        Standard deviation of the noise on `y`.
    seed : int, default 0
        Seed of everything. Rows of a smaller `n_samples` are not the first rows of a larger one.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float32
    y : ndarray of shape (n_samples,), float32

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive integer or `noise` is negative or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.datasets import make_regression
    >>> X, y = make_regression(50, 3, noise=0.0)
    >>> A = np.column_stack([X, np.ones(50)])
    >>> solution, residual, rank, _ = np.linalg.lstsq(A, y)
    >>> bool(residual[0] < 1e-9)
    True
    """
    rows = checks.positive_integer("n_samples", n_samples)
    features = checks.positive_integer("n_features", n_features)
    rng = _generator(seed)
    weight, bias = rng.normal(size=features), rng.normal()
    X = rng.normal(size=(rows, features))
    y = X @ weight + bias + _spread(noise) * rng.normal(size=rows)
    return X.astype(np.float32), y.astype(np.float32)


def _generator(seed: object) -> np.random.Generator:
    return np.random.default_rng(checks.seed_number(seed))


def _spread(noise: object) -> float:
    return checks.tolerance("noise", noise)
