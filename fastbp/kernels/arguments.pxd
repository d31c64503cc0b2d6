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


cdef inline int publish(dict module, tuple functions) except -1:
    """`total_` becomes `total` in Python; in Cython that name is the kernel's."""
    for function in functions:
        name = function.__name__
        function.__name__ = function.__qualname__ = name.rstrip("_")
        module[function.__name__] = function
        del module[name]
    return 0
