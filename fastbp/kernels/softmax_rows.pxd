"""Softmax and its cross-entropy, a block of rows at a time. Only modules of this folder may cimport this.

Narrow rows are transposed, so that the lanes of a vector are rows: each row is summed from left to right. Wide rows are
summed in 64-byte lanes. What a row gives depends on the row alone, not on how many stand beside it.
"""
from fastbp.kernels.vector cimport real, LANES_FLOAT, transpose4
from fastbp.kernels.transcendental cimport exp_bounded, log_, INFINITY, NAN
from fastbp.kernels.reductions cimport TERMS
from fastbp.kernels.sums cimport add_lanes, carry, clear_lanes, fold_lanes

cdef enum:
    ROWS = 32       # in a block
    NARROW = 64     # columns at most
    PIECE = 256     # numbers of a wide row at a time


cdef inline Py_ssize_t class_of(real y, Py_ssize_t m) noexcept nogil:
    """y as an index into m classes; -1 where it is none."""
    cdef Py_ssize_t k = <Py_ssize_t> y if y >= 0 and y < m else -1
    return k if k == y else -1


cdef inline void transpose(real *d, Py_ssize_t ld, const real *s, Py_ssize_t ls, Py_ssize_t rows,
                           Py_ssize_t columns) noexcept nogil:
    """d[j, i] = s[i, j]: squares of four, and what is left one by one."""
    cdef Py_ssize_t i = 0, j, k
    while i + 4 <= rows:
        j = 0
        while j + 4 <= columns:
            transpose4(d + j * ld + i, ld, s + i * ls + j, ls)
            j += 4
        while j < columns:
            for k in range(4):
                d[j * ld + i + k] = s[(i + k) * ls + j]
            j += 1
        i += 4
    while i < rows:
        for j in range(columns):
            d[j * ld + i] = s[i * ls + j]
        i += 1


cdef inline void narrow_shifted(real *t, real *s, const real *z, Py_ssize_t rows, Py_ssize_t m) noexcept nogil:
    """t[j, i] = z[i, j] - max_j z[i, j], ROWS lanes i (those past `rows` are 0); s is free for the maximum."""
    cdef Py_ssize_t i, j
    transpose(t, ROWS, z, m, rows, m)
    for j in range(m if rows < ROWS else 0):
        for i in range(rows, ROWS):
            t[j * ROWS + i] = 0
    for i in range(ROWS):
        s[i] = -INFINITY
    for j in range(m):
        for i in range(ROWS):
            s[i] = t[j * ROWS + i] if t[j * ROWS + i] > s[i] else s[i]
    for j in range(m):
        for i in range(ROWS):
            t[j * ROWS + i] -= s[i]


cdef inline void narrow_block(real *out, real *loss, const real *z, const real *y, Py_ssize_t rows, Py_ssize_t m,
                              real scale) noexcept nogil:
    """As `softmax_block`, m <= NARROW."""
    cdef real t[ROWS * NARROW]
    cdef real s[ROWS]
    cdef real label[ROWS]
    cdef real pick[ROWS]
    cdef real lost[ROWS]
    cdef real c
    cdef Py_ssize_t i, j
    narrow_shifted(t, s, z, rows, m)
    for i in range(ROWS):
        label[i] = y[i] if y != NULL and i < rows else <real>-1
        pick[i] = NAN
    if y != NULL:
        for j in range(m):
            c = <real>j
            for i in range(ROWS):
                pick[i] = t[j * ROWS + i] if label[i] == c else pick[i]
    for i in range(m * ROWS):
        t[i] = exp_bounded(t[i])
    for i in range(ROWS):
        s[i] = 0
    for j in range(m):
        for i in range(ROWS):
            s[i] += t[j * ROWS + i]
    if loss != NULL:
        for i in range(ROWS):
            lost[i] = log_(s[i]) - pick[i]
        for i in range(rows):
            loss[i] = lost[i]
    if out == NULL:
        return
    if y == NULL:
        for i in range(ROWS):
            pick[i] = 0
    for i in range(ROWS):
        s[i] = <real>1 / s[i] if pick[i] == pick[i] else <real>NAN
    for j in range(m):
        c = <real>j
        for i in range(ROWS):
            t[j * ROWS + i] = (t[j * ROWS + i] * s[i] - (<real>1 if label[i] == c else <real>0)) * scale
    transpose(out, m, t, ROWS, m, rows)


cdef inline real row_maximum(const real *z, Py_ssize_t m) noexcept nogil:
    """max_j z[j], m >= ROWS; a NaN may be lost."""
    cdef real top[ROWS]
    cdef Py_ssize_t i, j = ROWS
    for i in range(ROWS):
        top[i] = z[i]
    while j < m:
        j = min(j, m - ROWS)                # the last piece overlaps the one before
        for i in range(ROWS):
            top[i] = z[j + i] if z[j + i] > top[i] else top[i]
        j += ROWS
    for i in range(1, ROWS):
        top[0] = top[i] if top[i] > top[0] else top[0]
    return top[0]


cdef inline real wide_row(real *out, const real *z, real top, Py_ssize_t m) noexcept nogil:
    """out = exp(z - top), not written if NULL; returns its sum. The last vector is filled up with exp(-inf)."""
    cdef real e[PIECE]
    cdef real lane[LANES_FLOAT]
    cdef real sum = 0, rest = 0
    cdef Py_ssize_t i, j = 0, size, whole
    clear_lanes(lane)
    while j < m:
        size = min(PIECE, m - j)
        whole = size - size % LANES_FLOAT
        for i in range(whole):
            e[i] = exp_bounded(z[j + i] - top)
        if whole < size:
            for i in range(LANES_FLOAT):
                e[whole + i] = z[j + whole + i] - top if whole + i < size else -INFINITY
            for i in range(whole, whole + LANES_FLOAT):
                e[i] = exp_bounded(e[i])
            whole += LANES_FLOAT
        add_lanes(lane, e, whole)
        for i in range(size if out != NULL else 0):
            out[j + i] = e[i]
        j += PIECE
        if j % TERMS == 0 and j < m:
            carry(&sum, &rest, fold_lanes(lane))
            clear_lanes(lane)
    if m <= TERMS:
        return fold_lanes(lane)
    carry(&sum, &rest, fold_lanes(lane))
    return sum + rest


cdef inline void wide_block(real *out, real *loss, const real *z, const real *y, Py_ssize_t rows, Py_ssize_t m,
                            real scale) noexcept nogil:
    """As `softmax_block`, m >= ROWS."""
    cdef real sums[ROWS]
    cdef real pick[ROWS]
    cdef Py_ssize_t i, j, k = -1
    cdef real s, top, hot
    for i in range(rows):
        top = row_maximum(z + i * m, m)
        if y != NULL:
            k = class_of(y[i], m)
        pick[i] = z[i * m + k] - top if k >= 0 else <real>NAN       # before out is written, which may be z
        sums[i] = wide_row(out + i * m if out != NULL else NULL, z + i * m, top, m)
        if out == NULL:
            continue
        s = <real>1 / sums[i] if y == NULL or k >= 0 else <real>NAN
        hot = (out[i * m + k] * s - <real>1) * scale if k >= 0 else <real>0
        for j in range(m):
            out[i * m + j] = out[i * m + j] * s * scale
        if k >= 0:
            out[i * m + k] = hot
    for i in range(rows if loss != NULL else 0):
        loss[i] = log_(sums[i]) - pick[i]


cdef inline void softmax_block(real *out, real *loss, const real *z, const real *y, Py_ssize_t rows, Py_ssize_t m,
                               real scale) noexcept nogil:
    """out = (softmax(z) - one_hot(y)) scale, loss = log(sum_j exp z[i, j]) - z[i, y_i], rows <= ROWS.

    out, loss and y may be NULL: then they are not written, or the part of y left out. out may be z.
    """
    if m <= NARROW:
        narrow_block(out, loss, z, y, rows, m, scale)
    else:
        wide_block(out, loss, z, y, rows, m, scale)
