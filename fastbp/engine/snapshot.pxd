from fastbp.engine.buffers cimport Memory
from fastbp.engine.team cimport Crew

cdef struct Areas:              # what threads copy side by side
    char *values
    char *state                 # of the optimizer, behind the gradients
    char *copy                  # of both
    Py_ssize_t n, rest, item    # elements of both, and bytes of one

cdef class Snapshot:
    cdef Memory values, training, hyper
    cdef Areas areas
    cdef readonly Py_ssize_t bad
    cdef readonly tuple bad_input
    cdef void take(self, Crew *crew) noexcept nogil     # crew: NULL for the caller alone
    cdef void put_back(self) noexcept nogil
    cdef bint finite(self) noexcept nogil
    cdef bint look(self) noexcept nogil
