"""Optimizer steps over a flat block of parameters; they return whether all that they wrote is finite.

The gradient is g, or g + more: half of it each, where two groups of rows were added up apart; `more` may be NULL.
"""
from fastbp.kernels.vector cimport real

cdef bint sgd(real *p, const real *g, const real *more, Py_ssize_t n, real learning_rate) noexcept nogil
cdef bint momentum(real *p, real *v, const real *g, const real *more, Py_ssize_t n, real learning_rate, real mu,
                   int nesterov) noexcept nogil
cdef bint adam(real *p, real *m, real *v, const real *g, const real *more, Py_ssize_t n, real step, double beta_1, double beta_2,
               real root_scale, real epsilon) noexcept nogil
cdef double largest(const real *g, Py_ssize_t n) noexcept nogil
