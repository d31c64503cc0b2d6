"""Elementwise kernels. Operations are numbers, so that a table of steps can name them."""
from fastbp.kernels.vector cimport real

cdef enum Unary:
    NEGATIVE
    SQUARE
    SQRT
    EXP
    LOG
    RECIPROCAL
    SIGMOID
    TANH
    RELU
    LOG1P
    EXPM1
    SIN
    COS
    ARCTAN
    ERF
    SOFTPLUS
    ABSOLUTE
    SIGN
    FLOOR
    CEIL
    SINGLE

cdef enum Binary:
    ADD
    SUBTRACT
    MULTIPLY
    DIVIDE
    SIGMOID_GRAD
    TANH_GRAD
    RELU_GRAD
    SQUARED_ERROR
    BCE
    BCE_GRAD
    BCE_WITH_LOGITS
    POWER
    ARCTAN2
    MOD
    MAXIMUM
    MINIMUM
    GREATER
    GREATER_EQUAL
    EQUAL
    NOT_EQUAL
    RAMP_GRAD

cdef void unary(int op, real *out, const real *x, Py_ssize_t n) noexcept nogil
cdef void binary(int op, real *out, const real *a, Py_ssize_t ars, Py_ssize_t acs, const real *b, Py_ssize_t brs,
                 Py_ssize_t bcs, Py_ssize_t n, Py_ssize_t m) noexcept nogil
cdef void binary_hits(real *out, const real *p, const real *y, Py_ssize_t n, real threshold) noexcept nogil
cdef void broadcast(real *out, const real *x, Py_ssize_t rs, Py_ssize_t cs, Py_ssize_t n, Py_ssize_t m) noexcept nogil
cdef void where(real *out, const real *c, const real *a, Py_ssize_t as_, const real *b, Py_ssize_t bs,
                Py_ssize_t n) noexcept nogil
