"""Program: a list of steps. Run: a program bound to its memory, and the walk over its steps."""
from libc.stdlib cimport calloc, free
from cpython.exc cimport PyErr_CheckSignals
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_IsContiguous, PyBuffer_Release, PyObject_GetBuffer

from fastbp.kernels.matmul cimport work_size
from fastbp.kernels.rows cimport gather
from fastbp.engine.steps cimport Step, execute, op_code, kind_code

cdef extern from *:
    """
    #if defined(_WIN32)
      #include <windows.h>
      static double fb_seconds(void) { return GetTickCount64() * 1e-3; }
    #else
      #include <time.h>
      static double fb_seconds(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }
    #endif
    /* Subnormals count as zero while steps run: with vanishing gradients, Adam's moments would stick there and crawl. */
    #if defined(__x86_64__) || defined(_M_X64)
      #include <xmmintrin.h>
      static unsigned fb_flush(void) { unsigned old = _mm_getcsr(); _mm_setcsr(old | 0x8040); return old; }
      static void fb_restore(unsigned old) { _mm_setcsr(old); }
    #elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
      static unsigned fb_flush(void) {
          unsigned long old; __asm__ volatile("mrs %0, fpcr" : "=r"(old));
          __asm__ volatile("msr fpcr, %0" : : "r"(old | (1ul << 24))); return (unsigned)old; }
      static void fb_restore(unsigned old) { __asm__ volatile("msr fpcr, %0" : : "r"((unsigned long)old)); }
    #else
      static unsigned fb_flush(void) { return 0; }
      static void fb_restore(unsigned old) { (void)old; }
    #endif
    """
    double fb_seconds() noexcept nogil
    unsigned fb_flush() noexcept nogil
    void fb_restore(unsigned old) noexcept nogil

cdef enum:
    LINE = 64           # bytes
    PADDING = 1024      # bytes behind an array
    WORK = 0            # memories that a place may name
    PARAMETERS = 1
    GRADIENTS = 2
    OUTPUT = 3
    INPUTS = 4
    CHUNK = 20_000_000  # operations between two looks at the clock


cdef class Program:
    """A list of steps over one block of memory, made by `fastbp.compiler.compile_graph`; it never changes.

    Attributes
    ----------
    dtype : "float32" or "float64".
    rows : rows of the batch that it was compiled for.
    block : rows that run together.
    outputs : names of what it computes.
    steps : rows of the table that `print` shows.
    workspace : elements of memory that a run needs for what lies between the steps.
    """

    def __init__(self, *, str dtype, Py_ssize_t rows, Py_ssize_t block, bint blocked, list steps, Py_ssize_t workspace,
                 list constants, list inputs, list outputs, Py_ssize_t parameters, bint updates, bint trains):
        if len(inputs) > ARRAYS or len(outputs) > 8:
            raise ValueError(f"a program takes up to {ARRAYS} arrays and 8 outputs, got {len(inputs)} and {len(outputs)}")
        self.dtype, self.rows, self.block, self.blocked = dtype, rows, block, blocked
        self.steps, self.workspace, self.parameters = tuple(steps), workspace, parameters
        self.widths = tuple([width for _, width in inputs])
        self._names = tuple([name for name, _ in inputs])
        self.outputs = tuple([row[0] for row in outputs])
        self._places, self._constants = tuple([row[1:] for row in outputs]), tuple(constants)
        self.updates, self.trains = updates, trains
        parts = [step["part"] for step in steps]
        self.head = parts.count("head")
        self.body = self.head + parts.count("body")
        self.cost = 0
        for step in steps:
            self.cost += max(step["n"], 1) * max(step["m"], 1) * (2.0 * step["k"] if step["k"] else 8.0)

    def __str__(self) -> str:
        title = f"Program in {self.dtype}: batches of {self.rows} rows"
        if self.blocked and self.block < self.rows:
            title += f", in blocks of {self.block}"
        size = 4 if self.dtype == "float32" else 8
        lines = [f"{title}; {self.parameters} parameters, workspace {self.workspace * size} bytes"]
        lines += [f"  takes {name}: {width} a row" for name, width in zip(self._names, self.widths)]
        table = [("", "step", "computes", "into")]
        table += [(s["part"], s["op"], s["text"], s["made"]) for s in self.steps]
        wide = [max(len(row[i]) for row in table) for i in range(4)]
        for i, row in enumerate(table):
            number = "   " if i == 0 else f"{i - 1:3d}"
            lines.append(f"{number} " + "  ".join(cell.ljust(w) for cell, w in zip(row, wide)).rstrip())
        for name, place in zip(self.outputs, self._places):
            where = ("work", "parameters", "gradients", "the caller's array")[min(place[0], 3)]
            lines.append(f"  gives {name}: {where}" + (f"[{place[1]}]" if place[0] != OUTPUT else ""))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Program of {len(self.steps)} steps, {self.rows} rows, {self.dtype}>"


cdef class Memory:
    """An array that a run works on, held as long as the run lives."""

    def __cinit__(self, object array, str name, str dtype, Py_ssize_t least, bint writable):
        PyObject_GetBuffer(array, &self.view, PyBUF_FORMAT | PyBUF_STRIDES | (PyBUF_WRITABLE if writable else 0))
        self.held = True
        self.size = self.view.len // self.view.itemsize
        wanted = b"f" if dtype == "float32" else b"d"
        if self.view.format != <bytes>wanted:
            raise TypeError(f"{name}: expected {dtype}, got buffer format {self.view.format.decode()!r}")
        if self.size < least:
            raise ValueError(f"{name}: expected at least {least} elements, got {self.size}")

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)


cdef class Run:
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

    def __cinit__(self, Program program not None, values, training=None, hyper=None):
        cdef Py_ssize_t n = program.parameters, states = 1
        self.program, self.item = program, 4 if program.dtype == "float32" else 8
        self.head, self.body = program.head, program.body
        self.values = Memory(values, "values", program.dtype, n, False)
        if program.updates:
            states = {"sgd": 1, "momentum": 2, "adam": 3}[program.steps[len(program.steps) - 1]["op"]]
        if program.trains:
            self.training = Memory(training, "training", program.dtype, states * n, True)
        if program.updates:
            self.hyper = Memory(hyper, "hyper", "float64", 16, True)
            self.hyper_buffer = self.hyper.view.buf
        self.allocate()
        self.fill_steps()
        self.fill_constants()

    def __dealloc__(self):
        free(self.room)
        free(self.steps)
        free(self.moving)

    cdef int allocate(self) except -1:
        """One block: the workspace, a gathered block of each array, the kernels' scratch."""
        cdef Program p = self.program
        cdef Py_ssize_t size = 0, i, start[ARRAYS + 2]
        self.n_arrays, self.n_outputs, self.n_steps = len(p.widths), len(p.outputs), len(p.steps)
        for i in range(self.n_arrays + 2):
            start[i] = size
            need = p.workspace if i == 0 else work_size() if i == 1 else p.block * <Py_ssize_t>p.widths[i - 2]
            size += (need * self.item + PADDING + LINE - 1) // LINE * LINE
        self.room = calloc(size + LINE, 1)
        self.steps = <Step *>calloc(max(self.n_steps, 1), sizeof(Step))
        self.moving = <Moving *>calloc(max(self.n_steps, 1) * 5, sizeof(Moving))
        if self.room == NULL or self.steps == NULL or self.moving == NULL:
            raise MemoryError(f"a run of this program needs {size} bytes")
        cdef char *base = <char *>self.room + (LINE - <Py_ssize_t>self.room % LINE) % LINE
        self.work = base + start[1]
        self.space = base
        for i in range(self.n_arrays):
            self.gathered[i] = base + start[i + 2]
            self.width[i] = p.widths[i]
        return 0

    cdef void *locate(self, place) except? NULL:
        """The address of a place in this run's memory."""
        if place is None:
            return NULL
        memory, first = place
        cdef char *base
        if memory == WORK:
            base = self.space
        elif memory == PARAMETERS:
            base = <char *>self.values.view.buf
        elif memory == GRADIENTS:
            base = <char *>self.training.view.buf
        elif memory == OUTPUT:
            base = self.work            # replaced when a caller's array is known
        else:
            base = self.gathered[memory - INPUTS]
        return base + <Py_ssize_t>first * self.item

    cdef int fill_steps(self) except -1:
        cdef Step *s
        cdef Py_ssize_t n = self.program.parameters * self.item
        cdef int i, operand
        for i, row in enumerate(self.program.steps):
            s = &self.steps[i]
            s.op, s.kind = op_code(row["op"]), 0
            if row["op"] in ("unary", "binary", "dense"):
                s.kind = kind_code(row["op"], row["kind"])
            s.rowwise, s.accumulates, s.flat, s.scale = row["rowwise"], row["accumulates"], row["flat"], row["scale"]
            s.n, s.m, s.k = row["n"], row["m"], row["k"]
            s.ars, s.acs, s.brs, s.bcs = row["strides"]
            places = row["out"] + row["inputs"]
            s.out, s.second = self.locate(places[0]), self.locate(places[1])
            s.a, s.b, s.c = self.locate(places[2]), self.locate(places[3]), self.locate(places[4])
            if row["op"] in ("sgd", "momentum", "adam"):
                s.b = <char *>self.training.view.buf + n
                s.c = <char *>self.training.view.buf + 2 * n
            for operand in range(5):
                if places[operand] is not None and places[operand][0] >= OUTPUT:
                    self.moving[self.n_moving].step, self.moving[self.n_moving].operand = i, operand
                    self.moving[self.n_moving].array = places[operand][0] - INPUTS
                    self.n_moving += 1
        for i, place in enumerate(self.program._places):
            self.results[i] = self.locate(place[:2])
            if place[0] == OUTPUT:
                self.results[i] = NULL
                shape = place[2]
                self.out_width = 1
                for extent in shape[1:] if self.program.blocked else shape:
                    self.out_width *= extent
        return 0

    cdef int fill_constants(self) except -1:
        cdef Py_ssize_t start, i
        for start, numbers in self.program._constants:
            for i in range(len(numbers)):
                if self.item == 4:
                    (<float *>self.space)[start + i] = numbers[i]
                else:
                    (<double *>self.space)[start + i] = numbers[i]
        return 0

    cdef void bind(self, Py_ssize_t row) noexcept nogil:
        """Point the operands that lie in the caller's arrays at a row, or at the gathered rows."""
        cdef int i, j
        cdef Step *s
        cdef void *p
        for i in range(self.n_moving):
            s, j = &self.steps[self.moving[i].step], self.moving[i].array
            if j < 0:
                p = self.out + row * self.out_width * self.item
            elif self.direct:
                p = <void *>(self.arrays[j] + row * self.width[j] * self.item)
            else:
                p = self.gathered[j]
            if self.moving[i].operand == 0:
                s.out = p
            elif self.moving[i].operand == 2:
                s.a = p
            elif self.moving[i].operand == 3:
                s.b = p
            elif self.moving[i].operand == 4:
                s.c = p

    def step(self, tuple arrays not None) -> float:
        """Run one batch: gradients, and the update where the program has one.

        Parameters
        ----------
        arrays : tuple of C-contiguous arrays of the program's dtype, `program.rows` rows each. Never written.

        Returns
        -------
        float
            The first output, the loss. `results` holds all.
        """
        cdef Arrays held = Arrays(self, arrays)
        cdef Cursor cursor
        cdef int status = PAUSED
        if arrays and held.rows != self.program.rows:
            raise ValueError(f"arrays: expected {self.program.rows} rows, got {held.rows}")
        start(&cursor)
        self.direct = True
        while status == PAUSED:
            with nogil:
                status = walk(self, &cursor, NULL, 0, 1, self.program.rows, next_poll())
            if status == PAUSED:
                PyErr_CheckSignals()
        return self.result(0)

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
    """At the first row, with nothing summed."""
    cdef int i
    c.batch, c.row, c.left = 0, 0, CHUNK
    for i in range(8):
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
