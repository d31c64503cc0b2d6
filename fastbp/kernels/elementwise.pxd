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

cdef void unary(int op, real *out, const real *x, Py_ssize_t n) noexcept nogil
cdef void binary(int op, real *out, const real *a, Py_ssize_t ars, Py_ssize_t acs, const real *b, Py_ssize_t brs,
                 Py_ssize_t bcs, Py_ssize_t n, Py_ssize_t m) noexcept nogil
cdef void binary_hits(real *out, const real *p, const real *y, Py_ssize_t n, real threshold) noexcept nogil
cdef void broadcast(real *out, const real *x, Py_ssize_t rs, Py_ssize_t cs, Py_ssize_t n, Py_ssize_t m) noexcept nogil
