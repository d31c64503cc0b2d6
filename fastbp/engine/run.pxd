from fastbp.engine.bound cimport Bound
from fastbp.engine.program cimport OUTPUTS

cdef enum:              # how a walk ended
    DONE
    PAUSED              # the caller should look for signals
    BAD                 # the loss is not finite

cdef struct Cursor:                 # where in an epoch a walk is
    Py_ssize_t batch, row
    double left                     # operations until the next look at the clock
    double sums[OUTPUTS]                  # of the outputs, weighted by rows

cdef class Run(Bound):
    cdef int one_batch(self) except -1
    cdef double result(self, int i) noexcept nogil

cdef class Arrays:
    cdef Py_ssize_t rows
    cdef list held

cdef double next_poll() noexcept nogil
cdef void begin_epoch(Cursor *c) noexcept nogil
cdef void start(Cursor *c) noexcept nogil
cdef int walk(Run r, Cursor *c, const long long *index, Py_ssize_t base, Py_ssize_t batches, Py_ssize_t total,
              double deadline) noexcept nogil
cdef Py_ssize_t forward_until(Run r, Py_ssize_t row, Py_ssize_t rows, double deadline) noexcept nogil
