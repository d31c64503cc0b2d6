from fastbp.kernels.vector cimport real

cdef void argsort(real *out, const real *x, Py_ssize_t n, Py_ssize_t m, real *work) noexcept nogil
cdef Py_ssize_t argsort_work(Py_ssize_t m) noexcept nogil       # elements of `work`
cdef void take_along(real *out, const real *x, const real *index, Py_ssize_t n, Py_ssize_t m) noexcept nogil
cdef void put_along(real *out, real *rest, const real *g, const real *index, Py_ssize_t n, Py_ssize_t m) noexcept nogil
