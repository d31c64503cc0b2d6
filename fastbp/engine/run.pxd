from fastbp.engine.bound cimport Bound
from fastbp.engine.team cimport Crew, Team

cdef enum:
    BRIEF = 100_000     # operations: microseconds, for which giving up the GIL would cost more than it gives

cdef class Run(Bound):
    cdef readonly bint held
    cdef int one_batch(self, object share, bint guards) except -1
    cdef int walk_batch(self, Crew *crew, bint guards) except -1
    cdef int walk_rows(self, Crew *crew, Team team, Py_ssize_t rows) except -1
    cdef double result(self, int i) noexcept nogil

cdef class Arrays:
    cdef Py_ssize_t rows
    cdef list held
