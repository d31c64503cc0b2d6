"""Bound: a program in its place: each step's operands are addresses."""
from libc.stdlib cimport calloc, free

from fastbp.kernels.matmul cimport work_size
from fastbp.engine.program cimport GRADIENTS, INPUTS, OUTPUT, PARAMETERS, WORK
from fastbp.engine.steps cimport kind_code, op_code

cdef enum:
    LINE = 64           # bytes


cdef class Bound:
    """A program with its memory, parameters and optimizer state; see `fastbp.engine.run.Run`, which can run it."""

    def __cinit__(self, Program program not None, values, training=None, hyper=None):
        cdef Py_ssize_t n = program.parameters, states = 1
        self.program, self.item = program, 4 if program.dtype == "float32" else 8
        self.head, self.body = program.head, program.body
        self.values = Memory(values, "values", program.dtype, n, False)
        if program.updates:
            states = {"sgd": 1, "momentum": 2, "adam": 3}[program.steps[len(program.steps) - 1]["op"]]
        if program.gradients:
            self.training = Memory(training, "training", program.dtype, program.gradients + (states - 1) * n, True)
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
            size += (need * self.item + LINE - 1) // LINE * LINE
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
        cdef const long long[::1] index
        cdef Py_ssize_t n = self.program.parameters * self.item
        cdef int i, operand
        for i, row in enumerate(self.program.steps):
            s = &self.steps[i]
            s.op, s.kind = op_code(row["op"]), 0
            if row["op"] in ("unary", "binary", "dense"):
                s.kind = kind_code(row["op"], row["kind"])
            s.rowwise, s.accumulates, s.flat, s.scale = row["rowwise"], row["accumulates"], row["flat"], row["scale"]
            s.n, s.m, s.k, s.per = row["n"], row["m"], row["k"], row["per"]
            s.ars, s.acs, s.brs, s.bcs = row["strides"]
            places = row["out"] + row["inputs"]
            s.out, s.second = self.locate(places[0]), self.locate(places[1])
            s.a, s.b, s.c = self.locate(places[2]), self.locate(places[3]), self.locate(places[4])
            if row["index"] is not None and len(row["index"]):     # the program keeps it alive
                index = row["index"]
                s.c = <void *>&index[0]
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
