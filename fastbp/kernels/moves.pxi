# The Python functions of moves.pyx. Indices are copied first: another thread may write to the caller's.

from fastbp._arguments import take, of_shape
from fastbp.kernels.arguments cimport flat, first, flag, indices, written, is_double, publish


cdef const long long *start(const long long[::1] index) noexcept:
    """Where the indices begin; NULL where there are none."""
    return &index[0] if index.shape[0] else NULL


cdef int below(const long long[::1] index, Py_ssize_t size) except -1:
    """Refuse an index that is too large; negative ones name no place."""
    cdef Py_ssize_t i
    for i in range(index.shape[0]):
        if index[i] >= size:
            raise IndexError(f"index: expected values below {size}, got {index[i]} at position {i}")
    return 0


cdef int gather_elements_views(const real[::1] x, const long long[::1] index, real[::1] out) except -1:
    gather_elements(written(out), first(x), start(index), index.shape[0])
    return 0


cdef int scatter_elements_views(const real[::1] g, const long long[::1] index, real[::1] out,
                                bint accumulate) except -1:
    scatter_elements(written(out), <real *>NULL, first(g), start(index), index.shape[0], out.shape[0], accumulate)
    return 0


cdef int gather_columns_views(const real[::1] x, const long long[::1] index, real[::1] out, Py_ssize_t rows,
                              Py_ssize_t width) except -1:
    gather_columns(written(out), first(x), start(index), rows, index.shape[0], width)
    return 0


cdef int scatter_columns_views(const real[::1] g, const long long[::1] index, real[::1] out, Py_ssize_t rows,
                               Py_ssize_t width) except -1:
    scatter_columns(written(out), <real *>NULL, first(g), start(index), rows, index.shape[0], width)
    return 0


cdef int take_rows_views(const real[::1] x, const real[::1] index, real[::1] out, Py_ssize_t rows,
                         Py_ssize_t width) except -1:
    take_rows(written(out), first(x), first(index), index.shape[0], rows, width)
    return 0


cdef int add_rows_views(const real[::1] g, const real[::1] index, real[::1] out, Py_ssize_t rows, Py_ssize_t width,
                        bint accumulate) except -1:
    add_rows(written(out), <real *>NULL, first(g), first(index), index.shape[0], rows, width, accumulate)
    return 0


def gather_elements_(x, index, out):
    """``out[i] = x[index[i]]`` of the flattened `x`, and 0 where ``index[i] < 0``.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, any shape, `size` numbers.
    index : int64 buffer
        (n,), each below `size`; a negative one names no place.
    out : buffer, written
        (n,), same dtype.

    Raises
    ------
    TypeError
        For another dtype, or two.
    ValueError
        For other shapes, or an array that is not contiguous, not aligned or not writable.
    IndexError
        For an index of `size` or more.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.moves import gather_elements
    >>> out = np.empty(3)
    >>> gather_elements(np.array([5.0, 6.0, 7.0]), np.array([2, -1, 0]), out)
    >>> out
    array([7., 0., 5.])
    """
    out = take(out, "out", ndim=1, writable=True)
    x, index = take(x, "x", out), indices(index, "index")
    of_shape(out, "out", index.shape)
    below(index, x.size)
    if is_double(out):
        gather_elements_views[double](flat(x), index, out)
    else:
        gather_elements_views[float](flat(x), index, out)


def scatter_elements_(g, index, out, accumulate=False):
    """``out[index[i]] += g[i]`` of the flattened `out`, from the first i to the last, where ``index[i] >= 0``.

    Parameters
    ----------
    g : buffer of float32 or float64
        C-contiguous, (n,).
    index : int64 buffer
        (n,), each below the size of `out`; a negative one names no place.
    out : buffer, written
        Any shape, same dtype.
    accumulate : bool, default False
        Add to what `out` holds, not to 0.

    Raises
    ------
    TypeError, ValueError, IndexError
        As `gather_elements`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.moves import scatter_elements
    >>> out = np.empty(3)
    >>> scatter_elements(np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2]), out)
    >>> out
    array([2., 0., 5.])
    """
    accumulate = flag(accumulate, "accumulate")
    out = take(out, "out", writable=True)
    g, index = take(g, "g", out), indices(index, "index")
    of_shape(g, "g", index.shape)
    below(index, out.size)
    if is_double(out):
        scatter_elements_views[double](g, index, flat(out), accumulate)
    else:
        scatter_elements_views[float](g, index, flat(out), accumulate)


def gather_columns_(x, index, out):
    """``out[:, j] = x[:, index[j]]``, and 0 where ``index[j] < 0``.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, (rows, width).
    index : int64 buffer
        (m,), each below `width`; a negative one names no column.
    out : buffer, written
        (rows, m), same dtype.

    Raises
    ------
    TypeError, ValueError, IndexError
        As `gather_elements`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.moves import gather_columns
    >>> out = np.empty((2, 2))
    >>> gather_columns(np.arange(6.0).reshape(2, 3), np.array([2, 0]), out)
    >>> out
    array([[2., 0.],
           [5., 3.]])
    """
    out = take(out, "out", ndim=2, writable=True)
    x, index = take(x, "x", out, ndim=2), indices(index, "index")
    of_shape(out, "out", (x.shape[0], index.shape[0]))
    below(index, x.shape[1])
    if is_double(out):
        gather_columns_views[double](flat(x), index, flat(out), x.shape[0], x.shape[1])
    else:
        gather_columns_views[float](flat(x), index, flat(out), x.shape[0], x.shape[1])


def scatter_columns_(g, index, out):
    """``out = 0``, then ``out[:, index[j]] += g[:, j]`` from the first j to the last, where ``index[j] >= 0``.

    Parameters
    ----------
    g : buffer of float32 or float64
        C-contiguous, (rows, m).
    index : int64 buffer
        (m,), each below `width`; a negative one names no column.
    out : buffer, written
        (rows, width), same dtype.

    Raises
    ------
    TypeError, ValueError, IndexError
        As `gather_elements`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.moves import scatter_columns
    >>> out = np.empty((2, 3))
    >>> scatter_columns(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([2, 2]), out)
    >>> out
    array([[0., 0., 3.],
           [0., 0., 7.]])
    """
    out = take(out, "out", ndim=2, writable=True)
    g, index = take(g, "g", out, ndim=2), indices(index, "index")
    of_shape(g, "g", (out.shape[0], index.shape[0]))
    below(index, out.shape[1])
    if is_double(out):
        scatter_columns_views[double](flat(g), index, flat(out), out.shape[0], out.shape[1])
    else:
        scatter_columns_views[float](flat(g), index, flat(out), out.shape[0], out.shape[1])


def take_rows_(x, index, out):
    """``out[i] = x[index[i]]``, a row of NaN where the index is none.

    Parameters
    ----------
    x : buffer of float32 or float64
        C-contiguous, (rows, width).
    index : buffer
        (n,), same dtype: whole numbers in [-rows, rows), negative ones from the last row backwards.
    out : buffer, written
        (n, width), same dtype.

    Raises
    ------
    TypeError, ValueError
        As `gather_elements`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.moves import take_rows
    >>> out = np.empty((3, 2))
    >>> take_rows(np.arange(6.0).reshape(3, 2), np.array([2.0, -3.0, 0.5]), out)
    >>> out
    array([[ 4.,  5.],
           [ 0.,  1.],
           [nan, nan]])
    """
    out = take(out, "out", ndim=2, writable=True)
    x, index = take(x, "x", out, ndim=2), take(index, "index", out, ndim=1).copy()
    of_shape(out, "out", (index.shape[0], x.shape[1]))
    if is_double(out):
        take_rows_views[double](flat(x), index, flat(out), x.shape[0], x.shape[1])
    else:
        take_rows_views[float](flat(x), index, flat(out), x.shape[0], x.shape[1])


def add_rows_(g, index, out, accumulate=False):
    """``out[index[i]] += g[i]``, from the first i to the last; nothing is added where the index is none.

    Parameters
    ----------
    g : buffer of float32 or float64
        C-contiguous, (n, width).
    index : buffer
        (n,), same dtype: as for `take_rows`.
    out : buffer, written
        (rows, width), same dtype.
    accumulate : bool, default False
        Add to what `out` holds, not to 0.

    Raises
    ------
    TypeError, ValueError
        As `gather_elements`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.moves import add_rows
    >>> out = np.empty((2, 1))
    >>> add_rows(np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 0.0, -1.0]), out)
    >>> out
    array([[2.],
           [5.]])
    """
    accumulate = flag(accumulate, "accumulate")
    out = take(out, "out", ndim=2, writable=True)
    g, index = take(g, "g", out, ndim=2), take(index, "index", out, ndim=1).copy()
    of_shape(g, "g", (index.shape[0], out.shape[1]))
    if is_double(out):
        add_rows_views[double](flat(g), index, flat(out), out.shape[0], out.shape[1], accumulate)
    else:
        add_rows_views[float](flat(g), index, flat(out), out.shape[0], out.shape[1], accumulate)


cdef int join_columns_views(const real[::1] a, const real[::1] b, real[::1] out, Py_ssize_t rows, Py_ssize_t k,
                            Py_ssize_t m) except -1:
    join_columns(written(out), first(a), first(b), rows, k, m)
    return 0


def join_columns_(a, b, out):
    """``out = concatenate((a, b), axis=1)``.

    Parameters
    ----------
    a, b : buffer of float32 or float64
        C-contiguous, (rows, k) and (rows, m).
    out : buffer, written
        (rows, k + m), same dtype.

    Raises
    ------
    TypeError, ValueError
        For other dtypes or shapes, or an array that is not contiguous or not writable.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.moves import join_columns
    >>> out = np.empty((1, 3))
    >>> join_columns(np.array([[1.0]]), np.array([[2.0, 3.0]]), out)
    >>> out
    array([[1., 2., 3.]])
    """
    out = take(out, "out", ndim=2, writable=True)
    a, b = take(a, "a", out, ndim=2), take(b, "b", out, ndim=2)
    of_shape(b, "b", (a.shape[0], b.shape[1]))
    of_shape(out, "out", (a.shape[0], a.shape[1] + b.shape[1]))
    if is_double(out):
        join_columns_views[double](flat(a), flat(b), flat(out), a.shape[0], a.shape[1], b.shape[1])
    else:
        join_columns_views[float](flat(a), flat(b), flat(out), a.shape[0], a.shape[1], b.shape[1])


publish(globals(), (gather_elements_, scatter_elements_, gather_columns_, scatter_columns_, take_rows_, add_rows_,
                    join_columns_))
