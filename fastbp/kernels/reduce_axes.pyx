"""Reductions and running sums along one axis: x is (outer, k, inner), C-contiguous, and the axis is the middle one.

Any axis of any array is that: `outer` are the numbers of places before it, multiplied, `inner` those behind it.
"""
from fastbp.kernels.vector cimport real
from fastbp.kernels.reductions cimport STRETCH, TERMS, column_sums, row_sums
from fastbp.kernels.sums cimport carry
from fastbp.kernels.transcendental cimport INFINITY

cdef enum:
    LANES = 32      # of the search through contiguous numbers; its result knows no order
    AT_ONCE = 64    # columns whose long running sums are made at once


cdef void sum_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner) noexcept nogil:
    """out[o, i] = sum_j x[o, j, i]: as `row_sums` where inner is 1, else each o as `column_sums`."""
    cdef Py_ssize_t o
    if inner == 1:
        row_sums(out, x, outer, k)
    else:
        for o in range(outer if inner else 0):
            column_sums(out + o * inner, x + o * k * inner, k, inner, 0)


cdef inline real further(real best, real x, bint top) noexcept nogil:
    """The larger of two, or the smaller unless `top`; NaN if either is."""
    cdef bint stays = best >= x if top else best <= x
    return best if stays | (best != best) else x


cdef inline real extreme(const real *x, Py_ssize_t n, bint top) noexcept nogil:
    """The largest of n contiguous numbers, or the smallest; of none the infinity that any number beats."""
    cdef real lane[LANES]
    cdef real best = <real>-INFINITY if top else <real>INFINITY
    cdef Py_ssize_t i, j = LANES, half = LANES // 2
    if n < LANES:
        for i in range(n):
            best = further(best, x[i], top)
        return best
    for i in range(LANES):
        lane[i] = x[i]
    while j < n:
        j = min(j, n - LANES)               # the last piece overlaps the one before
        for i in range(LANES):
            lane[i] = further(lane[i], x[j + i], top)
        j += LANES
    while half:
        for i in range(half):
            lane[i] = further(lane[i], lane[i + half], top)
        half //= 2
    return lane[0]


cdef inline void extreme_rows(real *out, const real *x, Py_ssize_t k, Py_ssize_t inner, bint top) noexcept nogil:
    """out[i] = the largest of x[j, i], or the smallest."""
    cdef Py_ssize_t i, j
    for i in range(inner):
        out[i] = <real>-INFINITY if top else <real>INFINITY
    for j in range(k):
        for i in range(inner):
            out[i] = further(out[i], x[j * inner + i], top)


cdef inline void extreme_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner,
                              bint top) noexcept nogil:
    cdef Py_ssize_t o
    for o in range(outer if inner else 0):
        if inner == 1:
            out[o] = extreme(x + o * k, k, top)
        else:
            extreme_rows(out + o * inner, x + o * k * inner, k, inner, top)


cdef void max_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner) noexcept nogil:
    """out[o, i] = max_j x[o, j, i], NaN if one of them is; -inf where k is 0."""
    extreme_axis(out, x, outer, k, inner, True)


cdef void min_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner) noexcept nogil:
    """out[o, i] = min_j x[o, j, i], NaN if one of them is; inf where k is 0."""
    extreme_axis(out, x, outer, k, inner, False)


cdef inline void running_sum(real *out, const real *x, Py_ssize_t k, Py_ssize_t step) noexcept nogil:
    """out[j step] = x[0] + ... + x[j step]."""
    cdef Py_ssize_t j
    cdef real s = x[0]
    out[0] = s
    for j in range(1, k):
        s = s + x[j * step]
        out[j * step] = s


cdef inline void running_rows(real *out, const real *x, Py_ssize_t k, Py_ssize_t inner, Py_ssize_t step) noexcept nogil:
    """`running_sum` of rows of `inner` numbers."""
    cdef Py_ssize_t i, j
    for i in range(inner):
        out[i] = x[i]
    for j in range(1, k):
        for i in range(inner):
            out[j * step + i] = out[(j - 1) * step + i] + x[j * step + i]


cdef void long_running(real *out, const real *x, Py_ssize_t k, Py_ssize_t inner, Py_ssize_t step) noexcept nogil:
    """`running_rows` of more than TERMS rows: the sums of a piece, after the last ones of the piece before and what
    these lost by rounding. Sums of numbers that are not negative never fall."""
    cdef real sums[AT_ONCE]
    cdef real rests[AT_ONCE]
    cdef real last[AT_ONCE]
    cdef Py_ssize_t i, j, first = 0, columns
    while first < inner:
        columns = min(inner - first, <Py_ssize_t>AT_ONCE)
        for i in range(columns):
            sums[i] = rests[i] = last[i] = -0.      # added to -0, it leaves that
        for j in range(k):
            if j % STRETCH == 0:
                for i in range(columns):
                    last[i] = rests[i] + last[i]
                    rests[i] = -0.
                    carry(sums + i, rests + i, last[i])
                    last[i] = -0.
            for i in range(columns):
                last[i] = last[i] + x[j * step + first + i]
                out[j * step + first + i] = sums[i] + (rests[i] + last[i])
        first += columns


cdef void cumsum_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner,
                      int reverse) noexcept nogil:
    """out[o, j, i] = sum_l x[o, l, i], l <= j, added from the first; `reverse`: l >= j, from the last. out may be x."""
    cdef Py_ssize_t o, begin, step = -inner if reverse else inner
    for o in range(outer if k and inner else 0):
        begin = (o * k + (k - 1 if reverse else 0)) * inner
        if k > TERMS:
            long_running(out + begin, x + begin, k, inner, step)
        elif inner == 1:
            running_sum(out + begin, x + begin, k, step)
        else:
            running_rows(out + begin, x + begin, k, inner, step)


include "reduce_axes.pxi"       # the Python functions
