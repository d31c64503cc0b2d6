# The Python functions of reductions.pyx.

from fastbp.kernels.arguments cimport Arguments, take, expect_shape, size_of, give_back, publish


def total_(x):
    """``sum_i x[i]`` over all elements.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, any shape. Number i is added to lane ``i % 16`` (float32) or ``i % 8`` (float64), the lanes by
        halves: one order, and so the same bits, on every build.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        For another dtype.
    ValueError
        For an array that is not contiguous.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.reductions import total
    >>> total(np.array([1.0, 2.0, 3.5]))
    6.5
    """
    cdef Arguments a
    a.count = 0
    try:
        take(&a, x, "x", -1, False)
        if a.is_double:
            return total(<const double *> a.view[0].buf, size_of(&a, 0))
        return total(<const float *> a.view[0].buf, size_of(&a, 0))
    finally:
        give_back(&a)


def column_sums_(x, out, accumulate=False):
    """``out[j] = sum_i x[i, j]``, added from the first row to the last.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, (n, m).
    out : buffer, written
        (m,), same dtype.
    accumulate : bool, default False
        Add to what `out` holds: the sums of two blocks of rows then have the bits of the sum of both (a single
        column excepted, which is summed as `total` does).

    Raises
    ------
    TypeError, ValueError
        For other dtypes or shapes, or an array that is not contiguous or not writable.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.reductions import column_sums
    >>> out = np.empty(2)
    >>> column_sums(np.array([[1.0, 2.0], [3.0, 4.0]]), out)
    >>> out
    array([4., 6.])
    """
    cdef Arguments a
    cdef Py_ssize_t n, m
    a.count = 0
    try:
        take(&a, out, "out", 1, True)
        take(&a, x, "x", 2, False)
        n, m = a.view[1].shape[0], a.view[1].shape[1]
        expect_shape(&a, 0, "out", m, -1)
        if a.is_double:
            column_sums(<double *> a.view[0].buf, <const double *> a.view[1].buf, n, m, bool(accumulate))
        else:
            column_sums(<float *> a.view[0].buf, <const float *> a.view[1].buf, n, m, bool(accumulate))
    finally:
        give_back(&a)


def row_sums_(x, out):
    """``out[i] = sum_j x[i, j]``.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, (n, m).
    out : buffer, written
        (n,), same dtype.

    Raises
    ------
    TypeError, ValueError
        For other dtypes or shapes, or an array that is not contiguous or not writable.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.reductions import row_sums
    >>> out = np.empty(2)
    >>> row_sums(np.array([[1.0, 2.0], [3.0, 4.0]]), out)
    >>> out
    array([3., 7.])
    """
    cdef Arguments a
    cdef Py_ssize_t n, m
    a.count = 0
    try:
        take(&a, out, "out", 1, True)
        take(&a, x, "x", 2, False)
        n, m = a.view[1].shape[0], a.view[1].shape[1]
        expect_shape(&a, 0, "out", n, -1)
        if a.is_double:
            row_sums(<double *> a.view[0].buf, <const double *> a.view[1].buf, n, m)
        else:
            row_sums(<float *> a.view[0].buf, <const float *> a.view[1].buf, n, m)
    finally:
        give_back(&a)


def first_nonfinite_(x):
    """The place of the first infinity or NaN in the flattened array, or -1.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, any shape.

    Returns
    -------
    int

    Raises
    ------
    TypeError, ValueError
        As `total`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.reductions import first_nonfinite
    >>> first_nonfinite(np.array([1.0, np.nan, np.inf]))
    1
    """
    cdef Arguments a
    a.count = 0
    try:
        take(&a, x, "x", -1, False)
        if a.is_double:
            return first_nonfinite(<const double *> a.view[0].buf, size_of(&a, 0))
        return first_nonfinite(<const float *> a.view[0].buf, size_of(&a, 0))
    finally:
        give_back(&a)


publish(globals(), (total_, column_sums_, row_sums_, first_nonfinite_))
