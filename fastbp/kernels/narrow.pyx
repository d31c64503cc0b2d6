"""Layers of few output units (logistic regression has one): dot products along the inputs.

A tile of the matmul would fill one lane of a vector for each unit. Here vectors run along the inputs instead. Sums
are made in a fixed number of virtual lanes (64 bytes), so every build gives the same bits.
"""
from fastbp.kernels.vector cimport real, vector, vf, vd, WF, WD, vfma, splat, load_part, four_sums, plus4, prefetch
from fastbp.kernels.reductions cimport TERMS

cdef enum:
    MOST = 8        # output units
    LINE = 64       # bytes of the virtual lanes: 16 float32, 8 float64
    COLUMNS = 32    # numbers of two lines, where numbers are shortest
    PANEL = 8       # vectors of two lines, where vectors are shortest
    ACCUMULATORS = 8    # of fused multiply-adds that run side by side, to hide their latency
    AT_ONCE = 4     # columns of vectors that are weighed in one pass at most: with two accumulators each
    ROWS = 64       # whose long sums are made at once


cdef bint narrow_forward_pays(Py_ssize_t k, Py_ssize_t m, int lanes) noexcept nogil:
    """Whether dot products cost less than tiles; by the shapes alone, so that all builds agree."""
    return m <= MOST and m * ((k + lanes - 1) // lanes + 4) < k


cdef bint narrow_weights_pay(Py_ssize_t k, Py_ssize_t m, int lanes) noexcept nogil:
    return m <= MOST and m * ((k + lanes - 1) // lanes) < k


cdef inline const char *ask(const char *coming, Py_ssize_t bytes) noexcept nogil:
    """Ask the memory for some bytes; where the next ones begin."""
    cdef Py_ssize_t i
    for i in range((bytes + LINE - 1) // LINE):
        prefetch(coming + i * LINE)
    return coming + bytes


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


cdef inline void rows_in_registers(const int nv, const bint whole, real *out, const real *x, const real *column,
                                   Py_ssize_t n, Py_ssize_t apart, real start, Py_ssize_t step, int part,
                                   const char *coming, vector *kind) noexcept nogil:
    """`dots` of n rows, a multiple of four, and a column of nv vectors; the last one is part of one unless `whole`."""
    cdef int r, v
    cdef int W = WF if real is float else WD
    cdef int G = LINE // sizeof(real) // W
    cdef vector w[PANEL]
    cdef vector acc[4][16]
    cdef vector t
    cdef real sums[4]
    cdef Py_ssize_t _i
    if (real is float and vector is vf) or (real is double and vector is vd):
        for v in range(nv):
            w[v] = (<const vector *>(column + v * W))[0]
        for _i in range(0, n, 4):
            if coming != NULL:
                coming = ask(coming, 2 * apart * <Py_ssize_t>sizeof(real))
            for r in range(4):
                for v in range(G):
                    acc[r][v] = splat(<real>0)
                for v in range(nv):
                    if whole or v < nv - 1:
                        t = (<const vector *>(x + r * apart + v * W))[0]
                    else:
                        t = load_part(x + r * apart + v * W, part)
                    acc[r][v % G] = vfma(t, w[v], acc[r][v % G])
            four_sums(sums, &acc[0][0], 16)
            if step == 1:
                plus4(out, sums, start)
            else:
                for r in range(4):
                    out[r * step] = sums[r] + start
            x, out = x + 4 * apart, out + 4 * step


cdef inline void short_rows(const bint whole, real *out, const real *x, const real *column, Py_ssize_t n,
                            Py_ssize_t k, Py_ssize_t apart, real start, Py_ssize_t step, const char *coming,
                            vector *kind) noexcept nogil:
    """`dots` of n rows of at most two lines."""
    cdef Py_ssize_t W = WF if real is float else WD
    cdef int nv = <int>((k + W - 1) // W), part
    if (real is float and vector is vf) or (real is double and vector is vd):
        part = <int>(k - (nv - 1) * W)
        if nv == 1:
            rows_in_registers[real, vector](1, whole, out, x, column, n, apart, start, step, part, coming, NULL)
        elif nv == 2:
            rows_in_registers[real, vector](2, whole, out, x, column, n, apart, start, step, part, coming, NULL)
        elif W * sizeof(real) < LINE:
            if nv == 3:
                rows_in_registers[real, vector](3, whole, out, x, column, n, apart, start, step, part, coming, NULL)
            elif nv == 4:
                rows_in_registers[real, vector](4, whole, out, x, column, n, apart, start, step, part, coming, NULL)
            elif 2 * W * sizeof(real) < LINE:
                if nv == 5:
                    rows_in_registers[real, vector](5, whole, out, x, column, n, apart, start, step, part, coming, NULL)
                elif nv == 6:
                    rows_in_registers[real, vector](6, whole, out, x, column, n, apart, start, step, part, coming, NULL)
                elif nv == 7:
                    rows_in_registers[real, vector](7, whole, out, x, column, n, apart, start, step, part, coming, NULL)
                else:
                    rows_in_registers[real, vector](8, whole, out, x, column, n, apart, start, step, part, coming, NULL)


cdef inline void column_dots(real *out, const real *x, const real *column, Py_ssize_t n, Py_ssize_t k,
                             Py_ssize_t apart, real start, Py_ssize_t step, const char *coming,
                             vector *kind) noexcept nogil:
    """out[i * step] = start + x[i] . column for n rows, a multiple of four."""
    cdef Py_ssize_t W = WF if real is float else WD, i
    if (real is float and vector is vf) or (real is double and vector is vd):
        if W == 1 or k * <Py_ssize_t>sizeof(real) > 2 * LINE:       # plain loops have no vectors to keep
            for i in range(0, n, 4):
                dots[real, vector](out + i * step, x + i * apart, column, k, apart, start, step, NULL)
        elif k % W == 0:
            short_rows[real, vector](True, out, x, column, n, k, apart, start, step, coming, NULL)
        else:
            short_rows[real, vector](False, out, x, column, n, k, apart, start, step, coming, NULL)


cdef void some_inputs(real *out, const real *x, const real *w, const real *bias, Py_ssize_t n, Py_ssize_t k,
                      Py_ssize_t m, Py_ssize_t apart, real *work, const real *coming) noexcept nogil:
    """`narrow_forward` of at most TERMS inputs, from rows of x that lie `apart` elements apart. `work` holds a column of
    w."""
    cdef Py_ssize_t lanes = LINE // sizeof(real), whole = (k + lanes - 1) // lanes * lanes, i, j, c
    cdef real rest[4]
    cdef real start
    cdef real *column = work
    cdef const char *half = <const char *>coming
    for j in range(m):
        for c in range(whole):
            column[c] = w[c * m + j] if c < k else 0
        start = bias[j] if bias != NULL else 0
        if real is float:
            column_dots[float, vf](out + j, x, column, n & ~3, k, apart, start, m, half, NULL)
        else:
            column_dots[double, vd](out + j, x, column, n & ~3, k, apart, start, m, half, NULL)
        half = NULL
        for i in range(n & ~3, n):      # the same row four times
            if real is float:
                dots[float, vf](rest, x + i * apart, column, k, 0, start, 1, NULL)
            else:
                dots[double, vd](rest, x + i * apart, column, k, 0, start, 1, NULL)
            out[i * m + j] = rest[0]


cdef void narrow_forward(real *out, const real *x, const real *w, const real *bias, Py_ssize_t n, Py_ssize_t k,
                         Py_ssize_t m, real *work, const real *coming) noexcept nogil:
    """out (n, m) = x (n, k) @ w (k, m) + bias (m), or without it where bias is NULL.

    `coming`, or NULL: rows like x that will be read next. Where they are of at most two lines, the first half of them is
    asked for meanwhile.
    """
    if k > TERMS:
        many_inputs(out, x, w, bias, n, k, m, work)
    else:
        some_inputs(out, x, w, bias, n, k, m, k, work, coming)


cdef inline void weigh(const int nv, const bint whole, vector *acc, const real *x, const real *dz,
                       int part) noexcept nogil:
    """acc[v] += dz[0] * vector v of the row x; the last one is part of a vector unless `whole`."""
    cdef vector z
    cdef int W = WF if real is float else WD, v
    if (real is float and vector is vf) or (real is double and vector is vd):
        z = splat(dz[0])
        for v in range(nv - 1):
            acc[v] = vfma(z, (<const vector *>(x + v * W))[0], acc[v])
        if whole:
            acc[nv - 1] = vfma(z, (<const vector *>(x + (nv - 1) * W))[0], acc[nv - 1])
        else:
            acc[nv - 1] = vfma(z, load_part(x + (nv - 1) * W, part), acc[nv - 1])


cdef inline void weighted_rows(const int chains, const int nv, const bint whole, vector *total, const real *x,
                               const real *dz, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m, int part,
                               const char *coming) noexcept nogil:
    """total[v] = sum_i dz[i * m] * vector v of row i, in two or four sums that take turns."""
    cdef vector acc[4][AT_ONCE]
    cdef int c, v
    cdef Py_ssize_t _i, most = n - n % chains
    if (real is float and vector is vf) or (real is double and vector is vd):
        for c in range(chains):
            for v in range(nv):
                acc[c][v] = splat(<real>0)
        for _i in range(most // chains):
            if coming != NULL:
                coming = ask(coming, chains * k * <Py_ssize_t>sizeof(real) // 2)
            weigh(nv, whole, acc[0], x, dz, part)
            weigh(nv, whole, acc[1], x + k, dz + m, part)
            if chains == 4:
                weigh(nv, whole, acc[2], x + 2 * k, dz + 2 * m, part)
                weigh(nv, whole, acc[3], x + 3 * k, dz + 3 * m, part)
            x, dz = x + chains * k, dz + chains * m
        for _i in range(most, n):
            weigh(nv, whole, acc[0], x, dz, part)
            x, dz = x + k, dz + m
        for v in range(nv):
            if chains == 4:
                total[v] = (acc[0][v] + acc[2][v]) + (acc[1][v] + acc[3][v])
            else:
                total[v] = acc[0][v] + acc[1][v]


cdef inline void some_columns(const int chains, const bint whole, int nv, vector *total, const real *x, const real *dz,
                              Py_ssize_t n, Py_ssize_t k, Py_ssize_t m, int part, const char *coming) noexcept nogil:
    """`weighted_rows` of as many vectors as there are accumulators for, or fewer."""
    if (real is float and vector is vf) or (real is double and vector is vd):
        if nv == 1:
            weighted_rows(chains, 1, whole, total, x, dz, n, k, m, part, coming)
        elif nv == 2:
            weighted_rows(chains, 2, whole, total, x, dz, n, k, m, part, coming)
        elif chains == 2:
            if nv == 3:
                weighted_rows(chains, 3, whole, total, x, dz, n, k, m, part, coming)
            else:
                weighted_rows(chains, 4, whole, total, x, dz, n, k, m, part, coming)


cdef inline void columns_of(const int chains, vector *total, const real *x, const real *dz, Py_ssize_t n, Py_ssize_t k,
                            Py_ssize_t m, Py_ssize_t columns, const char *coming) noexcept nogil:
    """total = sum_i dz[i * m] * x[i * k : + columns], at most two lines of them."""
    cdef Py_ssize_t W = WF if real is float else WD, left
    cdef int nv
    if (real is float and vector is vf) or (real is double and vector is vd):
        while columns > 0:
            left = min(ACCUMULATORS // chains * W, columns)
            nv = <int>((left + W - 1) // W)
            if left % W == 0:
                some_columns(chains, True, nv, total, x, dz, n, k, m, <int>W, coming)
            else:
                some_columns(chains, False, nv, total, x, dz, n, k, m, <int>(left % W), coming)
            columns, x, total, coming = columns - left, x + left, total + nv, NULL


cdef void some_rows(real *sums, const real *x, const real *dz, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m,
                    Py_ssize_t columns, const char *coming) noexcept nogil:
    """sums = sum_i dz[i * m] * x[i * k : + columns], at most two lines of them."""
    if real is float:
        if columns > LINE // 4:
            columns_of[float, vf](2, <vf *>sums, x, dz, n, k, m, columns, coming)
        else:
            columns_of[float, vf](4, <vf *>sums, x, dz, n, k, m, columns, coming)
    else:
        if columns > LINE // 8:
            columns_of[double, vd](2, <vd *>sums, x, dz, n, k, m, columns, coming)
        else:
            columns_of[double, vd](4, <vd *>sums, x, dz, n, k, m, columns, coming)


cdef void narrow_weights(real *dw, const real *x, const real *dz, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m,
                         bint accumulate, const real *coming) noexcept nogil:
    """dw (k, m) = x (n, k).T @ dz (n, m), added to dw where `accumulate`.

    `coming`, or NULL: rows like x that will be read next; the second half of them is asked for meanwhile.
    A column is summed in two chains of rows, or in four where fewer columns than a line has are left.
    """
    cdef Py_ssize_t j = 0, c, u, part, line = LINE // sizeof(real)
    cdef real sums[COLUMNS]
    cdef const char *half = NULL
    if coming != NULL:
        half = <const char *>coming + n * k * sizeof(real) // 2
    while j < k:
        part = min(2 * line, k - j)
        for c in range(m):
            if n > TERMS:
                many_rows(sums, x + j, dz + c, n, k, m, part)
            else:
                some_rows(sums, x + j, dz + c, n, k, m, part, half)
            half = NULL
            if accumulate:
                for u in range(part):
                    dw[(j + u) * m + c] += sums[u]
            else:
                for u in range(part):
                    dw[(j + u) * m + c] = sums[u]
        j += part


include "long_dots.pxi"         # many_inputs, many_rows
