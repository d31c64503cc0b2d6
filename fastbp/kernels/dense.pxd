from fastbp.kernels.vector cimport real

# `coming` may be NULL: rows like x that will be read next, which a narrow layer asks the memory for meanwhile.
cdef void layer_forward(real *out, const real *x, const real *w, const real *bias, Py_ssize_t n, Py_ssize_t k,
                        Py_ssize_t m, Py_ssize_t ld, int relu, real *work, const real *coming) noexcept nogil
cdef void layer_inputs(real *dx, const real *dz, const real *w, const real *gate, bint ties, Py_ssize_t n,
                       Py_ssize_t k, Py_ssize_t m, Py_ssize_t ld, real *work) noexcept nogil
cdef void layer_weights(real *dw, const real *x, const real *dz, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m,
                        Py_ssize_t ldx, Py_ssize_t ld, bint accumulate, real *work, const real *coming) noexcept nogil
