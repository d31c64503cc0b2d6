"""The two real data sets inside the package; README.md here has their sources and licence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).parent


def load_breast_cancer() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the Breast Cancer Wisconsin (Diagnostic) data.

    Each row describes the cell nuclei in the image of a fine needle aspirate of a breast mass:
    the mean, the standard error and the largest value of ten measurements. The features are as
    published, not scaled: see `standardize`.

    Returns
    -------
    X : ndarray of shape (569, 30), float32
        The features: ten means, ten standard errors, ten largest values.
    y : ndarray of shape (569,), float32
        0.0 for malignant (212 rows), 1.0 for benign (357 rows), as in scikit-learn.

    References
    ----------
    W. Wolberg, O. Mangasarian, N. Street and W. Street (1993). Breast Cancer Wisconsin
    (Diagnostic) [Dataset]. UCI Machine Learning Repository. https://doi.org/10.24432/C5DW2B.
    Licence: CC BY 4.0, https://creativecommons.org/licenses/by/4.0/.

    Examples
    --------
    >>> from fastbp.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer()
    >>> X.shape, y.shape, X.dtype, int(y.sum())
    ((569, 30), (569,), dtype('float32'), 357)
    """
    with np.load(HERE / "breast_cancer.npz", allow_pickle=False) as file:
        # Stored as the decimal numbers of the source without their points. A quotient of two
        # whole numbers below 2**53 is rounded once: this is what reading the source's text gives.
        X = file["X"] / 10.0 ** file["decimals"]
        return X.astype(np.float32), file["y"].astype(np.float32)


def load_digits() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return the test part of the Optical Recognition of Handwritten Digits data.

    Each row is an 8 by 8 image, row by row from the top; a value counts the dark pixels (0 to 16)
    in one 4 by 4 field of the scanned 32 by 32 bitmap.

    Returns
    -------
    X : ndarray of shape (1797, 64), float32
        Whole numbers from 0 to 16.
    y : ndarray of shape (1797,), int64
        The digit, 0 to 9.

    References
    ----------
    E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits [Dataset].
    UCI Machine Learning Repository. https://doi.org/10.24432/C50P49.
    Licence: CC BY 4.0, https://creativecommons.org/licenses/by/4.0/.

    Examples
    --------
    >>> from fastbp.datasets import load_digits
    >>> X, y = load_digits()
    >>> X.shape, float(X.max()), y[:5].tolist()
    ((1797, 64), 16.0, [0, 1, 2, 3, 4])
    """
    with np.load(HERE / "digits.npz", allow_pickle=False) as file:
        return file["X"].astype(np.float32), file["y"].astype(np.int64)
