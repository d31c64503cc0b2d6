"""The walk over a program's steps, batch after batch, by one thread or by all threads of a team side by side.

A batch of one block is shared step by step: each thread makes its part of the rows, columns or elements, and they meet
where a step reads what others made. A batch of many blocks is cut into groups of blocks, by the shapes alone; a
thread takes a group, forward and backward, and adds up in the group's own place. These sums are added in the groups'
order. So no bit depends on how many threads there are, or on which of them was faster.

Blocks add to what the blocks before left; of more than TERMS rows the sums of pieces are carried, with what is lost.

Signals are looked for between two batches, where a walk pauses; and within one by the caller's thread, which takes the
GIL for that, between two blocks, between steps that take long together, and before each piece of a long one. Where a
handler raises, the batch is given up, but never in the midst of an update.
"""
from libc.math cimport INFINITY

from fastbp.kernels cimport elementwise as ew
from fastbp.kernels.reductions cimport first_nonfinite
from fastbp.kernels.rows cimport gather
from fastbp.kernels.updates cimport largest
from fastbp.kernels.vector cimport real
from fastbp.engine.bound cimport Lane, aim, bind, choose_source
from fastbp.engine.platform cimport fb_add, fb_claim, fb_flush, fb_get, fb_put, fb_restore, fb_seconds
from fastbp.engine.steps cimport (FIRST, LARGEST, ONE, Step, advance_hyper, execute, execute_share, is_harmless,
                                  largest_state, share_of)
from fastbp.engine.team cimport left_behind, meet

cdef extern from "Python.h":
    int PyErr_CheckSignals() noexcept       # -1 where a handler raised: the error is set, for the walk's caller

cdef enum:
    LINE = 64           # bytes of a cache line
    CLAIMED = 1 << 15   # bytes that a first cache has room for

cdef double next_poll(double patience=0.08) noexcept nogil:
    """When to look for signals next, and whether threads pay."""
    return fb_seconds() + patience


cdef void begin_epoch(Cursor *c) noexcept nogil:
    """At the first row, with nothing summed."""
    cdef int i
    c.batch, c.taken = 0, 0
    for i in range(OUTPUTS):
        c.sums[i] = 0


cdef void begin_walk(Walk *w, Frame *f, Cursor *c, Py_ssize_t batches, Py_ssize_t total) noexcept nogil:
    """Batches of one program in the arrays' own order, from where they begin; no NaN is looked for."""
    choose_source(f, True, total)
    w.frame, w.cursor, w.index, w.base, w.batches, w.total = f, c, NULL, 0, batches, total
    w.status, w.pause, w.deadline, w.looks, w.found, w.guards, w.table = DONE, 0, next_poll(), False, 0, False, NULL


cdef double output_of(const Frame *f, int lane, int i) noexcept nogil:
    """An output as a thread's last batch left it."""
    if f.item == 4:
        return (<float *>f.lane[lane].results[i])[0]
    return (<double *>f.lane[lane].results[i])[0]


cdef void set_out(Pace *p, const Walk *w, Crew *crew, int rank) noexcept nogil:
    """The begin of a thread's walk."""
    p.crew, p.rank, p.left, p.deadline = crew, rank, CHUNK, w.deadline
    p.mode = fb_flush(w.frame.flushes)


cdef void arrive(const Pace *p) noexcept nogil:
    """The end of a thread's walk."""
    fb_restore(p.mode)


cdef bint is_time(Pace *p, double cost, double deadline) noexcept nogil:
    """After so many operations: whether the deadline has passed. The clock is asked once in a while."""
    p.left -= cost
    if p.left >= 0:
        return False
    p.left = CHUNK
    return fb_seconds() > deadline


cdef bint heeds(Pace *p, double cost) noexcept nogil:
    """After so many operations within a batch: look for signals if it is time. True where all are to leave."""
    if p.rank == 0 and is_time(p, cost, p.deadline):
        if raised(p):
            fb_put(&p.crew.over, 1)
        p.deadline = next_poll()
    return fb_get(&p.crew.over) != 0


cdef bint raised(const Pace *p) noexcept nogil:
    """Run the handlers of the signals that came, as the caller would; whether one raised."""
    cdef unsigned mode = fb_flush(False)
    cdef int found
    fb_restore(p.mode)
    with gil:
        found = PyErr_CheckSignals()
        if left_behind(p.crew):
            found = -1
    fb_restore(mode)
    return found != 0


cdef bint long_step(const Frame *f, const Step *s, Py_ssize_t rows, int which, Lane *lane, Pace *p, int rank,
                    int lanes) noexcept nogil:
    """The part of a long step that is thread `rank`'s, of `lanes`, piece by piece; True where the team is over.

    The pieces are the parts of so many more threads: of these no bit depends on how many there are.
    """
    cdef int i
    for i in range(rank * s.pieces, (rank + 1) * s.pieces):
        if heeds(p, CHUNK):
            return True
        if f.item == 4:
            execute_share[float](s, rows, which, f.hyper, <float *>lane.work, i, lanes * s.pieces)
        else:
            execute_share[double](s, rows, which, f.hyper, <double *>lane.work, i, lanes * s.pieces)
    return False


cdef bint own_steps(const Frame *f, Lane *lane, int first, int end, Py_ssize_t rows, int which, Pace *p) noexcept nogil:
    """Steps that this thread runs alone; True where the team is over. With p NULL no signals are looked for."""
    cdef bint looks = f.looks and p != NULL
    cdef int i
    for i in range(first, end):
        if looks and heeds(p, lane.steps[i].cost):
            return True
        if looks and lane.steps[i].pieces:
            if long_step(f, &lane.steps[i], rows, which, lane, p, 0, 1):
                return True
        elif f.item == 4:
            execute[float](&lane.steps[i], rows, which, f.hyper, <float *>lane.work)
        else:
            execute[double](&lane.steps[i], rows, which, f.hyper, <double *>lane.work)
    return False


cdef bint shared_steps(const Frame *f, Lane *lane, int first, int end, Py_ssize_t rows, int which, Pace *p) noexcept nogil:
    """This thread's part of steps that all share; True where the team is over."""
    cdef Crew *crew = p.crew
    cdef int i
    if crew.lanes == 1:
        return own_steps(f, lane, first, end, rows, which, p)
    for i in range(first, end):
        if f.looks and heeds(p, lane.steps[i].cost):
            return True
        if lane.steps[i].meets and meet(crew):
            return True
        if lane.steps[i].pieces:
            if long_step(f, &lane.steps[i], rows, which, lane, p, p.rank, crew.lanes):
                return True
        elif f.item == 4:
            execute_share[float](&lane.steps[i], rows, which, f.hyper, <float *>lane.work, p.rank, crew.lanes)
        else:
            execute_share[double](&lane.steps[i], rows, which, f.hyper, <double *>lane.work, p.rank, crew.lanes)
    return False


cdef void fetch(const Frame *f, Lane *lane, const long long *index, Py_ssize_t rows, Py_ssize_t ahead, int rank,
                int lanes) noexcept nogil:
    """Gather the rows of a block from each array; this thread's share of them."""
    cdef Py_ssize_t first, end
    cdef int j
    share_of(rows, rank, lanes, &first, &end)
    for j in range(f.n_arrays):
        if f.item == 4:
            gather[float](<float *>lane.gathered[j] + first * f.width[j], <const float *>f.arrays[j], index + first,
                          end - first, f.width[j], ahead)
        else:
            gather[double](<double *>lane.gathered[j] + first * f.width[j], <const double *>f.arrays[j], index + first,
                           end - first, f.width[j], ahead)


cdef void inspect(Walk *w, const Lane *lane, Py_ssize_t at, Py_ssize_t m, int rank, int lanes) noexcept nogil:
    """Look for NaN and infinity in this thread's share of the rows of a block."""
    cdef const Frame *f = w.frame
    cdef Py_ssize_t first, end, place, width
    cdef const char *rows
    cdef int j
    share_of(m, rank, lanes, &first, &end)
    for j in range(f.n_arrays):
        if not w.look[j]:
            continue
        width = f.width[j]
        rows = f.arrays[j] + at * width * f.item if w.index == NULL else lane.gathered[j]
        rows += first * width * f.item
        if f.item == 4:
            place = first_nonfinite(<const float *>rows, (end - first) * width)
        else:
            place = first_nonfinite(<const double *>rows, (end - first) * width)
        if place >= 0 and fb_add(&w.found, 1) == 1:
            w.bad_array, w.bad_column = j, place % width
            at += first + place // width
            w.bad_row = w.index[at] if w.index != NULL else at
            return


cdef void load(Walk *w, Lane *lane, Py_ssize_t at, Py_ssize_t m, int rank, int lanes) noexcept nogil:
    """Have the operands be the m rows from `at` on."""
    cdef const Frame *f = w.frame
    if w.index != NULL:
        fetch(f, lane, w.index + at, m, m if at + 2 * m <= w.total else 0, rank, lanes)
    else:
        bind(f, lane, at)
    if w.looks:
        inspect(w, lane, at, m, rank, lanes)


cdef void walk(void *context, Crew *crew, int rank) noexcept nogil:
    """Run batches from the cursor on, and leave it where the next walk goes on."""
    cdef Walk *w = <Walk *>context
    cdef Frame *f = w.frame
    cdef Lane *lane = &f.lane[rank]
    cdef Py_ssize_t batch = w.cursor.batch
    cdef Pace pace
    cdef int status = DONE
    set_out(&pace, w, crew, rank)
    if w.index != NULL:
        bind(f, lane, 0)
    while batch < w.batches and status == DONE:
        if f.groups > 1:
            status = groups(w, lane, w.base + batch * f.rows, &pace)
        else:
            status = blocks(w, lane, w.base + batch * f.rows, &pace)
        if status == DONE:
            status = close_batch(w, lane, &pace)
            batch += status != OVER
            if rank == 0 and is_time(&pace, f.cost, w.deadline):
                fb_put(&w.pause, batch)
            if meet_all(crew):              # the parameters are in place
                break
            if rank == 0 and status == DONE and f.updates:
                if w.guards:
                    f.hyper[LARGEST] = largest_state(&lane.steps[f.n_steps - 1], f.hyper, largest_gradient(f, crew.lanes))
                else:
                    f.hyper[LARGEST] = INFINITY     # nobody has looked
                advance_hyper(&lane.steps[f.n_steps - 1], f.hyper)
            # The word was written before a meeting: all find the same.
            if fb_get(&w.pause) == batch and status == DONE and batch < w.batches:
                status = PAUSED
    if rank == 0:
        w.cursor.batch, w.status = batch, status
    arrive(&pace)


cdef inline bint meet_all(Crew *crew) noexcept nogil:
    """`meet`, without a call where a thread is alone."""
    return crew.lanes > 1 and meet(crew)


cdef int blocks(Walk *w, Lane *lane, Py_ssize_t at, Pace *p) noexcept nogil:
    """The batch that begins at row `at`, each block shared by all."""
    cdef const Frame *f = w.frame
    cdef Crew *crew = p.crew
    cdef Py_ssize_t row = 0, m
    if f.head and shared_steps(f, lane, 0, f.head, f.rows, FIRST, p):
        return OVER
    while True:
        m = min(f.block, f.rows - row)
        load(w, lane, at + row, m, p.rank, crew.lanes)
        if shared_steps(f, lane, f.head, f.body, m, standing(f, row), p):
            return OVER
        row += m
        if carries(f, row, f.rows):
            if meet_all(crew):              # the sums are made
                return OVER
            carry_on(f, lane, row, f.rows, p.rank, crew.lanes)
            if row >= f.rows and meet_all(crew):
                return OVER
        if row >= f.rows:
            break
        if heeds(p, f.cost * m / f.rows):
            return OVER
        if meet_all(crew):                  # nobody reads this block any more
            return OVER
    return OVER if shared_steps(f, lane, f.body, f.n_steps - f.updates, f.rows, FIRST, p) else DONE


cdef inline Py_ssize_t first_row(const Frame *f, Py_ssize_t group) noexcept nogil:
    """Where a group of blocks begins in the batch."""
    cdef Py_ssize_t count = (f.rows + f.block - 1) // f.block
    return min(count * group // f.groups * f.block, f.rows)


cdef int groups(Walk *w, Lane *lane, Py_ssize_t at, Pace *p) noexcept nogil:
    """The batch that begins at row `at`, group by group: each thread takes the next one."""
    cdef const Frame *f = w.frame
    cdef Py_ssize_t group
    if own_steps(f, lane, 0, f.head, f.rows, FIRST, p):
        return OVER
    while True:
        group = fb_add(&w.cursor.taken, 1) - 1
        if group >= f.groups:
            break
        aim(f, lane, group)
        if one_group(w, lane, at, first_row(f, group), first_row(f, group + 1), p):
            return OVER
    return OVER if meet_all(p.crew) else DONE


cdef bint one_group(Walk *w, Lane *lane, Py_ssize_t at, Py_ssize_t first, Py_ssize_t end, Pace *p) noexcept nogil:
    """A group's blocks, one after the other; True where the team is over."""
    cdef const Frame *f = w.frame
    cdef Py_ssize_t row = first, m
    while row < end:
        m = min(f.block, end - row)
        load(w, lane, at + row, m, 0, 1)
        if own_steps(f, lane, f.head, f.body, m, standing(f, row - first), p):
            return True
        row += m
        if carries(f, row - first, end - first):
            carry_on(f, lane, row - first, end - first, 0, 1)
        if heeds(p, f.cost * m / f.rows):
            return True
    return False


cdef void add_up(const Frame *f, int rank, int lanes, real *kind) noexcept nogil:
    """The sums of the groups, in their order; of gradients that only the update reads, this thread's share.

    Where there are two groups, the update adds these up itself.
    """
    cdef int i
    cdef Py_ssize_t group, first, end, step = f.apart // <Py_ssize_t>sizeof(real), low, high
    cdef real *home
    cdef real *place
    share_of(f.gradients, rank, lanes, &low, &high)
    for i in range(f.n_sums):
        first, end = 0, f.sums[i].size
        if f.sums[i].shared and f.halves:
            continue
        if f.sums[i].shared:
            first, end = max(low - f.sums[i].first, 0), min(high - f.sums[i].first, end)
        elif rank > 0:
            continue
        if end <= first:
            continue
        home, place = <real *>f.sums[i].home + first, <real *>f.partial + f.sums[i].first + first
        ew.binary(ew.ADD, home, place, 0, 1, place + step, 0, 1, 1, end - first)
        for group in range(2, f.groups):
            ew.binary(ew.ADD, home, home, 0, 1, place + group * step, 0, 1, 1, end - first)


cdef void claim(const Step *update, Py_ssize_t item, int rank, int lanes) noexcept nogil:
    """Ask for this thread's share of the parameters, which the others have read: else each store of the update waits."""
    cdef Py_ssize_t first, end
    if update.share == ONE:
        return
    share_of(update.n, rank, lanes, &first, &end)
    first, end = first * item, min(end * item, first * item + CLAIMED)
    while first < end:
        fb_claim(<const char *>update.out + first)
        first += LINE


cdef double largest_share(const Frame *f, int rank, int lanes) noexcept nogil:
    """What no gradient of this thread's share exceeds."""
    cdef const Step *update = &f.lane[rank].steps[f.n_steps - 1]
    cdef Py_ssize_t first, end
    share_of(update.n, rank, lanes, &first, &end)
    if f.item == 4:
        return largest_of[float](<const float *>update.a + first, end - first, update.more)
    return largest_of[double](<const double *>update.a + first, end - first, update.more)


cdef inline double largest_of(const real *g, Py_ssize_t n, Py_ssize_t more) noexcept nogil:
    """What no gradient exceeds; of two halves, what their sum does not."""
    return largest(g, n) + (largest(g + more, n) if more else 0)


cdef double largest_gradient(const Frame *f, int lanes) noexcept nogil:
    """What no gradient of the batch exceeds."""
    cdef double found = 0
    cdef int i
    for i in range(lanes):
        found = max(found, f.lane[i].largest)
    return found


cdef int close_batch(Walk *w, Lane *lane, Pace *p) noexcept nogil:
    """Take the outputs, look whether the loss is finite, and update. All threads find the same."""
    cdef Frame *f = w.frame
    cdef Crew *crew = p.crew
    cdef int i, rank = p.rank
    if f.groups > 1:
        if f.item == 4:
            add_up[float](f, rank, crew.lanes, NULL)
        else:
            add_up[double](f, rank, crew.lanes, NULL)
        if rank == 0 and own_steps(f, lane, f.body, f.n_steps - f.updates, f.rows, FIRST, p):
            return OVER
        if f.updates and crew.lanes > 1:
            claim(&lane.steps[f.n_steps - 1], f.item, rank, crew.lanes)
    if meet_all(crew):                      # the outputs are in place, and nobody asks any more what was taken
        return OVER
    if rank == 0:
        w.cursor.taken = 0
        for i in range(f.n_outputs):
            w.cursor.sums[i] += output_of(f, 0, i) * f.rows
    if fb_get(&w.found) or (f.n_outputs and not output_of(f, 0, 0) - output_of(f, 0, 0) == 0):
        return BAD                          # nothing is updated with what is not a number
    if w.guards and f.updates:
        lane.largest = largest_share(f, rank, crew.lanes)
        if meet_all(crew):
            return OVER
        if not is_harmless(&lane.steps[f.n_steps - 1], f.hyper, largest_gradient(f, crew.lanes), f.item == 4):
            return HELD
    if f.updates:                           # meets nobody, and looks for no signals
        shared_steps(f, lane, f.n_steps - 1, f.n_steps, f.rows, FIRST, p)
    return DONE


include "carrying.pxi"          # standing, carries, carry_on: sums from piece to piece
