from fastbp.engine.bound cimport Frame, Lane
from fastbp.engine.program cimport ARRAYS, OUTPUTS
from fastbp.engine.team cimport Crew

cdef enum:              # how a walk ended
    DONE
    PAUSED              # the caller should look for signals
    BAD                 # the loss is not finite
    HELD                # the update was held back, as it might leave numbers that are not

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
    bint looks
    bint look[ARRAYS]               # whether NaN and infinity are looked for in an array's rows when they come in
    long found                      # how many threads found one, and one of the places
    int bad_array
    Py_ssize_t bad_row, bad_column
    bint guards                     # updates that might leave numbers that are not finite are held back
    double *table                   # of `walk_apart`: the outputs of each batch

cdef struct Pace:                   # a thread's own
    double left                     # operations until the next look at the clock
    long place                      # the number of the next place where a walk can pause

cdef enum:
    CHUNK = 20_000_000              # operations between two looks at the clock

cdef double next_poll(double patience=*) noexcept nogil
cdef void begin_epoch(Cursor *c) noexcept nogil
cdef void begin_walk(Walk *w, Frame *f, Cursor *c, Py_ssize_t batches, Py_ssize_t total) noexcept nogil
cdef double output_of(const Frame *f, int lane, int i) noexcept nogil
cdef void own_steps(const Frame *f, Lane *lane, int first, int end, Py_ssize_t rows, int which) noexcept nogil
cdef int standing(const Frame *f, Py_ssize_t row) noexcept nogil
cdef bint carries(const Frame *f, Py_ssize_t row, Py_ssize_t rows) noexcept nogil
cdef void carry_on(const Frame *f, Lane *lane, Py_ssize_t row, Py_ssize_t rows, int rank, int lanes) noexcept nogil
cdef void load(Walk *w, Lane *lane, Py_ssize_t at, Py_ssize_t m, int rank, int lanes) noexcept nogil
cdef bint is_time(Walk *w, Pace *p, double cost) noexcept nogil
cdef void walk(void *context, Crew *crew, int rank) noexcept nogil      # a Job on a Walk
