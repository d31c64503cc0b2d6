"""Losses along rows, and the fused ones: value and gradient in one pass."""
from fastbp.kernels.vector cimport real

cdef void softmax(real *out, const real *z, Py_ssize_t n, Py_ssize_t m) noexcept nogil
cdef void cross_entropy(real *loss, const real *p, const real *y, Py_ssize_t n, Py_ssize_t m) noexcept nogil
cdef void cross_entropy_with_logits(real *loss, const real *z, const real *y, Py_ssize_t n, Py_ssize_t m) noexcept nogil
cdef void one_hot(real *out, const real *y, Py_ssize_t n, Py_ssize_t m) noexcept nogil
cdef void class_hits(real *out, const real *p, const real *y, Py_ssize_t n, Py_ssize_t m) noexcept nogil
cdef real bce_with_logits_fused(real *dz, const real *z, const real *y, Py_ssize_t n, real scale) noexcept nogil
cdef real softmax_cross_entropy_fused(real *dz, const real *z, const real *y, Py_ssize_t n, Py_ssize_t m,
                                      real scale) noexcept nogil
cdef real squared_error_fused(real *dp, const real *p, const real *y, Py_ssize_t n, real scale) noexcept nogil
