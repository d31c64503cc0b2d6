"""C = epilogue(init + A @ B): one micro-kernel for X @ W + b, dZ @ W.T and X.T @ dZ.

Each element is summed over k in order, by fma, starting from `init`; where k is more than TERMS, in pieces that start
from zero and are added to `init` with what these additions lose. So the bits depend neither on the vector's width nor
on tiles, packing or blocks. No operand is read beyond its elements.

The loops, from the outside: blocks of KC along k; blocks of MC rows of A, packed where that pays; panels of NR
vectors of columns of B, packed where that pays; strips of MR rows. A tile is MR x NR vectors and lives in registers.
"""
from libc.math cimport INFINITY
from fastbp.kernels.reductions cimport TERMS
from fastbp.kernels.vector cimport (real, vector, vf, vd, WF, WD, MR, NR, splat, load_part, store_part, vgate,
                                    vhalves, opaque, prefetch_near)

cdef enum:
    LINE = 64       # bytes that memory sends at once
    SMALL = 1 << 16  # bytes of A that are never packed
    NEAR = 1 << 18  # bytes of B that L2 holds: no latency to hide
    FEW = 200       # rows of A for which copying B pays only where its own rows cannot stay in L1 together
    SPAN = 1 << 20  # bytes from the first to the last row of B, within which L2 keeps a panel that is not packed
    ROOM = 1 << 18  # elements of C whose long sums are made at once: a block of rows,
    BROAD = 512     # and so many columns of them

include "packing.pxi"          # Panel; pack_a, pack_b, transpose; next_share, ask_part
include "accumulators.pxi"     # begin, madd, end; gated, halved


cdef Py_ssize_t work_size() noexcept nogil:
    return 2 * KC * NR * WF + MC * KC + 2 * ROOM


cdef Py_ssize_t work_size_of(Py_ssize_t m, Py_ssize_t k) noexcept nogil:
    cdef Py_ssize_t depth = min((k + 15) // 16 * 16, <Py_ssize_t>KC), panels = 2 * depth * NR * WF
    cdef Py_ssize_t strips = (min(m, <Py_ssize_t>MC) + MR) * depth      # A is packed if it is large
    cdef Py_ssize_t packed = panels + (strips if m * k * <Py_ssize_t>sizeof(double) > SMALL else 0)
    packed = max(packed, min(k, <Py_ssize_t>TERMS) + LINE)      # or a column of a narrow layer is
    return min(packed + (2 * ROOM if k > TERMS else 0), work_size())


cdef inline void tile(const int mr, const int nv, const bint unit, real *c, Py_ssize_t cr, const real *a,
                      const vector *b, const real *init, Py_ssize_t ir, const real *gate,
                      Panel *p) noexcept nogil:
    """mr rows x nv vectors. mr, nv and unit are constants at every call, and the twelve rows are written out instead
    of looped over: no compiler has to unroll anything for the accumulators to live in registers. Of whole tiles,
    which have a gate, it is applied here: T2 takes 2 % less than with another pass over the tile."""
    cdef vector acc[12][NR]
    cdef vector b0, b1, low
    # Bytes, not elements: or GCC makes a second loop for strides of one, and its accumulators spill.
    cdef Py_ssize_t ar = sizeof(real) if unit else opaque(p.ar * sizeof(real)), ac = opaque(p.ac * sizeof(real))
    cdef Py_ssize_t br = opaque(p.br * sizeof(real)), left = p.depth, depth = left
    cdef const vector *stop
    cdef bint asks = PARTED and mr == MR and nv == 2 and p.next != NULL
    cdef const char *a0 = <const char *>a       # four pointers: twelve row offsets would not fit the registers
    cdef const char *a1 = a0 + 3 * ar
    cdef const char *a2 = a0 + 6 * ar
    cdef const char *a3 = a0 + 9 * ar
    if (real is float and vector is vf) or (real is double and vector is vd):
        begin(mr > 0, nv, acc[0], init + 0 * ir)
        begin(mr > 1, nv, acc[1], init + 1 * ir)
        begin(mr > 2, nv, acc[2], init + 2 * ir)
        begin(mr > 3, nv, acc[3], init + 3 * ir)
        begin(mr > 4, nv, acc[4], init + 4 * ir)
        begin(mr > 5, nv, acc[5], init + 5 * ir)
        begin(mr > 6, nv, acc[6], init + 6 * ir)
        begin(mr > 7, nv, acc[7], init + 7 * ir)
        begin(mr > 8, nv, acc[8], init + 8 * ir)
        begin(mr > 9, nv, acc[9], init + 9 * ir)
        begin(mr > 10, nv, acc[10], init + 10 * ir)
        begin(mr > 11, nv, acc[11], init + 11 * ir)
        while True:
            if asks:
                depth = min(left, p.part_depth)
                ask_part(p, c)
            stop = <const vector *>(<const char *>b + depth * br)
            while b != stop:
                b0 = b[0]
                b1 = b[nv - 1]
                if mr == 12 and nv == 2:            # what lies in L2 comes too late where two are done in a cycle
                    prefetch_near(<const char *>b + 8 * br)
                    prefetch_near(<const char *>b + 8 * br + LINE)
                if mr == 12 and unit:
                    prefetch_near(a0 + 12 * LINE)
                madd(mr > 0, nv, acc[0], <const real *>(a0), b0, b1)
                madd(mr > 1, nv, acc[1], <const real *>(a0 + ar), b0, b1)
                madd(mr > 2, nv, acc[2], <const real *>(a0 + 2 * ar), b0, b1)
                madd(mr > 3, nv, acc[3], <const real *>(a1), b0, b1)
                madd(mr > 4, nv, acc[4], <const real *>(a1 + ar), b0, b1)
                madd(mr > 5, nv, acc[5], <const real *>(a1 + 2 * ar), b0, b1)
                madd(mr > 6, nv, acc[6], <const real *>(a2), b0, b1)
                madd(mr > 7, nv, acc[7], <const real *>(a2 + ar), b0, b1)
                madd(mr > 8, nv, acc[8], <const real *>(a2 + 2 * ar), b0, b1)
                madd(mr > 9, nv, acc[9], <const real *>(a3), b0, b1)
                madd(mr > 10, nv, acc[10], <const real *>(a3 + ar), b0, b1)
                madd(mr > 11, nv, acc[11], <const real *>(a3 + 2 * ar), b0, b1)
                a0 += ac
                a1 += ac
                a2 += ac
                a3 += ac
                b = <const vector *>(<const char *>b + br)
            left -= depth
            if left <= 0:
                break
        if mr == MR and nv == 2 and gate != NULL:
            if p.ties:
                halved(mr > 0, acc[0], c + 0 * cr, gate + 0 * cr)
                halved(mr > 1, acc[1], c + 1 * cr, gate + 1 * cr)
                halved(mr > 2, acc[2], c + 2 * cr, gate + 2 * cr)
                halved(mr > 3, acc[3], c + 3 * cr, gate + 3 * cr)
                halved(mr > 4, acc[4], c + 4 * cr, gate + 4 * cr)
                halved(mr > 5, acc[5], c + 5 * cr, gate + 5 * cr)
                halved(mr > 6, acc[6], c + 6 * cr, gate + 6 * cr)
                halved(mr > 7, acc[7], c + 7 * cr, gate + 7 * cr)
                halved(mr > 8, acc[8], c + 8 * cr, gate + 8 * cr)
                halved(mr > 9, acc[9], c + 9 * cr, gate + 9 * cr)
                halved(mr > 10, acc[10], c + 10 * cr, gate + 10 * cr)
                halved(mr > 11, acc[11], c + 11 * cr, gate + 11 * cr)
            else:
                gated(mr > 0, acc[0], c + 0 * cr, gate + 0 * cr)
                gated(mr > 1, acc[1], c + 1 * cr, gate + 1 * cr)
                gated(mr > 2, acc[2], c + 2 * cr, gate + 2 * cr)
                gated(mr > 3, acc[3], c + 3 * cr, gate + 3 * cr)
                gated(mr > 4, acc[4], c + 4 * cr, gate + 4 * cr)
                gated(mr > 5, acc[5], c + 5 * cr, gate + 5 * cr)
                gated(mr > 6, acc[6], c + 6 * cr, gate + 6 * cr)
                gated(mr > 7, acc[7], c + 7 * cr, gate + 7 * cr)
                gated(mr > 8, acc[8], c + 8 * cr, gate + 8 * cr)
                gated(mr > 9, acc[9], c + 9 * cr, gate + 9 * cr)
                gated(mr > 10, acc[10], c + 10 * cr, gate + 10 * cr)
                gated(mr > 11, acc[11], c + 11 * cr, gate + 11 * cr)
            return
        low = splat(<real>p.floor)
        end(mr > 0, nv, acc[0], c + 0 * cr, low)
        end(mr > 1, nv, acc[1], c + 1 * cr, low)
        end(mr > 2, nv, acc[2], c + 2 * cr, low)
        end(mr > 3, nv, acc[3], c + 3 * cr, low)
        end(mr > 4, nv, acc[4], c + 4 * cr, low)
        end(mr > 5, nv, acc[5], c + 5 * cr, low)
        end(mr > 6, nv, acc[6], c + 6 * cr, low)
        end(mr > 7, nv, acc[7], c + 7 * cr, low)
        end(mr > 8, nv, acc[8], c + 8 * cr, low)
        end(mr > 9, nv, acc[9], c + 9 * cr, low)
        end(mr > 10, nv, acc[10], c + 10 * cr, low)
        end(mr > 11, nv, acc[11], c + 11 * cr, low)


cdef inline void edged(const int mr, const int nv, const bint unit, real *c, const real *a, const vector *b,
                       const real *init, const real *gate, Panel *p) noexcept nogil:
    """A tile whose last vector may be part of one (then it goes through a buffer), and its gate."""
    cdef real buffer[MR * NR * WF]
    cdef int i, j, W = WF if real is float else WD
    cdef bint whole = p.part == W, gates = whole and mr == MR and nv == 2
    cdef real *out = c if whole else buffer
    cdef Py_ssize_t cr = p.cr if whole else nv * W, ir = p.ir if whole else nv * W
    cdef vector g
    cdef vector *v
    if (real is float and vector is vf) or (real is double and vector is vd):
        if not whole:
            for i in range(mr):
                for j in range(nv):
                    (<vector *>(out + i * cr + j * W))[0] = load_part(init + i * p.ir + j * W, W if j < nv - 1 else p.part)
            init = buffer
        tile(mr, nv, unit, out, cr, a, b, init, ir, gate if gates else NULL, p)
        if gate != NULL and not gates:
            for i in range(mr):
                for j in range(nv):
                    g = load_part(gate + i * p.cr + j * W, W if j < nv - 1 else p.part)
                    v = <vector *>(out + i * cr + j * W)
                    if p.ties:
                        v[0] = vhalves(v[0], g)
                    else:
                        v[0] = vgate(v[0], g)
        if not whole:
            for i in range(mr):
                for j in range(nv):
                    store_part(c + i * p.cr + j * W, (<vector *>(out + i * cr + j * W))[0], W if j < nv - 1 else p.part)


cdef inline void strips(const int nv, const bint unit, real *c, const real *a, const vector *b, const real *init,
                        Panel *p) noexcept nogil:
    """All rows of one column panel: strips of MR rows, then what is left in tiles of 8, 4, 2 and 1."""
    cdef const real *gate = <const real *>p.gate
    cdef Py_ssize_t m = p.m, g = 0 if gate == NULL else p.cr, ar = 1 if unit else p.ar
    while m >= MR:
        if p.next != NULL:
            next_share(p, c, gate)
        edged(MR, nv, unit, c, a, b, init, gate, p)
        c, a, init, gate, m = c + MR * p.cr, a + p.strip, init + MR * p.ir, gate + MR * g, m - MR
    if MR > 8 and m >= 8:
        edged(8 if MR > 8 else 1, nv, unit, c, a, b, init, gate, p)
        c, a, init, gate, m = c + 8 * p.cr, a + 8 * ar, init + 8 * p.ir, gate + 8 * g, m - 8
    if MR > 4 and m >= 4:
        edged(4, nv, unit, c, a, b, init, gate, p)
        c, a, init, gate, m = c + 4 * p.cr, a + 4 * ar, init + 4 * p.ir, gate + 4 * g, m - 4
    if m >= 2:
        edged(2, nv, unit, c, a, b, init, gate, p)
        c, a, init, gate, m = c + 2 * p.cr, a + 2 * ar, init + 2 * p.ir, gate + 2 * g, m - 2
    if m:
        edged(1, nv, unit, c, a, b, init, gate, p)


# One function a kind of panel: the compiler allocates registers for each alone.
cdef void strips_2_unit(real *c, const real *a, const vector *b, const real *init, Panel *p) noexcept nogil:
    strips(2, True, c, a, b, init, p)
cdef void strips_2_apart(real *c, const real *a, const vector *b, const real *init, Panel *p) noexcept nogil:
    strips(2, False, c, a, b, init, p)
cdef void strips_1_unit(real *c, const real *a, const vector *b, const real *init, Panel *p) noexcept nogil:
    strips(1, True, c, a, b, init, p)
cdef void strips_1_apart(real *c, const real *a, const vector *b, const real *init, Panel *p) noexcept nogil:
    strips(1, False, c, a, b, init, p)


cdef inline void panel(real *c, const real *a, const vector *b, const real *init, int width,
                       Panel *p) noexcept nogil:
    cdef int W = WF if real is float else WD
    cdef bint two = width > W
    p.part = width - W if two else width
    if two and p.ar == 1:
        strips_2_unit(c, a, b, init, p)
    elif two:
        strips_2_apart(c, a, b, init, p)
    elif p.ar == 1:
        strips_1_unit(c, a, b, init, p)
    else:
        strips_1_apart(c, a, b, init, p)


cdef const real *without_minus_zero(real *out, const real *bias, int n) noexcept nogil:
    """A copy of the bias in which 0 stands for -0: no sum that starts from it is taken for what was cut off."""
    cdef int j
    for j in range(n):
        out[j] = bias[j] + 0
    return out


cdef void block(const Product *p, const real *a, Py_ssize_t i0, Py_ssize_t k0, bint packs_b, real *room,
                Panel *q) noexcept nogil:
    """All columns for the rows from i0 on, of which `a` is a strided or packed copy; k from k0 on."""
    cdef real zeros[64]         # where a sum without a bias starts, or one with ties
    cdef Py_ssize_t W = WF if real is float else WD, j = 0, width, lines
    cdef bint first = k0 == 0, last = k0 + q.depth == p.k
    cdef bint ahead = (packs_b or p.bc == 1) and q.m >= 4 * MR and p.k * p.n * <Py_ssize_t>sizeof(real) > NEAR
    cdef real *c
    cdef const real *b
    cdef const real *init = zeros
    for width in range(64):
        zeros[width] = 0
    q.cr, q.floor, q.gate, q.ir, q.ties = p.cr, -INFINITY, NULL, 0, p.ties
    if p.relu and last:
        q.floor = -0.0 if p.relu == TIES else 0
    q.next, q.next_br, q.next_bc, q.room = NULL, p.br, p.bc, room + q.depth * NR * W if packs_b else NULL
    if ahead:
        lines = q.depth // (q.m // MR) // (LINE // sizeof(real)) + 1
        q.share = lines * (LINE // sizeof(real))
        q.parts = max(q.depth // PART, <Py_ssize_t>1) if PARTED else 1
        q.part_rows, q.part_depth = (MR + q.parts - 1) // q.parts, (q.depth + q.parts - 1) // q.parts
    while j < p.n:
        width = min(NR * W, p.n - j)
        c = <real *>p.c + i0 * p.cr + j
        b, q.br = <const real *>p.b + k0 * p.br + j * p.bc, p.br
        if packs_b or width < NR * W and width != W:
            if packs_b and q.next != NULL:
                room, q.room = <real *>q.room, room
            else:
                pack_b(room, b, p.br, p.bc, q.depth, width)
            b, q.br = room, NR * W
        q.next = NULL
        if ahead and j + 2 * NR * W <= p.n:
            q.next, q.done = <const real *>p.b + k0 * p.br + (j + NR * W) * p.bc, 0
        if not first:
            init, q.ir = c, p.cr
        elif p.init != NULL:
            init, q.ir = <const real *>p.init + i0 * p.ir + j, p.ir
            if p.relu == TIES:
                init = without_minus_zero(zeros, init, width)
        if last and p.gate != NULL:
            q.gate = <const real *>p.gate + i0 * p.cr + j
        if real is float:
            panel[float, vf](c, a, <const vf *>b, init, width, q)
        else:
            panel[double, vd](c, a, <const vd *>b, init, width, q)
        j += width


cdef void product(const Product *p, real *work) noexcept nogil:
    cdef Py_ssize_t i0, k0 = 0, size = sizeof(real), columns = NR * (WF if real is float else WD)
    cdef Py_ssize_t passes = max((p.k + KC - 1) // KC, 1), deepest = ((p.k + passes - 1) // passes + 15) // 16 * 16
    # Rows of A that lie a multiple of 4096 bytes apart, or columns, as in X.T @ dZ, leave too few sets of L1.
    cdef bint clash = p.ar == 1 or p.ar * size % 4096 == 0
    cdef bint packs_a = p.m * p.k * size > (SMALL if clash else 524288) and p.n >= 2 * columns
    cdef bint packs_b = p.bc != 1 or p.k * p.br * size > 32768 and (p.m > FEW or p.br % (32 * columns) == 0)
    cdef bint in_passes = packs_a or packs_b or p.n % columns != 0 or p.k * p.br * size > SPAN
    cdef real *strips = work + 2 * deepest * columns     # of A, behind the panels of B
    cdef const real *a
    cdef Panel q
    while k0 < p.k or k0 == 0:
        q.depth = min(p.k - k0, deepest) if in_passes else p.k
        i0 = 0
        while i0 < p.m:
            a = <const real *>p.a + i0 * p.ar + k0 * p.ac
            q.m, q.ar, q.ac, q.strip = p.m - i0, p.ar, p.ac, MR * p.ar
            if packs_a:
                q.m = min(q.m, <Py_ssize_t>MC)
                pack_a(strips, a, p.ar, p.ac, q.m, q.depth)
                a, q.ar, q.ac, q.strip = strips, 1, MR, MR * q.depth
            block(p, a, i0, k0, packs_b, work, &q)
            i0 += q.m
        k0 += max(q.depth, 1)


include "long_products.pxi"     # matmul: a product, or the pieces of one
