"""Rows in order: the indices that sort a row, and numbers moved by such indices."""
from libc.string cimport memcpy

from numpy import empty

from fastbp._arguments import take, same
from fastbp.kernels.arguments cimport flat, first, written, is_double, publish
from fastbp.kernels.softmax_rows cimport class_of
from fastbp.kernels.sums cimport carry
from fastbp.kernels.transcendental cimport NAN
from fastbp.kernels.vector cimport real


cdef enum:
    NUMBERED = 1 << 24      # columns that float32 has a number for each of


cdef inline bint before(const real *x, real i, real j) noexcept nogil:
    """Whether element i comes before element j: by size, NaN last, equal ones in their order."""
    cdef real a = x[<Py_ssize_t>i], b = x[<Py_ssize_t>j]
    if a < b or (b != b and a == a):
        return True
    if a > b or (a != a and b == b):
        return False
    return i < j


cdef inline void sift(real *heap, const real *x, Py_ssize_t root, Py_ssize_t end) noexcept nogil:
    """Let heap[root] sink until nothing below it comes after it."""
    cdef real moving = heap[root]
    cdef Py_ssize_t child = 2 * root + 1
    while child < end:
        if child + 1 < end and before(x, heap[child], heap[child + 1]):
            child += 1
        if not before(x, moving, heap[child]):
            break
        heap[root] = heap[child]
        root, child = child, 2 * child + 1
    heap[root] = moving


cdef void argsort(real *out, const real *x, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """out[i] (m): the indices that sort row i of x (n, m), as numbers. Heapsort in place, so it needs no memory."""
    cdef Py_ssize_t i, j
    cdef real *heap
    cdef real top
    for i in range(n if m else 0):
        heap = out + i * m
        for j in range(m):
            heap[j] = <real>j
        for j in range(m // 2 - 1, -1, -1):
            sift(heap, x + i * m, j, m)
        for j in range(m - 1, 0, -1):
            top = heap[0]
            heap[0] = heap[j]
            heap[j] = top
            sift(heap, x + i * m, 0, j)


cdef void take_along(real *out, const real *x, const real *index, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """out[i, j] = x[i, index[i, j]]; NaN where that is no column."""
    cdef Py_ssize_t i, j, k
    for i in range(n if m else 0):
        for j in range(m):
            k = class_of(index[i * m + j], m)
            out[i * m + j] = x[i * m + k] if k >= 0 else <real>NAN


cdef void put_along(real *out, real *rest, const real *g, const real *index, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """out = 0, then out[i, index[i, j]] += g[i, j] in order of j; what is no column is left out. rest: as in moves.pyx."""
    cdef Py_ssize_t i, j, k
    for i in range(n * m):
        out[i] = 0
        if rest != NULL:
            rest[i] = 0
    for i in range(n if m else 0):
        for j in range(m):
            k = class_of(index[i * m + j], m)
            if k < 0:
                continue
            if rest != NULL:
                carry(out + i * m + k, rest + i * m + k, g[i * m + j])
            else:
                out[i * m + k] = out[i * m + k] + g[i * m + j]


cdef int argsort_views(const real[::1] x, real[::1] out, real[::1] row, Py_ssize_t n, Py_ssize_t m) except -1:
    """Each row in `row`, which is ours alone: its numbers are indices while it is sorted, and `out` is the caller's."""
    cdef Py_ssize_t i
    for i in range(n if m else 0):
        argsort(&row[0], &x[i * m], 1, m)
        memcpy(&out[i * m], &row[0], m * sizeof(real))
    return 0


cdef int along_views(bint back, const real[::1] x, const real[::1] index, real[::1] out, Py_ssize_t n,
                     Py_ssize_t m) except -1:
    if back:
        put_along(written(out), <real *>NULL, first(x), first(index), n, m)
    else:
        take_along(written(out), first(x), first(index), n, m)
    return 0


cdef object apply_along(bint back, object x, str name, object index, object out):
    out = take(out, "out", ndim=2, writable=True)
    x, index = same(x, name, out), same(index, "index", out).copy()     # ours alone: another thread may write to it
    if is_double(out):
        along_views[double](back, flat(x), flat(index), flat(out), out.shape[0], out.shape[1])
    else:
        along_views[float](back, flat(x), flat(index), flat(out), out.shape[0], out.shape[1])


def argsort_(x, out):
    """The indices that sort each row, as numbers of the dtype of the rows; equal ones keep their order, NaN is last.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, (n, m); for float32 m is at most 2**24.
    out : buffer, written
        Same dtype and shape.

    Raises
    ------
    TypeError, ValueError
        For other dtypes or shapes, an array that is not contiguous or not writable, or more columns than the dtype can
        number.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.sorting import argsort
    >>> out = np.empty((1, 3))
    >>> argsort(np.array([[3.0, 1.0, 2.0]]), out)
    >>> out
    array([[1., 2., 0.]])
    """
    out = take(out, "out", ndim=2, writable=True)
    x = same(x, "x", out)
    n, m = out.shape
    if m > NUMBERED and not is_double(out):
        raise ValueError(f"x: expected at most 2**24 columns, which float32 can number, got {m}; float64 takes more")
    row = empty(m, out.dtype)
    if is_double(out):
        argsort_views[double](flat(x), flat(out), row, n, m)
    else:
        argsort_views[float](flat(x), flat(out), row, n, m)


def take_along_(x, index, out):
    """``out[i, j] = x[i, index[i, j]]``, and NaN where `index` is no column; arrays as for `argsort`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.sorting import take_along
    >>> out = np.empty((1, 2))
    >>> take_along(np.array([[3.0, 1.0]]), np.array([[1.0, 0.0]]), out)
    >>> out
    array([[1., 3.]])
    """
    apply_along(False, x, "x", index, out)


def put_along_(g, index, out):
    """``out = 0; out[i, index[i, j]] += g[i, j]``, without what is no column; arrays as for `argsort`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.sorting import put_along
    >>> out = np.empty((1, 2))
    >>> put_along(np.array([[3.0, 1.0]]), np.array([[1.0, 0.0]]), out)
    >>> out
    array([[1., 3.]])
    """
    apply_along(True, g, "g", index, out)


publish(globals(), (argsort_, take_along_, put_along_))
