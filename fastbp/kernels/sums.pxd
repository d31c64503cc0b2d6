"""Sums over contiguous numbers: number i goes to lane i % LANES, the lanes are added as a tree at the end.

The lanes are 64 bytes, one vector on x86-64-v4, two on v3, four on v2: the order, and so the bits, are the same.
Only modules of this folder may cimport this.

No sum of more than TERMS numbers is made in one go: its error would grow with what has been summed already. Its pieces
are, and they are added with what these few additions lose.
"""
from fastbp.kernels.vector cimport real, vector, vf, vd, WF, WD, LANES_FLOAT, LANES_DOUBLE


cdef inline void carry(real *sum, real *rest, real x) noexcept nogil:
    """sum + rest += x: the sum rounded, and what that lost (the two-sum of D. E. Knuth). An infinite sum loses nothing."""
    cdef real s = sum[0] + x, part = s - sum[0], lost
    lost = (sum[0] - (s - part)) + (x - part)
    rest[0] = rest[0] + (lost if lost == lost else <real>0)
    sum[0] = s


cdef inline void add_vectors(vector *acc, const real *x, Py_ssize_t n, Py_ssize_t vectors,
                             Py_ssize_t width) noexcept nogil:
    """acc[k] += vector k of each group of `vectors`."""
    cdef Py_ssize_t i, k
    for i in range(n):
        for k in range(vectors):
            acc[k] = acc[k] + (<const vector *> (x + (i * vectors + k) * width))[0]


cdef inline void add_lanes(real *lane, const real *x, Py_ssize_t n) noexcept nogil:
    """lane[i % LANES] += x[i]. A sum in chunks is the sum in one piece if all but the last are whole groups."""
    cdef vf f[LANES_FLOAT]
    cdef vd d[LANES_DOUBLE]
    cdef Py_ssize_t i, k
    if real is float:
        for k in range(LANES_FLOAT // WF):
            f[k] = (<vf *> (lane + k * WF))[0]
        add_vectors(f, x, n // LANES_FLOAT, LANES_FLOAT // WF, WF)
        for k in range(LANES_FLOAT // WF):
            (<vf *> (lane + k * WF))[0] = f[k]
        i = n - n % LANES_FLOAT
    else:
        for k in range(LANES_DOUBLE // WD):
            d[k] = (<vd *> (lane + k * WD))[0]
        add_vectors(d, x, n // LANES_DOUBLE, LANES_DOUBLE // WD, WD)
        for k in range(LANES_DOUBLE // WD):
            (<vd *> (lane + k * WD))[0] = d[k]
        i = n - n % LANES_DOUBLE
    for k in range(n - i):
        lane[k] += x[i + k]


cdef inline void clear_lanes(real *lane) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(LANES_FLOAT if real is float else LANES_DOUBLE):
        lane[k] = 0


cdef inline real fold_lanes(real *lane) noexcept nogil:
    """The sum of the lanes, by halves."""
    cdef Py_ssize_t k
    if real is float:
        for k in range(8):
            lane[k] += lane[k + 8]
    for k in range(4):
        lane[k] += lane[k + 4]
    return (lane[0] + lane[2]) + (lane[1] + lane[3])
