"""Sums in a fixed order, the same on every build, and the search for what is not finite."""
from fastbp.kernels.vector cimport real

cdef enum:
    TERMS = 4096        # that are summed in one go: a multiple of all lanes and chunks; see sums.pxd
    STRETCH = 2048      # of more terms, where they are added from the first to the last: that loses more than lanes do

cdef real total(const real *x, Py_ssize_t n) noexcept nogil
cdef void carry_sums(real *sums, real *rests, const real *x, Py_ssize_t n) noexcept nogil
cdef void column_sums(real *out, const real *x, Py_ssize_t n, Py_ssize_t m, int accumulate) noexcept nogil
cdef void row_sums(real *out, const real *x, Py_ssize_t n, Py_ssize_t m) noexcept nogil
cdef Py_ssize_t first_nonfinite(const real *x, Py_ssize_t n) noexcept nogil
