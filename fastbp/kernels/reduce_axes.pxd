"""Reductions and running sums along the middle axis of (outer, k, inner)."""
from fastbp.kernels.vector cimport real

cdef void sum_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner) noexcept nogil
cdef void max_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner) noexcept nogil
cdef void min_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner) noexcept nogil
cdef void cumsum_axis(real *out, const real *x, Py_ssize_t outer, Py_ssize_t k, Py_ssize_t inner,
                      int reverse) noexcept nogil
