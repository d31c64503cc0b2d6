"""What the Python functions of the kernels share; `fastbp._arguments` checks their arrays."""
from fastbp.kernels.vector cimport real


cdef inline const real *first(const real[::1] x) noexcept:
    """Where the numbers begin; NULL where there are none."""
    return &x[0] if x.shape[0] else NULL


cdef inline real *written(real[::1] x) noexcept:
    """`first`, of numbers that a kernel writes."""
    return &x[0] if x.shape[0] else NULL


cdef inline bint is_double(object view):
    """True for an array of float64, False for float32."""
    return view.itemsize == 8


cdef inline object flat(object view):
    """The numbers of an array, one after the other."""
    return view.reshape(-1)


cdef inline object whole_numbers(object array, str name):
    """An array of int64, (n,), as an ndarray over the same memory."""
    from numpy import int64
    from fastbp._arguments import kind_of, viewed
    view = viewed(array)
    if view is None or view.dtype != int64:
        raise TypeError(f"{name}: expected an array of int64, got {kind_of(array)}")
    if view.ndim != 1:
        raise ValueError(f"{name}: expected 1 dimension, got shape {view.shape}")
    if not (view.flags.c_contiguous and view.flags.aligned):
        raise ValueError(f"{name}: expected an aligned C-contiguous array, got one of shape {view.shape} that is not; "
                         "numpy.ascontiguousarray makes one")
    return view


cdef inline object indices(object array, str name):
    """A copy of int64 indices: ours alone, so that what is checked is what is used, whatever another thread writes."""
    return whole_numbers(array, name).copy()


cdef inline double number(object value, str name) except? -1:
    """A scalar as float64."""
    try:
        return value
    except OverflowError:
        raise OverflowError(f"{name}: expected a number, got one beyond float64") from None
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected a number, got {type(value).__name__}") from None


cdef inline object whole(object value, str name, object least, object most):
    """A whole number from `least` to `most`, which a C number holds."""
    from operator import index
    try:
        value = index(value)
    except TypeError:
        raise TypeError(f"{name}: expected a whole number, got {type(value).__name__}") from None
    if not least <= value <= most:
        raise OverflowError(f"{name}: expected a whole number from {least} to {most}, got one beyond")
    return value


cdef inline bint flag(object value, str name) except -1:
    """True or False."""
    from numpy import bool_
    if not isinstance(value, (bool, bool_)):
        raise TypeError(f"{name}: expected True or False, got {type(value).__name__}")
    return value


cdef inline int one_of(object value, str name, tuple allowed) except -1:
    """The place of a word, or of None, among those that are allowed."""
    cdef int i
    if value is None or isinstance(value, str):
        for i in range(len(allowed)):
            if value == allowed[i]:
                return i
    from fastbp.checks import shown
    raise ValueError(f"{name}: expected one of {', '.join([repr(each) for each in allowed])}, got {shown(value)}")


cdef inline int publish(dict module, tuple functions) except -1:
    """`total_` becomes `total` in Python; in Cython that name is the kernel's."""
    for function in functions:
        name = function.__name__
        function.__name__ = function.__qualname__ = name.rstrip("_")
        module[function.__name__] = function
        del module[name]
    return 0
