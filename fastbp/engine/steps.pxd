from fastbp.kernels.vector cimport real

cdef struct Step:
    int op, kind
    bint rowwise        # n is the number of rows of the block in hand
    bint accumulates    # adds to what the blocks before left
    bint flat           # the operands of a broadcasting operation are whole, or one number
    Py_ssize_t n, m, k, per   # per: of n in each row of the block
    Py_ssize_t ars, acs, brs, bcs
    double scale
    void *out
    void *second        # a second output: the sum of a loss
    void *a
    void *b
    void *c

cdef enum:
    HYPER = 16          # numbers of an optimizer
    LEARNING_RATE = 0
    BETA_1 = 1          # momentum, for SGD
    BETA_2 = 2          # 1 for Nesterov's, for SGD
    EPSILON = 3
    TIME = 4            # updates so far
    POWER_1 = 5         # beta_1 ** time
    POWER_2 = 6

cdef void execute(const Step *s, Py_ssize_t rows, bint again, double *hyper, real *work) noexcept nogil
cpdef int op_code(str name) except -1
cpdef int kind_code(str op, str kind) except -2
