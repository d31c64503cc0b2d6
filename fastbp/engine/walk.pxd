from fastbp.engine.bound cimport Frame, Lane
from fastbp.engine.program cimport ARRAYS, OUTPUTS
from fastbp.engine.team cimport Crew

cdef enum:              # how a walk ended
    DONE
    PAUSED              # between two batches: the caller should look for signals, and how many threads pay
    BAD                 # the loss is not finite
    HELD                # the update was held back, as it might leave numbers that are not
    OVER                # the team is over: a signal's handler raised, and the error is set

cdef struct Cursor:                 # where in an epoch a walk is
    Py_ssize_t batch
    long taken                      # pieces that threads have taken: groups of blocks, batches, blocks
    double sums[OUTPUTS]            # of the outputs, weighted by rows

cdef struct Walk:                   # a walk over batches, as the threads of a team share it
    Frame *frame
    Cursor *cursor
    const long long *index          # the order of all rows, or NULL for the arrays' own
    Py_ssize_t base                 # the run's first row in it
    Py_ssize_t batches
    Py_ssize_t total                # all rows
    double deadline                 # when to pause
    int status
    long pause                      # somebody saw that it is time: to pause after so many batches, or pieces
    bint looks
    bint look[ARRAYS]               # whether NaN and infinity are looked for in an array's rows when they come in
    long found                      # how many threads found one, and one of the places
    int bad_array
    Py_ssize_t bad_row, bad_column
    bint guards                     # updates that might leave numbers that are not finite are held back
    double *table                   # of `walk_apart`: the outputs of each batch

cdef struct Pace:                   # a thread's own
    Crew *crew
    int rank
    unsigned mode                   # how subnormals were treated before the walk
    double left                     # operations until the next look at the clock
    double deadline                 # when to look for signals in the midst of a batch

cdef enum:
    CHUNK = 20_000_000              # operations between two looks at the clock

cdef double next_poll(double patience=*) noexcept nogil
cdef void begin_epoch(Cursor *c) noexcept nogil
cdef void begin_walk(Walk *w, Frame *f, Cursor *c, Py_ssize_t batches, Py_ssize_t total) noexcept nogil
cdef double output_of(const Frame *f, int lane, int i) noexcept nogil
cdef void set_out(Pace *p, const Walk *w, Crew *crew, int rank) noexcept nogil
cdef void arrive(const Pace *p) noexcept nogil
cdef bint heeds(Pace *p, double cost) noexcept nogil
cdef bint own_steps(const Frame *f, Lane *lane, int first, int end, Py_ssize_t rows, int which, Pace *p) noexcept nogil
cdef int standing(const Frame *f, Py_ssize_t row) noexcept nogil
cdef bint carries(const Frame *f, Py_ssize_t row, Py_ssize_t rows) noexcept nogil
cdef void carry_on(const Frame *f, Lane *lane, Py_ssize_t row, Py_ssize_t rows, int rank, int lanes) noexcept nogil
cdef void load(Walk *w, Lane *lane, Py_ssize_t at, Py_ssize_t m, int rank, int lanes) noexcept nogil
cdef bint is_time(Pace *p, double cost, double deadline) noexcept nogil
cdef void walk(void *context, Crew *crew, int rank) noexcept nogil      # a Job on a Walk
