"""Numbers, columns and rows that are gathered by index, and added back to where they came from."""
from fastbp.kernels.vector cimport real

cdef void gather_elements(real *out, const real *x, const long long *index, Py_ssize_t n) noexcept nogil
cdef void scatter_elements(real *out, real *rest, const real *g, const long long *index, Py_ssize_t n, Py_ssize_t size,
                           int accumulate) noexcept nogil
cdef void gather_columns(real *out, const real *x, const long long *index, Py_ssize_t rows, Py_ssize_t m,
                         Py_ssize_t width) noexcept nogil
cdef void scatter_columns(real *out, real *rest, const real *g, const long long *index, Py_ssize_t rows, Py_ssize_t m,
                          Py_ssize_t width) noexcept nogil
cdef void take_rows(real *out, const real *x, const real *index, Py_ssize_t n, Py_ssize_t rows,
                    Py_ssize_t width) noexcept nogil
cdef void add_rows(real *out, real *rest, const real *g, const real *index, Py_ssize_t n, Py_ssize_t rows,
                   Py_ssize_t width, int accumulate) noexcept nogil
cdef void join_columns(real *out, const real *a, const real *b, Py_ssize_t rows, Py_ssize_t k,
                       Py_ssize_t m) noexcept nogil
