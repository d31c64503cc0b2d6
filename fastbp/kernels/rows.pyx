"""Moving rows: a mini-batch is gathered from the user's array by index."""
from fastbp.kernels.vector cimport (real, vector, vf, vd, WF, WD, load_part, store_part, prefetch)
from fastbp.kernels.arguments cimport is_double

cdef enum:
    AHEAD = 4096        # bytes of a coming row that are asked for; the hardware follows from there


cdef inline void copy_row(real *out, const real *x, Py_ssize_t width, vector *kind) noexcept nogil:
    cdef Py_ssize_t j = 0, W = WF if real is float else WD
    cdef vector v
    if (real is float and vector is vf) or (real is double and vector is vd):
        while j + W <= width:
            (<vector *>(out + j))[0] = (<const vector *>(x + j))[0]
            j += W
        if j < width:
            v = load_part(x + j, <int>(width - j))
            store_part(out + j, v, <int>(width - j))


cdef void gather(real *out, const real *x, const long long *index, Py_ssize_t n, Py_ssize_t width,
                 Py_ssize_t ahead) noexcept nogil:
    """out (n, width) = x[index]: and where `ahead` > 0, index[ahead + i] are the rows of the batch after this one.

    Asking for those now hides the memory's latency behind a whole batch of arithmetic: shuffled rows of a data set
    that fits no cache cost more than a small network.
    """
    cdef Py_ssize_t i, j
    cdef const char *coming
    if width == 1:
        for i in range(n):
            out[i] = x[index[i]]
        return
    for i in range(n):
        if ahead:
            coming = <const char *>(x + index[ahead + i] * width)
            for j in range(0, min(width * <Py_ssize_t>sizeof(real), <Py_ssize_t>AHEAD), 64):
                prefetch(coming + j)
            prefetch(coming + width * sizeof(real) - 1)
        if real is float:
            copy_row[float, vf](out + i * width, x + index[i] * width, width, NULL)
        else:
            copy_row[double, vd](out + i * width, x + index[i] * width, width, NULL)


def gather_rows(x, const long long[::1] index, out) -> None:
    """out = x[index], by rows.

    Parameters
    ----------
    x : array of shape (rows, width), float32 or float64, C-contiguous.
    index : int64 array of shape (n,), each in [0, rows).
    out : array of shape (n, width), the same dtype. Written.

    Raises
    ------
    ValueError
        Shapes that do not fit.
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
    if is_double(out, "out"):
        gather_views[double](x, index, out)
    else:
        gather_views[float](x, index, out)


cdef int gather_views(const real[:, ::1] x, const long long[::1] index, real[:, ::1] out) except -1:
    cdef Py_ssize_t i
    if out.shape[0] != index.shape[0] or out.shape[1] != x.shape[1]:
        raise ValueError(f"out: expected shape {(index.shape[0], x.shape[1])}, got {(out.shape[0], out.shape[1])}")
    for i in range(index.shape[0]):
        if not 0 <= index[i] < x.shape[0]:
            raise IndexError(f"index: expected values in [0, {x.shape[0]}), got {index[i]} at position {i}")
    if index.shape[0] and x.shape[1]:
        gather(&out[0, 0], &x[0, 0], &index[0], index.shape[0], x.shape[1], 0)
    return 0
