"""Snapshot: what a training goes back to when it breaks off."""
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from fastbp.kernels.pages cimport fb_large_pages
from fastbp.kernels.reductions cimport first_nonfinite
from fastbp.engine.buffers cimport Memory
from fastbp.engine.platform cimport fb_get, fb_put
from fastbp.engine.steps cimport HYPER, share_of, spoilt
from fastbp.engine.team cimport Crew, alone, together

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
        cdef str dtype = str(getattr(values, "dtype", type(values).__name__))
        cdef Areas *a = &self.areas
        self.values = Memory(values, "values", dtype, 0, True)
        a.values, a.n, a.item = <char *>self.values.view.buf, self.values.size, self.values.view.itemsize
        self.training = Memory(training, "training", dtype, a.n, True)
        a.state = <char *>self.training.view.buf + a.n * a.item
        a.rest = self.training.size - a.n
        self.hyper = Memory(hyper, "hyper", "float64", HYPER, True)
        a.copy = <char *>malloc((a.n + a.rest) * a.item + HYPER * 8)
        self.bad = -1
        if a.copy == NULL:
            raise MemoryError(f"a snapshot of {a.n + a.rest} numbers")
        fb_large_pages(a.copy, (a.n + a.rest) * a.item)
        self.take(NULL)

    def __dealloc__(self):
        free(self.areas.copy)

    cdef void take(self, Crew *crew) noexcept nogil:
        """Copy everything to the snapshot; the caller alone where there is little."""
        cdef Areas *a = &self.areas
        cdef Crew single
        if crew == NULL or (a.n + a.rest) * a.item < SHARED:
            alone(&single)
            crew = &single
        together(crew, copy_share, a)
        memcpy(a.copy + (a.n + a.rest) * a.item, self.hyper.view.buf, HYPER * 8)

    cdef void put_back(self) noexcept nogil:
        """Copy everything back from the snapshot."""
        cdef Areas *a = &self.areas
        memcpy(a.values, a.copy, a.n * a.item)
        memcpy(a.state, a.copy + a.n * a.item, a.rest * a.item)
        memcpy(self.hyper.view.buf, a.copy + (a.n + a.rest) * a.item, HYPER * 8)

    cdef bint finite(self) noexcept nogil:
        """Whether parameters and state are, as far as updates can have changed them; else as `look`."""
        return not fb_get(spoilt(<double *>self.hyper.view.buf)) or self.look()

    cdef bint look(self) noexcept nogil:
        """Whether parameters and state are finite; `bad` says where the parameters are not."""
        cdef Areas *a = &self.areas
        self.bad = bad_place(a.values, a.item, 0, a.n)
        if self.bad >= 0 or bad_place(a.state, a.item, 0, a.rest) >= 0:
            return False
        fb_put(spoilt(<double *>self.hyper.view.buf), 0)
        return True

    def renew(self) -> None:
        """Copy everything anew."""
        self.take(NULL)

    def still_finite(self) -> bool:
        """Whether updates have left finite numbers only; `bad` says where a parameter is not."""
        return self.finite()

    def restore(self) -> None:
        """Go back to the copy."""
        self.put_back()
