"""Moving numbers: gathered by index, and, for the gradients, added back to where they came from.

Tables of indices are int64; a negative index names no place: 0 comes from it, and nothing goes there. Where numbers are
added back, `rest` may be NULL, or is like `out` and takes what these sums lose: their sum is then right however many
numbers come to one place.
"""
from fastbp.kernels.vector cimport real
from fastbp.kernels.copies cimport copy_row
from fastbp.kernels.sums cimport carry
from fastbp.kernels.softmax_rows cimport class_of
from fastbp.kernels.transcendental cimport NAN


cdef inline void clear(real *out, real *rest, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = 0
    for i in range(n if rest != NULL else 0):
        rest[i] = 0


cdef inline void add_row(real *out, real *rest, const real *g, Py_ssize_t n) noexcept nogil:
    """out += g."""
    cdef Py_ssize_t i
    if rest != NULL:
        for i in range(n):
            carry(out + i, rest + i, g[i])
    else:
        for i in range(n):
            out[i] = out[i] + g[i]


cdef inline bint is_slice(const long long *index, Py_ssize_t n) noexcept nogil:
    """True where the indices are k, k + 1, k + 2, ..."""
    cdef Py_ssize_t i
    if n == 0 or index[0] < 0:
        return False
    for i in range(1, n):
        if index[i] != index[0] + i:
            return False
    return True


cdef void gather_elements(real *out, const real *x, const long long *index, Py_ssize_t n) noexcept nogil:
    """out[i] = x[index[i]], 0 where index[i] < 0."""
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = x[index[i]] if index[i] >= 0 else <real>0


cdef void scatter_elements(real *out, real *rest, const real *g, const long long *index, Py_ssize_t n, Py_ssize_t size,
                           int accumulate) noexcept nogil:
    """out[index[i]] += g[i] from the first to the last, where index[i] >= 0; out (size) begins at 0 or `accumulate`s."""
    cdef Py_ssize_t i
    if not accumulate:
        clear(out, rest, size)
    for i in range(n):
        if index[i] >= 0:
            if rest != NULL:
                carry(out + index[i], rest + index[i], g[i])
            else:
                out[index[i]] += g[i]


cdef void gather_columns(real *out, const real *x, const long long *index, Py_ssize_t rows, Py_ssize_t m,
                         Py_ssize_t width) noexcept nogil:
    """out (rows, m) = x[:, index], x (rows, width); 0 where index[j] < 0. A slice is copied."""
    cdef Py_ssize_t r
    if is_slice(index, m):
        for r in range(rows):
            copy_row(out + r * m, x + r * width + index[0], m)
    else:
        for r in range(rows if m else 0):
            gather_elements(out + r * m, x + r * width, index, m)


cdef void scatter_columns(real *out, real *rest, const real *g, const long long *index, Py_ssize_t rows, Py_ssize_t m,
                          Py_ssize_t width) noexcept nogil:
    """out (rows, width) = 0, then out[:, index[j]] += g[:, j] from the first j to the last, where index[j] >= 0."""
    cdef Py_ssize_t r
    clear(out, rest, rows * width)
    if is_slice(index, m):
        for r in range(rows):
            add_row(out + r * width + index[0], NULL, g + r * m, m)
    else:
        for r in range(rows if m and width else 0):
            scatter_elements(out + r * width, NULL if rest == NULL else rest + r * width, g + r * m, index, m, width, 1)


cdef void join_columns(real *out, const real *a, const real *b, Py_ssize_t rows, Py_ssize_t k,
                       Py_ssize_t m) noexcept nogil:
    """out (rows, k + m): the rows of a (rows, k), and behind them those of b (rows, m)."""
    cdef Py_ssize_t r
    for r in range(rows if k + m else 0):
        copy_row(out + r * (k + m), a + r * k, k)
        copy_row(out + r * (k + m) + k, b + r * m, m)


cdef inline Py_ssize_t row_of(real y, Py_ssize_t rows) noexcept nogil:
    """y as an index into the rows, from the last backwards where it is negative; less than 0 where it is none."""
    cdef Py_ssize_t k
    if y < 0:
        k = class_of(-y, rows + 1)
        k = rows - k if k > 0 else -1
    else:
        k = class_of(y, rows)
    return k if k < rows else -1        # class_of compares in `real`, which rounds many rows


cdef void take_rows(real *out, const real *x, const real *index, Py_ssize_t n, Py_ssize_t rows,
                    Py_ssize_t width) noexcept nogil:
    """out (n, width) = x[index], x (rows, width); a row of NaN where the index is no whole number in [-rows, rows)."""
    cdef Py_ssize_t i, j, k
    for i in range(n if width else 0):
        k = row_of(index[i], rows)
        if k >= 0:
            copy_row(out + i * width, x + k * width, width)
        else:
            for j in range(width):
                out[i * width + j] = NAN


cdef void add_rows(real *out, real *rest, const real *g, const real *index, Py_ssize_t n, Py_ssize_t rows,
                   Py_ssize_t width, int accumulate) noexcept nogil:
    """out[index[i]] += g[i], rows of g (n, width) from the first to the last, where the index is one as in `take_rows`.

    out (rows, width) begins at 0, or at what it held if `accumulate`.
    """
    cdef Py_ssize_t i, k
    if not accumulate:
        clear(out, rest, rows * width)
    for i in range(n if width else 0):
        k = row_of(index[i], rows)
        if k >= 0:
            add_row(out + k * width, NULL if rest == NULL else rest + k * width, g + i * width, width)


include "moves.pxi"         # the Python functions
