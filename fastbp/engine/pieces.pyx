"""Pieces that nothing connects: batches that are only looked at, and blocks of rows whose outputs are wanted.

Each thread takes the next piece and works alone, with a workspace of its own.
"""
from fastbp.engine.bound cimport Lane, bind
from fastbp.engine.platform cimport fb_add, fb_flush, fb_get, fb_put, fb_restore
from fastbp.engine.steps cimport FIRST
from fastbp.engine.walk cimport CHUNK, Pace, Walk, carries, carry_on, is_time, load, output_of, own_steps, standing


cdef void walk_apart(void *context, Crew *crew, int rank) noexcept nogil:
    """Batches that nothing connects: each thread takes one, and writes its outputs to the table."""
    cdef Walk *w = <Walk *>context
    cdef const Frame *f = w.frame
    cdef Lane *lane = &f.lane[rank]
    cdef Py_ssize_t batch, row
    cdef Pace pace
    cdef unsigned mode = fb_flush(f.flushes)
    cdef int i
    pace.left = CHUNK
    while not fb_get(&w.pause):
        batch = fb_add(&w.cursor.taken, 1) - 1
        if batch >= w.batches:
            break
        own_steps(f, lane, 0, f.head, f.rows, FIRST)
        row = 0
        while row < f.rows or row == 0:
            load(w, lane, w.base + batch * f.rows + row, min(f.block, f.rows - row), 0, 1)
            own_steps(f, lane, f.head, f.body, min(f.block, f.rows - row), standing(f, row))
            row = min(row + max(f.block, 1), max(f.rows, 1))
            if carries(f, row, f.rows):
                carry_on(f, lane, row, f.rows, 0, 1)
        own_steps(f, lane, f.body, f.n_steps, f.rows, FIRST)
        for i in range(f.n_outputs):
            w.table[batch * f.n_outputs + i] = output_of(f, rank, i)
        if is_time(w, &pace, f.cost):
            fb_put(&w.pause, 1)
    fb_restore(mode)


cdef void forward_block(Frame *f, Py_ssize_t rows) noexcept nogil:
    """The outputs of one block of rows, from row 0 on."""
    cdef unsigned mode = fb_flush(f.flushes)
    own_steps(f, f.lane, 0, f.head, rows, FIRST)
    bind(f, f.lane, 0)
    own_steps(f, f.lane, f.head, f.body, rows, FIRST)
    own_steps(f, f.lane, f.body, f.n_steps, rows, FIRST)
    fb_restore(mode)


cdef void walk_forward(void *context, Crew *crew, int rank) noexcept nogil:
    """Blocks of rows whose outputs go to the caller's array: each thread takes one."""
    cdef Walk *w = <Walk *>context
    cdef const Frame *f = w.frame
    cdef Lane *lane = &f.lane[rank]
    cdef Py_ssize_t row, m
    cdef Pace pace
    cdef unsigned mode = fb_flush(f.flushes)
    pace.left = CHUNK
    own_steps(f, lane, 0, f.head, w.total, FIRST)
    while not fb_get(&w.pause):
        row = (fb_add(&w.cursor.taken, 1) - 1) * max(f.block, 1)
        if row >= max(w.total, 1):
            break
        m = min(f.block, w.total - row)
        bind(f, lane, row)
        own_steps(f, lane, f.head, f.body, m, FIRST)
        if is_time(w, &pace, f.cost * m / max(f.rows, 1)):
            fb_put(&w.pause, 1)
    if rank == 0:                           # what does not depend on the rows
        own_steps(f, lane, f.body, f.n_steps, w.total, FIRST)
    fb_restore(mode)
