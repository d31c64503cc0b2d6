from fastbp.engine.buffers cimport Memory

cdef class Snapshot:
    cdef Memory values, training, hyper
    cdef char *copy
    cdef Py_ssize_t item, n, state
    cdef readonly Py_ssize_t bad
    cdef readonly tuple bad_input
    cdef void move(self, bint back) noexcept nogil
    cdef bint finite(self) noexcept nogil
