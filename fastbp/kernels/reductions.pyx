"""Sums in a fixed order, the same on every build, and the search for what is not finite."""
from fastbp.kernels.vector cimport real, vector, vf, vd, WF, WD, LANES_FLOAT, load_part, store_part
from fastbp.kernels.sums cimport add_lanes, carry, clear_lanes, fold_lanes
from libc.stdint cimport uint32_t, uint64_t

cdef extern from *:
    """
    /* the exponent is all ones: as wide as the number, or the loop would have to convert */
    FB_INLINE uint32_t fb_nonfinite_f(float x) {
        uint32_t i; memcpy(&i, &x, 4); return (i & 0x7f800000u) == 0x7f800000u; }
    FB_INLINE uint64_t fb_nonfinite_d(double x) {
        uint64_t i; memcpy(&i, &x, 8); return (i & 0x7ff0000000000000u) == 0x7ff0000000000000u; }
    #define is_nonfinite(x) _Generic((x), float: fb_nonfinite_f, default: fb_nonfinite_d)(x)
    """
    uint64_t is_nonfinite(...) noexcept nogil

cdef enum:
    TILE = 4        # vectors of columns summed at once, at most
    WIDE = 64       # columns from which rows are read along
    BLOCK = 1024    # numbers looked through at once
    SHORT = 32      # rows shorter than this are summed from left to right
    AT_ONCE = 512   # columns of many rows that are summed at once


cdef real in_lanes(const real *x, Py_ssize_t n) noexcept nogil:
    cdef real lane[LANES_FLOAT]
    clear_lanes(lane)
    add_lanes(lane, x, n)
    return fold_lanes(lane)


cdef real total(const real *x, Py_ssize_t n) noexcept nogil:
    """sum_i x[i], in lanes of 64 bytes; of more than TERMS numbers by pieces."""
    cdef real sum = 0, rest = 0
    if n <= TERMS:
        return in_lanes(x, n)
    while n > 0:
        carry(&sum, &rest, in_lanes(x, min(n, <Py_ssize_t>TERMS)))
        x, n = x + TERMS, n - TERMS
    return sum + rest


cdef void carry_sums(real *sums, real *rests, const real *x, Py_ssize_t n) noexcept nogil:
    """`carry` of n sums."""
    cdef Py_ssize_t i
    for i in range(n):
        carry(sums + i, rests + i, x[i])


cdef inline void add_rows(vector *acc, real *out, const real *x, Py_ssize_t n, Py_ssize_t m, Py_ssize_t vectors,
                          Py_ssize_t width) noexcept nogil:
    """out[j] += sum_i x[i, j], columns of the first `vectors` vectors, rows m apart; acc: their registers."""
    cdef Py_ssize_t i, k
    for k in range(vectors):
        acc[k] = (<vector *> (out + k * width))[0]
    for i in range(n):
        for k in range(vectors):
            acc[k] = acc[k] + (<const vector *> (x + i * m + k * width))[0]
    for k in range(vectors):
        (<vector *> (out + k * width))[0] = acc[k]


cdef inline void add_columns(real *out, const real *x, Py_ssize_t n, Py_ssize_t m, Py_ssize_t vectors) noexcept nogil:
    cdef vf f[TILE]
    cdef vd d[TILE]
    if real is float:
        add_rows(f, out, x, n, m, vectors, WF)
    else:
        add_rows(d, out, x, n, m, vectors, WD)


cdef inline void add_last_columns(real *out, const real *x, Py_ssize_t n, Py_ssize_t m,
                                  Py_ssize_t columns) noexcept nogil:
    """out[j] += sum_i x[i, j], fewer columns than a vector has."""
    cdef vf f
    cdef vd d
    cdef Py_ssize_t i
    if real is float:
        f = load_part(out, columns)
        for i in range(n):
            f = f + load_part(x + i * m, columns)
        store_part(out, f, columns)
    else:
        d = load_part(out, columns)
        for i in range(n):
            d = d + load_part(x + i * m, columns)
        store_part(out, d, columns)


cdef inline void add_wide_rows(real *out, const real *x, Py_ssize_t n, Py_ssize_t m, Py_ssize_t columns) noexcept nogil:
    """out[j] += sum_i x[i, j], eight rows at a time."""
    cdef Py_ssize_t i = 0, j
    cdef real s
    cdef const real *r
    while i + 8 <= n:
        r = x + i * m
        for j in range(columns):
            s = out[j] + r[j]
            s = s + r[m + j]
            s = s + r[2 * m + j]
            s = s + r[3 * m + j]
            s = s + r[4 * m + j]
            s = s + r[5 * m + j]
            s = s + r[6 * m + j]
            out[j] = s + r[7 * m + j]
        i += 8
    while i < n:
        for j in range(columns):
            out[j] = out[j] + x[i * m + j]
        i += 1


cdef void add_up(real *out, const real *x, Py_ssize_t n, Py_ssize_t m, Py_ssize_t columns) noexcept nogil:
    """out[j] += sum_i x[i, j], from the first row to the last, of some columns of a matrix of m."""
    cdef Py_ssize_t j = 0, width = WF if real is float else WD
    if columns >= WIDE:
        add_wide_rows(out, x, n, m, columns)
        return
    while j + 4 * width <= columns:
        add_columns(out + j, x + j, n, m, 4)
        j += 4 * width
    if j + 2 * width <= columns:
        add_columns(out + j, x + j, n, m, 2)
        j += 2 * width
    if j + width <= columns:
        add_columns(out + j, x + j, n, m, 1)
        j += width
    if j < columns:
        add_last_columns(out + j, x + j, n, m, columns - j)


cdef void add_up_pieces(real *out, const real *x, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """out[j] += sum_i x[i, j], of more than TERMS rows."""
    cdef real piece[AT_ONCE]
    cdef real rest[AT_ONCE]
    cdef Py_ssize_t i, j = 0, k, columns
    while j < m:
        columns = min(m - j, <Py_ssize_t>AT_ONCE)
        for k in range(columns):
            rest[k] = 0
        i = 0
        while i < n:
            for k in range(columns):
                piece[k] = 0
            add_up(piece, x + i * m + j, min(n - i, <Py_ssize_t>STRETCH), m, columns)
            carry_sums(out + j, rest, piece, columns)
            i += STRETCH
        for k in range(columns):
            out[j + k] = out[j + k] + rest[k]
        j += columns


cdef void column_sums(real *out, const real *x, Py_ssize_t n, Py_ssize_t m, int accumulate) noexcept nogil:
    """out[j] = sum_i x[i, j], from the first row to the last, after what out held if `accumulate`.

    One column is summed as `total` does, more than TERMS rows by pieces.
    """
    cdef Py_ssize_t j
    if m == 1:
        out[0] = (out[0] if accumulate else <real>0) + total(x, n)
        return
    if not accumulate:
        for j in range(m):
            out[j] = 0
    if n <= TERMS:
        add_up(out, x, n, m, m)
    else:
        add_up_pieces(out, x, n, m)


cdef void row_sums(real *out, const real *x, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """out[i] = sum_j x[i, j]: short rows from left to right, long ones as `total` does."""
    cdef Py_ssize_t i, j
    cdef real s
    for i in range(n):
        if m >= SHORT:
            out[i] = total(x + i * m, m)
        else:
            s = 0
            for j in range(m):
                s += x[i * m + j]
            out[i] = s


cdef inline bint any_nonfinite(const real *x, Py_ssize_t n) noexcept nogil:
    cdef uint32_t bad32 = 0
    cdef uint64_t bad64 = 0
    cdef Py_ssize_t i
    for i in range(n):
        if real is float:
            bad32 |= is_nonfinite(<real> x[i])
        else:
            bad64 |= is_nonfinite(<real> x[i])
    return bad32 != 0 or bad64 != 0


cdef Py_ssize_t first_nonfinite(const real *x, Py_ssize_t n) noexcept nogil:
    """The first i where x[i] is infinite or NaN, or -1."""
    cdef Py_ssize_t i = 0, k, size
    while i < n:
        size = min(n - i, BLOCK)
        if any_nonfinite(x + i, size):
            for k in range(i, i + size):
                if is_nonfinite(<real> x[k]):
                    return k
        i += size
    return -1


MOST_AT_ONCE = TERMS

include "reductions.pxi"        # the Python functions
