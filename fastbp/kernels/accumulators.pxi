# What matmul.pyx does with a row of a tile's accumulators.

from fastbp.kernels.vector cimport real, vector, vf, vd, vfma, splat, vfloor, vgate, vhalves


cdef inline void begin(const bint on, const int nv, vector *acc, const real *init) noexcept nogil:
    if (real is float and vector is vf) or (real is double and vector is vd):
        if on:
            acc[0] = (<const vector *>init)[0]
            if nv > 1:
                acc[1] = (<const vector *>init)[1]


cdef inline void madd(const bint on, const int nv, vector *acc, const real *a, vector b0, vector b1) noexcept nogil:
    cdef vector x
    if (real is float and vector is vf) or (real is double and vector is vd):
        if on:
            x = splat(a[0])
            acc[0] = vfma(x, b0, acc[0])
            if nv > 1:
                acc[1] = vfma(x, b1, acc[1])


cdef inline void end(const bint on, const int nv, vector *acc, real *c, vector low) noexcept nogil:
    if (real is float and vector is vf) or (real is double and vector is vd):
        if on:
            (<vector *>c)[0] = vfloor(acc[0], low)
            if nv > 1:
                (<vector *>c)[1] = vfloor(acc[1], low)


cdef inline void gated(const bint on, vector *acc, real *c, const real *gate) noexcept nogil:
    if (real is float and vector is vf) or (real is double and vector is vd):
        if on:
            (<vector *>c)[0] = vgate(acc[0], (<const vector *>gate)[0])
            (<vector *>c)[1] = vgate(acc[1], (<const vector *>gate)[1])


cdef inline void halved(const bint on, vector *acc, real *c, const real *gate) noexcept nogil:
    if (real is float and vector is vf) or (real is double and vector is vd):
        if on:
            (<vector *>c)[0] = vhalves(acc[0], (<const vector *>gate)[0])
            (<vector *>c)[1] = vhalves(acc[1], (<const vector *>gate)[1])
