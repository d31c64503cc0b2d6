"""Moving rows: a mini-batch is gathered from the user's array by index."""
from fastbp.kernels.vector cimport real, prefetch
from fastbp.kernels.copies cimport copy_row
from fastbp._arguments import take, of_shape
from fastbp.kernels.arguments cimport flat, first, indices, written, is_double

cdef enum:
    LONG = 2048         # bytes from which a row is not asked for: once it has begun, the hardware sees what comes


cdef void gather(real *out, const real *x, const long long *index, Py_ssize_t n, Py_ssize_t width,
                 Py_ssize_t ahead) noexcept nogil:
    """out (n, width) = x[index]: and where `ahead` > 0, index[ahead + i] are the rows of the batch after this one.

    Asking for those now hides the memory's latency behind a whole batch of arithmetic: shuffled rows of a data set
    that fits no cache cost more than a small network. Long rows would be gone from the cache by then: asking for those
    made a step of a network of 784 inputs 1.6 % longer.
    """
    cdef Py_ssize_t i, j, size = width * sizeof(real)
    cdef const char *coming
    if width == 1:
        for i in range(n):
            out[i] = x[index[i]]
        return
    for i in range(n):
        if ahead and size < LONG:
            coming = <const char *>(x + index[ahead + i] * width)
            for j in range(0, size, 64):
                prefetch(coming + j)
            prefetch(coming + size - 1)
        copy_row(out + i * width, x + index[i] * width, width)


def gather_rows(x, index, out) -> None:
    """out = x[index], by rows.

    Parameters
    ----------
    x : array of shape (rows, width), float32 or float64, C-contiguous.
    index : int64 array of shape (n,), each in [0, rows).
    out : array of shape (n, width), the same dtype. Written.

    Raises
    ------
    TypeError
        For another dtype, or two.
    ValueError
        For other shapes, or an array that is not contiguous, not aligned or not writable.
    IndexError
        An index outside [0, rows).

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels import rows
    >>> out = np.empty((2, 3))
    >>> rows.gather_rows(np.arange(12.).reshape(4, 3), np.array([3, 0]), out)
    >>> out.tolist()
    [[9.0, 10.0, 11.0], [0.0, 1.0, 2.0]]
    """
    out = take(out, "out", ndim=2, writable=True)
    x, index = take(x, "x", out, ndim=2), indices(index, "index")
    of_shape(out, "out", (index.shape[0], x.shape[1]))
    within(index, x.shape[0])
    if is_double(out):
        gather_views[double](flat(x), index, flat(out), x.shape[1])
    else:
        gather_views[float](flat(x), index, flat(out), x.shape[1])


cdef int within(const long long[::1] index, Py_ssize_t rows) except -1:
    """Refuse an index that is no row."""
    cdef Py_ssize_t i
    for i in range(index.shape[0]):
        if not 0 <= index[i] < rows:
            raise IndexError(f"index: expected values in [0, {rows}), got {index[i]} at position {i}")
    return 0


cdef int gather_views(const real[::1] x, const long long[::1] index, real[::1] out, Py_ssize_t width) except -1:
    if out.shape[0]:
        gather(written(out), first(x), &index[0], index.shape[0], width, 0)
    return 0
