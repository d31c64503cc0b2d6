"""Run: a program bound to its memory, called with arrays."""
from cpython.exc cimport PyErr_CheckSignals

from fastbp.engine.buffers cimport Memory
from fastbp.engine.pieces cimport walk_forward
from fastbp.kernels.arguments cimport flag
from fastbp.engine.team cimport Crew, Team, alone, lanes_of, together
from fastbp.engine.walk cimport Cursor, Walk, HELD, begin_epoch, begin_walk, next_poll, output_of, walk


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
        so far, beta_1 and beta_2 to that power; then a word that is not 0 once an update spoilt something, and what no
        velocity or mean of gradients exceeds, as far as it is known. A program that updates needs it, and advances them.
    flushes : bool
        Whether subnormal numbers count as zero, as they should in a training; NumPy's functions do not do so.

    Attributes
    ----------
    held : bool
        Whether the last step's update was held back.
    """

    def step(self, tuple arrays not None, share=None, guards=False) -> float:
        """Run one batch: gradients, and the update where the program has one.

        Parameters
        ----------
        arrays : tuple of C-contiguous arrays of the program's dtype, `program.rows` rows each. Never written.
        share : Share, optional
            Says how many threads work on it; else one does. No bit depends on that.
        guards : bool
            Whether to hold back an update that might leave numbers that are not finite; `held` says if that was so.

        Returns
        -------
        float
            The first output, the loss (0.0 where there is none). `results` holds all.
        """
        self.program.gives_numbers()
        cdef Arrays held = Arrays(self, arrays)
        if arrays and held.rows != self.program.rows:
            raise ValueError(f"arrays: expected {self.program.rows} rows, got {held.rows}")
        self.one_batch(share, flag(guards, "guards"))
        return self.result(0) if self.frame.n_outputs else 0.0

    cdef int one_batch(self, object share, bint guards) except -1:
        """One batch of the arrays that `self.frame.arrays` points to, straight from them."""
        cdef Crew crew
        cdef int lanes = lanes_of(share)
        if lanes > 1 and (self.program.gradients or self.frame.groups > 1):
            self.add_lanes(lanes)
            with Team(lanes, share) as team:
                return self.walk_batch((<Team>team).crew, guards)
        alone(&crew)
        return self.walk_batch(&crew, guards)

    cdef int walk_batch(self, Crew *crew, bint guards) except -1:
        cdef Cursor cursor
        cdef Walk w
        cdef bint over
        begin_epoch(&cursor)
        begin_walk(&w, &self.frame, &cursor, 1, self.frame.rows)
        w.guards = guards
        if crew.threads == 1 and self.frame.cost < BRIEF:
            over = together(crew, walk, &w)
        else:
            with nogil:
                over = together(crew, walk, &w)
        self.held = w.status == HELD
        return -1 if over else 0

    cdef double result(self, int i) noexcept nogil:
        """An output as the last batch left it."""
        return output_of(&self.frame, 0, i)

    @property
    def results(self) -> tuple[float, ...]:
        """The outputs of the last batch, in the order of `program.outputs`."""
        self.program.gives_numbers()
        return tuple([self.result(i) for i in range(self.frame.n_outputs)])

    def forward(self, tuple arrays not None, out not None, share=None) -> None:
        """Compute the output called "output" for any number of rows, a block at a time.

        Parameters
        ----------
        arrays : tuple of C-contiguous arrays of the program's dtype. Never written.
        out : C-contiguous array of the program's dtype, as many rows. Written.
        share : Share, optional
            Says how many threads work on it; else one does. No bit depends on that.
        """
        cdef Arrays held = Arrays(self, arrays)
        cdef Memory target = Memory(out, "out", self.program.dtype, 0, True)
        cdef Py_ssize_t rows = held.rows if self.program.blocked else self.program.rows
        wanted = <object>self.program.out_width * (rows if self.program.blocked else 1)     # Python's: none overflows
        cdef Crew crew
        cdef int lanes = lanes_of(share)
        if self.program.outputs != ("output",):
            raise ValueError(f"forward: this program gives {self.program.outputs}, not an output array")
        if target.size != wanted or held.rows not in (rows, -1):
            raise ValueError(f"out: expected {wanted} elements for {rows} rows, got {target.size} for {held.rows}")
        if rows == 0:
            return
        self.frame.out = <char *>target.view.buf
        if lanes > 1:
            self.add_lanes(lanes)
            with Team(lanes, share) as team:
                self.walk_rows((<Team>team).crew, team, rows)
        else:
            alone(&crew)
            self.walk_rows(&crew, None, rows)

    cdef int walk_rows(self, Crew *crew, Team team, Py_ssize_t rows) except -1:
        cdef Cursor cursor
        cdef Walk w
        cdef bint over
        begin_epoch(&cursor)
        begin_walk(&w, &self.frame, &cursor, 1, rows)
        while cursor.taken * max(self.frame.block, 1) < rows:
            w.pause, w.deadline = 0, next_poll()
            with nogil:
                over = together(crew, walk_forward, &w)
            if over:
                return -1
            if w.pause:
                PyErr_CheckSignals()
                if team is not None:
                    team.settle()
        return 0


cdef class Arrays:
    """The arrays of a call, held until it ends."""

    def __cinit__(self, Run run not None, tuple arrays not None):
        cdef Memory memory
        cdef Py_ssize_t width
        cdef int j
        if len(arrays) != run.frame.n_arrays:
            raise ValueError(f"arrays: expected {run.frame.n_arrays}, got {len(arrays)}")
        self.rows, self.held = -1, []
        for j, array in enumerate(arrays):
            memory = Memory(array, f"arrays[{j}]", run.program.dtype, 0, False)
            rows, width = memory.view.shape[0] if memory.view.ndim else 1, run.frame.width[j]
            if memory.size != rows * width or self.rows not in (-1, rows):
                raise ValueError(f"arrays[{j}]: expected {width} elements in each of {max(self.rows, rows)} rows, "
                                 f"got {memory.size} in {rows}")
            self.rows = rows
            self.held.append(memory)
            run.frame.arrays[j] = <const char *>memory.view.buf
