# How matmul.pyx lays out blocks of its operands for its tiles, and asks the memory for the next ones.

from fastbp.kernels.vector cimport real, WF, WD, MR, NR, EIGHTS, transpose4, transpose8, prefetch


cdef void transpose(real *out, Py_ssize_t ld, const real *s, Py_ssize_t ss, Py_ssize_t depth, Py_ssize_t n) noexcept nogil:
    """out[k * ld + j] = s[k + j * ss] for k < depth, j < n: a transposition."""
    cdef Py_ssize_t k, j, k8 = depth & ~7 if EIGHTS and real is float else 0, k4 = depth & ~3, n4 = n & ~3
    for j in range(0, n4, 4):
        if EIGHTS and real is float:
            for k in range(0, k8, 8):
                transpose8(out + k * ld + j, ld, s + j * ss + k, ss)
        for k in range(k8, k4, 4):
            transpose4(out + k * ld + j, ld, s + j * ss + k, ss)
    for j in range(n):
        for k in range(k4 if j < n4 else 0, depth):
            out[k * ld + j] = s[j * ss + k]


cdef inline void pack_rows(const int n, real *out, const real *s, Py_ssize_t ss, Py_ssize_t depth) noexcept nogil:
    """out[k * n + j] = s[k * ss + j] for k < depth, j < n; n is a constant."""
    cdef Py_ssize_t _k
    cdef int j
    for _k in range(depth):
        for j in range(n):
            out[j] = s[j]
        out += n
        s += ss


cdef void pack_part(real *out, Py_ssize_t ld, const real *s, Py_ssize_t ks, Py_ssize_t js, Py_ssize_t depth,
                    Py_ssize_t n) noexcept nogil:
    """out[k * ld + j] = s[k * ks + j * js] for k < depth, j < n, and zero up to ld."""
    cdef Py_ssize_t k, j
    for k in range(depth):
        for j in range(n):
            out[k * ld + j] = s[k * ks + j * js]
        for j in range(n, ld):
            out[k * ld + j] = 0


cdef void pack_a(real *out, const real *a, Py_ssize_t ar, Py_ssize_t ac, Py_ssize_t m, Py_ssize_t depth) noexcept nogil:
    """Strips of MR rows, k by k: out[strip, k, row]."""
    cdef Py_ssize_t i = 0
    while i < m:
        if ar == 1 and m - i >= MR:
            pack_rows(MR, out, a + i, ac, depth)
        elif ac == 1 and m - i >= MR:
            transpose(out, MR, a + i * ar, ar, depth, MR)
        else:
            pack_part(out, MR, a + i * ar, ac, ar, depth, min(<Py_ssize_t>MR, m - i))
        out += MR * depth
        i += MR


cdef void pack_b(real *out, const real *b, Py_ssize_t br, Py_ssize_t bc, Py_ssize_t depth, int width) noexcept nogil:
    """One panel: out[k, column], NR vectors wide."""
    cdef int W = WF if real is float else WD
    if width < NR * W:
        pack_part(out, NR * W, b, br, bc, depth, width)
    elif bc == 1:
        pack_rows(NR * WF if real is float else NR * WD, out, b, br, depth)
    else:
        transpose(out, NR * W, b, bc, depth, NR * W)


cdef inline void ask(const real *x, Py_ssize_t stride, Py_ssize_t rows) noexcept nogil:
    """Fetch `rows` rows of one panel's width into L2."""
    cdef Py_ssize_t i, j
    for i in range(rows):
        for j in range(NR):
            prefetch(x + i * stride + j * <Py_ssize_t>(LINE // sizeof(real)))


cdef void fetch_share(Panel *p, const real *c, const real *gate) noexcept nogil:
    """Ask for a share of the next panel, or pack it and ask for the share that follows; ask for the next strip of C.

    These are short pieces that lie far apart: no hardware foresees them, and a whole panel of them, asked for at once,
    would not stay in L2, as a stride of a power of two leaves them few sets.
    """
    cdef int columns = NR * (WF if real is float else WD)
    cdef Py_ssize_t i = 0, left = p.depth - p.done, more = min(p.share, left - p.share)
    cdef const real *b = <const real *>p.next + p.done * p.next_br
    cdef const real *coming = b + p.share * p.next_br
    ask(c + MR * p.cr, p.cr, MR)
    if gate != NULL:
        ask(gate + MR * p.cr, p.cr, MR)
    if left <= 0:
        return
    if p.room == NULL:
        ask(b, p.next_br, min(p.share, left))
        p.done += p.share
        return
    if p.next_bc == 1:
        ask(coming, p.next_br, more)
    else:
        while i < more:
            ask(coming + i, p.next_bc, columns)
            i += NR * (LINE // sizeof(real))
    pack_b(<real *>p.room + p.done * columns, b, p.next_br, p.next_bc, min(p.share, left), columns)
    p.done += p.share
