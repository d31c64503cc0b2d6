from fastbp.kernels.vector cimport real

cdef bint narrow_forward_pays(Py_ssize_t k, Py_ssize_t m, int lanes) noexcept nogil
cdef bint narrow_weights_pay(Py_ssize_t k, Py_ssize_t m, int lanes) noexcept nogil
cdef void narrow_forward(real *out, const real *x, const real *w, const real *bias, Py_ssize_t n, Py_ssize_t k,
                         Py_ssize_t m, real *work, const real *coming) noexcept nogil
cdef void narrow_weights(real *dw, const real *x, const real *dz, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m,
                         bint accumulate, const real *coming) noexcept nogil
