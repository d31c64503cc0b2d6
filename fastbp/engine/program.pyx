"""Program: a list of steps over one block of memory."""

from fastbp.kernels.matmul cimport work_size_of
from fastbp.kernels.reductions cimport STRETCH, TERMS

MAX_ARRAYS = ARRAYS


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

    def __init__(self, *, str dtype, Py_ssize_t rows, Py_ssize_t block, Py_ssize_t groups, bint blocked, list steps, Py_ssize_t workspace,
                 list constants, list inputs, list outputs, Py_ssize_t parameters, bint updates, Py_ssize_t gradients):
        if len(inputs) > ARRAYS or len(outputs) > OUTPUTS:
            raise ValueError(f"a program takes up to {ARRAYS} arrays and {OUTPUTS} outputs, got {len(inputs)} and {len(outputs)}")
        self.dtype, self.rows, self.block, self.groups, self.blocked = dtype, rows, block, groups, blocked
        self.steps, self.workspace, self.parameters = tuple(steps), workspace, parameters
        self.widths = tuple([width for _, width in inputs])
        self._names = tuple([name for name, _ in inputs])
        self.outputs = tuple([row[0] for row in outputs])
        self._places, self._constants = tuple([row[1:] for row in outputs]), tuple(constants)
        self.updates, self.gradients = updates, gradients
        parts = [step["part"] for step in steps]
        self.head = parts.count("head")
        self.body = self.head + parts.count("body")
        most = min(-(-rows // max(block, 1) // groups) * block, rows)      # rows of a group
        self.piece = STRETCH // block * block if most > TERMS and block < most else 0
        self.cost = 0
        self.meetings = 3 if groups > 1 else (2 + sum([step["meets"] for step in steps])) * -(-rows // max(block, 1))
        for step in steps:
            self.cost += max(step["n"], 1) * max(step["m"], 1) * (2.0 * step["k"] if step["op"].startswith("dense") else 8.0)

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
        table += [(s["part"], s["op"], s["text"], s["made"]) for s in self.steps]
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
