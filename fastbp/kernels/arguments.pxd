"""Arrays that Python hands to a kernel: taken as buffers, checked once, and given back.

    cdef Arguments a
    a.count = 0
    try:
        take(&a, out, "out", 2, True)           # the first array sets the dtype, the others must have it
        take(&a, x, "x", 2, False)              # a.view[1].shape[0], <float *>a.view[1].buf
        same_shape(&a, 1, "x")                  # as the first array
        if a.is_double: ...
    finally:
        give_back(&a)

This is what a typed memoryview does, without its object, for arrays of any number of dimensions, and with errors that
name the argument. No array is written here, and none is read.
"""
from cpython.buffer cimport (Py_buffer, PyObject_GetBuffer, PyObject_CheckBuffer, PyBuffer_Release,
                             PyBuffer_IsContiguous, PyBUF_FORMAT, PyBUF_STRIDES)

cdef struct Arguments:
    int count                   # views held
    bint is_double              # float64, or else float32: that of the first array
    Py_buffer view[6]


cdef inline tuple shape_of(Py_buffer *view):
    cdef int i
    return tuple([view.shape[i] for i in range(view.ndim)])


cdef inline int refuse(object array, str name, str expected, str got) except -1:
    """Raise the TypeError of an array that is not what it should be."""
    if got is None:
        dtype = getattr(array, "dtype", None)
        got = f"{type(array).__name__}" if dtype is None else f"an array of {dtype}"
    raise TypeError(f"{name}: expected {expected}, got {got}")


cdef inline int dtype_of(Py_buffer *view) noexcept:
    """0 for float32, 1 for float64, -1 for anything else."""
    cdef const char *f = view.format
    if f == NULL or f[0] == 0 or f[1] != 0:
        return -1
    return 0 if f[0] == c'f' else 1 if f[0] == c'd' else -1


cdef inline int get_view(Py_buffer *view, object array, str name) except -1:
    """The buffer of a float32 or float64 array, and its dtype (0 or 1); nothing is held after an error."""
    cdef int dtype
    if not PyObject_CheckBuffer(array):
        refuse(array, name, "an array of float32 or float64", None)
    try:
        PyObject_GetBuffer(array, view, PyBUF_FORMAT | PyBUF_STRIDES)
    except (BufferError, TypeError, ValueError):        # dtypes that have no buffer: dates, objects
        refuse(array, name, "an array of float32 or float64", None)
    dtype = dtype_of(view)
    if dtype < 0:
        PyBuffer_Release(view)
        refuse(array, name, "an array of float32 or float64", None)
    return dtype


cdef inline int is_double(object array, str name) except -1:
    """1 for an array of float64, 0 for float32; TypeError for anything else."""
    cdef Py_buffer view
    cdef int dtype = get_view(&view, array, name)
    PyBuffer_Release(&view)
    return dtype


cdef inline int take(Arguments *a, object array, str name, int ndim, bint writable) except -1:
    """Append the buffer of a C-contiguous array of `ndim` dimensions (-1: any number); returns its place."""
    cdef Py_buffer *view = &a.view[a.count]
    cdef int dtype = get_view(view, array, name)
    a.count += 1                                        # from here on give_back releases it
    if a.count == 1:
        a.is_double = dtype
    elif dtype != a.is_double:
        refuse(array, name, "float64 as the output" if a.is_double else "float32 as the output",
               "float64" if dtype else "float32")
    if ndim >= 0 and view.ndim != ndim:
        raise ValueError(f"{name}: expected {ndim} dimension{'' if ndim == 1 else 's'}, got shape {shape_of(view)}")
    if not PyBuffer_IsContiguous(view, c'C') or <size_t>view.buf % <size_t>view.itemsize:
        raise ValueError(f"{name}: expected an aligned C-contiguous array, got one of shape {shape_of(view)} that is "
                         "not; numpy.ascontiguousarray makes one")
    if writable and view.readonly:
        raise ValueError(f"{name}: expected a writable array, got a read-only one")
    return a.count - 1


cdef inline int expect_shape(Arguments *a, int i, str name, Py_ssize_t n, Py_ssize_t m) except -1:
    """Array i has the shape (n, m), or (n,) where m < 0."""
    cdef Py_buffer *view = &a.view[i]
    if view.ndim != (1 if m < 0 else 2) or view.shape[0] != n or (m >= 0 and view.shape[1] != m):
        expected = f"({n},)" if m < 0 else f"({n}, {m})"
        raise ValueError(f"{name}: expected shape {expected}, got {shape_of(view)}")
    return 0


cdef inline int same_shape(Arguments *a, int i, str name) except -1:
    """Array i has the shape of array 0."""
    cdef int k
    cdef bint same = a.view[i].ndim == a.view[0].ndim
    for k in range(a.view[0].ndim if same else 0):
        same = same and a.view[i].shape[k] == a.view[0].shape[k]
    if not same:
        raise ValueError(f"{name}: expected shape {shape_of(&a.view[0])}, got {shape_of(&a.view[i])}")
    return 0


cdef inline Py_ssize_t size_of(Arguments *a, int i) noexcept:
    """The number of elements of array i."""
    return a.view[i].len // a.view[i].itemsize


cdef inline void give_back(Arguments *a) noexcept:
    """Release what was taken."""
    while a.count > 0:
        a.count -= 1
        PyBuffer_Release(&a.view[a.count])


cdef inline int publish(dict module, tuple functions) except -1:
    """`total_` becomes `total` in Python; in Cython that name is the kernel's."""
    for function in functions:
        name = function.__name__
        function.__name__ = function.__qualname__ = name.rstrip("_")
        module[function.__name__] = function
        del module[name]
    return 0
