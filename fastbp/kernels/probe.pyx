"""What the hardware can do, measured: the yardsticks of the benchmarks."""
from math import isfinite
from time import perf_counter

from cpython.exc cimport PyErr_CheckSignals
from libc.stdlib cimport free, malloc
from fastbp.kernels.arguments cimport flag, number, one_of, whole
from fastbp.kernels.vector cimport real, vector, vf, vd, WF, WD, vfma, splat
from fastbp.kernels.dense cimport layer_forward, layer_inputs, layer_weights
from fastbp.kernels.matmul cimport work_size
from fastbp.kernels.pages cimport fb_large_pages

cdef enum:
    CHAINS = 12         # independent sums in registers: more than latency times throughput of any unit

LANES = WF              # float32 numbers in a vector of this build: 1 where the kernels are plain loops
_MOST = 2**63 - 1       # bytes, or elements


cdef double duration(object seconds) except? -1:
    """How long to measure: a number that the clock can pass."""
    cdef double value = number(seconds, "seconds")
    if not isfinite(value):
        raise ValueError(f"seconds: expected a finite number, got {value}")
    return value


cdef void multiply_add(vector *sink, double x, Py_ssize_t n) noexcept nogil:
    """n rounds of CHAINS fused multiply-adds on registers."""
    cdef vector acc[CHAINS]
    cdef vector a, b
    cdef Py_ssize_t _i
    cdef int j
    if vector is vf:
        a = splat(<float>x)
        b = splat(<float>(1 - x))
    else:
        a = splat(<double>x)
        b = splat(<double>(1 - x))
    acc[0] = a
    for j in range(1, CHAINS):      # all different, or the compiler keeps one
        acc[j] = acc[j - 1] + a
    for _i in range(n):
        for j in range(CHAINS):
            acc[j] = vfma(acc[j], a, b)
    for j in range(1, CHAINS):      # all used, or the compiler makes one
        acc[0] = acc[0] + acc[j]
    sink[0] = acc[0]


def fma_peak(str dtype="float32", seconds=0.2) -> float:
    """Fused multiply-adds on registers alone: the most that one core can do.

    Parameters
    ----------
    dtype : "float32" or "float64".
    seconds : how long to measure; the best of many short runs counts.

    Returns
    -------
    float
        GFLOP/s of one core, two a multiply-add, with the vectors of the chosen build.

    Examples
    --------
    >>> from fastbp.kernels import probe
    >>> probe.fma_peak(seconds=0.01) > 0
    True
    """
    cdef vf sink_f
    cdef vd sink_d
    cdef Py_ssize_t n = 100_000
    cdef double best = 0, checksum = 0, start, end = perf_counter() + duration(seconds)
    cdef bint single = one_of(dtype, "dtype", ("float32", "float64")) == 0
    while True:
        start = perf_counter()
        if single:
            multiply_add[vf](&sink_f, 0.5, n)
            checksum += (<float *>&sink_f)[0]
        else:
            multiply_add[vd](&sink_d, 0.5, n)
            checksum += (<double *>&sink_d)[0]
        best = max(best, 2. * CHAINS * (WF if single else WD) * n / (perf_counter() - start))
        PyErr_CheckSignals()
        if perf_counter() > end:
            return best * 1e-9 if checksum == checksum else 0


cdef void sweep(double *to, const double *x, Py_ssize_t n, bint copies) noexcept nogil:
    """Read n numbers once, and write them when asked to."""
    cdef vd acc[8]
    cdef int j
    cdef Py_ssize_t i = 0
    for j in range(8):
        acc[j] = splat(<double>0)
    while i + 8 * WD <= n:
        for j in range(8):
            if copies:
                (<vd *>(to + i + j * WD))[0] = (<const vd *>(x + i + j * WD))[0]
            else:
                acc[j] = acc[j] + (<const vd *>(x + i + j * WD))[0]
        i += 8 * WD
    if not copies:
        for j in range(8):
            (<vd *>(to + j * WD))[0] = acc[j]


def bandwidth(nbytes, copies=False, seconds=0.2) -> float:
    """Memory bandwidth of one core over a block of a size.

    Parameters
    ----------
    nbytes : size of the block in bytes, at least 4096.
    copies : read only, or copy (bytes read and bytes written both count).
    seconds : how long to measure; the best run counts.

    Returns
    -------
    float
        GB/s.

    Examples
    --------
    >>> from fastbp.kernels import probe
    >>> probe.bandwidth(1 << 16, seconds=0.01) > 0
    True
    """
    copies = flag(copies, "copies")
    cdef Py_ssize_t size = whole(nbytes, "nbytes", -_MOST, _MOST), n = size // 8, i
    cdef double best = 0, start, end, lasts = duration(seconds)
    if size < 4096:
        raise ValueError(f"nbytes: expected at least 4096, got {size}")
    cdef double *x = <double *>malloc(n * 8)
    cdef double *to = <double *>malloc(n * 8)
    if x == NULL or to == NULL:
        free(x)
        free(to)
        raise MemoryError(f"bandwidth needs two blocks of {size} bytes")
    fb_large_pages(x, n * 8)            # as NumPy asks for them for its arrays
    fb_large_pages(to, n * 8)
    for i in range(n):
        x[i] = to[i] = 1
    end = perf_counter() + lasts
    try:
        while True:
            start = perf_counter()
            sweep(to, x, n, copies)
            best = max(best, (2. if copies else 1.) * n * 8 / (perf_counter() - start))
            PyErr_CheckSignals()
            if perf_counter() > end:
                return best * 1e-9
    finally:
        free(x)
        free(to)


def dense_rate(str product, n, k, m, str dtype="float32", seconds=0.2) -> float:
    """How fast one product of a dense layer runs, over and over on the same memory.

    Parameters
    ----------
    product : {"forward", "inputs", "weights"}
        x (n, k) @ w (k, m) + b; dz (n, m) @ w.T; x.T @ dz.
    n, k, m : rows, inputs, output units, at least 1.
    dtype : "float32" or "float64".
    seconds : how long to measure; the median of many short runs counts.

    Returns
    -------
    float
        GFLOP/s: 2 n k m operations a run.

    Examples
    --------
    >>> from fastbp.kernels import probe
    >>> probe.dense_rate("forward", 8, 8, 8, seconds=0.01) > 0
    True
    """
    cdef double lasts = duration(seconds)
    n, k, m = whole(n, "n", 1, _MOST), whole(k, "k", 1, _MOST), whole(m, "m", 1, _MOST)
    cdef int which = one_of(product, "product", ("forward", "inputs", "weights"))
    cdef bint single = one_of(dtype, "dtype", ("float32", "float64")) == 0
    cdef Py_ssize_t size = 4 if single else 8, i
    nbytes = size * (n * k + k * m + n * m + m + work_size() + 5 * 64) + 64     # no product of Python's overflows
    cdef char *room = <char *>malloc(nbytes) if nbytes <= _MOST else NULL
    if room == NULL:
        raise MemoryError(f"dense_rate needs {nbytes} bytes for n, k, m = {(n, k, m)}")
    cdef Py_ssize_t elements = nbytes // size - 64 // size
    cdef char *base = room + (64 - <Py_ssize_t>room % 64) % 64
    cdef Py_ssize_t repeats = max(1, <Py_ssize_t><double>(2e7 / (2. * n * k * m)))
    rates = []
    try:
        for i in range(elements):
            if single:
                (<float *>base)[i] = 0.25
            else:
                (<double *>base)[i] = 0.25
        end = perf_counter() + lasts
        while perf_counter() < end or not rates:
            PyErr_CheckSignals()
            start = perf_counter()
            if single:
                repeat[float](<float *>base, which, n, k, m, repeats)
            else:
                repeat[double](<double *>base, which, n, k, m, repeats)
            rates.append(2e-9 * n * k * m * repeats / (perf_counter() - start))
    finally:
        free(room)
    return sorted(rates)[len(rates) // 2]


cdef Py_ssize_t lines(Py_ssize_t n) noexcept nogil:
    """n rounded up to a multiple of 16: arrays start at cache lines."""
    return (n + 15) // 16 * 16


cdef void repeat(real *x, int which, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m, Py_ssize_t repeats) noexcept nogil:
    cdef real *w = x + lines(n * k)
    cdef real *z = w + lines(k * m)
    cdef real *bias = z + lines(n * m)
    cdef real *work = bias + lines(m)
    cdef Py_ssize_t _i
    for _i in range(repeats):
        if which == 0:
            layer_forward(z, x, w, bias, n, k, m, m, False, work, <const real *>NULL)
        elif which == 1:
            layer_inputs(x, z, w, <const real *>NULL, False, n, k, m, k, work)
        else:
            layer_weights(w, x, z, n, k, m, k, m, False, work, <const real *>NULL)
