from fastbp.kernels.vector cimport real

cdef struct Step:
    int op, kind
    bint rowwise        # n is the number of rows of the block in hand
    int pieces          # of a long one: into how many a thread's part is cut, to look for signals before each; else 0
    double cost         # operations for a block, about; 0 of an update
    int goes_on         # adds to what the blocks before left, from this kind of block on
    bint flat           # the operands of a broadcasting operation are whole, or one number
    Py_ssize_t n, m, k, per   # per: of n in each row of the block
    Py_ssize_t ars, acs, brs, bcs
    Py_ssize_t lda, ldc         # rows of a dense step's left operand and of its output lie so many elements apart
    int share                   # how threads share the step
    int turn                    # which thread's it is, if only one's
    bint meets                  # they meet before it
    Py_ssize_t width[5]         # elements of out, second, a, b, c in each row, where threads share the rows; else 0
    double scale
    void *out
    void *second        # a second output: the sum of a loss
    void *a
    void *b
    void *c
    Py_ssize_t more     # of an update: from one half of the gradient to the other, where it reads two; else 0
    void *coming                # rows like those of `a` that the next block will read, where it is worth asking for them

cdef enum:              # which block of a batch, or of a group of its blocks, is in hand
    FIRST = 0           # sums over its rows begin
    NEXT_PIECE = 1      # sums begin anew: the walk carries what they were. Those that are not carried go on
    NEXT = 2            # sums go on

cdef enum:              # how threads share a step; steps.pyx has the compiler's words for it
    ONE                 # it is one thread's
    BY_ROWS             # of the block, or of what a step without rows of the block makes: rows, or elements
    BY_COLUMNS          # of a dense step's output
    BY_OUTPUT_ROWS      # of a matrix of weights

cdef enum:
    HYPER = 16          # numbers of an optimizer
    LEARNING_RATE = 0
    BETA_1 = 1          # momentum, for SGD
    BETA_2 = 2          # 1 for Nesterov's, for SGD
    EPSILON = 3
    TIME = 4            # updates so far
    POWER_1 = 5         # beta_1 ** time
    POWER_2 = 6
    SPOILT = 7          # see `spoilt`
    LARGEST = 8         # what no velocity or mean of gradients exceeds; infinity where nobody has kept count

cdef inline long *spoilt(double *hyper) noexcept nogil:
    """A word that threads share: 1 once an update left a number that is not finite."""
    return <long *>(hyper + SPOILT)

cdef void execute(const Step *s, Py_ssize_t rows, int which, double *hyper, real *work) noexcept nogil
cdef void execute_share(const Step *s, Py_ssize_t rows, int which, double *hyper, real *work, int rank,
                        int lanes) noexcept nogil
cdef int sums_go_on(bint accumulates, bint keeps) noexcept nogil
cdef void share_of(Py_ssize_t n, int rank, int lanes, Py_ssize_t *first, Py_ssize_t *end) noexcept nogil
cdef double largest_state(const Step *s, const double *hyper, double gradient) noexcept nogil
cdef bint is_harmless(const Step *s, const double *hyper, double gradient, bint single) noexcept nogil
cdef void advance_hyper(const Step *s, double *hyper) noexcept nogil
cpdef int op_code(str name) except -1
cpdef int kind_code(str op, str kind) except -3
cpdef int share_code(str share) except -1
