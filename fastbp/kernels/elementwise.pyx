"""Elementwise kernels: plain loops over branch-free functions of one number, which the compiler vectorises.

Broadcast operands are written out in a small buffer first, so that an operation is one loop over contiguous numbers.
"""
from fastbp.kernels.vector cimport real, fma_, sqrt_
from fastbp.kernels.transcendental cimport exp_, log_, log1p_, log1p_unit, sigmoid_, tanh_, absolute

cdef enum:
    CHUNK = 512     # numbers in a buffer


cdef void unary(int op, real *out, const real *x, Py_ssize_t n) noexcept nogil:
    """out = op(x), n numbers; out may be x."""
    cdef Py_ssize_t i
    if op == NEGATIVE:
        for i in range(n):
            out[i] = -x[i]
    elif op == SQUARE:
        for i in range(n):
            out[i] = x[i] * x[i]
    elif op == SQRT:
        for i in range(n):
            out[i] = sqrt_(x[i])
    elif op == EXP:
        for i in range(n):
            out[i] = exp_(x[i])
    elif op == LOG:
        for i in range(n):
            out[i] = log_(x[i])
    elif op == RECIPROCAL:
        for i in range(n):
            out[i] = <real>1 / x[i]
    elif op == SIGMOID:
        for i in range(n):
            out[i] = sigmoid_(x[i])
    elif op == TANH:
        for i in range(n):
            out[i] = tanh_(x[i])
    elif op == RELU:
        for i in range(n):
            out[i] = <real>0 if x[i] < 0 else x[i]


cdef inline real bce_(real p, real y) noexcept nogil:
    """-(y log p + (1 - y) log(1 - p)), the logarithms floored at -100."""
    cdef real a = log_(p), b = log1p_(-p)
    a = <real>-100 if a < -100 else a
    b = <real>-100 if b < -100 else b
    return fma_(y - <real>1, b, -(y * a))


cdef inline real bce_grad_(real p, real y) noexcept nogil:
    """(p - y) / max(p (1 - p), 1e-12)."""
    cdef real d = p * (<real>1 - p)
    d = <real>1e-12 if d < <real>1e-12 else d
    return (p - y) / d


cdef inline real bce_with_logits_(real z, real y) noexcept nogil:
    """max(z, 0) - y z + log(1 + exp(-|z|))."""
    cdef real e = absolute(z), top = z if z > 0 else <real>0
    e = exp_(-e)
    e = log1p_unit(e)
    top = fma_(-y, z, top)
    return top + e


cdef void apply(int op, real *out, const real *a, const real *b, Py_ssize_t n) noexcept nogil:
    """out = op(a, b), n numbers; out may be a or b."""
    cdef Py_ssize_t i
    if op == ADD:
        for i in range(n):
            out[i] = a[i] + b[i]
    elif op == SUBTRACT:
        for i in range(n):
            out[i] = a[i] - b[i]
    elif op == MULTIPLY:
        for i in range(n):
            out[i] = a[i] * b[i]
    elif op == DIVIDE:
        for i in range(n):
            out[i] = a[i] / b[i]
    elif op == SIGMOID_GRAD:
        for i in range(n):
            out[i] = a[i] * (b[i] * (<real>1 - b[i]))
    elif op == TANH_GRAD:
        for i in range(n):
            out[i] = a[i] * fma_(-b[i], b[i], <real>1)
    elif op == RELU_GRAD:
        for i in range(n):
            out[i] = a[i] if b[i] > 0 else <real>0
    elif op == SQUARED_ERROR:
        for i in range(n):
            out[i] = (a[i] - b[i]) * (a[i] - b[i])
    elif op == BCE:
        for i in range(n):
            out[i] = bce_(a[i], b[i])
    elif op == BCE_GRAD:
        for i in range(n):
            out[i] = bce_grad_(a[i], b[i])
    elif op == BCE_WITH_LOGITS:
        for i in range(n):
            out[i] = bce_with_logits_(a[i], b[i])


cdef void broadcast(real *out, const real *x, Py_ssize_t rs, Py_ssize_t cs, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """out (n, m) = x, whose strides are rs and cs (0 or 1)."""
    cdef Py_ssize_t i, j
    for i in range(n):
        if cs == 0:
            for j in range(m):
                out[i * m + j] = x[i * rs]
        else:
            for j in range(m):
                out[i * m + j] = x[i * rs + j]


cdef void binary(int op, real *out, const real *a, Py_ssize_t ars, Py_ssize_t acs, const real *b, Py_ssize_t brs,
                 Py_ssize_t bcs, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """out (n, m) = op(a, b), operands by their strides (acs, bcs: 0 or 1); out may be an operand that is contiguous.

    A block is a number of whole rows, or a piece of one.
    """
    cdef real abuffer[CHUNK]
    cdef real bbuffer[CHUNK]
    cdef Py_ssize_t i = 0, j, rows, columns
    cdef const real *u
    cdef const real *v
    cdef bint adirect, bdirect, first = True
    if m == 1 and ars <= 1 and brs <= 1:            # a column is a row
        n, m, ars, acs, brs, bcs = 1, n, 0, ars, 0, brs
    if acs == 1 and bcs == 1 and (n == 1 or (ars == m and brs == m)):
        apply(op, out, a, b, n * m)
        return
    while i < n:
        rows = 1 if m >= CHUNK else min(n - i, CHUNK // m)
        j = 0
        while j < m:
            columns = min(m - j, CHUNK)
            adirect = acs == 1 and (rows == 1 or ars == m)
            bdirect = bcs == 1 and (rows == 1 or brs == m)
            u = a + i * ars + j * acs
            v = b + i * brs + j * bcs
            if not adirect:
                if first or ars != 0:
                    broadcast(abuffer, u, ars, acs, rows, columns)
                u = abuffer
            if not bdirect:
                if first or brs != 0:
                    broadcast(bbuffer, v, brs, bcs, rows, columns)
                v = bbuffer
            apply(op, out + i * m + j, u, v, rows * columns)
            first = False
            j += columns
        i += rows


cdef void binary_hits(real *out, const real *p, const real *y, Py_ssize_t n, real threshold) noexcept nogil:
    """out = 1 where (p > threshold) == (y > 0.5), else 0; a p that is NaN hits nothing."""
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = <real>1 if ((p[i] > threshold) == (y[i] > <real>0.5)) & (p[i] == p[i]) else <real>0


include "elementwise.pxi"      # the Python functions
