"""Run: a program bound to its memory, and the walk over its steps."""
from cpython.buffer cimport PyBuffer_IsContiguous
from cpython.exc cimport PyErr_CheckSignals

from fastbp.kernels.rows cimport gather
from fastbp.engine.buffers cimport Memory
from fastbp.engine.platform cimport fb_flush, fb_restore, fb_seconds
from fastbp.engine.steps cimport execute

cdef enum:
    CHUNK = 20_000_000  # operations between two looks at the clock


cdef class Run(Bound):
    """A program bound to parameters, gradients, optimizer state and a workspace of its own.

    Parameters
    ----------
    program : Program
    values : array of shape (program.parameters,), the program's dtype
        The parameter block, from `aligned_zeros`.
    training : array of shape ((1 + s) * program.parameters,), optional
        Gradients, then the optimizer's s state vectors, from `aligned_zeros`. A program that trains needs it.
    hyper : float64 array of shape (16,), optional
        The optimizer's numbers: learning rate, beta_1 (or momentum), beta_2 (or 1 for Nesterov's), epsilon, updates
        so far, beta_1 and beta_2 to that power. A program that updates needs it, and advances them.
    """

    def step(self, tuple arrays not None) -> float:
        """Run one batch: gradients, and the update where the program has one.

        Parameters
        ----------
        arrays : tuple of C-contiguous arrays of the program's dtype, `program.rows` rows each. Never written.

        Returns
        -------
        float
            The first output, the loss (0.0 where there is none). `results` holds all.
        """
        cdef Arrays held = Arrays(self, arrays)
        if arrays and held.rows != self.program.rows:
            raise ValueError(f"arrays: expected {self.program.rows} rows, got {held.rows}")
        self.one_batch()
        return self.result(0) if self.n_outputs else 0.0

    cdef int one_batch(self) except -1:
        """One batch of the arrays that `self.arrays` points to, straight from them."""
        cdef Cursor cursor
        cdef int status = PAUSED
        start(&cursor)
        self.direct = True
        while status == PAUSED:
            with nogil:
                status = walk(self, &cursor, NULL, 0, 1, self.program.rows, next_poll())
            if status == PAUSED:
                PyErr_CheckSignals()
        return 0

    cdef double result(self, int i) noexcept nogil:
        """An output as the last batch left it."""
        if self.item == 4:
            return (<float *>self.results[i])[0]
        return (<double *>self.results[i])[0]

    @property
    def results(self) -> tuple[float, ...]:
        """The outputs of the last batch, in the order of `program.outputs`."""
        return tuple([self.result(i) for i in range(self.n_outputs)])

    def forward(self, tuple arrays not None, out not None) -> None:
        """Compute the output called "output" for any number of rows, a block at a time.

        Parameters
        ----------
        arrays : tuple of C-contiguous arrays of the program's dtype. Never written.
        out : C-contiguous array of the program's dtype, as many rows. Written.
        """
        cdef Arrays held = Arrays(self, arrays)
        cdef Memory target = Memory(out, "out", self.program.dtype, 0, True)
        cdef Py_ssize_t row = 0, rows = held.rows if self.program.blocked else self.program.rows
        cdef Py_ssize_t wanted = self.out_width * (rows if self.program.blocked else 1)
        cdef double deadline
        if self.program.outputs != ("output",):
            raise ValueError(f"forward: this program gives {self.program.outputs}, not an output array")
        if target.size != wanted or held.rows not in (rows, -1):
            raise ValueError(f"out: expected {wanted} elements for {rows} rows, got {target.size} for {held.rows}")
        if rows == 0:
            return
        self.out, self.direct = <char *>target.view.buf, True
        while row < rows or row == 0:
            deadline = next_poll()
            with nogil:
                row = forward_until(self, row, rows, deadline)
            if row < rows:
                PyErr_CheckSignals()


cdef class Arrays:
    """The arrays of a call, held until it ends."""

    def __cinit__(self, Run run, tuple arrays):
        cdef Memory memory
        cdef int j
        if len(arrays) != run.n_arrays:
            raise ValueError(f"arrays: expected {run.n_arrays}, got {len(arrays)}")
        self.rows, self.held = -1, []
        for j, array in enumerate(arrays):
            memory = Memory(array, f"arrays[{j}]", run.program.dtype, 0, False)
            if not PyBuffer_IsContiguous(&memory.view, c"C"):
                raise ValueError(f"arrays[{j}]: expected a C-contiguous array")
            rows = memory.view.shape[0] if memory.view.ndim else 1
            if memory.size != rows * run.width[j] or self.rows not in (-1, rows):
                raise ValueError(f"arrays[{j}]: expected {run.width[j]} elements in each of {max(self.rows, rows)} rows, "
                                 f"got {memory.size} in {rows}")
            self.rows = rows
            self.held.append(memory)
            run.arrays[j] = <const char *>memory.view.buf


cdef double next_poll() noexcept nogil:
    """When to look for signals next."""
    return fb_seconds() + 0.08


cdef void start(Cursor *c) noexcept nogil:
    """A cursor before the first epoch."""
    c.left = CHUNK
    begin_epoch(c)


cdef void begin_epoch(Cursor *c) noexcept nogil:
    """At the first row, with nothing summed."""
    cdef int i
    c.batch, c.row = 0, 0
    for i in range(OUTPUTS):
        c.sums[i] = 0


cdef void run_steps(Run r, int first, int end, Py_ssize_t rows, bint again) noexcept nogil:
    cdef double *hyper = <double *>r.hyper_buffer
    cdef int i
    if r.item == 4:
        for i in range(first, end):
            execute[float](&r.steps[i], rows, again, hyper, <float *>r.work)
    else:
        for i in range(first, end):
            execute[double](&r.steps[i], rows, again, hyper, <double *>r.work)


cdef void fetch(Run r, const long long *index, Py_ssize_t rows, Py_ssize_t ahead) noexcept nogil:
    """Gather the rows of a block from each array."""
    cdef int j
    for j in range(r.n_arrays):
        if r.item == 4:
            gather[float](<float *>r.gathered[j], <const float *>r.arrays[j], index, rows, r.width[j], ahead)
        else:
            gather[double](<double *>r.gathered[j], <const double *>r.arrays[j], index, rows, r.width[j], ahead)


cdef int walk(Run r, Cursor *c, const long long *index, Py_ssize_t base, Py_ssize_t batches, Py_ssize_t total,
              double deadline) noexcept nogil:
    """Run batches from the cursor on, and leave it where the next walk goes on.

    index: the order of all rows, or NULL for the arrays' own; base: the run's first row in it; total: all rows.
    """
    cdef Py_ssize_t rows = r.program.rows, m, at
    cdef unsigned mode = fb_flush()
    cdef int i, status = DONE
    if index != NULL:
        r.bind(0)
    while c.batch < batches and status == DONE:
        at, m = base + c.batch * rows + c.row, min(r.program.block, rows - c.row)
        if c.row == 0:
            run_steps(r, 0, r.head, rows, False)
        if index != NULL:
            fetch(r, index + at, m, m if at + 2 * m <= total else 0)
        else:
            r.bind(at)
        run_steps(r, r.head, r.body, m, c.row > 0)
        c.left -= r.program.cost * m / rows
        c.row += m
        if c.row == rows:
            run_steps(r, r.body, r.n_steps - r.program.updates, rows, False)
            c.row = 0
            c.batch += 1
            for i in range(r.n_outputs):
                c.sums[i] += r.result(i) * rows
            if r.n_outputs and not r.result(0) - r.result(0) == 0:
                status = BAD            # nothing is updated with what is not a number
            elif r.program.updates:
                run_steps(r, r.n_steps - 1, r.n_steps, rows, False)
        if c.left < 0:
            c.left = CHUNK
            if status == DONE and (c.batch < batches) and fb_seconds() > deadline:
                status = PAUSED
    fb_restore(mode)
    return status


cdef Py_ssize_t forward_until(Run r, Py_ssize_t row, Py_ssize_t rows, double deadline) noexcept nogil:
    """Blocks of rows from `row` on; returns the row where it stopped."""
    cdef Py_ssize_t m
    cdef unsigned mode = fb_flush()
    while True:
        m = min(r.program.block, rows - row)
        if row == 0:
            run_steps(r, 0, r.head, rows, False)
        r.bind(row)
        run_steps(r, r.head, r.body, m, row > 0)
        row += m
        if row >= rows:
            run_steps(r, r.body, r.n_steps, rows, False)
            break
        if fb_seconds() > deadline:
            break
    fb_restore(mode)
    return row
