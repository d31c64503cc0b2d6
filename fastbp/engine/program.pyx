"""Program: a list of steps over one block of memory."""
from math import prod
from types import MappingProxyType

from fastbp.kernels.arguments cimport flag, one_of
from fastbp.kernels.matmul cimport work_size_of
from fastbp.kernels.reductions cimport STRETCH, TERMS
from fastbp.kernels.sorting cimport argsort_work

cdef extern from "Python.h":
    Py_ssize_t nearest "PyNumber_AsSsize_t"(object value, void *error) except? -1      # where it fits in no 64 bits

MAX_ARRAYS = ARRAYS
cdef Py_ssize_t MOST = <Py_ssize_t>1 << 56      # numbers, or rows: sums of a few such fit in 64 bits, in bytes, too
_NUMBERED = {"float32": 2**24, "float64": 2**53}    # columns that a sorted row can number
_MEMORIES = ("workspace", "parameters", "gradients")


cdef Py_ssize_t count(object value, str name) except -1:
    """A size: a whole number that bytes can be counted with."""
    cdef Py_ssize_t n
    try:
        n = nearest(value, NULL)
    except TypeError:
        raise TypeError(f"{name}: expected a whole number, got {type(value).__name__}") from None
    if not 0 <= n <= MOST:
        raise OverflowError(f"{name}: expected a whole number from 0 to 2**56, got one beyond")
    return n


cdef int check_rows(list rows, str name, object kind, Py_ssize_t size) except -1:
    """Refuse rows that are no dicts, or no tuples of so many."""
    for row in rows:
        if not isinstance(row, kind) or size >= 0 and len(row) != size:
            raise TypeError(f"{name}: expected a list of {kind.__name__}s of the compiler's, got {type(row).__name__} in it")
    return 0


cdef object frozen(dict step):
    """A step that nobody can change when it has been checked."""
    step = step.copy()
    for name in ("out", "inputs", "sizes", "sums", "widths"):
        step[name] = tuple(step[name])
    index = step["index"]
    if index is not None and index.flags.writeable:
        step["index"] = index = index.copy()
        index.flags.writeable = False
    return MappingProxyType(step)


cdef class Program:
    """A list of steps over one block of memory, made by `fastbp.compiler.compile_graph`; it never changes.

    Attributes
    ----------
    dtype : "float32" or "float64".
    rows : rows of the batch that it was compiled for.
    block : rows that run together.
    groups : how many groups of blocks a batch is added up in; 1 where threads share each block instead.
    cost, meetings : about how many operations a batch takes, and how often threads that share it meet.
    outputs : names of the numbers that it computes, or "output".
    gradients : elements of the block that gradients, or other results, are written to; 0 for none.
    steps : rows of the table that `print` shows.
    workspace : elements of memory that a run needs for what lies between the steps.
    """

    def __cinit__(self, *, str dtype not None, rows, block, groups, blocked, list steps not None, workspace,
                  list constants not None, list inputs not None, list outputs not None, parameters, updates,
                  gradients):
        one_of(dtype, "dtype", ("float32", "float64"))
        check_rows(steps, "steps", dict, -1)
        check_rows(constants, "constants", tuple, 2)
        check_rows(inputs, "inputs", tuple, 2)
        check_rows(outputs, "outputs", tuple, 4)
        if len(inputs) > ARRAYS or len(outputs) > OUTPUTS:
            raise ValueError(f"a program takes up to {ARRAYS} arrays and {OUTPUTS} outputs, got {len(inputs)} and {len(outputs)}")
        self.dtype, self.blocked, self.updates = dtype, flag(blocked, "blocked"), flag(updates, "updates")
        self.rows, self.block, self.groups = count(rows, "rows"), count(block, "block"), max(count(groups, "groups"), 1)
        self.workspace, self.parameters = count(workspace, "workspace"), count(parameters, "parameters")
        self.gradients = count(gradients, "gradients")
        self.steps = tuple([frozen(step) for step in steps])
        self.widths = tuple([count(width, f"the width of {name}") for name, width in inputs])
        self._names = tuple([name for name, _ in inputs])
        self.outputs = tuple([row[0] for row in outputs])
        self._places, self._constants = tuple([row[1:] for row in outputs]), tuple(constants)
        self.check()
        parts = [step["part"] for step in steps]
        self.head = parts.count("head")
        self.body = self.head + parts.count("body")
        most = min(-(-rows // max(block, 1) // self.groups) * block, rows)      # rows of a group
        self.piece = STRETCH // block * block if most > TERMS and block < most else 0
        self.cost = 0
        self.meetings = 3 if groups > 1 else (2 + sum([step["meets"] for step in steps])) * -(-rows // max(block, 1))
        for step in steps:
            self.cost += self.operations(step)

    cdef double operations(self, object step) except -1:
        """About how many a step takes for a batch."""
        return max(step["n"], 1) * max(step["m"], 1) * (2.0 * step["k"] if step["op"].startswith("dense") else 8.0)

    @property
    def memory(self):
        """About how many bytes the program takes."""
        numbers = sum([len(numbers) for _, numbers in self._constants])
        places = sum([0 if step["index"] is None else len(step["index"]) for step in self.steps])
        return 2048 * (1 + len(self.steps)) + 40 * numbers + 8 * places

    @property
    def run_memory(self):
        """About how many bytes a run of it takes, with parameters, results and a thread's workspace."""
        gathered = self.block * sum(self.widths)
        sums = ((self.groups if self.groups > 1 else 0) + (2 if self.piece else 0)) * self.gradients
        numbers = self.parameters + self.gradients + sums + self.workspace + gathered + self.scratch()
        return (4 if self.dtype == "float32" else 8) * numbers

    cdef int check(self) except -1:
        """Refuse places, sizes and indices beyond the program's memory."""
        cdef Py_ssize_t n, m, k
        cdef double most
        count(<object>self.block * sum(self.widths), "a block of the arrays")
        for step in self.steps:
            n, m, k = count(step["n"], "n of a step"), count(step["m"], "m of a step"), count(step["k"], "k of a step")
            most = max(<double>n * m, <double>n * k, <double>m * k)
            if most > MOST:
                raise MemoryError(f"{step['op']}: {n} x {m} x {k} numbers are more than memory can hold")
            for place, size in zip(step["out"] + step["inputs"], step["sizes"]):
                if place is not None:
                    memory, first = place
                    self.reach(step["op"], memory, first, size)
            if step["index"] is not None:
                self.check_index(step)
            if step["op"] == "argsort" and m > _NUMBERED[self.dtype]:
                raise ValueError(f"argsort: expected at most {_NUMBERED[self.dtype]} columns in {self.dtype}, got {m}")
        for start, numbers in self._constants:
            self.reach("constant", WORK, start, len(numbers))
        for name, (memory, first, shape) in zip(self.outputs, self._places):
            self.reach(name, memory, first, 1)
            if memory == OUTPUT:
                self.writes = True
                self.out_width = count(prod(shape[1:] if self.blocked else shape), name)
        last = self.steps[len(self.steps) - 1]["op"] if self.steps else None
        if self.updates and (last not in ("sgd", "momentum", "adam") or self.gradients < self.parameters):
            raise ValueError("updates: expected an optimizer's step as the last one, and a gradient for each parameter")
        return 0

    cdef int gives_numbers(self) except -1:
        """Refuse a program that writes an output array: it needs to be told where."""
        if self.writes:
            raise ValueError(f"this program gives {self.outputs}, an array: forward computes it")
        return 0

    cdef int reach(self, str what, int memory, object first, object size) except -1:
        """Refuse numbers of a step that lie beyond one of the memories."""
        cdef Py_ssize_t begin = nearest(first, NULL), numbers = nearest(size, NULL), most
        if memory == OUTPUT:
            return 0
        if memory == WORK:
            most = self.workspace
        elif memory == PARAMETERS:
            most = self.parameters
        elif memory == GRADIENTS:
            most = self.gradients
        elif 0 <= memory - INPUTS < len(self.widths):
            most = self.block * <Py_ssize_t>self.widths[memory - INPUTS]
        else:
            raise ValueError(f"{what}: expected one of {len(self.widths)} arrays, got number {memory - INPUTS}")
        if begin < 0 or numbers < 0 or begin > most - numbers:
            name = _MEMORIES[memory] if memory < OUTPUT else f"array {memory - INPUTS}"
            raise ValueError(f"{what}: expected a place within the {most} numbers of the {name}, got {first} to {first + size}")
        return 0

    cdef int check_index(self, object step) except -1:
        """Refuse an index beyond what it is of; negative ones name no place."""
        cdef const long long[::1] index = step["index"]
        cdef Py_ssize_t size = step["sizes"][2] if step["op"] == "gather" else step["k"], i
        if index.shape[0] != step["m"]:
            raise ValueError(f"{step['op']}: expected {step['m']} indices, got {index.shape[0]}")
        for i in range(index.shape[0]):
            if index[i] >= size:
                raise IndexError(f"{step['op']}: expected indices below {size}, got {index[i]} at position {i}")
        return 0

    cdef Py_ssize_t scratch(self) except -1:
        """Elements that its kernels need to work in."""
        cdef Py_ssize_t most = 0, n
        for step in self.steps:
            n = min(step["n"], self.block) if step["rowwise"] else step["n"]
            if step["op"] == "dense":
                most = max(most, work_size_of(n, step["k"]))
            elif step["op"] == "dense_inputs":
                most = max(most, work_size_of(n, step["m"]))
            elif step["op"] == "dense_weights":
                most = max(most, work_size_of(step["k"], n))
            elif step["op"] == "argsort":
                most = max(most, argsort_work(step["m"]))
        return most

    def __str__(self) -> str:
        title = f"Program in {self.dtype}: batches of {self.rows} rows"
        if self.blocked and self.block < self.rows:
            title += f", in blocks of {self.block}"
        if self.groups > 1:
            title += f" that are added up in {self.groups} groups"
        size = 4 if self.dtype == "float32" else 8
        lines = [f"{title}; {self.parameters} parameters, workspace {self.workspace * size} bytes"]
        lines += [f"  takes {name}: {width} a row" for name, width in zip(self._names, self.widths)]
        table = [("", "step", "computes", "into")]
        table += [(s["part"], s["op"], s["text"](), s["made"]()) for s in self.steps]
        wide = [max(map(len, column)) for column in zip(*table)]
        for i, row in enumerate(table):
            number = "   " if i == 0 else f"{i - 1:3d}"
            lines.append(f"{number} " + "  ".join(map(str.ljust, row, wide)).rstrip())
        for name, place in zip(self.outputs, self._places):
            where = ("work", "parameters", "gradients", "the caller's array")[min(place[0], 3)]
            lines.append(f"  gives {name}: {where}" + (f"[{place[1]}]" if place[0] != OUTPUT else ""))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Program of {len(self.steps)} steps, {self.rows} rows, {self.dtype}>"
