# How walk.pyx carries sums over rows from one piece of a batch, or of a group of its blocks, to the next.

from fastbp.kernels.reductions cimport carry_sums
from fastbp.engine.bound cimport made
from fastbp.engine.steps cimport FIRST, NEXT, NEXT_PIECE


cdef int standing(const Frame *f, Py_ssize_t row) noexcept nogil:
    """Which block of a batch, or of a group, begins at a row."""
    if row == 0:
        return FIRST
    return NEXT_PIECE if f.piece and row % f.piece == 0 else NEXT


cdef bint carries(const Frame *f, Py_ssize_t row, Py_ssize_t rows) noexcept nogil:
    """Whether sums are to be carried before the block at `row`, or at the end of all `rows` of a batch or a group."""
    return f.piece and (row % f.piece == 0 or row >= rows)


cdef void carry_on(const Frame *f, Lane *lane, Py_ssize_t row, Py_ssize_t rows, int rank, int lanes) noexcept nogil:
    """Carry the sums of the piece that ends at `row`, and put their totals in place at the end; this thread's share."""
    if f.item == 4:
        carry_share[float](f, lane, row <= f.piece, row >= rows, rank, lanes, NULL)
    else:
        carry_share[double](f, lane, row <= f.piece, row >= rows, rank, lanes, NULL)


cdef void carry_share(const Frame *f, Lane *lane, bint begins, bint ends, int rank, int lanes, real *kind) noexcept nogil:
    cdef Py_ssize_t first, end, k, step = f.apart // <Py_ssize_t>sizeof(real)
    cdef real *sums
    cdef real *piece
    cdef int i
    for i in range(f.n_sums):
        share_of(f.sums[i].size, rank, lanes, &first, &end)
        if f.sums[i].keeps or end <= first:
            continue
        sums, piece = <real *>lane.carried + f.sums[i].first + first, <real *>made(lane, &f.sums[i]) + first
        if begins:
            for k in range(end - first):
                sums[k] = sums[step + k] = 0
        carry_sums(sums, sums + step, piece, end - first)
        if ends:
            ew.binary(ew.ADD, piece, sums, 0, 1, sums + step, 0, 1, 1, end - first)
