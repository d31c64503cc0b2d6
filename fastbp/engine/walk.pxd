from fastbp.engine.bound cimport Frame
from fastbp.engine.program cimport OUTPUTS
from fastbp.engine.team cimport Crew

cdef enum:              # how a walk ended
    DONE
    PAUSED              # the caller should look for signals
    BAD                 # the loss is not finite

cdef struct Cursor:                 # where in an epoch a walk is
    Py_ssize_t batch
    Py_ssize_t row                  # in the batch; more than 0 in the midst of one
    long taken                      # pieces that threads have taken: groups of blocks, batches, blocks
    double sums[OUTPUTS]            # of the outputs, weighted by rows

cdef struct Walk:                   # a walk over batches, as the threads of a team share it
    Frame *frame
    Cursor *cursor
    const long long *index          # the order of all rows, or NULL for the arrays' own
    Py_ssize_t base                 # the run's first row in it
    Py_ssize_t batches
    Py_ssize_t total                # all rows
    double deadline                 # when to look for signals
    int status
    long pause                      # somebody saw that it is time; the place to pause at
    long found                      # how many threads found what is not finite in an array, and one of the places
    int bad_array
    Py_ssize_t bad_row, bad_column
    double *table                   # `apart`: the outputs of each batch

cdef double next_poll() noexcept nogil
cdef void begin_epoch(Cursor *c) noexcept nogil
cdef double output_of(const Frame *f, int lane, int i) noexcept nogil
cdef void walk(void *context, Crew *crew, int rank) noexcept nogil      # Jobs on a Walk
cdef void walk_apart(void *context, Crew *crew, int rank) noexcept nogil
cdef void forward_block(Frame *f, Py_ssize_t rows) noexcept nogil       # one block from row 0, by one thread
cdef void walk_forward(void *context, Crew *crew, int rank) noexcept nogil
