# How matmul.pyx lays out blocks of its operands for its tiles, and asks the memory for the next ones.

from libc.string cimport memcpy

from fastbp.kernels.vector cimport real, WF, WD, MR, NR, EIGHTS, transpose4, transpose8, prefetch


cdef enum:
    PARTED = MR == 12       # tiles ask in parts: what many requests at once wait for counts where products are fastest
    PART = 80               # least depth of a part: shallower, leaving its loop costs more than asking in parts gains

cdef struct Panel:          # what the tiles of one column panel share
    const void *gate        # of the panel's first row, or NULL
    double floor            # 0 for relu, -0 where ties count, else -inf
    bint ties               # whether the gate halves
    Py_ssize_t m, depth, cr, ar, ac, br, ir
    Py_ssize_t strip        # from one strip of MR rows to the next, in A
    int part                # valid lanes of the last vector
    const void *next        # B of the next panel, NULL for none: a share of its depth is asked for with each strip of
    void *room              # this one, before it is needed; where to pack it, NULL where it is used as it lies
    Py_ssize_t next_br, next_bc, share, done
    const void *coming_b    # what a strip asks for: so many lines of the next panel, and the next strip's C and gate
    const void *coming_c
    const void *coming_gate
    Py_ssize_t lines, asked             # how many lines of that panel; how many parts of a tile have asked for theirs
    Py_ssize_t parts, part_lines, part_rows, part_depth     # how many there are, and what a part is


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
    for _k in range(depth):
        memcpy(out, s, n * sizeof(real))    # a loop over twelve numbers is not vectorised
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


cdef inline void ask(const real *x) noexcept nogil:
    """Fetch what one panel has of a row into L2: one line or two."""
    prefetch(x)
    if NR * WF * sizeof(float) > LINE:
        prefetch(<const char *>x + LINE)


cdef inline void ask_part(Panel *p, const real *_kind) noexcept nogil:
    """Ask for a part of what `next_share` named."""
    cdef Py_ssize_t columns = NR * (WF if real is float else WD), line = LINE // sizeof(real), i
    for i in range(p.asked * p.part_rows, min((p.asked + 1) * p.part_rows, MR)):
        ask(<const real *>p.coming_c + i * p.cr)
        if p.coming_gate != NULL:
            ask(<const real *>p.coming_gate + i * p.cr)
    for i in range(p.asked * p.part_lines, min((p.asked + 1) * p.part_lines, p.lines)):
        if p.next_bc == 1:
            ask(<const real *>p.coming_b + i * p.next_br)
        else:
            prefetch(<const real *>p.coming_b + i % columns * p.next_bc + i // columns * line)
    p.asked += 1


cdef void next_share(Panel *p, const real *c, const real *gate) noexcept nogil:
    """Before a strip, whose C and gate these are: pack the share of the next panel that the last strip asked for, and
    say what this one asks for: the next share, and the next strip's C and gate.

    These are short pieces that lie far apart: no hardware foresees them, and a whole panel of them, asked for at once,
    would not stay in L2, as a stride of a power of two leaves them few sets. Nor can many be under way at once: each
    part of a tile asks for some, which takes 3 to 5 % off T4.
    """
    cdef Py_ssize_t columns = NR * (WF if real is float else WD), line = LINE // sizeof(real)
    cdef Py_ssize_t n = min(p.share, p.depth - p.done)
    if p.room != NULL:
        pack_b(<real *>p.room + p.done * columns, <const real *>p.next + p.done * p.next_br, p.next_br, p.next_bc, n,
               columns)
        p.done += n
        n = min(p.share, p.depth - p.done)
    p.coming_b, p.coming_c = <const real *>p.next + p.done * p.next_br, c + MR * p.cr
    p.coming_gate = NULL if gate == NULL else gate + MR * p.cr
    p.asked, p.lines = 0, n if p.next_bc == 1 else (n + line - 1) // line * columns
    p.part_lines = (p.lines + p.parts - 1) // p.parts
    if p.room == NULL:
        p.done += n
    if not PARTED:
        ask_part(p, c)
