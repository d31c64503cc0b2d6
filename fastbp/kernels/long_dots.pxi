# How narrow.pyx makes sums of more than TERMS products.

from fastbp.kernels.reductions cimport TERMS, carry_sums


cdef void many_inputs(real *out, const real *x, const real *w, const real *bias, Py_ssize_t n, Py_ssize_t k,
                      Py_ssize_t m, real *work) noexcept nogil:
    """`narrow_forward` of more than TERMS inputs, some rows at a time."""
    cdef real piece[ROWS * MOST]
    cdef real rest[ROWS * MOST]
    cdef Py_ssize_t i = 0, j, c, rows
    while i < n:
        rows = min(n - i, <Py_ssize_t>ROWS)
        for c in range(rows * m):
            out[i * m + c] = bias[c % m] if bias != NULL else <real>0
            rest[c] = 0
        j = 0
        while j < k:
            some_inputs(piece, x + i * k + j, w + j * m, <real *>NULL, rows, min(k - j, <Py_ssize_t>TERMS), m, k, work,
                        <real *>NULL)
            carry_sums(out + i * m, rest, piece, rows * m)
            j += TERMS
        for c in range(rows * m):
            out[i * m + c] += rest[c]
        i += rows


cdef void many_rows(real *sums, const real *x, const real *dz, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m,
                    Py_ssize_t columns) noexcept nogil:
    """`some_rows` of more than TERMS rows."""
    cdef real piece[COLUMNS]
    cdef real rest[COLUMNS]
    cdef Py_ssize_t i = 0, u
    for u in range(columns):
        sums[u] = rest[u] = 0
    while i < n:
        some_rows(piece, x + i * k, dz + i * m, min(n - i, <Py_ssize_t>TERMS), k, m, columns, NULL)
        carry_sums(sums, rest, piece, columns)
        i += TERMS
    for u in range(columns):
        sums[u] += rest[u]
