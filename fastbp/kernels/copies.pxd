"""Rows that are copied, by whole vectors and a part of one. Only modules of this folder may cimport this."""
from fastbp.kernels.vector cimport real, vector, vf, vd, WF, WD, load_part, store_part


cdef inline void copy_vectors(real *out, const real *x, Py_ssize_t width, vector *kind) noexcept nogil:
    cdef Py_ssize_t j = 0, W = WF if real is float else WD
    cdef vector v
    if (real is float and vector is vf) or (real is double and vector is vd):
        while j + W <= width:
            (<vector *>(out + j))[0] = (<const vector *>(x + j))[0]
            j += W
        if j < width and width > W:     # what is left, and some of what was copied
            (<vector *>(out + width - W))[0] = (<const vector *>(x + width - W))[0]
        elif j < width:
            v = load_part(x + j, <int>(width - j))
            store_part(out + j, v, <int>(width - j))


cdef inline void copy_row(real *out, const real *x, Py_ssize_t width) noexcept nogil:
    """out = x, `width` numbers."""
    if real is float:
        copy_vectors[float, vf](out, x, width, NULL)
    else:
        copy_vectors[double, vd](out, x, width, NULL)
