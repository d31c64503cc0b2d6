"""Snapshot: what a training goes back to when it breaks off."""
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from fastbp.kernels.pages cimport fb_large_pages
from fastbp.kernels.reductions cimport first_nonfinite
from fastbp.engine.buffers cimport Memory
from fastbp.engine.steps cimport HYPER


cdef class Snapshot:
    """A copy of parameters, optimizer state and the optimizer's numbers, to go back to.

    Parameters
    ----------
    values, training, hyper : arrays as a `Run` takes them.

    Attributes
    ----------
    bad : int
        The first element of the parameter block that was not finite when a training broke off, or -1.
    bad_input : tuple of int, or None
        (array, row, column) of the number in the data that was not finite when a training broke off.
    """
    def __cinit__(self, values not None, training not None, hyper not None):
        cdef str dtype = str(values.dtype)
        self.values = Memory(values, "values", dtype, 0, True)
        self.n, self.item = self.values.size, self.values.view.itemsize
        self.training = Memory(training, "training", dtype, self.n, True)
        self.state = self.training.size - self.n        # behind the gradients
        self.hyper = Memory(hyper, "hyper", "float64", HYPER, True)
        self.copy = <char *>malloc((self.n + self.state) * self.item + HYPER * 8)
        self.bad = -1
        if self.copy == NULL:
            raise MemoryError(f"a snapshot of {self.n + self.state} numbers")
        fb_large_pages(self.copy, (self.n + self.state) * self.item)
        self.move(False)

    def __dealloc__(self):
        free(self.copy)

    cdef void move(self, bint back) noexcept nogil:
        """Copy everything to the snapshot, or back from it."""
        cdef Py_ssize_t size = self.n * self.item, rest = self.state * self.item
        cdef char *state = <char *>self.training.view.buf + size
        if back:
            memcpy(self.values.view.buf, self.copy, size)
            memcpy(state, self.copy + size, rest)
            memcpy(self.hyper.view.buf, self.copy + size + rest, HYPER * 8)
        else:
            memcpy(self.copy, self.values.view.buf, size)
            memcpy(self.copy + size, state, rest)
            memcpy(self.copy + size + rest, self.hyper.view.buf, HYPER * 8)

    cdef bint finite(self) noexcept nogil:
        """Whether parameters and state are; `bad` says where the parameters are not."""
        cdef void *p = self.values.view.buf
        cdef char *state = <char *>self.training.view.buf + self.n * self.item
        if self.item == 4:
            self.bad = first_nonfinite(<float *>p, self.n)
            return self.bad < 0 and first_nonfinite(<float *>state, self.state) < 0
        self.bad = first_nonfinite(<double *>p, self.n)
        return self.bad < 0 and first_nonfinite(<double *>state, self.state) < 0

    def restore(self) -> None:
        """Go back to the copy."""
        self.move(True)
