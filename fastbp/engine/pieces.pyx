"""Pieces that nothing connects: batches that are only looked at, and blocks of rows whose outputs are wanted.

Each thread takes the next piece and works alone, with a workspace of its own.
"""
from fastbp.engine.bound cimport Lane, bind
from fastbp.engine.platform cimport fb_add, fb_flush, fb_get, fb_put, fb_restore
from fastbp.engine.steps cimport FIRST
from fastbp.engine.walk cimport (Pace, Walk, arrive, carries, carry_on, heeds, is_time, load, output_of, own_steps, set_out,
                                 standing)


cdef void walk_apart(void *context, Crew *crew, int rank) noexcept nogil:
    """Batches that nothing connects: each thread takes one, and writes its outputs to the table."""
    cdef Walk *w = <Walk *>context
    cdef const Frame *f = w.frame
    cdef Py_ssize_t batch
    cdef Pace pace
    cdef int i
    set_out(&pace, w, crew, rank)
    while not fb_get(&w.pause):
        batch = fb_add(&w.cursor.taken, 1) - 1
        if batch >= w.batches or one_batch(w, &f.lane[rank], w.base + batch * f.rows, &pace):
            break
        for i in range(f.n_outputs):
            w.table[batch * f.n_outputs + i] = output_of(f, rank, i)
        if is_time(&pace, f.cost, w.deadline):
            fb_put(&w.pause, 1)
    arrive(&pace)


cdef bint one_batch(Walk *w, Lane *lane, Py_ssize_t at, Pace *p) noexcept nogil:
    """The batch that begins at row `at`, by one thread; True where the team is over."""
    cdef const Frame *f = w.frame
    cdef Py_ssize_t row = 0, m
    if own_steps(f, lane, 0, f.head, f.rows, FIRST, p):
        return True
    while row < f.rows or row == 0:
        m = min(f.block, f.rows - row)
        load(w, lane, at + row, m, 0, 1)
        if own_steps(f, lane, f.head, f.body, m, standing(f, row), p) or heeds(p, f.cost * m / max(f.rows, 1)):
            return True
        row = min(row + max(f.block, 1), max(f.rows, 1))
        if carries(f, row, f.rows):
            carry_on(f, lane, row, f.rows, 0, 1)
    return own_steps(f, lane, f.body, f.n_steps, f.rows, FIRST, p)


cdef void forward_block(Frame *f, Py_ssize_t rows) noexcept nogil:
    """The outputs of one block of few rows, from row 0 on."""
    cdef unsigned mode = fb_flush(f.flushes)
    own_steps(f, f.lane, 0, f.head, rows, FIRST, NULL)
    bind(f, f.lane, 0)
    own_steps(f, f.lane, f.head, f.body, rows, FIRST, NULL)
    own_steps(f, f.lane, f.body, f.n_steps, rows, FIRST, NULL)
    fb_restore(mode)


cdef void walk_forward(void *context, Crew *crew, int rank) noexcept nogil:
    """Blocks of rows whose outputs go to the caller's array: each thread takes one."""
    cdef Walk *w = <Walk *>context
    cdef const Frame *f = w.frame
    cdef Lane *lane = &f.lane[rank]
    cdef Py_ssize_t row, m
    cdef Pace pace
    cdef bint over
    set_out(&pace, w, crew, rank)
    over = own_steps(f, lane, 0, f.head, w.total, FIRST, &pace)
    while not over and not fb_get(&w.pause):
        row = (fb_add(&w.cursor.taken, 1) - 1) * max(f.block, 1)
        if row >= max(w.total, 1):
            break
        m = min(f.block, w.total - row)
        bind(f, lane, row)
        over = own_steps(f, lane, f.head, f.body, m, FIRST, &pace)
        if is_time(&pace, f.cost * m / max(f.rows, 1), w.deadline):
            fb_put(&w.pause, 1)
    if rank == 0 and not over:              # what does not depend on the rows
        own_steps(f, lane, f.body, f.n_steps, w.total, FIRST, &pace)
    arrive(&pace)
