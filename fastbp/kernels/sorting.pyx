"""Rows in order: the indices that sort a row, and numbers moved by such indices."""
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from numpy import empty

from fastbp._arguments import take, same
from fastbp.kernels.arguments cimport flat, first, written, is_double, publish
from fastbp.kernels.softmax_rows cimport class_of
from fastbp.kernels.sums cimport carry
from fastbp.kernels.transcendental cimport NAN
from fastbp.kernels.vector cimport real


cdef extern from *:
    """
    #include <string.h>
    static inline uint32_t fb_bits_f(float x) { uint32_t i; memcpy(&i, &x, 4); return i; }
    static inline uint64_t fb_bits_d(double x) { uint64_t i; memcpy(&i, &x, 8); return i; }
    """
    uint32_t fb_bits_f(float x) noexcept nogil
    uint64_t fb_bits_d(double x) noexcept nogil

ctypedef fused word:
    uint32_t
    uint64_t

cdef enum:
    NUMBERED = 1 << 24      # columns that float32 has a number for each of
    LONG = 64               # columns from which counting bytes pays


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


cdef void by_heap(real *heap, const real *x, Py_ssize_t m) noexcept nogil:
    """Sort the indices of a short row in place."""
    cdef Py_ssize_t j
    cdef real top
    for j in range(m):
        heap[j] = <real>j
    for j in range(m // 2 - 1, -1, -1):
        sift(heap, x, j, m)
    for j in range(m - 1, 0, -1):
        top = heap[0]
        heap[0] = heap[j]
        heap[j] = top
        sift(heap, x, 0, j)


cdef inline void key_of(uint32_t *key, float x) noexcept nogil:
    """What is in the order of the numbers as a whole number is: -0 beside 0, all NaN behind infinity."""
    cdef uint32_t bits = fb_bits_f(x + 0)
    key[0] = <uint32_t>-1 if x != x else bits ^ (<uint32_t>-1 if bits >> 31 else <uint32_t>1 << 31)


cdef inline void key_of_double(uint64_t *key, double x) noexcept nogil:
    cdef uint64_t bits = fb_bits_d(x + 0)
    key[0] = <uint64_t>-1 if x != x else bits ^ (<uint64_t>-1 if bits >> 63 else <uint64_t>1 << 63)


cdef void by_digits(real *out, word *key, Py_ssize_t m) noexcept nogil:
    """The indices that sort m keys, of which each byte puts them in order, the least one first.

    `key` has room for four times as many: keys and indices, and the same in the order of the byte before.
    """
    cdef Py_ssize_t count[8][256]
    cdef Py_ssize_t i, place, before_
    cdef word *index = key + m
    cdef word *other_key = key + 2 * m
    cdef word *other_index = key + 3 * m
    cdef int d, b
    cdef word byte
    for d in range(<int>sizeof(word)):
        for b in range(256):
            count[d][b] = 0
    for i in range(m):
        index[i] = <word>i
        for d in range(<int>sizeof(word)):
            count[d][(key[i] >> (8 * d)) & 255] += 1
    for d in range(<int>sizeof(word)):
        if count[d][(key[0] >> (8 * d)) & 255] == m:
            continue                    # all have the same
        place = 0
        for b in range(256):
            before_, place = place, place + count[d][b]
            count[d][b] = before_
        for i in range(m):
            byte = (key[i] >> (8 * d)) & 255
            place = count[d][byte]
            count[d][byte] = place + 1
            other_key[place], other_index[place] = key[i], index[i]
        key, other_key = other_key, key
        index, other_index = other_index, index
    for i in range(m):
        out[i] = <real>index[i]


cdef void argsort(real *out, const real *x, Py_ssize_t n, Py_ssize_t m, real *work) noexcept nogil:
    """out[i] (m): the indices that sort row i of x (n, m), as numbers; equal ones keep their order, NaN is last.

    `work` has `argsort_work(m)` elements.
    """
    cdef Py_ssize_t i, j
    for i in range(n if m else 0):
        if m < LONG:
            by_heap(out + i * m, x + i * m, m)
        elif real is float:
            for j in range(m):
                key_of(<uint32_t *>work + j, x[i * m + j])
            by_digits(out + i * m, <uint32_t *>work, m)
        else:
            for j in range(m):
                key_of_double(<uint64_t *>work + j, x[i * m + j])
            by_digits(out + i * m, <uint64_t *>work, m)


cdef Py_ssize_t argsort_work(Py_ssize_t m) noexcept nogil:
    return 4 * m if m >= LONG else 0


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
        argsort(&row[0], &x[i * m], 1, m, &row[0] + m)
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
    row = empty(m + argsort_work(m), out.dtype)
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
