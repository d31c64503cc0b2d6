"""Losses along rows, and the fused ones: value and gradient in one pass.

The sums of the fused losses are those of `reductions.total` over the losses, bit by bit.
"""
from fastbp.kernels.vector cimport real, fma_, LANES_FLOAT
from fastbp.kernels.transcendental cimport exp_bounded, log_, log1p_unit, sigmoid_of, absolute, NAN
from fastbp.kernels.reductions cimport TERMS
from fastbp.kernels.sums cimport add_lanes, carry, clear_lanes, fold_lanes
from fastbp.kernels.softmax_rows cimport softmax_block, class_of, ROWS

cdef enum:
    CHUNK = 256     # losses summed at once, a multiple of the lanes


cdef inline void add_losses(real *sums, real *lane, const real *loss, Py_ssize_t n, Py_ssize_t before) noexcept nogil:
    """Add n losses to the lanes; a piece of TERMS that they follow goes to `sums` first: the sum, and what it lost."""
    if before and before % TERMS == 0:
        carry(sums, sums + 1, fold_lanes(lane))
        clear_lanes(lane)
    add_lanes(lane, loss, n)


cdef inline real all_losses(real *sums, real *lane, Py_ssize_t n) noexcept nogil:
    """The sum of n losses."""
    if n <= TERMS:
        return fold_lanes(lane)
    carry(sums, sums + 1, fold_lanes(lane))
    return sums[0] + sums[1]


cdef void softmax(real *out, const real *z, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """out[i, j] = exp(z[i, j] - max_j z) / sum_j exp(z[i, j] - max_j z)."""
    cdef Py_ssize_t i = 0
    while i < n:
        softmax_block(out + i * m, <real *> NULL, z + i * m, <const real *> NULL, min(n - i, ROWS), m, <real>1)
        i += ROWS


cdef void cross_entropy(real *loss, const real *p, const real *y, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """loss[i] = -log p[i, y_i]; NaN where y_i is no class."""
    cdef Py_ssize_t i, k
    for i in range(n):
        k = class_of(y[i], m)
        loss[i] = p[i * m + k] if k >= 0 else <real>NAN
    for i in range(n):
        loss[i] = -log_(loss[i])


cdef void cross_entropy_with_logits(real *loss, const real *z, const real *y, Py_ssize_t n,
                                    Py_ssize_t m) noexcept nogil:
    """loss[i] = log(sum_j exp z[i, j]) - z[i, y_i]; NaN where y_i is no class."""
    cdef Py_ssize_t i = 0
    while i < n:
        softmax_block(<real *> NULL, loss + i, z + i * m, y + i, min(n - i, ROWS), m, <real>1)
        i += ROWS


cdef void one_hot(real *out, const real *y, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """out[i, j] = 1 where j == y_i, else 0; a row of NaN where y_i is no class."""
    cdef Py_ssize_t i, j, k
    cdef real rest
    for i in range(n):
        k = class_of(y[i], m)
        rest = <real>0 if k >= 0 else <real>NAN
        for j in range(m):
            out[i * m + j] = rest
        if k >= 0:
            out[i * m + k] = 1


cdef void class_hits(real *out, const real *p, const real *y, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """out[i] = 1 where y_i is the first largest of the row, else 0; 0 too where y_i is no class or the row has NaN."""
    cdef Py_ssize_t i, j, k
    cdef const real *row
    cdef bint hit
    cdef real top
    for i in range(n):
        k = class_of(y[i], m)
        row = p + i * m
        hit = k >= 0
        top = row[k] if hit else <real>0
        for j in range(m):
            hit &= (top > row[j]) | ((top == row[j]) & (j >= k))
        out[i] = hit


cdef real bce_with_logits_fused(real *dz, const real *z, const real *y, Py_ssize_t n, real scale) noexcept nogil:
    """dz = (sigmoid(z) - y) scale; returns sum_i max(z_i, 0) - y_i z_i + log(1 + exp(-|z_i|))."""
    cdef real loss[CHUNK]
    cdef real lane[LANES_FLOAT]
    cdef real[2] sums = [0, 0]
    cdef Py_ssize_t i = 0, k, size
    cdef real e, s, top
    clear_lanes(lane)
    while i < n:
        size = min(n - i, CHUNK)
        for k in range(size):
            e = absolute(z[i + k])
            e = exp_bounded(-e)
            s = sigmoid_of(z[i + k], e)
            top = z[i + k] if z[i + k] > 0 else <real>0
            top = fma_(-y[i + k], z[i + k], top)
            e = log1p_unit(e)
            loss[k] = top + e
            dz[i + k] = (s - y[i + k]) * scale
        add_losses(sums, lane, loss, size, i)
        i += CHUNK
    return all_losses(sums, lane, n)


cdef real softmax_cross_entropy_fused(real *dz, const real *z, const real *y, Py_ssize_t n, Py_ssize_t m,
                                      real scale) noexcept nogil:
    """dz = (softmax(z) - one_hot(y)) scale; returns sum_i log(sum_j exp z[i, j]) - z[i, y_i]."""
    cdef real loss[ROWS]
    cdef real lane[LANES_FLOAT]
    cdef real[2] sums = [0, 0]
    cdef Py_ssize_t i = 0, rows
    clear_lanes(lane)
    while i < n:
        rows = min(n - i, ROWS)
        softmax_block(dz + i * m, loss, z + i * m, y + i, rows, m, scale)
        add_losses(sums, lane, loss, rows, i)
        i += ROWS
    return all_losses(sums, lane, n)


cdef real squared_error_fused(real *dp, const real *p, const real *y, Py_ssize_t n, real scale) noexcept nogil:
    """dp = (p - y) scale; returns sum_i (p_i - y_i)^2."""
    cdef real loss[CHUNK]
    cdef real lane[LANES_FLOAT]
    cdef real[2] sums = [0, 0]
    cdef Py_ssize_t i = 0, k, size
    cdef real d
    clear_lanes(lane)
    while i < n:
        size = min(n - i, CHUNK)
        for k in range(size):
            d = p[i + k] - y[i + k]
            loss[k] = d * d
            dp[i + k] = d * scale
        add_losses(sums, lane, loss, size, i)
        i += CHUNK
    return all_losses(sums, lane, n)


include "losses.pxi"            # the Python functions
include "softmax_rows.pxi"
