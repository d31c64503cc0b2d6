from fastbp.kernels.vector cimport real

cdef void gather(real *out, const real *x, const long long *index, Py_ssize_t n, Py_ssize_t width,
                 Py_ssize_t ahead) noexcept nogil
