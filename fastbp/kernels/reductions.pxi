# The Python functions of reductions.pyx.

from fastbp._arguments import take, of_shape
from fastbp.kernels.arguments cimport flat, first, flag, written, is_double, publish


cdef double total_views(const real[::1] x):
    return total(first(x), x.shape[0])


cdef int column_sums_views(const real[::1] x, real[::1] out, Py_ssize_t n, bint accumulate) except -1:
    column_sums(written(out), first(x), n, out.shape[0], accumulate)
    return 0


cdef int row_sums_views(const real[::1] x, real[::1] out, Py_ssize_t m) except -1:
    row_sums(written(out), first(x), out.shape[0], m)
    return 0


cdef Py_ssize_t first_nonfinite_views(const real[::1] x) except -2:
    return first_nonfinite(first(x), x.shape[0])


def total_(x):
    """``sum_i x[i]`` over all elements.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, any shape. Number i is added to lane ``i % 16`` (float32) or ``i % 8`` (float64), the lanes by
        halves: one order, and so the same bits, on every build. More than 4,096 numbers are summed so in pieces of
        4,096, and these are added with what their sum loses by rounding.

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
    x = take(x, "x")
    return total_views[double](flat(x)) if is_double(x) else total_views[float](flat(x))


def column_sums_(x, out, accumulate=False):
    """``out[j] = sum_i x[i, j]``, added from the first row to the last; of more than 4,096 rows so in pieces of 2,048.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, (n, m).
    out : buffer, written
        (m,), same dtype.
    accumulate : bool, default False
        Add to what `out` holds: the sums of two blocks of rows then have the bits of the sum of both, up to 4,096
        rows in all (a single column excepted, which is summed as `total` does).

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
    accumulate = flag(accumulate, "accumulate")
    out = take(out, "out", ndim=1, writable=True)
    x = take(x, "x", out, ndim=2)
    of_shape(out, "out", x.shape[1:])
    if is_double(out):
        column_sums_views[double](flat(x), flat(out), x.shape[0], accumulate)
    else:
        column_sums_views[float](flat(x), flat(out), x.shape[0], accumulate)


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
    out = take(out, "out", ndim=1, writable=True)
    x = take(x, "x", out, ndim=2)
    of_shape(out, "out", x.shape[:1])
    if is_double(out):
        row_sums_views[double](flat(x), flat(out), x.shape[1])
    else:
        row_sums_views[float](flat(x), flat(out), x.shape[1])


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
    x = take(x, "x")
    return first_nonfinite_views[double](flat(x)) if is_double(x) else first_nonfinite_views[float](flat(x))


publish(globals(), (total_, column_sums_, row_sums_, first_nonfinite_))
