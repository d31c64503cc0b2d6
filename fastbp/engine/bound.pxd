from fastbp.engine.buffers cimport Memory
from fastbp.engine.program cimport ARRAYS, OUTPUTS, Program
from fastbp.engine.steps cimport Step

cdef struct Moving:                 # an operand in an array of the caller's: its place moves on with each block
    int step, operand, array

cdef class Bound:
    cdef readonly Program program
    cdef Memory values, training, hyper
    cdef Step *steps
    cdef Moving *moving
    cdef int n_steps, n_moving, n_arrays, n_outputs
    cdef void *room                 # the allocation
    cdef char *work                 # scratch of the kernels
    cdef char *gathered[ARRAYS]
    cdef const char *arrays[ARRAYS]     # the caller's
    cdef bint direct                    # operands lie in those, or else in `gathered`
    cdef void *results[OUTPUTS]
    cdef void *hyper_buffer
    cdef char *space                    # the workspace
    cdef char *out                      # the caller's output
    cdef Py_ssize_t item, out_width
    cdef Py_ssize_t width[ARRAYS]
    cdef int head, body
    cdef int allocate(self) except -1
    cdef void *locate(self, place) except? NULL
    cdef int fill_steps(self) except -1
    cdef int fill_constants(self) except -1
    cdef void bind(self, Py_ssize_t row) noexcept nogil
