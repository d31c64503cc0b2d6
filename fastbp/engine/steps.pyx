"""The cases of the engine: what each kind of step does, by which kernel.

A new operation has one row in the table of operations, one kernel, and one case here.
"""
from libc.math cimport sqrt

from fastbp.kernels.vector cimport real
from fastbp.kernels.dense cimport layer_forward, layer_inputs, layer_weights
from fastbp.kernels cimport elementwise as ew, losses, moves, reduce_axes, reductions, sorting, updates
from fastbp.kernels.matmul cimport TIES, transpose
from fastbp.engine.platform cimport fb_put

cdef enum:
    UNARY, BINARY, BROADCAST, HITS, COPY, TRANSPOSE
    SUM_ALL, SUM_ROWS, SUM_COLUMNS, SUM_AXIS, MAX_AXIS, MIN_AXIS, CUMSUM_AXIS
    WHERE, GATHER, SCATTER, GATHER_COLUMNS, SCATTER_COLUMNS, JOIN_COLUMNS, TAKE_ROWS, ADD_ROWS
    ARGSORT, TAKE_ALONG, PUT_ALONG
    SOFTMAX, CROSS_ENTROPY, CROSS_ENTROPY_WITH_LOGITS, ONE_HOT, CLASS_HITS
    DENSE, DENSE_INPUTS, DENSE_WEIGHTS
    BCE_FUSED, CROSS_ENTROPY_FUSED, SQUARED_ERROR_FUSED
    SGD, MOMENTUM, ADAM

cdef enum:
    GRAIN = 16          # shares begin at multiples: a cache line of float32, so that no two threads write to one
    COLUMNS = 32        # a panel of the matmul

cdef enum:
    IDENTITY = -1       # the kind of a dense step without an activation, or of one whose gate is a relu's
    RAMP = -2           # its activation, or its gate, is a relu that tells ties from what it cuts off

_OPS = {
    "unary": UNARY, "binary": BINARY, "broadcast": BROADCAST, "binary_hits": HITS, "copy": COPY,
    "transpose": TRANSPOSE, "sum_all": SUM_ALL, "sum_rows": SUM_ROWS, "sum_columns": SUM_COLUMNS,
    "sum_axis": SUM_AXIS, "max_axis": MAX_AXIS, "min_axis": MIN_AXIS, "cumsum_axis": CUMSUM_AXIS,
    "where": WHERE, "gather": GATHER, "scatter": SCATTER, "gather_columns": GATHER_COLUMNS,
    "scatter_columns": SCATTER_COLUMNS, "join_columns": JOIN_COLUMNS, "take_rows": TAKE_ROWS, "add_rows": ADD_ROWS,
    "argsort": ARGSORT, "take_along": TAKE_ALONG, "put_along": PUT_ALONG,
    "softmax": SOFTMAX, "cross_entropy": CROSS_ENTROPY, "cross_entropy_with_logits": CROSS_ENTROPY_WITH_LOGITS,
    "one_hot": ONE_HOT, "class_hits": CLASS_HITS,
    "dense": DENSE, "dense_inputs": DENSE_INPUTS, "dense_weights": DENSE_WEIGHTS,
    "bce_with_logits_fused": BCE_FUSED, "cross_entropy_fused": CROSS_ENTROPY_FUSED,
    "squared_error_fused": SQUARED_ERROR_FUSED,
    "sgd": SGD, "momentum": MOMENTUM, "adam": ADAM,
}
_UNARY = {
    "negative": ew.NEGATIVE, "square": ew.SQUARE, "sqrt": ew.SQRT, "exp": ew.EXP, "log": ew.LOG,
    "reciprocal": ew.RECIPROCAL, "sigmoid": ew.SIGMOID, "tanh": ew.TANH, "relu": ew.RELU,
    "log1p": ew.LOG1P, "expm1": ew.EXPM1, "sin": ew.SIN, "cos": ew.COS,
    "arctan": ew.ARCTAN, "erf": ew.ERF, "absolute": ew.ABSOLUTE, "sign": ew.SIGN,
    "floor": ew.FLOOR, "ceil": ew.CEIL, "softplus": ew.SOFTPLUS, "single": ew.SINGLE,
}
_BINARY = {
    "add": ew.ADD, "subtract": ew.SUBTRACT, "multiply": ew.MULTIPLY, "divide": ew.DIVIDE,
    "sigmoid_grad": ew.SIGMOID_GRAD, "tanh_grad": ew.TANH_GRAD, "relu_grad": ew.RELU_GRAD,
    "squared_error": ew.SQUARED_ERROR, "bce": ew.BCE, "bce_grad": ew.BCE_GRAD, "bce_with_logits": ew.BCE_WITH_LOGITS,
    "power": ew.POWER, "arctan2": ew.ARCTAN2, "maximum": ew.MAXIMUM, "minimum": ew.MINIMUM,
    "mod": ew.MOD, "greater": ew.GREATER, "greater_equal": ew.GREATER_EQUAL, "equal": ew.EQUAL,
    "not_equal": ew.NOT_EQUAL, "ramp_grad": ew.RAMP_GRAD,
}
_DENSE = {"identity": IDENTITY, "ramp": RAMP}


_SHARES = {"one": ONE, "rows": BY_ROWS, "columns": BY_COLUMNS, "output rows": BY_OUTPUT_ROWS, "elements": BY_ROWS}


cpdef int share_code(str share) except -1:
    """The number of a way to share a step."""
    return _SHARES[share]


cpdef int op_code(str name) except -1:
    """The number of a step's operation."""
    return _OPS[name]


cpdef int kind_code(str op, str kind) except -3:
    """The number of a step's function: which of the elementwise ones, or which activation."""
    if op == "binary":
        return _BINARY[kind]
    return _DENSE[kind] if kind in _DENSE else _UNARY[kind]


cdef int sums_go_on(bint accumulates, bint keeps) noexcept nogil:
    """From which kind of block on a step adds to what the blocks before left; `keeps`: no matter what the walk carries."""
    if not accumulates:
        return NEXT + 1
    return NEXT_PIECE if keeps else NEXT


cdef void execute(const Step *s, Py_ssize_t rows, int which, double *hyper, real *work) noexcept nogil:
    """Run one step on `rows` rows of a block; `which`: FIRST, NEXT_PIECE or NEXT."""
    cdef Py_ssize_t n = rows * s.per if s.rowwise else s.n, m = s.m
    cdef real *out = <real *>s.out
    cdef real *second = <real *>s.second
    cdef real *a = <real *>s.a
    cdef real *b = <real *>s.b
    cdef real *c = <real *>s.c
    cdef bint adds = which >= s.goes_on
    if s.op == DENSE:
        layer_forward(out, a, b, c, n, s.k, m, s.ldc, relu_of(s.kind), work, <const real *>s.coming)
        if s.kind >= 0 and s.kind != ew.RELU:
            activate(s, out, n)
    elif s.op == DENSE_INPUTS:
        layer_inputs(out, a, b, c, s.kind == RAMP, n, s.k, m, s.ldc, work)
    elif s.op == DENSE_WEIGHTS:
        layer_weights(out, a, b, n, s.k, m, s.lda, s.ldc, adds, work, <const real *>s.coming)
    elif s.op == SUM_ROWS:
        reductions.column_sums(out, a, n, m, adds)
    elif s.op >= BCE_FUSED and s.op <= SQUARED_ERROR_FUSED:
        fused_loss(s, n, adds, out, second, a, b)
    elif s.op == UNARY:
        ew.unary(s.kind, out, a, n * m)
    elif s.op == BINARY:
        if s.flat:
            ew.binary(s.kind, out, a, 0, s.acs, b, 0, s.bcs, 1, n * m)
        else:
            ew.binary(s.kind, out, a, s.ars, s.acs, b, s.brs, s.bcs, n, m)
    elif s.op >= SGD:
        if not update(s, hyper, out, a, b, c):
            fb_put(spoilt(hyper), 1)
    else:
        if s.op >= WHERE and s.op <= PUT_ALONG:
            move(s, n, adds, out, second, a, b, c, work)
        else:
            rare(s, n, adds, out, a, b)


cdef inline int relu_of(int kind) noexcept nogil:
    return TIES if kind == RAMP else kind == ew.RELU


cdef inline void activate(const Step *s, real *out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if s.ldc == s.m:
        ew.unary(s.kind, out, out, n * s.m)
    else:                       # some columns of the matrix
        for i in range(n):
            ew.unary(s.kind, out + i * s.ldc, out + i * s.ldc, s.m)


cdef void execute_share(const Step *s, Py_ssize_t rows, int which, double *hyper, real *work, int rank,
                        int lanes) noexcept nogil:
    """The part of a step that is thread `rank`'s, of `lanes`. Each output is made as one thread makes it."""
    cdef Step part
    cdef Py_ssize_t first, end
    if s.share == ONE:
        if s.turn % lanes == rank:
            execute(s, rows, which, hyper, work)
        return
    part = s[0]
    if s.share == BY_ROWS:
        share_of(rows if s.rowwise else s.n, rank, lanes, &first, &end)
        rows, part.n = end - first, end - first
        shift(&part, first, <real>0)
    elif s.share == BY_COLUMNS:
        if s.rowwise and s.op != DENSE_WEIGHTS:
            share_panels(&part, &rows, &rank, &lanes, <real>0)
        cut(s.k if s.op == DENSE_INPUTS else s.m, COLUMNS, rank, lanes, &first, &end)
        part.out, part.b = <real *>part.out + first, <real *>part.b + (first * s.m if s.op == DENSE_INPUTS else first)
        part.c = NULL if s.c == NULL else <real *>part.c + first
        if s.op == DENSE_INPUTS:
            part.k = end - first
        else:
            part.m = end - first
    else:
        cut(s.k, 4, rank, lanes, &first, &end)
        part.k = end - first
        part.out, part.a = <real *>s.out + first * s.ldc, <real *>s.a + first
    if end > first and rows > 0:
        execute(&part, rows, which, hyper, work)


cdef inline void share_panels(Step *part, Py_ssize_t *rows, int *rank, int *lanes, real kind) noexcept nogil:
    """Where there are fewer panels of columns than threads, several threads share a panel's rows."""
    cdef Py_ssize_t panels = ((part.k if part.op == DENSE_INPUTS else part.m) + COLUMNS - 1) // COLUMNS, first, end
    cdef int teams = lanes[0] // <int>panels, team = rank[0] // <int>panels
    if teams < 2:
        return
    share_of(rows[0] if team < teams else 0, team, teams, &first, &end)
    rows[0] = end - first
    shift(part, first, kind)
    rank[0], lanes[0] = rank[0] % <int>panels, <int>panels


cdef inline void cut(Py_ssize_t total, Py_ssize_t grain, int rank, int lanes, Py_ssize_t *first,
                     Py_ssize_t *end) noexcept nogil:
    """Share `rank` of `total` things in grains: whole grains, as evenly as they go."""
    cdef Py_ssize_t grains = (total + grain - 1) // grain
    if lanes == 1:                      # without a division
        first[0], end[0] = 0, total
        return
    first[0] = min(grains * rank // lanes * grain, total)
    end[0] = min(grains * (rank + 1) // lanes * grain, total)


cdef void share_of(Py_ssize_t n, int rank, int lanes, Py_ssize_t *first, Py_ssize_t *end) noexcept nogil:
    """This thread's share of rows, or of elements: the same one wherever there are as many of them."""
    cut(n, GRAIN, rank, lanes, first, end)


cdef inline void shift(Step *part, Py_ssize_t first, real kind) noexcept nogil:
    """Let the operands begin at a row."""
    part.out = <real *>part.out + first * part.width[0]
    part.second = <real *>part.second + first * part.width[1]
    part.a = <real *>part.a + first * part.width[2]
    if part.coming != NULL:
        part.coming = <real *>part.coming + first * part.width[2]
    part.b = <real *>part.b + first * part.width[3]
    part.c = <real *>part.c + first * part.width[4]


cdef void fused_loss(const Step *s, Py_ssize_t n, bint adds, real *dz, real *total, real *z, real *y) noexcept nogil:
    """The gradient at the prediction, and the sum of the losses."""
    cdef real value
    if s.op == BCE_FUSED:
        value = losses.bce_with_logits_fused(dz, z, y, n * s.m, <real>s.scale)
    elif s.op == CROSS_ENTROPY_FUSED:
        value = losses.softmax_cross_entropy_fused(dz, z, y, n, s.m, <real>s.scale)
    else:
        value = losses.squared_error_fused(dz, z, y, n * s.m, <real>s.scale)
    total[0] = total[0] + value if adds else value


cdef bint update(const Step *s, double *h, real *p, real *g, real *state, real *other) noexcept nogil:
    """One step of the optimizer, and whether it left finite numbers; `advance_hyper` is due when all are through it."""
    cdef const real *more = g + s.more if s.more else NULL
    if s.op == SGD:
        return updates.sgd(p, g, more, s.n, <real>h[LEARNING_RATE])
    if s.op == MOMENTUM:
        return updates.momentum(p, state, g, more, s.n, <real>h[LEARNING_RATE], <real>h[BETA_1], h[BETA_2] != 0)
    return updates.adam(p, state, other, g, more, s.n, <real>(h[LEARNING_RATE] / (1 - h[POWER_1] * h[BETA_1])), h[BETA_1],
                        h[BETA_2], <real>(1 / sqrt(1 - h[POWER_2] * h[BETA_2])), <real>h[EPSILON])


cdef double largest_state(const Step *s, const double *h, double gradient) noexcept nogil:
    """What no velocity or mean exceeds after an update with gradients up to a size."""
    if s.op == SGD:
        return 0
    return h[BETA_1] * h[LARGEST] + gradient if s.op == MOMENTUM else max(h[LARGEST], gradient)


cdef bint is_harmless(const Step *s, const double *h, double gradient, bint single) noexcept nogil:
    """Whether an update with gradients up to a size leaves finite numbers, whatever the parameters are.

    Adding less than half of the distance between the largest numbers (1e31 of float32, 1e291 of float64) to a number
    does not make it infinite; and the squares of gradients have to be numbers.
    """
    cdef double most = 1e30 if single else 1e288, state = largest_state(s, h, gradient), rate = h[LEARNING_RATE]
    if s.op == SGD:
        return rate < most and rate * gradient < most
    if s.op == MOMENTUM:
        return rate < most and state < most and rate * (gradient + state) < most
    return (gradient * gradient < most and h[EPSILON] * most > 1 and rate < most and state < most
            and rate * state < most * h[EPSILON] * (1 - h[POWER_1] * h[BETA_1]))


cdef void advance_hyper(const Step *s, double *h) noexcept nogil:
    """The optimizer's numbers for the update `s`."""
    h[TIME] += 1
    if s.op == ADAM:
        h[POWER_1] *= h[BETA_1]
        h[POWER_2] *= h[BETA_2]


cdef void rare(const Step *s, Py_ssize_t n, bint adds, real *out, real *a, real *b) noexcept nogil:
    """Steps that a plain network does not have."""
    cdef Py_ssize_t m = s.m, i
    cdef real value
    if s.op == SUM_ALL:
        value = reductions.total(a, n * m)
        out[0] = out[0] + value if adds else value
    elif s.op == SUM_COLUMNS:
        reductions.row_sums(out, a, n, m)
    elif s.op == SUM_AXIS:
        reduce_axes.sum_axis(out, a, n, s.k, m)
    elif s.op == MAX_AXIS:
        reduce_axes.max_axis(out, a, n, s.k, m)
    elif s.op == MIN_AXIS:
        reduce_axes.min_axis(out, a, n, s.k, m)
    elif s.op == CUMSUM_AXIS:
        reduce_axes.cumsum_axis(out, a, n, s.k, m, s.scale != 0)
    elif s.op == BROADCAST:
        ew.broadcast(out, a, s.ars, s.acs, n, m)
    elif s.op == COPY:
        for i in range(n * m):
            out[i] = a[i]
    elif s.op == TRANSPOSE:
        transpose(out, n, a, m, m, n)
    elif s.op == HITS:
        ew.binary_hits(out, a, b, n * m, <real>s.scale)
    elif s.op == SOFTMAX:
        losses.softmax(out, a, n, m)
    elif s.op == CROSS_ENTROPY:
        losses.cross_entropy(out, a, b, n, m)
    elif s.op == CROSS_ENTROPY_WITH_LOGITS:
        losses.cross_entropy_with_logits(out, a, b, n, m)
    elif s.op == ONE_HOT:
        losses.one_hot(out, a, n, m)
    else:
        losses.class_hits(out, a, b, n, m)


cdef void move(const Step *s, Py_ssize_t n, bint adds, real *out, real *rest, real *a, real *b, real *c,
               real *work) noexcept nogil:
    """Steps that choose or move numbers; `c` holds the index where there is one, `rest` takes what sums lose."""
    cdef const long long *index = <const long long *>s.c
    if s.op == WHERE:
        ew.where(out, a, b, s.acs, c, s.bcs, n * s.m)
    elif s.op == GATHER:
        moves.gather_elements(out, a, index, s.m)
    elif s.op == SCATTER:
        moves.scatter_elements(out, rest, a, index, s.m, s.k, False)
    elif s.op == GATHER_COLUMNS:
        moves.gather_columns(out, a, index, n, s.m, s.k)
    elif s.op == SCATTER_COLUMNS:
        moves.scatter_columns(out, rest, a, index, n, s.m, s.k)
    elif s.op == JOIN_COLUMNS:
        moves.join_columns(out, a, b, n, s.m, s.k)
    elif s.op == TAKE_ROWS:
        moves.take_rows(out, a, b, n, s.k, s.m)
    elif s.op == ADD_ROWS:
        moves.add_rows(out, rest, a, b, n, s.k, s.m, adds)
    elif s.op == ARGSORT:
        sorting.argsort(out, a, n, s.m, work)
    elif s.op == TAKE_ALONG:
        sorting.take_along(out, a, b, n, s.m)
    else:
        sorting.put_along(out, rest, a, b, n, s.m)
