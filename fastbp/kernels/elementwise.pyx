"""Elementwise kernels: plain loops over branch-free functions of one number, which the compiler vectorises.

Broadcast operands are written out in a small buffer first, so that an operation is one loop over contiguous numbers.
"""
from fastbp.kernels.vector cimport real, vf, WF, fma_, sqrt_, floor_, ceil_, load_part, store_part
from fastbp.kernels.lookup cimport LOOKS_UP, tanh_looked_up
from fastbp.kernels.transcendental cimport (exp_, exp_bounded, expm1_, log_, log1p_, log1p_unit, signed_log1p,
                                            sigmoid_, tanh_, absolute)
from fastbp.kernels.trigonometric cimport angles, arctan_, arctan2_
from fastbp.kernels.special cimport erf_, softplus_
from fastbp.kernels.powers cimport power_, mod_

cdef enum:
    CHUNK = 512     # numbers in a buffer


cdef inline real sign_(real x) noexcept nogil:
    """1, -1, 0 at 0, NaN at NaN."""
    cdef real y = <real>1 if x > 0 else <real>0
    y = <real>-1 if x < 0 else y
    return y if x == x else x


cdef inline void tanh_all(real *out, const real *x, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0
    if real is float and LOOKS_UP:
        while i + WF <= n:
            (<vf *>(out + i))[0] = tanh_looked_up((<const vf *>(x + i))[0])
            i += WF
        if i < n:
            store_part(out + i, tanh_looked_up(load_part(x + i, <int>(n - i))), <int>(n - i))
    else:
        for i in range(n):
            out[i] = tanh_(x[i])


cdef inline void unary_later(int op, real *out, const real *x, Py_ssize_t n) noexcept nogil:
    """`unary`, from LOG1P on."""
    cdef Py_ssize_t i
    if op == LOG1P:
        for i in range(n):
            out[i] = signed_log1p(x[i])
    elif op == EXPM1:
        for i in range(n):
            out[i] = expm1_(x[i])
    elif op == SIN or op == COS:
        angles(out, x, n, op == COS)
    elif op == ARCTAN:
        for i in range(n):
            out[i] = arctan_(x[i])
    elif op == ERF:
        for i in range(n):
            out[i] = erf_(x[i])
    elif op == SOFTPLUS:
        for i in range(n):
            out[i] = softplus_(x[i])
    elif op == ABSOLUTE:
        for i in range(n):
            out[i] = absolute(<real> x[i])
    elif op == SIGN:
        for i in range(n):
            out[i] = sign_(x[i])
    elif op == FLOOR:
        for i in range(n):
            out[i] = floor_(x[i])
    elif op == CEIL:
        for i in range(n):
            out[i] = ceil_(x[i])
    elif op == SINGLE:
        for i in range(n):
            out[i] = <float>x[i]


cdef void unary(int op, real *out, const real *x, Py_ssize_t n) noexcept nogil:
    """out = op(x), n numbers; out may be x."""
    cdef Py_ssize_t i
    if op == NEGATIVE:
        for i in range(n):
            out[i] = -x[i]
    elif op == SQUARE:
        for i in range(n):
            out[i] = x[i] * x[i]
    elif op == SQRT:
        for i in range(n):
            out[i] = sqrt_(x[i])
    elif op == EXP:
        for i in range(n):
            out[i] = exp_(x[i])
    elif op == LOG:
        for i in range(n):
            out[i] = log_(x[i])
    elif op == RECIPROCAL:
        for i in range(n):
            out[i] = <real>1 / x[i]
    elif op == SIGMOID:
        for i in range(n):
            out[i] = sigmoid_(x[i])
    elif op == TANH:
        tanh_all(out, x, n)
    elif op == RELU:
        for i in range(n):
            out[i] = <real>0 if x[i] < 0 else x[i]
    else:
        unary_later(op, out, x, n)


cdef inline real bce_(real p, real y) noexcept nogil:
    """-(y log p + (1 - y) log(1 - p)), the logarithms floored at -100."""
    cdef real a = log_(p), b = log1p_(-p)
    a = <real>-100 if a < -100 else a
    b = <real>-100 if b < -100 else b
    return fma_(y - <real>1, b, -(y * a))


cdef inline real bce_grad_(real p, real y) noexcept nogil:
    """(p - y) / max(p (1 - p), 1e-12)."""
    cdef real d = p * (<real>1 - p)
    d = <real>1e-12 if d < <real>1e-12 else d
    return (p - y) / d


cdef inline real bce_with_logits_(real z, real y) noexcept nogil:
    """max(z, 0) - y z + log(1 + exp(-|z|))."""
    cdef real e = absolute(z), top = z if z > 0 else <real>0
    e = exp_bounded(-e)
    e = log1p_unit(e)
    top = fma_(-y, z, top)
    return top + e


cdef inline real ramp_grad_(real g, real x) noexcept nogil:
    """g where x > 0, half of it where x is 0, else 0."""
    cdef real half = <real>0.5 * g
    half = half if x == 0 else <real>0
    return g if x > 0 else half


cdef inline void compare(int op, real *out, const real *a, const real *b, Py_ssize_t n) noexcept nogil:
    """`apply`, from MAXIMUM on: the larger or the smaller, NaN if either is; comparisons as 1 and 0; RAMP_GRAD."""
    cdef Py_ssize_t i
    if op == MAXIMUM:
        for i in range(n):
            out[i] = a[i] if (a[i] >= b[i]) | (a[i] != a[i]) else b[i]
    elif op == MINIMUM:
        for i in range(n):
            out[i] = a[i] if (a[i] <= b[i]) | (a[i] != a[i]) else b[i]
    elif op == GREATER:
        for i in range(n):
            out[i] = <real>1 if a[i] > b[i] else <real>0
    elif op == GREATER_EQUAL:
        for i in range(n):
            out[i] = <real>1 if a[i] >= b[i] else <real>0
    elif op == EQUAL:
        for i in range(n):
            out[i] = <real>1 if a[i] == b[i] else <real>0
    elif op == NOT_EQUAL:
        for i in range(n):
            out[i] = <real>1 if a[i] != b[i] else <real>0
    elif op == RAMP_GRAD:
        for i in range(n):
            out[i] = ramp_grad_(a[i], b[i])


cdef inline void apply_later(int op, real *out, const real *a, const real *b, Py_ssize_t n) noexcept nogil:
    """`apply`, from POWER on."""
    cdef Py_ssize_t i
    if op == POWER:
        for i in range(n):
            out[i] = power_(a[i], b[i])
    elif op == ARCTAN2:
        for i in range(n):
            out[i] = arctan2_(a[i], b[i])
    elif op == MOD:
        for i in range(n):
            out[i] = mod_(a[i], b[i])
    else:
        compare(op, out, a, b, n)


cdef void apply(int op, real *out, const real *a, const real *b, Py_ssize_t n) noexcept nogil:
    """out = op(a, b), n numbers; out may be a or b."""
    cdef Py_ssize_t i
    if op == ADD:
        for i in range(n):
            out[i] = a[i] + b[i]
    elif op == SUBTRACT:
        for i in range(n):
            out[i] = a[i] - b[i]
    elif op == MULTIPLY:
        for i in range(n):
            out[i] = a[i] * b[i]
    elif op == DIVIDE:
        for i in range(n):
            out[i] = a[i] / b[i]
    elif op == SIGMOID_GRAD:
        for i in range(n):
            out[i] = a[i] * (b[i] * (<real>1 - b[i]))
    elif op == TANH_GRAD:
        for i in range(n):
            out[i] = a[i] * fma_(-b[i], b[i], <real>1)
    elif op == RELU_GRAD:
        for i in range(n):
            out[i] = a[i] if b[i] > 0 else <real>0
    elif op == SQUARED_ERROR:
        for i in range(n):
            out[i] = (a[i] - b[i]) * (a[i] - b[i])
    elif op == BCE:
        for i in range(n):
            out[i] = bce_(a[i], b[i])
    elif op == BCE_GRAD:
        for i in range(n):
            out[i] = bce_grad_(a[i], b[i])
    elif op == BCE_WITH_LOGITS:
        for i in range(n):
            out[i] = bce_with_logits_(a[i], b[i])
    else:
        apply_later(op, out, a, b, n)


cdef void broadcast(real *out, const real *x, Py_ssize_t rs, Py_ssize_t cs, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """out (n, m) = x, whose strides are rs and cs (0 or 1)."""
    cdef Py_ssize_t i, j
    for i in range(n if m else 0):
        if cs == 0:
            for j in range(m):
                out[i * m + j] = x[i * rs]
        else:
            for j in range(m):
                out[i * m + j] = x[i * rs + j]


cdef void binary(int op, real *out, const real *a, Py_ssize_t ars, Py_ssize_t acs, const real *b, Py_ssize_t brs,
                 Py_ssize_t bcs, Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    """out (n, m) = op(a, b), operands by their strides (acs, bcs: 0 or 1); out may be an operand that is contiguous.

    A block is a number of whole rows, or a piece of one.
    """
    cdef real abuffer[CHUNK]
    cdef real bbuffer[CHUNK]
    cdef Py_ssize_t i = 0, j, rows, columns
    cdef const real *u
    cdef const real *v
    cdef bint adirect, bdirect, first = True
    if m == 1 and ars <= 1 and brs <= 1:            # a column is a row
        n, m, ars, acs, brs, bcs = 1, n, 0, ars, 0, brs
    if acs == 1 and bcs == 1 and (n == 1 or (ars == m and brs == m)):
        apply(op, out, a, b, n * m)
        return
    while i < n and m > 0:
        rows = 1 if m >= CHUNK else min(n - i, CHUNK // m)
        j = 0
        while j < m:
            columns = min(m - j, CHUNK)
            adirect = acs == 1 and (rows == 1 or ars == m)
            bdirect = bcs == 1 and (rows == 1 or brs == m)
            u = a + i * ars + j * acs
            v = b + i * brs + j * bcs
            if not adirect:
                if first or ars != 0:
                    broadcast(abuffer, u, ars, acs, rows, columns)
                u = abuffer
            if not bdirect:
                if first or brs != 0:
                    broadcast(bbuffer, v, brs, bcs, rows, columns)
                v = bbuffer
            apply(op, out + i * m + j, u, v, rows * columns)
            first = False
            j += columns
        i += rows


cdef void binary_hits(real *out, const real *p, const real *y, Py_ssize_t n, real threshold) noexcept nogil:
    """out = 1 where (p > threshold) == (y > 0.5), else 0; a p that is NaN hits nothing."""
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = <real>1 if ((p[i] > threshold) == (y[i] > <real>0.5)) & (p[i] == p[i]) else <real>0


cdef inline void choose(real *out, const real *c, const real *a, Py_ssize_t as_, const real *b, Py_ssize_t bs,
                        Py_ssize_t n) noexcept nogil:
    """`where`; called with constant strides."""
    cdef Py_ssize_t i
    cdef real u, v
    for i in range(n):
        u = a[i * as_]
        v = b[i * bs]
        out[i] = u if c[i] != 0 else v


cdef void where(real *out, const real *c, const real *a, Py_ssize_t as_, const real *b, Py_ssize_t bs,
                Py_ssize_t n) noexcept nogil:
    """out = a where c != 0, else b, n numbers; as_, bs: 1, or 0 for one number. out may be c, a or b of n numbers."""
    cdef real u, v
    if n == 0:
        return
    if as_ and bs:
        choose(out, c, a, 1, b, 1, n)
    elif as_:
        v = b[0]
        choose(out, c, a, 1, &v, 0, n)
    elif bs:
        u = a[0]
        choose(out, c, &u, 0, b, 1, n)
    else:
        u, v = a[0], b[0]
        choose(out, c, &u, 0, &v, 0, n)


include "elementwise.pxi"      # the Python functions
