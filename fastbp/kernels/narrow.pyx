"""Layers of few output units (logistic regression has one): dot products along the inputs.

A tile of the matmul would fill one lane of a vector for each unit. Here vectors run along the inputs instead. Sums
are made in a fixed number of virtual lanes (64 bytes), so every build gives the same bits.
"""
from fastbp.kernels.vector cimport real, vector, vf, vd, WF, WD, vfma, splat, load_part, store_part, four_sums
from fastbp.kernels.matmul cimport MC, KC

cdef enum:
    MOST = 8        # output units
    CHAINS = 4      # sums over rows that run side by side, to hide the latency of the fused multiply-add
    LINE = 64       # bytes of the virtual lanes: 16 float32, 8 float64


cdef bint narrow_forward_pays(Py_ssize_t k, Py_ssize_t m, int lanes) noexcept nogil:
    """Whether dot products cost less than tiles, and a column fits in `work`; by the shapes alone, so that all builds
    agree."""
    return m <= MOST and k <= MC * KC and m * ((k + lanes - 1) // lanes + 4) < k


cdef bint narrow_weights_pay(Py_ssize_t k, Py_ssize_t m, int lanes) noexcept nogil:
    return m <= MOST and m * ((k + lanes - 1) // lanes) < k


cdef inline void dots(real *out, const real *x, const real *column, Py_ssize_t k, Py_ssize_t apart, real start,
                      Py_ssize_t step, vector *kind) noexcept nogil:
    """out[r * step] = start + x[r] . column for four rows, `apart` elements apart; column ends in zeros."""
    cdef int W = WF if real is float else WD, r, g
    cdef int G = LINE // sizeof(real) // W
    cdef vector acc[4][16]
    cdef real sums[4]
    cdef Py_ssize_t j = 0
    if (real is float and vector is vf) or (real is double and vector is vd):
        for r in range(4):
            for g in range(G):
                acc[r][g] = splat(<real>0)
        while j + G * W <= k:
            for g in range(G):
                for r in range(4):
                    acc[r][g] = vfma((<const vector *>(x + r * apart + j + g * W))[0],
                                     (<const vector *>(column + j + g * W))[0], acc[r][g])
            j += G * W
        for g in range(G):
            if j < k:
                for r in range(4):
                    acc[r][g] = vfma(load_part(x + r * apart + j, <int>min(<Py_ssize_t>W, k - j)),
                                     (<const vector *>(column + j))[0], acc[r][g])
            j += W
        four_sums(sums, &acc[0][0], 16)
        for r in range(4):
            out[r * step] = start + sums[r]


cdef void narrow_forward(real *out, const real *x, const real *w, const real *bias, Py_ssize_t n, Py_ssize_t k,
                         Py_ssize_t m, real *work) noexcept nogil:
    """out (n, m) = x (n, k) @ w (k, m) + bias (m), or without it where bias is NULL. `work` holds a column of w."""
    cdef Py_ssize_t lanes = LINE // sizeof(real), whole = (k + lanes - 1) // lanes * lanes, i, j, c
    cdef real start, rest[4]
    cdef real *column = work
    for j in range(m):
        for c in range(whole):
            column[c] = w[c * m + j] if c < k else 0
        start = bias[j] if bias != NULL else 0
        for i in range(0, n & ~3, 4):
            if real is float:
                dots[float, vf](out + i * m + j, x + i * k, column, k, k, start, m, NULL)
            else:
                dots[double, vd](out + i * m + j, x + i * k, column, k, k, start, m, NULL)
        for i in range(n & ~3, n):      # the same row four times
            if real is float:
                dots[float, vf](rest, x + i * k, column, k, 0, start, 1, NULL)
            else:
                dots[double, vd](rest, x + i * k, column, k, 0, start, 1, NULL)
            out[i * m + j] = rest[0]


cdef inline void weighted_rows(vector *total, const real *x, const real *dz, Py_ssize_t n, Py_ssize_t k,
                               Py_ssize_t m, int part) noexcept nogil:
    """total = sum_i dz[i * m] * x[i * k : + part], in CHAINS sums."""
    cdef vector acc[CHAINS]
    cdef vector row
    cdef int c, W = WF if real is float else WD
    cdef Py_ssize_t i, whole = n - n % CHAINS
    if (real is float and vector is vf) or (real is double and vector is vd):
        for c in range(CHAINS):
            acc[c] = splat(<real>0)
        if part == W:
            for i in range(0, whole, 4):
                for c in range(CHAINS):
                    acc[c] = vfma(splat(dz[(i + c) * m]), (<const vector *>(x + (i + c) * k))[0], acc[c])
        else:
            for i in range(0, whole, 4):
                for c in range(CHAINS):
                    acc[c] = vfma(splat(dz[(i + c) * m]), load_part(x + (i + c) * k, part), acc[c])
        for i in range(whole, n):
            row = load_part(x + i * k, part)
            acc[0] = vfma(splat(dz[i * m]), row, acc[0])
        total[0] = (acc[0] + acc[2]) + (acc[1] + acc[3])


cdef void narrow_weights(real *dw, const real *x, const real *dz, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m,
                         bint accumulate) noexcept nogil:
    """dw (k, m) = x (n, k).T @ dz (n, m), added to dw where `accumulate`."""
    cdef Py_ssize_t j = 0, c, W = WF if real is float else WD
    cdef real sums[16]
    cdef vf total_f
    cdef vd total_d
    cdef int part, u
    while j < k:
        part = min(W, k - j)
        for c in range(m):
            if real is float:
                weighted_rows[float, vf](&total_f, x + j, dz + c, n, k, m, part)
                store_part(sums, total_f, part)
            else:
                weighted_rows[double, vd](&total_d, x + j, dz + c, n, k, m, part)
                store_part(sums, total_d, part)
            if accumulate:
                for u in range(part):
                    dw[(j + u) * m + c] += sums[u]
            else:
                for u in range(part):
                    dw[(j + u) * m + c] = sums[u]
        j += W
