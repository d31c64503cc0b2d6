from cpython.buffer cimport Py_buffer

cdef class Memory:
    cdef Py_buffer view
    cdef bint held
    cdef Py_ssize_t size
