"""Layers of few output units (logistic regression has one): dot products along the inputs.

A tile of the matmul would fill one lane of a vector for each unit. Here vectors run along the inputs instead. Sums
are made in a fixed number of virtual lanes (64 bytes), so every build gives the same bits.
"""
from fastbp.kernels.vector cimport real, vector, vf, vd, WF, WD, vfma, splat, load_part, four_sums
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
    cdef real rest[4]
    cdef real start
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


cdef inline void weigh(const int nv, const bint whole, vector *acc, const real *x, const real *dz, int part) noexcept nogil:
    """acc[v] += dz[0] * vector v of the row x; the last one is part of a vector unless `whole`."""
    cdef vector z
    cdef int W = WF if real is float else WD
    if (real is float and vector is vf) or (real is double and vector is vd):
        z = splat(dz[0])
        if nv > 1:
            acc[0] = vfma(z, (<const vector *>x)[0], acc[0])
        if whole:
            acc[nv - 1] = vfma(z, (<const vector *>(x + (nv - 1) * W))[0], acc[nv - 1])
        else:
            acc[nv - 1] = vfma(z, load_part(x + (nv - 1) * W, part), acc[nv - 1])


cdef inline void weighted_rows(const int nv, const bint whole, vector *total, const real *x, const real *dz,
                               Py_ssize_t n, Py_ssize_t k, Py_ssize_t m, int part) noexcept nogil:
    """total[v] = sum_i dz[i * m] * vector v of row i, in CHAINS sums."""
    cdef vector acc[CHAINS][2]
    cdef int c, v
    cdef Py_ssize_t _i, most = n - n % CHAINS
    if (real is float and vector is vf) or (real is double and vector is vd):
        for c in range(CHAINS):
            for v in range(nv):
                acc[c][v] = splat(<real>0)
        for _i in range(0, most, 4):
            weigh(nv, whole, acc[0], x, dz, part)
            weigh(nv, whole, acc[1], x + k, dz + m, part)
            weigh(nv, whole, acc[2], x + 2 * k, dz + 2 * m, part)
            weigh(nv, whole, acc[3], x + 3 * k, dz + 3 * m, part)
            x, dz = x + 4 * k, dz + 4 * m
        for _i in range(most, n):
            weigh(nv, whole, acc[0], x, dz, part)
            x, dz = x + k, dz + m
        for v in range(nv):
            total[v] = (acc[0][v] + acc[2][v]) + (acc[1][v] + acc[3][v])


cdef inline void columns_of(vector *total, const real *x, const real *dz, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m,
                            int part) noexcept nogil:
    """total = sum_i dz[i * m] * x[i * k : + part], part columns: one vector of them, or two in one pass over the rows."""
    cdef int W = WF if real is float else WD
    if (real is float and vector is vf) or (real is double and vector is vd):
        if part == 2 * W:
            weighted_rows(2, True, total, x, dz, n, k, m, W)
        elif part > W:
            weighted_rows(2, False, total, x, dz, n, k, m, part - W)
        elif part == W:
            weighted_rows(1, True, total, x, dz, n, k, m, W)
        else:
            weighted_rows(1, False, total, x, dz, n, k, m, part)


cdef void narrow_weights(real *dw, const real *x, const real *dz, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m,
                         bint accumulate) noexcept nogil:
    """dw (k, m) = x (n, k).T @ dz (n, m), added to dw where `accumulate`."""
    cdef Py_ssize_t j = 0, c, W = WF if real is float else WD
    cdef real sums[2 * WF]
    cdef int part, u
    while j < k:
        part = min(2 * W, k - j)
        for c in range(m):
            if real is float:
                columns_of[float, vf](<vf *>sums, x + j, dz + c, n, k, m, part)
            else:
                columns_of[double, vd](<vd *>sums, x + j, dz + c, n, k, m, part)
            if accumulate:
                for u in range(part):
                    dw[(j + u) * m + c] += sums[u]
            else:
                for u in range(part):
                    dw[(j + u) * m + c] = sums[u]
        j += 2 * W
