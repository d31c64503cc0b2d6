from cpython.buffer cimport Py_buffer

from fastbp.engine.run cimport Run

cdef enum:
    AXES = 64               # NumPy's limit

cdef struct Argument:
    int array               # which array of the program; -1 for a place in the parameter block
    Py_ssize_t offset       # there, in elements
    int ndim
    Py_ssize_t shape[AXES]
    char format             # of the buffer that is expected
    bint weak               # a Python number

cdef class Call:
    cdef Run run
    cdef object values, made, numpy
    cdef Argument *arguments
    cdef Py_buffer *buffers         # of the arrays in use
    cdef Py_ssize_t *spots          # where a result that is a number lies; -1 for an array
    cdef int count
    cdef list places, value_views, result_views, result_types
    cdef char own
    cdef int fetch(self, Argument *a, Py_buffer *view, int i, list leaves, list held) except -1
    cdef bint converted(self, Argument *a, int i, object leaf, list held) except -1
    cdef bint number(self, Argument *a, object leaf) except -1
