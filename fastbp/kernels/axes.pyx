"""Reductions of the middle axis of (outer, k, inner): with sizes of 1, of any axis of any array."""
from fastbp._arguments import of_shape, take
from fastbp.kernels.arguments cimport flat, first, written, is_double, publish
from fastbp.kernels.reductions cimport column_sums, row_sums
from fastbp.kernels.vector cimport real

cdef enum:
    LANES = 16      # numbers that the largest of a row is looked for in side by side


cdef inline real larger(real a, real b) noexcept nogil:
    """max(a, b), NaN if one of them is."""
    cdef real most = b if b > a else a
    return most if b == b else b


cdef void sum_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner) noexcept nogil:
    """out[o, i] = sum_j x[o, j, i], from the first to the last."""
    cdef Py_ssize_t o
    if inner == 1:
        row_sums(out, x, outer, k)
        return
    for o in range(outer):
        column_sums(out + o * inner, x + o * k * inner, k, inner, False)


cdef inline void extreme(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner,
                         real sign) noexcept nogil:
    """out[o, i] = max_j x[o, j, i], or with a sign of -1 the min; k >= 1. NaN wherever there is one."""
    cdef Py_ssize_t o, j, i
    cdef real *row
    for o in range(outer):
        row = out + o * inner
        for i in range(inner):
            row[i] = sign * x[o * k * inner + i]
        for j in range(1, k):
            for i in range(inner):
                row[i] = larger(row[i], sign * x[(o * k + j) * inner + i])
        for i in range(inner):
            row[i] = sign * row[i]


cdef inline real extreme_of_row(const real *x, Py_ssize_t k, real sign) noexcept nogil:
    """The max of a row, or with a sign of -1 the min, in lanes; k >= 1."""
    cdef real lane[LANES]
    cdef Py_ssize_t j = 0, i
    for i in range(LANES):
        lane[i] = sign * x[0]
    while j + LANES <= k:
        for i in range(LANES):
            lane[i] = larger(lane[i], sign * x[j + i])
        j += LANES
    for i in range(j, k):
        lane[0] = larger(lane[0], sign * x[i])
    for i in range(1, LANES):
        lane[0] = larger(lane[0], lane[i])
    return sign * lane[0]


cdef void max_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner) noexcept nogil:
    """out[o, i] = max_j x[o, j, i]; k >= 1."""
    cdef Py_ssize_t o
    if inner != 1:
        extreme(out, x, outer, k, inner, <real>1)
    else:
        for o in range(outer):
            out[o] = extreme_of_row(x + o * k, k, <real>1)


cdef void min_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner) noexcept nogil:
    """out[o, i] = min_j x[o, j, i]; k >= 1."""
    cdef Py_ssize_t o
    if inner != 1:
        extreme(out, x, outer, k, inner, <real>-1)
    else:
        for o in range(outer):
            out[o] = extreme_of_row(x + o * k, k, <real>-1)


cdef void cumsum_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner,
                      bint reverse) noexcept nogil:
    """out[o, j, i] = sum of x[o, l, i] over l <= j; with `reverse` over l >= j. out may be x."""
    cdef Py_ssize_t o, j, i, at, before = -inner if not reverse else inner
    for o in range(outer):
        for j in range(k):
            at = (o * k + (k - 1 - j if reverse else j)) * inner
            for i in range(at, at + inner):
                out[i] = x[i] if j == 0 else out[i + before] + x[i]


cdef int axis_views(int op, const real[::1] x, real[::1] out, Py_ssize_t outer, Py_ssize_t k,
                    Py_ssize_t inner) except -1:
    if op == 0:
        sum_axis(written(out), first(x), outer, k, inner)
    elif op == 1:
        max_axis(written(out), first(x), outer, k, inner)
    elif op == 2:
        min_axis(written(out), first(x), outer, k, inner)
    else:
        cumsum_axis(written(out), first(x), outer, k, inner, op == 4)
    return 0


cdef object apply_axis(int op, object x, object out):
    out = take(out, "out", ndim=3 if op > 2 else 2, writable=True)
    x = take(x, "x", out, ndim=3)
    outer, k, inner = x.shape
    of_shape(out, "out", (outer, k, inner) if op > 2 else (outer, inner))
    if op in (1, 2) and k == 0:
        raise ValueError(f"x: expected at least one element along the middle axis, got shape {x.shape}")
    if is_double(out):
        axis_views[double](op, flat(x), flat(out), outer, k, inner)
    else:
        axis_views[float](op, flat(x), flat(out), outer, k, inner)


def sum_axis_(x, out):
    """``out[o, i] = sum_j x[o, j, i]``.

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
    >>> from fastbp.kernels.axes import sum_axis
    >>> out = np.empty((1, 2))
    >>> sum_axis(np.array([[[1.0, 2.0], [3.0, 4.0]]]), out)
    >>> out
    array([[4., 6.]])
    """
    apply_axis(0, x, out)


def max_axis_(x, out):
    """``out[o, i] = max_j x[o, j, i]``, NaN where one is; arrays as for `sum_axis`, k at least 1."""
    apply_axis(1, x, out)


def min_axis_(x, out):
    """``out[o, i] = min_j x[o, j, i]``, NaN where one is; arrays as for `sum_axis`, k at least 1."""
    apply_axis(2, x, out)


def cumsum_axis_(x, out, reverse=False):
    """``out[o, j, i] = sum of x[o, l, i] over l <= j``, or with `reverse` over l >= j; `out` has the shape of `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.axes import cumsum_axis
    >>> out = np.empty((1, 3, 1))
    >>> cumsum_axis(np.array([[[1.0], [2.0], [3.0]]]), out)
    >>> out.ravel()
    array([1., 3., 6.])
    """
    apply_axis(4 if reverse else 3, x, out)


publish(globals(), (sum_axis_, max_axis_, min_axis_, cumsum_axis_))
