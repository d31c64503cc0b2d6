from fastbp.engine.buffers cimport Memory
from fastbp.engine.program cimport ARRAYS, OUTPUTS, Program
from fastbp.engine.steps cimport Step

cdef struct Moving:         # an operand in an array of the caller's: its place moves on with each block
    int step, operand, array

cdef struct Sum:            # what a batch adds up: each group of its blocks in a place of its own
    int step
    bint second             # it is the step's second output
    bint shared             # a gradient that only the update reads: threads share its elements
    bint keeps              # its step keeps what the sum loses, where that is worth it: it is not carried
    Py_ssize_t first, size  # elements: in the place of a group
    void *home              # where their sum belongs

cdef struct Lane:           # what one thread works with
    Step *steps
    char *space             # the workspace
    char *work              # scratch of the kernels
    char *carried           # the sums of the pieces before, like a group's place, and behind them what they lost
    char *gathered[ARRAYS]
    void *results[OUTPUTS]
    void *room              # the allocation
    double largest          # the size of no gradient of this thread's share exceeds it

cdef struct Frame:          # a bound program in C: what the threads of a call share
    int head, body, n_steps, n_moving, n_arrays, n_outputs, n_sums, lanes
    bint halves             # the update reads the gradients in the places of two groups
    bint updates, direct    # direct: operands lie in the caller's arrays, or else in `gathered`
    bint flushes            # subnormal numbers count as zero
    bint looks              # signals are looked for between its steps: they take long, one by one or together
    Py_ssize_t asked        # direct: rows of these below which the memory is asked for the next block meanwhile
    Py_ssize_t rows, block, groups, item, out_width, gradients
    Py_ssize_t piece        # rows, of whole blocks, whose sums are made in one go; 0 where all are
    Py_ssize_t width[ARRAYS]
    double cost
    Moving *moving
    Sum *sums
    char *partial           # the groups' places,
    Py_ssize_t apart        # in bytes from one to the next
    double *hyper
    const char *arrays[ARRAYS]  # the caller's
    char *out                   # the caller's output
    Lane *lane

cdef class Bound:
    cdef readonly Program program
    cdef Memory values, training, hyper
    cdef Frame frame
    cdef int describe(self) except -1
    cdef int add_lanes(self, int lanes) except -1
    cdef int allocate(self, Lane *lane, bint apart) except -1
    cdef void *locate(self, Lane *lane, place) except? NULL
    cdef int fill_steps(self, Lane *lane) except -1
    cdef int fill_constants(self, Lane *lane) except -1
    cdef int fill_sums(self) except -1
    cdef int fill_groups(self, bint shared) except -1
    cdef int prepare(self, Lane *lane) except -1

cdef void choose_source(Frame *f, bint direct, Py_ssize_t rows) noexcept nogil
cdef void bind(const Frame *f, Lane *lane, Py_ssize_t row) noexcept nogil
cdef void aim(const Frame *f, Lane *lane, Py_ssize_t group) noexcept nogil
cdef inline void *made(const Lane *lane, const Sum *s) noexcept nogil:
    """Where a step adds up."""
    return lane.steps[s.step].second if s.second else lane.steps[s.step].out
