"""Bound: a program in its place: each step's operands are addresses, for each thread that will walk over them."""
from libc.stdlib cimport calloc, free, realloc

from fastbp.kernels.arguments cimport flag
from fastbp.kernels.pages cimport fb_large_pages
from fastbp.engine.program cimport GRADIENTS, INPUTS, OUTPUT, PARAMETERS, WORK
from fastbp.engine.steps cimport kind_code, op_code, share_code, sums_go_on

cdef enum:
    LINE = 64           # bytes
    LONG = 20_000_000   # operations of a step: some milliseconds
    PIECE = 2_000_000_000   # operations of a product: some hundredths of a second, or less than a tenth
    ELEMENTS = 20_000_000   # of an elementwise step, which take as long
    WIDE = 256          # rows or columns of a product: of fewer at a time, packing the other operand would count
    CACHED = 1 << 20    # of the caller's arrays: about what stays in a core's caches from one epoch to the next


cdef class Bound:
    """A program with its memory, parameters and optimizer state; see `fastbp.engine.run.Run`, which can run it."""

    def __cinit__(self, Program program not None, values, training=None, hyper=None, *, flushes=True):
        cdef Py_ssize_t n = program.parameters, states = 1
        self.program = program
        self.values = Memory(values, "values", program.dtype, n, program.updates)
        if program.updates:
            states = {"sgd": 1, "momentum": 2, "adam": 3}[program.steps[len(program.steps) - 1]["op"]]
        if program.gradients or program.updates:
            self.training = Memory(training, "training", program.dtype, program.gradients + (states - 1) * n, True)
        if program.updates:
            self.hyper = Memory(hyper, "hyper", "float64", 16, True)
            self.frame.hyper = <double *>self.hyper.view.buf
        self.frame.flushes = flag(flushes, "flushes")
        self.describe()
        self.add_lanes(1)
        self.fill_sums()

    def __dealloc__(self):
        cdef int i
        for i in range(self.frame.lanes):
            free(self.frame.lane[i].room)
            free(self.frame.lane[i].steps)
            if i == 0 or self.frame.lane[i].carried != self.frame.lane[0].carried:
                free(self.frame.lane[i].carried)
        free(self.frame.lane)
        free(self.frame.moving)
        free(self.frame.sums)
        free(self.frame.partial)

    cdef int describe(self) except -1:
        """The program's numbers, and which operands move with the rows."""
        cdef Program p = self.program
        cdef Frame *f = &self.frame
        cdef int i, operand
        f.item, f.rows, f.block, f.groups, f.cost = 4 if p.dtype == "float32" else 8, p.rows, p.block, p.groups, p.cost
        f.head, f.body, f.updates = p.head, p.body, p.updates
        f.gradients = p.gradients
        f.n_arrays, f.n_outputs, f.n_steps = len(p.widths), len(p.outputs), len(p.steps)
        for i in range(f.n_arrays):
            f.width[i] = p.widths[i]
        f.moving = <Moving *>calloc(max(f.n_steps, 1) * 5, sizeof(Moving))
        f.sums = <Sum *>calloc(max(f.n_steps, 1) * 2, sizeof(Sum))
        if f.moving == NULL or f.sums == NULL:
            raise MemoryError(f"a program of {f.n_steps} steps")
        for i, row in enumerate(p.steps):
            for operand, place in enumerate(row["out"] + row["inputs"]):
                if place is not None and place[0] >= OUTPUT:
                    f.moving[f.n_moving].step, f.moving[f.n_moving].operand = i, operand
                    f.moving[f.n_moving].array = place[0] - INPUTS
                    f.n_moving += 1
        f.out_width = p.out_width
        return 0

    cdef int add_lanes(self, int lanes) except -1:
        """Have what `lanes` threads need."""
        cdef Frame *f = &self.frame
        # Blocks run side by side, or one block on all threads: then these share the first one's workspace.
        cdef bint apart = f.groups > 1 or not self.program.gradients
        cdef Lane *more
        if lanes <= f.lanes:
            return 0
        more = <Lane *>realloc(f.lane, lanes * sizeof(Lane))
        if more == NULL:
            raise MemoryError(f"{lanes} threads")
        f.lane = more
        while f.lanes < lanes:
            more = &f.lane[f.lanes]
            more.room = more.steps = more.carried = NULL
            f.lanes += 1                # freed from here on
            self.allocate(more, apart)
            self.fill_steps(more)
            self.prepare(more)
        return 0

    cdef int allocate(self, Lane *lane, bint apart) except -1:
        """One block: the kernels' scratch, the workspace, a gathered block of each array."""
        cdef Program p = self.program
        cdef Frame *f = &self.frame
        cdef bint own = apart or lane == f.lane
        cdef Py_ssize_t start[ARRAYS + 2]
        cdef Py_ssize_t size = 0, i
        for i in range(f.n_arrays + 2 if own else 1):
            start[i] = size
            need = p.scratch() if i == 0 else p.workspace if i == 1 else p.block * f.width[i - 2]
            size += (need * f.item + LINE - 1) // LINE * LINE
        lane.room = calloc(size + LINE, 1)
        lane.steps = <Step *>calloc(max(f.n_steps, 1), sizeof(Step))
        if lane.room == NULL or lane.steps == NULL:
            raise MemoryError(f"a run of this program needs {size} bytes for each thread")
        fb_large_pages(lane.room, size)
        lane.work = <char *>lane.room + (LINE - <Py_ssize_t>lane.room % LINE) % LINE
        lane.space = lane.work + start[1] if own else f.lane.space
        for i in range(f.n_arrays):
            lane.gathered[i] = lane.work + start[i + 2] if own else f.lane.gathered[i]
        for i, place in enumerate(p._places):
            lane.results[i] = self.locate(lane, place[:2]) if place[0] != OUTPUT else NULL
        return self.fill_constants(lane) if own else 0

    cdef void *locate(self, Lane *lane, place) except? NULL:
        """The address of a place in this run's memory."""
        if place is None:
            return NULL
        memory, first = place
        cdef char *base
        if memory == WORK:
            base = lane.space
        elif memory == PARAMETERS:
            base = <char *>self.values.view.buf
        elif memory == GRADIENTS:
            base = <char *>self.training.view.buf
        elif memory == OUTPUT:
            base = lane.work            # replaced when a caller's array is known
        else:
            base = lane.gathered[memory - INPUTS]
        return base + <Py_ssize_t>first * self.frame.item

    cdef int fill_steps(self, Lane *lane) except -1:
        cdef Step *s
        cdef const long long[::1] index
        cdef const Frame *f = &self.frame
        cdef Py_ssize_t n = self.program.parameters * self.frame.item, blocks = -(-f.rows // max(f.block, 1)), times
        cdef double pass_cost = 0       # of all steps once
        cdef int i, operand
        for i, row in enumerate(self.program.steps):
            s = &lane.steps[i]
            s.op, s.kind = op_code(row["op"]), 0
            if row["op"] in ("unary", "binary", "dense", "dense_inputs"):
                s.kind = kind_code(row["op"], row["kind"])
            s.rowwise, s.flat, s.scale = row["rowwise"], row["flat"], row["scale"]
            if i < f.n_steps - f.updates:
                times = blocks if row["part"] == "body" else 1
                s.cost = self.program.operations(row) / times
                s.pieces = pieces_of(row, s.cost, times)
                pass_cost += s.cost
            s.goes_on = sums_go_on(row["accumulates"], row["keeps"])
            s.n, s.m, s.k, s.per = row["n"], row["m"], row["k"], row["per"]
            s.ars, s.acs, s.brs, s.bcs = row["strides"]
            s.share, s.turn, s.meets = share_code(row["share"]), row["turn"], row["meets"]
            s.lda, s.ldc = s.k, s.m
            if row["op"] == "dense_inputs":
                s.ldc = s.k
            for operand, width in enumerate(row["widths"]):
                s.width[operand] = width
            places = row["out"] + row["inputs"]
            s.out, s.second = self.locate(lane, places[0]), self.locate(lane, places[1])
            s.a, s.b, s.c = self.locate(lane, places[2]), self.locate(lane, places[3]), self.locate(lane, places[4])
            if row["index"] is not None and len(row["index"]):     # the program keeps it alive
                index = row["index"]
                s.c = <void *>&index[0]
            if row["op"] in ("sgd", "momentum", "adam"):
                s.b = <char *>self.training.view.buf + n
                s.c = <char *>self.training.view.buf + 2 * n
        self.frame.looks = pass_cost > LONG
        return 0

    cdef int fill_constants(self, Lane *lane) except -1:
        cdef Py_ssize_t start, i
        for start, numbers in self.program._constants:
            for i in range(len(numbers)):
                if self.frame.item == 4:
                    (<float *>lane.space)[start + i] = numbers[i]
                else:
                    (<double *>lane.space)[start + i] = numbers[i]
        return 0

    cdef int fill_sums(self) except -1:
        """What a batch of many blocks adds up, and where: its gradients as the block of gradients has them, then its
        other sums. Each group of blocks has such a place, and so have the sums of pieces, and what these lost."""
        cdef Frame *f = &self.frame
        cdef Py_ssize_t size = self.program.gradients, lanes = LINE // f.item
        cdef int i, second
        cdef Sum *s
        if f.groups == 1 and not self.program.piece:
            return 0
        tail = self.program.steps[f.body:f.n_steps - f.updates]
        shared = not any([place is not None and place[0] == GRADIENTS for row in tail for place in row["inputs"]])
        for i, row in enumerate(self.program.steps):
            for second in range(2):
                if row["sums"][second]:
                    s = &f.sums[f.n_sums]
                    f.n_sums += 1
                    s.step, s.second, s.size, s.first = i, second, row["sums"][second], row["out"][second][1]
                    s.keeps = row["keeps"]
                    s.shared = shared and row["out"][second][0] == GRADIENTS
                    s.home = f.lane.steps[i].second if second else f.lane.steps[i].out
                    if row["out"][second][0] != GRADIENTS:
                        s.first = size
                        size += (s.size + lanes - 1) // lanes * lanes
        f.apart = size * f.item
        f.piece = self.program.piece if f.n_sums else 0
        if f.groups > 1:
            self.fill_groups(shared)
        for i in range(f.lanes):
            self.prepare(&f.lane[i])
        return 0

    cdef int fill_groups(self, bint shared) except -1:
        """A place for each group of blocks."""
        cdef Frame *f = &self.frame
        f.partial = <char *>calloc(f.groups, max(f.apart, 1))
        if f.partial == NULL:
            raise MemoryError(f"the sums of {f.groups} groups of blocks need {f.groups * f.apart} bytes")
        made = [row["sums"][0] and shared for row in self.program.steps if row["out"][0] and row["out"][0][0] == GRADIENTS]
        f.halves = f.groups == 2 and f.updates and all(made)
        return 0

    cdef int prepare(self, Lane *lane) except -1:
        """Have the update read the gradients of two groups, where it can; a place for what a thread carries from piece
        to piece, where all threads share each block the first one's."""
        cdef Frame *f = &self.frame
        if f.halves:
            lane.steps[f.n_steps - 1].a = f.partial
            lane.steps[f.n_steps - 1].more = f.apart // f.item
        if f.piece:
            if lane == f.lane or f.groups > 1 or not self.program.gradients:
                lane.carried = <char *>calloc(2, f.apart)
            else:
                lane.carried = f.lane.carried
            if lane.carried == NULL:
                raise MemoryError(f"the sums of a batch of {f.rows} rows need {2 * f.apart} bytes")
        return 0


cdef int pieces_of(object step, double operations, Py_ssize_t blocks) except -1:
    """Into how many pieces a step of so many operations on one of so many blocks is cut; 0 for one that is not long."""
    cdef double wanted = operations / PIECE if step["op"].startswith("dense") else operations / 8 / ELEMENTS
    if operations <= LONG:
        return 0
    along = {"one": 1, "rows": step["n"], "columns": step["k" if step["op"] == "dense_inputs" else "m"],
             "output rows": step["k"], "elements": 1}[step["share"]]
    if step["share"] == "rows" and step["rowwise"]:
        along /= blocks
    return <int>max(1, min(wanted, along / WIDE, 1000))


cdef void choose_source(Frame *f, bint direct, Py_ssize_t rows) noexcept nogil:
    """Let operands lie in the caller's arrays, which have so many rows, or else in `gathered`."""
    cdef Py_ssize_t width = 0
    cdef int j
    for j in range(f.n_arrays):
        width += f.width[j]
    f.direct = direct
    f.asked = rows - f.block if direct and rows * width * f.item > CACHED else 0


cdef void bind(const Frame *f, Lane *lane, Py_ssize_t row) noexcept nogil:
    """Point the operands that lie in the caller's arrays at a row, or at the gathered rows."""
    cdef int i, j
    cdef Step *s
    cdef char *p
    for i in range(f.n_moving):
        s, j = &lane.steps[f.moving[i].step], f.moving[i].array
        if j < 0:
            p = f.out + row * f.out_width * f.item
        elif f.direct:
            p = <char *>f.arrays[j] + row * f.width[j] * f.item
        else:
            p = lane.gathered[j]
        if f.moving[i].operand == 0:
            s.out = p
        elif f.moving[i].operand == 2:
            s.a = p
            s.coming = p + f.block * f.width[j] * f.item if j >= 0 and row < f.asked else NULL
        elif f.moving[i].operand == 3:
            s.b = p
        elif f.moving[i].operand == 4:
            s.c = p


cdef void aim(const Frame *f, Lane *lane, Py_ssize_t group) noexcept nogil:
    """Have the steps add up in the place of a group."""
    cdef int i
    cdef char *place
    for i in range(f.n_sums):
        place = f.partial + group * f.apart + f.sums[i].first * f.item
        if f.sums[i].second:
            lane.steps[f.sums[i].step].second = place
        else:
            lane.steps[f.sums[i].step].out = place
