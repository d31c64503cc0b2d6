"""The epochs: training and evaluation over mini-batches, without the GIL and without an allocation."""
from libc.stdlib cimport free, malloc
from cpython.exc cimport PyErr_CheckSignals

from fastbp._arguments import take
from fastbp.kernels.arguments cimport flag, is_double, whole
from fastbp.engine.bound cimport choose_source
from fastbp.engine.pieces cimport walk_apart
from fastbp.engine.platform cimport fb_seconds
from fastbp.engine.program cimport ARRAYS
from fastbp.engine.random cimport shuffle as shuffle_rows
from fastbp.engine.run cimport Arrays, Run
from fastbp.engine.snapshot cimport Snapshot
from fastbp.engine.team cimport Crew, Team, alone, lanes_of, together
from fastbp.engine.walk cimport Cursor, Walk, BAD, DONE, OVER, PAUSED, begin_epoch, begin_walk, next_poll, walk


_MOST = 2**64 - 1       # seeds and streams

cdef struct Training:               # where a training is, and what it needs to go on
    Py_ssize_t epoch, epochs, rows, batches
    int part                        # 0: full batches, 1: the short last one
    long long *index                # the shuffled order, or NULL
    unsigned long long seed, first_shuffle
    Cursor cursor
    Walk walk
    Crew *crew


def fit(Run run, Run last, tuple arrays not None, *, epochs, shuffle, seed, first_shuffle, results,
        Snapshot snapshot, tuple look not None=(), share=None) -> tuple[int, int]:
    """Train for some epochs.

    Parameters
    ----------
    run : Run or None
        For the full batches; None where all rows are fewer.
    last : Run or None
        For the short last batch; None where there is none.
    arrays : tuple of C-contiguous arrays of the programs' dtype, with all rows. Never written.
    epochs : int
    shuffle : bool
        Whether each epoch takes the rows in an order of its own. (Rows of a single batch are not shuffled: their
        order means nothing there.)
    seed, first_shuffle : int
        Epoch e is shuffled by stream first_shuffle + e of the seed.
    results : float64 array of shape (epochs, outputs)
        Filled with the outputs' means over the rows, an epoch a row.
    snapshot : Snapshot
        Taken anew before each epoch; an epoch that ends well leaves finite numbers only.
    look : tuple of bool
        For each array whether NaN and infinity are looked for in its rows as they come in.
    share : Share, optional
        Says how many threads there are, and how many of them may work now and later; else there is one.

    Returns
    -------
    tuple of int
        (epochs, -1) when all ran. When a number that was looked at, the loss, a parameter or the optimizer's state
        stopped being finite: the epoch and batch, from 0, and everything is as after the last good epoch; `snapshot`
        says where.

    Raises
    ------
    KeyboardInterrupt
        The parameters are those after the last whole batch.
    ValueError
        Arrays that do not fit the programs.
    """
    cdef Training t
    cdef int status = PAUSED
    cdef Py_ssize_t batch
    held = _taken(&t, run, last, arrays)
    t.epoch, t.epochs, t.part, t.index = 0, whole(epochs, "epochs", 0, 2**63 - 1), 0, NULL
    t.seed, t.first_shuffle = whole(seed, "seed", 0, _MOST), whole(first_shuffle, "first_shuffle", 0, _MOST)
    results = take(results, "results", ndim=2, writable=True)
    if not is_double(results):
        raise TypeError(f"results: expected an array of float64, got one of {results.dtype}")
    if results.shape[0] != epochs or results.shape[1] != len((run or last).program.outputs):
        raise ValueError(f"results: expected shape {(epochs, len((run or last).program.outputs))}, "
                         f"got {(results.shape[0], results.shape[1])}")
    if snapshot is not None:
        snapshot.bad_input = None
    try:
        if flag(shuffle, "shuffle") and t.batches + (last is not None) > 1:
            t.index = <long long *>malloc(t.rows * sizeof(long long))
            if t.index == NULL:
                raise MemoryError(f"the order of {t.rows} rows")
        look_at(&t.walk, look)
        with gathered(run, last, share) as team:
            t.crew = (<Team>team).crew
            status = run_epochs(&t, run, last, results, snapshot, team)
    finally:
        free(t.index)
    del held
    if status == BAD:
        if t.walk.found and snapshot is not None:
            snapshot.bad_input = (t.walk.bad_array, t.walk.bad_row, t.walk.bad_column)
        batch = t.cursor.batch - 1 + (t.batches if t.part else 0)
        return t.epoch, batch
    return t.epochs, -1


cdef int look_at(Walk *w, tuple look) except -1:
    """Say in which arrays NaN and infinity are looked for."""
    cdef int j
    w.looks = any(look)
    for j in range(ARRAYS):
        w.look[j] = j < len(look) and look[j]
    return 0


cdef Team gathered(Run run, Run last, object share):
    """The threads of a call, and what they need."""
    cdef int lanes = lanes_of(share)
    for each in (run, last):
        if each is not None:
            (<Run>each).add_lanes(lanes)
    return Team(lanes, share)


cdef int run_epochs(Training *t, Run run, Run last, double[:, ::1] results, Snapshot snapshot, Team team) except -1:
    """All epochs, with a look for signals now and then; how they ended."""
    cdef int status = PAUSED
    cdef double deadline = next_poll(0.01)      # threads that do not pay are found soon
    while status == PAUSED and t.epoch < t.epochs:
        with nogil:
            status = advance(t, run, last, results, snapshot, deadline)
        if status == OVER:
            return -1
        if status == PAUSED:
            PyErr_CheckSignals()
            deadline = next_poll()
            team.settle()
    return status


def evaluate(Run run, Run last, tuple arrays not None, share=None) -> list[float]:
    """Means over the rows of the outputs of programs without gradients, in the arrays' own order.

    Parameters
    ----------
    run, last, arrays, share : as `fit` takes them.

    Returns
    -------
    list of float
        One for each of `program.outputs`.
    """
    cdef Training t
    held = _taken(&t, run, last, arrays)
    cdef int i, n = (run if run is not None else last).frame.n_outputs
    cdef double *table = <double *>malloc(max(t.batches * n, 1) * sizeof(double))
    if table == NULL:
        raise MemoryError(f"the outputs of {t.batches} batches")
    try:
        with gathered(run, last, share) as team:
            look(&t, run, last, table, (<Team>team).crew)
    finally:
        free(table)
    del held
    return [t.cursor.sums[i] / t.rows for i in range(n)]


cdef int look(Training *t, Run run, Run last, double *table, Crew *crew) except -1:
    """The sums of the outputs of all batches: of full ones side by side, of the last one as a batch is shared."""
    cdef Walk *w = &t.walk
    cdef Crew single
    cdef Py_ssize_t i, n
    cdef bint over
    alone(&single)
    if run is not None:
        begin_walk(w, &run.frame, &t.cursor, t.batches, t.rows)
        w.table = table
        while t.cursor.taken < t.batches:
            w.pause, w.deadline = 0, next_poll()
            with nogil:
                over = together(crew, walk_apart, w)
            if over:
                return -1
            if w.pause:
                PyErr_CheckSignals()
        n = run.frame.n_outputs
        for i in range(t.batches * n):
            t.cursor.sums[i % n] += table[i] * run.frame.rows
    if last is not None:
        t.cursor.taken = 0
        begin_walk(w, &last.frame, &t.cursor, 1, t.rows)
        w.base = t.rows - last.frame.rows
        with nogil:
            # Steps of a single block are not to be shared here: each thread has memory of its own.
            over = together(crew if last.frame.groups > 1 else &single, walk, w)
        if over:
            return -1
    return 0


cdef list _taken(Training *t, Run run, Run last, tuple arrays):
    """Hold the arrays, and check that the programs' rows add up to theirs."""
    if run is None and last is None:
        raise ValueError("expected a run for full batches, or one for a short one, got neither")
    for each in (run, last):
        if each is not None:
            (<Run>each).program.gives_numbers()
    cdef list held = [Arrays(r, arrays) for r in (run, last) if r is not None]
    cdef Py_ssize_t full = 0 if run is None else run.frame.rows, short = 0 if last is None else last.frame.rows
    t.rows = (<Arrays>held[0]).rows if arrays else 1        # a function of its parameters alone
    t.batches = (t.rows - short) // full if full else 0
    if t.rows < short or t.batches * full + short != t.rows:
        raise ValueError(f"arrays: {t.rows} rows are not batches of {full} and a last one of {short}")
    t.walk.found = 0
    begin_epoch(&t.cursor)
    return held


cdef int batches(Training *t, Run run, Py_ssize_t base, Py_ssize_t count, double deadline) noexcept nogil:
    """Batches of one program, from the cursor on."""
    cdef Walk *w = &t.walk
    choose_source(&run.frame, t.index == NULL, t.rows)
    w.frame, w.cursor, w.index, w.base, w.batches, w.total = &run.frame, &t.cursor, t.index, base, count, t.rows
    w.status, w.pause, w.deadline, w.guards, w.table = DONE, 0, deadline, False, NULL
    return OVER if together(t.crew, walk, w) else w.status


cdef int advance(Training *t, Run run, Run last, double[:, ::1] results, Snapshot snapshot,
                 double deadline) noexcept nogil:
    """Go on until the deadline has passed, the loss is not finite, or all epochs are done."""
    cdef int status, i, n = last.frame.n_outputs if run is None else run.frame.n_outputs
    while t.epoch < t.epochs:
        if t.part == 0:
            if t.cursor.batch == 0:
                if snapshot is not None:
                    snapshot.take(t.crew)
                if t.index != NULL:
                    shuffle_rows(t.index, t.rows, t.seed, t.first_shuffle + t.epoch)
            status = DONE
            if t.batches:
                status = batches(t, run, 0, t.batches, deadline)
            if status != DONE:
                return bad_end(status, snapshot)
            t.part, t.cursor.batch = 1, 0
        if last is not None:
            status = batches(t, last, t.rows - last.frame.rows, 1, deadline)
            if status != DONE:
                return bad_end(status, snapshot)
        if results is not None:
            for i in range(n):
                results[t.epoch, i] = t.cursor.sums[i] / t.rows
        if snapshot is not None and not snapshot.finite():
            snapshot.put_back()
            t.cursor.batch = 1 if last is not None else t.batches
            t.part = 1 if last is not None else 0
            return BAD
        t.epoch += 1
        if t.epoch < t.epochs:
            t.part = 0
            begin_epoch(&t.cursor)
            if fb_seconds() > deadline:
                return PAUSED
    return DONE


cdef int bad_end(int status, Snapshot snapshot) noexcept nogil:
    """Where the loss is not finite: note the first bad parameter, and go back."""
    if status == BAD and snapshot is not None:
        snapshot.look()
        snapshot.put_back()
    return status
