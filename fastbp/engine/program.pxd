from cpython.buffer cimport Py_buffer
from fastbp.engine.steps cimport Step

cdef enum:
    ARRAYS = 6          # arrays that a batch may have

cdef enum:              # how a walk ended
    DONE
    PAUSED              # the caller should look for signals
    BAD                 # the loss is not finite

cdef class Program:
    cdef readonly str dtype
    cdef readonly Py_ssize_t rows, block, parameters
    cdef readonly bint blocked, updates, trains
    cdef readonly tuple outputs, steps, widths
    cdef readonly Py_ssize_t workspace
    cdef tuple _names, _places, _constants
    cdef int head, body             # steps of the head end at `head`, those of the body at `body`
    cdef double cost                # about how many operations a batch takes

cdef class Memory:
    cdef Py_buffer view
    cdef bint held
    cdef Py_ssize_t size

cdef struct Moving:                 # an operand in an array of the caller's: its place moves on with each block
    int step, operand, array

cdef struct Cursor:                 # where in an epoch a walk is
    Py_ssize_t batch, row
    double left                     # operations until the next look at the clock
    double sums[8]                  # of the outputs, weighted by rows

cdef class Run:
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
    cdef void *results[8]
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
    cdef double result(self, int i) noexcept nogil
    cdef void bind(self, Py_ssize_t row) noexcept nogil

cdef class Arrays:
    cdef Py_ssize_t rows
    cdef list held

cdef double next_poll() noexcept nogil
cdef void start(Cursor *c) noexcept nogil
cdef int walk(Run r, Cursor *c, const long long *index, Py_ssize_t base, Py_ssize_t batches, Py_ssize_t total,
              double deadline) noexcept nogil
