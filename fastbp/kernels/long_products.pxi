# How matmul.pyx makes sums of more than TERMS products.

from fastbp.kernels.reductions cimport STRETCH, TERMS, carry_sums


cdef void finish(const Product *p, real *c, const real *rest, const real *gate, Py_ssize_t n) noexcept nogil:
    """What the sums of a row lost, and the epilogue."""
    cdef Py_ssize_t j
    for j in range(n):
        c[j] += rest[j]
    if p.relu:
        for j in range(n):              # with TIES, 0.0 is a tie and -0.0 what is cut off
            c[j] = (<real>-0.0 if p.relu == TIES else <real>0) if c[j] < 0 else c[j] + <real>0
    if gate != NULL:
        for j in range(n):
            if not gate[j] > 0:
                c[j] = <real>0.5 * c[j] if p.ties and gate[j] == 0 and 1 / gate[j] > 0 else <real>0


cdef void in_pieces(const Product *p, Py_ssize_t i0, Py_ssize_t j0, Py_ssize_t m, Py_ssize_t n, real *work) noexcept nogil:
    """An m x n block of C, of sums of more than TERMS products."""
    cdef real *piece = work
    cdef real *rest = work + ROOM
    cdef real *c = <real *>p.c + i0 * p.cr + j0
    cdef const real *init = NULL if p.init == NULL else <const real *>p.init + i0 * p.ir + j0
    cdef const real *gate = NULL if p.gate == NULL else <const real *>p.gate + i0 * p.cr + j0
    cdef Product q = p[0]
    cdef Py_ssize_t i, j, k = 0
    q.c, q.m, q.n, q.cr, q.init, q.gate, q.relu, q.ties = piece, m, n, n, NULL, NULL, 0, False
    for i in range(m):
        for j in range(n):
            c[i * p.cr + j] = init[i * p.ir + j] if init != NULL else <real>0
            rest[i * n + j] = 0
    while k < p.k:
        q.k = min(p.k - k, <Py_ssize_t>STRETCH)
        q.a = <const real *>p.a + i0 * p.ar + k * p.ac
        q.b = <const real *>p.b + k * p.br + j0 * p.bc
        product(&q, rest + ROOM)
        for i in range(m):
            carry_sums(c + i * p.cr, rest + i * n, piece + i * n, n)
        k += STRETCH
    for i in range(m):
        finish(p, c + i * p.cr, rest + i * n, NULL if gate == NULL else gate + i * p.cr, n)


cdef inline Py_ssize_t even(Py_ssize_t total, Py_ssize_t most, Py_ssize_t grain) noexcept nogil:
    """The size of equal parts of at most `most`, in whole grains where they go."""
    cdef Py_ssize_t parts = max((total + most - 1) // most, 1), size = (total + parts - 1) // parts
    return min((size + grain - 1) // grain * grain, most)


cdef void matmul(const Product *p, real *work) noexcept nogil:
    """C, in one go, or a block at a time where the sums are of more than TERMS products."""
    cdef Py_ssize_t i, j = 0, m, n, columns = even(p.n, BROAD, 64)
    if p.k <= TERMS:
        product(p, work)
        return
    while j < p.n:
        n = min(p.n - j, columns)
        m = even(p.m, ROOM // n, 2 * MR)
        i = 0
        while i < p.m:
            in_pieces(p, i, j, min(p.m - i, m), n, work)
            i += m
        j += n
