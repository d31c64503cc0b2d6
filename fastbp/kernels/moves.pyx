"""Numbers that move: by tables of positions that are known beforehand, and by indices among the data."""
from libc.string cimport memcpy, memset

from fastbp._arguments import of_shape, take
from fastbp.kernels.arguments cimport flat, first, written, is_double, publish
from fastbp.kernels.softmax_rows cimport class_of
from fastbp.kernels.transcendental cimport NAN
from fastbp.kernels.vector cimport real


cdef void gather_elements(real *out, const real *x, const long long *index, Py_ssize_t n) noexcept nogil:
    """out[i] = x[index[i]], and 0 where index[i] < 0."""
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = x[index[i]] if index[i] >= 0 else <real>0


cdef void scatter_elements(real *out, const real *g, const long long *index, Py_ssize_t n,
                           Py_ssize_t size) noexcept nogil:
    """out (size) = 0, then out[index[i]] += g[i] in order of i; where index[i] < 0 nothing is added."""
    cdef Py_ssize_t i
    memset(out, 0, size * sizeof(real))
    for i in range(n):
        if index[i] >= 0:
            out[index[i]] = out[index[i]] + g[i]


cdef bint consecutive(const long long *index, Py_ssize_t m) noexcept nogil:
    """Whether the index is k, k + 1, ..., of a slice."""
    cdef Py_ssize_t j
    for j in range(1, m):
        if index[j] != index[0] + j:
            return False
    return m > 0 and index[0] >= 0


cdef void gather_columns(real *out, const real *x, const long long *index, Py_ssize_t n, Py_ssize_t m,
                         Py_ssize_t width) noexcept nogil:
    """out (n, m): out[i, j] = x[i, index[j]] of x (n, width), and 0 where index[j] < 0."""
    cdef Py_ssize_t i
    cdef bint slice_ = consecutive(index, m)
    for i in range(n):
        if slice_:
            memcpy(out + i * m, x + i * width + index[0], m * sizeof(real))
        else:
            gather_elements(out + i * m, x + i * width, index, m)


cdef void scatter_columns(real *out, const real *g, const long long *index, Py_ssize_t n, Py_ssize_t m,
                          Py_ssize_t width) noexcept nogil:
    """out (n, width) = 0, then out[i, index[j]] += g[i, j] in order of j, but where index[j] < 0."""
    cdef Py_ssize_t i
    for i in range(n):
        scatter_elements(out + i * width, g + i * m, index, m, width)


cdef void join_columns(real *out, const real *a, const real *b, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m) noexcept nogil:
    """out (n, k + m): the rows of a (n, k) with those of b (n, m) behind them."""
    cdef Py_ssize_t i
    for i in range(n):
        memcpy(out + i * (k + m), a + i * k, k * sizeof(real))
        memcpy(out + i * (k + m) + k, b + i * m, m * sizeof(real))


cdef inline Py_ssize_t row_of(real number, Py_ssize_t rows) noexcept nogil:
    """The row that an index names, negative ones from the end; -1 where it names none."""
    return class_of(number + <real>rows if number < 0 else number, rows)


cdef void take_rows(real *out, const real *x, const real *index, Py_ssize_t n, Py_ssize_t rows,
                    Py_ssize_t width) noexcept nogil:
    """out (n, width): out[i] = x[index[i]] of x (rows, width); a row of NaN where index[i] names none."""
    cdef Py_ssize_t i, j, k
    for i in range(n):
        k = row_of(index[i], rows)
        if k >= 0:
            memcpy(out + i * width, x + k * width, width * sizeof(real))
        else:
            for j in range(width):
                out[i * width + j] = <real>NAN


cdef void add_rows(real *out, const real *g, const real *index, Py_ssize_t n, Py_ssize_t rows, Py_ssize_t width,
                   bint accumulate) noexcept nogil:
    """out (rows, width) = 0 unless `accumulate`, then out[index[i]] += g[i] in order of i, but where it names none."""
    cdef Py_ssize_t i, j, k
    if not accumulate:
        memset(out, 0, rows * width * sizeof(real))
    for i in range(n):
        k = row_of(index[i], rows)
        if k >= 0:
            for j in range(width):
                out[k * width + j] = out[k * width + j] + g[i * width + j]


cdef int columns_views(bint back, const real[::1] x, const long long[::1] index, real[::1] out, Py_ssize_t n,
                       Py_ssize_t width) except -1:
    cdef const long long *places = &index[0] if index.shape[0] else NULL
    if back:
        scatter_columns(written(out), first(x), places, n, index.shape[0], width)
    else:
        gather_columns(written(out), first(x), places, n, index.shape[0], width)
    return 0


cdef int rows_views(bint back, const real[::1] x, const real[::1] index, real[::1] out, Py_ssize_t rows,
                    Py_ssize_t width) except -1:
    if back:
        add_rows(written(out), first(x), first(index), index.shape[0], rows, width, False)
    else:
        take_rows(written(out), first(x), first(index), index.shape[0], rows, width)
    return 0


cdef object move_columns(bint back, object x, str name, const long long[::1] index, object out):
    cdef Py_ssize_t j, width
    out = take(out, "out", ndim=2, writable=True)
    x = take(x, name, out, ndim=2)
    width = (out if back else x).shape[1]
    of_shape(x if back else out, name if back else "out", ((out if back else x).shape[0], index.shape[0]))
    for j in range(index.shape[0]):
        if index[j] >= width:
            raise IndexError(f"index: expected values below {width}, got {index[j]} at position {j}")
    if is_double(out):
        columns_views[double](back, flat(x), index, flat(out), out.shape[0], width)
    else:
        columns_views[float](back, flat(x), index, flat(out), out.shape[0], width)


cdef object move_rows(bint back, object x, str name, object index, object out):
    out = take(out, "out", ndim=2, writable=True)
    x, index = take(x, name, out, ndim=2), take(index, "index", out, ndim=1)
    of_shape(x if back else out, name if back else "out", (index.shape[0], (out if back else x).shape[1]))
    if is_double(out):
        rows_views[double](back, flat(x), flat(index), flat(out), (out if back else x).shape[0], out.shape[1])
    else:
        rows_views[float](back, flat(x), flat(index), flat(out), (out if back else x).shape[0], out.shape[1])


def gather_columns_(x, index, out):
    """``out[:, j] = x[:, index[j]]``, and 0 where ``index[j] < 0``.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, (n, width).
    index : int64 array of shape (m,), each below width.
    out : buffer, written
        (n, m), same dtype.

    Raises
    ------
    TypeError, ValueError
        For other dtypes or shapes, or an array that is not contiguous or not writable.
    IndexError
        An index that is no column.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.moves import gather_columns
    >>> out = np.empty((1, 3))
    >>> gather_columns(np.array([[5.0, 6.0]]), np.array([1, -1, 0]), out)
    >>> out
    array([[6., 0., 5.]])
    """
    move_columns(False, x, "x", index, out)


def scatter_columns_(g, index, out):
    """``out = 0; out[:, index[j]] += g[:, j]``, but where ``index[j] < 0``; arrays as for `gather_columns`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.moves import scatter_columns
    >>> out = np.empty((1, 2))
    >>> scatter_columns(np.array([[5.0, 6.0, 7.0]]), np.array([1, -1, 1]), out)
    >>> out
    array([[ 0., 12.]])
    """
    move_columns(True, g, "g", index, out)


def take_rows_(x, index, out):
    """``out[i] = x[index[i]]``; a row of NaN where that is no whole number in [-rows, rows).

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, (rows, width).
    index : buffer
        (n,), same dtype.
    out : buffer, written
        (n, width), same dtype.

    Raises
    ------
    TypeError, ValueError
        As `gather_columns`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.moves import take_rows
    >>> out = np.empty((2, 1))
    >>> take_rows(np.array([[5.0], [6.0]]), np.array([1.0, -2.0]), out)
    >>> out.tolist()
    [[6.0], [5.0]]
    """
    move_rows(False, x, "x", index, out)


def add_rows_(g, index, out):
    """``out = 0; out[index[i]] += g[i]``, without rows that `index` does not name; arrays as for `take_rows`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.moves import add_rows
    >>> out = np.empty((2, 1))
    >>> add_rows(np.array([[5.0], [6.0], [7.0]]), np.array([1.0, 1.0, 9.0]), out)
    >>> out.tolist()
    [[0.0], [11.0]]
    """
    move_rows(True, g, "g", index, out)


publish(globals(), (gather_columns_, scatter_columns_, take_rows_, add_rows_))
