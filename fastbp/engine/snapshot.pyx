"""Snapshot: what a training goes back to when it breaks off."""
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from fastbp.kernels.pages cimport fb_large_pages
from fastbp.kernels.reductions cimport first_nonfinite
from fastbp.engine.buffers cimport Memory
from fastbp.engine.platform cimport fb_add, fb_get
from fastbp.engine.steps cimport HYPER, share_of
from fastbp.engine.team cimport Crew, Job, alone, together

cdef enum:
    SHARED = 1 << 20            # bytes from which on threads share them: a meeting takes less


cdef void copy_share(void *context, Crew *crew, int rank) noexcept nogil:
    cdef Areas *a = <Areas *>context
    cdef Py_ssize_t first, end
    share_of(a.n, rank, crew.lanes, &first, &end)
    memcpy(a.copy + first * a.item, a.values + first * a.item, (end - first) * a.item)
    share_of(a.rest, rank, crew.lanes, &first, &end)
    memcpy(a.copy + (a.n + first) * a.item, a.state + first * a.item, (end - first) * a.item)


cdef Py_ssize_t bad_place(const char *p, Py_ssize_t item, Py_ssize_t first, Py_ssize_t end) noexcept nogil:
    """Where the first number of first..end is that is not finite, counted from `first`; -1 if all are."""
    if item == 4:
        return first_nonfinite(<const float *>p + first, end - first)
    return first_nonfinite(<const double *>p + first, end - first)


cdef void look_share(void *context, Crew *crew, int rank) noexcept nogil:
    cdef Areas *a = <Areas *>context
    cdef Py_ssize_t first, end
    share_of(a.n, rank, crew.lanes, &first, &end)
    if bad_place(a.values, a.item, first, end) >= 0:
        fb_add(&a.found, 1)
    share_of(a.rest, rank, crew.lanes, &first, &end)
    if bad_place(a.state, a.item, first, end) >= 0:
        fb_add(&a.found, 1)


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
        self.areas.values, self.areas.copy = <char *>self.values.view.buf, self.copy
        self.areas.state = <char *>self.training.view.buf + self.n * self.item
        self.areas.n, self.areas.rest, self.areas.item = self.n, self.state, self.item
        self.take(NULL)

    def __dealloc__(self):
        free(self.copy)

    cdef void shared(self, Job job, Crew *crew) noexcept nogil:
        """Have the threads do the job, or the caller alone where there is little to do."""
        cdef Crew single
        if crew == NULL or (self.n + self.state) * self.item < SHARED:
            alone(&single)
            crew = &single
        together(crew, job, &self.areas)

    cdef void take(self, Crew *crew) noexcept nogil:
        """Copy everything to the snapshot."""
        self.shared(copy_share, crew)
        memcpy(self.copy + (self.n + self.state) * self.item, self.hyper.view.buf, HYPER * 8)

    cdef void put_back(self) noexcept nogil:
        """Copy everything back from the snapshot."""
        cdef Py_ssize_t size = self.n * self.item, rest = self.state * self.item
        memcpy(self.values.view.buf, self.copy, size)
        memcpy(<char *>self.training.view.buf + size, self.copy + size, rest)
        memcpy(self.hyper.view.buf, self.copy + size + rest, HYPER * 8)

    cdef bint finite(self, Crew *crew) noexcept nogil:
        """Whether parameters and state are; `bad` says where the parameters are not."""
        self.areas.found = 0
        self.shared(look_share, crew)
        self.bad = -1
        if fb_get(&self.areas.found):
            self.bad = bad_place(self.areas.values, self.item, 0, self.n)
            return False
        return True

    def restore(self) -> None:
        """Go back to the copy."""
        self.put_back()
