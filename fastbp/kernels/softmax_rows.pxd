"""Softmax and its cross-entropy, a block of rows at a time. Only modules of this folder may cimport this.

Narrow rows are transposed, so that the lanes of a vector are rows: each row is summed from left to right. Wide rows are
summed in 64-byte lanes. What a row gives depends on the row alone, not on how many stand beside it.
"""
from fastbp.kernels.vector cimport real, LANES_FLOAT
from fastbp.kernels.transcendental cimport exp_, log_, INFINITY, NAN
from fastbp.kernels.sums cimport add_lanes, clear_lanes, fold_lanes

cdef enum:
    ROWS = 32       # in a block
    NARROW = 32     # columns at most
    PIECE = 256     # numbers of a wide row at a time


cdef inline Py_ssize_t class_of(real y, Py_ssize_t m) noexcept nogil:
    """y as an index into m classes; -1 where it is none."""
    cdef Py_ssize_t k = <Py_ssize_t> y if y >= 0 and y < m else -1
    return k if k == y else -1


cdef inline void narrow_sums(real *t, real *s, const real *z, Py_ssize_t rows, Py_ssize_t m) noexcept nogil:
    """t[j, i] = z[i, j] - max_j z[i, j], ROWS lanes i (those past `rows` are 0); s is free for the maximum."""
    cdef Py_ssize_t i, j
    for i in range(rows):
        for j in range(m):
            t[j * ROWS + i] = z[i * m + j]
    for i in range(rows, ROWS):
        for j in range(m):
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
    cdef Py_ssize_t i, j
    narrow_sums(t, s, z, rows, m)
    for i in range(ROWS):
        label[i] = y[i] if y != NULL and i < rows else <real>-1
        pick[i] = NAN
    if y != NULL:
        for j in range(m):
            for i in range(ROWS):
                pick[i] = t[j * ROWS + i] if label[i] == j else pick[i]
    for i in range(m * ROWS):
        t[i] = exp_(t[i])
    for i in range(ROWS):
        s[i] = 0
    for j in range(m):
        for i in range(ROWS):
            s[i] += t[j * ROWS + i]
    if loss != NULL:
        for i in range(rows):
            loss[i] = log_(s[i]) - pick[i]
    if out == NULL:
        return
    for i in range(ROWS):
        s[i] = <real>1 / s[i]
        s[i] = s[i] if y == NULL or pick[i] == pick[i] else <real>NAN
    for j in range(m):
        for i in range(ROWS):
            t[j * ROWS + i] = (t[j * ROWS + i] * s[i] - (<real>1 if label[i] == j else <real>0)) * scale
    for i in range(rows):
        for j in range(m):
            out[i * m + j] = t[j * ROWS + i]


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


cdef inline void wide_row(real *out, real *loss, const real *z, const real *y, Py_ssize_t m, real scale) noexcept nogil:
    """As `softmax_block`, one row."""
    cdef real buffer[PIECE]
    cdef real lane[LANES_FLOAT]
    cdef real s, pick, top = row_maximum(z, m)
    cdef real *e = buffer
    cdef Py_ssize_t i, j = 0, k = -1
    if y != NULL:
        k = class_of(y[0], m)
    pick = z[k] - top if k >= 0 else <real>NAN      # before out is written, which may be z
    clear_lanes(lane)
    while j < m:
        if out != NULL:
            e = out + j
        for i in range(min(PIECE, m - j)):
            e[i] = exp_(z[j + i] - top)
        add_lanes(lane, e, min(PIECE, m - j))
        j += PIECE
    s = fold_lanes(lane)
    if loss != NULL:
        loss[0] = log_(s) - pick
    if out != NULL:
        s = <real>1 / s if y == NULL or k >= 0 else <real>NAN
        if k >= 0:
            top = (out[k] * s - <real>1) * scale
        for j in range(m):
            out[j] = out[j] * s * scale
        if k >= 0:
            out[k] = top


cdef inline void softmax_block(real *out, real *loss, const real *z, const real *y, Py_ssize_t rows, Py_ssize_t m,
                               real scale) noexcept nogil:
    """out = (softmax(z) - one_hot(y)) scale, loss = log(sum_j exp z[i, j]) - z[i, y_i], rows <= ROWS.

    out, loss and y may be NULL: then they are not written, or the part of y left out. out may be z.
    """
    cdef Py_ssize_t i
    if m <= NARROW:
        narrow_block(out, loss, z, y, rows, m, scale)
        return
    for i in range(rows):
        wide_row(out + i * m if out != NULL else NULL, loss + i if loss != NULL else NULL, z + i * m,
                 y + i if y != NULL else NULL, m, scale)
