cdef long forks     # how many forks there are from the first process to this one

cdef enum:              # what came of asking
    FREE
    TRAINED             # somebody trains
    READ                # others read

cdef class Guard:
    cdef unsigned long trainer          # the thread that trains
    cdef long process                   # in which that was so: a forked child has one thread only
    cdef bint writing
    cdef Py_ssize_t readers
    cdef void leave_parent(self) noexcept
    cdef int take(self) noexcept
    cdef int look(self) noexcept
    cdef void end_training(self) noexcept
    cdef void end_reading(self) noexcept

cdef class Hold:
    cdef Guard guard
    cdef bint writes
    cpdef void end(self) noexcept
