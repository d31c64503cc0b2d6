from fastbp.kernels.vector cimport real

cdef enum:
    KC = 512        # depth of a packed panel of B: deeper, a block of A outgrows L2; flatter, passes over C cost more
    MC = 528        # rows of a packed block of A (it stays in L2): a multiple of every MR
    TIES = 2        # a relu that tells its ties, 0.0, from what it cuts off, -0.0

ctypedef struct Product:
    # C (m, n) = epilogue(init + A (m, k) @ B (k, n)); strides are in elements, the columns of C lie side by side
    void *c
    const void *a
    const void *b
    const void *init        # where the sums start: NULL for zero, a row (ir = 0), or C itself to add to it
    const void *gate        # NULL, or an array of C's strides: C is kept where it is positive, else zero
    Py_ssize_t m, n, k, cr, ar, ac, br, bc, ir
    int relu                # 0, 1, or TIES
    bint ties               # of a gate that was made with TIES: half of C is kept where it is 0.0

cdef void matmul(const Product *p, real *work) noexcept nogil
cdef Py_ssize_t work_size_of(Py_ssize_t m, Py_ssize_t k) noexcept nogil     # ... for left operands up to (m, k)
cdef Py_ssize_t work_size() noexcept nogil      # elements that `work` must hold; quickest where it is 64-byte aligned
cdef void transpose(real *out, Py_ssize_t ld, const real *s, Py_ssize_t ss, Py_ssize_t depth,
                    Py_ssize_t n) noexcept nogil    # out[k * ld + j] = s[k + j * ss] for k < depth, j < n
