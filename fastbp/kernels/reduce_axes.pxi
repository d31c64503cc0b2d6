# The Python functions of reduce_axes.pyx.

from fastbp._arguments import take, same, of_shape
from fastbp.kernels.arguments cimport flat, first, flag, written, is_double, publish


cdef tuple reduced(object out, object x):
    """The two arrays of a reduction, checked."""
    out = take(out, "out", ndim=2, writable=True)
    x = take(x, "x", out, ndim=3)
    of_shape(out, "out", (x.shape[0], x.shape[2]))
    return out, x


cdef int not_empty(object x) except -1:
    """Refuse the largest or smallest of nothing."""
    if x.shape[1] == 0 and x.shape[0] * x.shape[2]:
        raise ValueError(f"x: expected one number or more along the middle axis, got shape {x.shape}")
    return 0


cdef int sum_axis_views(const real[::1] x, real[::1] out, Py_ssize_t outer, Py_ssize_t k,
                        Py_ssize_t inner) except -1:
    sum_axis(written(out), first(x), outer, k, inner)
    return 0


cdef int max_axis_views(const real[::1] x, real[::1] out, Py_ssize_t outer, Py_ssize_t k,
                        Py_ssize_t inner) except -1:
    max_axis(written(out), first(x), outer, k, inner)
    return 0


cdef int min_axis_views(const real[::1] x, real[::1] out, Py_ssize_t outer, Py_ssize_t k,
                        Py_ssize_t inner) except -1:
    min_axis(written(out), first(x), outer, k, inner)
    return 0


cdef int cumsum_axis_views(const real[::1] x, real[::1] out, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner,
                           bint reverse) except -1:
    cumsum_axis(written(out), first(x), outer, k, inner, reverse)
    return 0


def sum_axis_(x, out):
    """``out[o, i] = sum_j x[o, j, i]``: as `row_sums` where inner is 1, else each o as `column_sums`.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, (outer, k, inner).
    out : buffer, written
        (outer, inner), same dtype.

    Raises
    ------
    TypeError, ValueError
        For other dtypes or shapes, or an array that is not contiguous or not writable.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.reduce_axes import sum_axis
    >>> out = np.empty((1, 3))
    >>> sum_axis(np.array([[[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]]]), out)
    >>> out
    array([[5., 7., 9.]])
    """
    out, x = reduced(out, x)
    if is_double(out):
        sum_axis_views[double](flat(x), flat(out), x.shape[0], x.shape[1], x.shape[2])
    else:
        sum_axis_views[float](flat(x), flat(out), x.shape[0], x.shape[1], x.shape[2])


def max_axis_(x, out):
    """``out[o, i] = max_j x[o, j, i]``, NaN if one of them is.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, (outer, k, inner).
    out : buffer, written
        (outer, inner), same dtype.

    Raises
    ------
    TypeError, ValueError
        For other dtypes or shapes, or an array that is not contiguous or not writable,
        and for k = 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.reduce_axes import max_axis
    >>> out = np.empty((1, 3))
    >>> max_axis(np.array([[[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]]]), out)
    >>> out
    array([[4., 5., 6.]])
    """
    out, x = reduced(out, x)
    not_empty(x)
    if is_double(out):
        max_axis_views[double](flat(x), flat(out), x.shape[0], x.shape[1], x.shape[2])
    else:
        max_axis_views[float](flat(x), flat(out), x.shape[0], x.shape[1], x.shape[2])


def min_axis_(x, out):
    """``out[o, i] = min_j x[o, j, i]``, NaN if one of them is.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, (outer, k, inner).
    out : buffer, written
        (outer, inner), same dtype.

    Raises
    ------
    TypeError, ValueError
        For other dtypes or shapes, or an array that is not contiguous or not writable,
        and for k = 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.reduce_axes import min_axis
    >>> out = np.empty((1, 3))
    >>> min_axis(np.array([[[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]]]), out)
    >>> out
    array([[1., 2., 3.]])
    """
    out, x = reduced(out, x)
    not_empty(x)
    if is_double(out):
        min_axis_views[double](flat(x), flat(out), x.shape[0], x.shape[1], x.shape[2])
    else:
        min_axis_views[float](flat(x), flat(out), x.shape[0], x.shape[1], x.shape[2])


def cumsum_axis_(x, out, reverse=False):
    """``out[o, j, i] = sum_l x[o, l, i]`` over l <= j, added from the first to the last; of more than 4,096 so in pieces of 2,048.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, (outer, k, inner).
    out : buffer, written
        Same shape and dtype; may be `x` itself.
    reverse : bool, default False
        Sum over l >= j, from the last to the first.

    Raises
    ------
    TypeError, ValueError
        As `sum_axis`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.reduce_axes import cumsum_axis
    >>> out = np.empty((1, 3, 1))
    >>> cumsum_axis(np.array([[[1.0], [2.0], [4.0]]]), out, reverse=True)
    >>> out.ravel()
    array([7., 6., 4.])
    """
    reverse = flag(reverse, "reverse")
    out = take(out, "out", ndim=3, writable=True)
    x = same(x, "x", out)
    if is_double(out):
        cumsum_axis_views[double](flat(x), flat(out), x.shape[0], x.shape[1], x.shape[2], reverse)
    else:
        cumsum_axis_views[float](flat(x), flat(out), x.shape[0], x.shape[1], x.shape[2], reverse)


publish(globals(), (sum_axis_, max_axis_, min_axis_, cumsum_axis_))
