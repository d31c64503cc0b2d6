cdef enum:              # what came of asking
    FREE
    TRAINED             # somebody trains
    READ                # others read

cdef class Guard:
    cdef unsigned long trainer          # the thread that trains
    cdef bint training
    cdef Py_ssize_t readers
    cdef int take(self) noexcept
    cdef int look(self) noexcept
    cpdef void end_training(self) noexcept
    cpdef void end_reading(self) noexcept
