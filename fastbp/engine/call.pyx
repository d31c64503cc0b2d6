"""Call: a program as a function of arrays: arrays in, new arrays out, as little Python as can be between."""
from math import prod

from cpython.buffer cimport (PyBUF_FORMAT, PyBUF_STRIDES, PyBuffer_IsContiguous, PyBuffer_Release,
                             PyObject_GetBuffer)
from cython cimport boundscheck
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from fastbp.engine.buffers cimport Memory
from fastbp.engine.memory import Layout, aligned_zeros
from fastbp.engine.program cimport Program
from fastbp.engine.run cimport Run

cdef enum:              # what became of an argument
    REFUSED
    COPIED
    HELD


cdef int check(Program program, object layout, list arguments) except -1:
    """Refuse arguments that are not as large as the program reads them."""
    program.gives_numbers()
    for i, argument in enumerate(arguments):
        if not isinstance(argument, tuple) or len(argument) != 4:
            raise TypeError(f"arguments[{i}]: expected (array, place, shape, dtype), got {type(argument).__name__}")
        array, place, shape, _ = argument
        if not -1 <= array < len(program.widths) or len(shape) > AXES:
            raise ValueError(f"arguments[{i}]: expected one of {len(program.widths)} arrays or -1, of at most {AXES} axes, "
                             f"got {array}, of shape {shape}")
        if array >= 0 and prod(shape) != program.rows * <object>program.widths[array]:
            raise ValueError(f"arguments[{i}]: expected {program.widths[array]} elements in each of {program.rows} rows, "
                             f"got shape {shape}")
        if array < 0 and prod(shape) != prod(layout.shapes[place]):
            raise ValueError(f"arguments[{i}]: expected shape {layout.shapes[place]}, got {shape}")
    return 0


cdef class Call:
    """A program with memory of its own, called with arrays.

    Parameters
    ----------
    program : Program
    layout, results : Layout
        Of the parameter block and of the block of results.
    arguments : list of (int, int, tuple, numpy.dtype)
        For each leaf of the call: the program's array that it is, or -1; its place in the parameter block, from 0;
        shape; dtype, or None for a Python number.
    dtypes : list of numpy.dtype or None
        Of the results; None for a Python float.

    Notes
    -----
    One thread at a time.
    """

    def __cinit__(self, Program program not None, layout, results, list arguments not None, list dtypes not None):
        import numpy
        cdef int i, axis
        for name, given in (("layout", layout), ("results", results)):
            if not isinstance(given, Layout):
                raise TypeError(f"{name}: expected a Layout, got {type(given).__name__}")
        check(program, layout, arguments)
        dtype = numpy.dtype(program.dtype)
        self.numpy = numpy
        self.values, self.made = aligned_zeros(layout.length, dtype), aligned_zeros(results.length, dtype)
        self.run = Run(program, self.values, self.made, flushes=False)
        self.count, self.own = len(arguments), ord(dtype.char)
        self.arguments = <Argument *>calloc(max(self.count, 1), sizeof(Argument))
        self.buffers = <Py_buffer *>calloc(max(self.count, 1), sizeof(Py_buffer))
        self.spots = <Py_ssize_t *>calloc(max(<Py_ssize_t>len(dtypes), 1), sizeof(Py_ssize_t))
        if self.arguments == NULL or self.buffers == NULL or self.spots == NULL:
            raise MemoryError("a call")
        self.places, self.value_views, self.result_views = [], layout.views(self.values), results.views(self.made)
        for i, (array, place, shape, kind) in enumerate(arguments):
            self.arguments[i].array, self.arguments[i].ndim = array, len(shape)
            self.arguments[i].offset = layout.offsets[place] if array < 0 else 0
            for axis in range(len(shape)):
                self.arguments[i].shape[axis] = shape[axis]
            self.arguments[i].weak = kind is None
            self.arguments[i].format = 0 if kind is None else ord(kind.char)
            self.places.append((place, kind))
        self.result_types = []
        for i, (view, kind) in enumerate(zip(self.result_views, dtypes)):
            number = view.ndim == 0         # read from its place, which costs less than an array does
            self.spots[i] = results.offsets[i] if number else -1
            self.result_types.append(float if kind is None else kind.type if number else
                                     None if view.dtype == kind else kind)

    def __dealloc__(self):
        free(self.arguments)
        free(self.buffers)
        free(self.spots)

    def __call__(self, list leaves not None):
        """Run on the leaves of a call; None where they are not of the shapes and dtypes that are expected.

        Parameters
        ----------
        leaves : list of arrays and numbers, in order.

        Returns
        -------
        list of arrays (new ones) and numbers, or None
        """
        cdef int i = 0, taken = 0, found
        cdef list out = [], held = []
        if len(leaves) != self.count:
            raise ValueError(f"leaves: expected {self.count}, got {len(leaves)}")
        try:
            while i < self.count:
                found = self.fetch(&self.arguments[i], &self.buffers[taken], i, leaves, held)
                if found == REFUSED:
                    return None
                taken += found == HELD
                i += 1
            self.run.one_batch(None, False)
        finally:
            while taken:
                taken -= 1
                PyBuffer_Release(&self.buffers[taken])
        for i in range(len(self.result_views)):
            view, kind = self.result_views[i], self.result_types[i]
            if self.spots[i] < 0:
                out.append(view.copy() if kind is None else view.astype(kind))
            elif self.own == c"f":
                out.append(kind((<float *>self.run.training.view.buf)[self.spots[i]]))
            else:
                out.append(kind((<double *>self.run.training.view.buf)[self.spots[i]]))
        return out

    @boundscheck(True)      # what a leaf does when it is taken may make the list shorter
    cdef int fetch(self, Argument *a, Py_buffer *view, int i, list leaves, list held) except -1:
        """Take leaf i: copy it to the parameter block, or note where it lies. REFUSED where it is not as expected."""
        cdef bint fits
        cdef int axis
        leaf = leaves[i]
        if type(leaf) is float or type(leaf) is int:
            return COPIED if self.number(a, leaf) else REFUSED
        try:
            PyObject_GetBuffer(leaf, view, PyBUF_FORMAT | PyBUF_STRIDES)
        except (BufferError, TypeError, ValueError):
            return REFUSED
        fits = view.ndim == a.ndim
        for axis in range(a.ndim if fits else 0):
            fits = fits and view.shape[axis] == a.shape[axis]
        if not fits or a.weak:
            PyBuffer_Release(view)
            return REFUSED
        fits = view.format != NULL and view.format[0] == a.format and view.format[1] == 0 and a.format == self.own
        fits = fits and PyBuffer_IsContiguous(view, c"C") and <size_t>view.buf % <size_t>view.itemsize == 0
        if fits and a.array < 0:
            memcpy(<char *>self.run.values.view.buf + a.offset * view.itemsize, view.buf, view.len)
        elif fits:
            self.run.frame.arrays[a.array] = <const char *>view.buf
            return HELD                                 # until the batch is through
        PyBuffer_Release(view)
        return COPIED if fits or self.converted(a, i, leaf, held) else REFUSED

    cdef bint converted(self, Argument *a, int i, object leaf, list held) except -1:
        """Take a leaf of the right shape whose numbers must be converted first; False for another dtype."""
        cdef Memory memory
        place, dtype = self.places[i]
        leaf = self.numpy.asarray(leaf)     # an array of Python's own has no dtype
        if leaf.dtype != dtype:
            return False
        if a.array < 0:
            self.value_views[place][...] = leaf
            return True
        memory = Memory(self.numpy.require(leaf, self.values.dtype, ["C", "ALIGNED"]), "leaf", self.run.program.dtype, 0, False)
        held.append(memory)
        self.run.frame.arrays[a.array] = <const char *>memory.view.buf
        return True

    cdef bint number(self, Argument *a, object leaf) except -1:
        """Take a Python number, where there was one."""
        if not a.weak:
            return False
        if self.own == c"f":
            (<float *>self.run.values.view.buf)[a.offset] = leaf
        else:
            (<double *>self.run.values.view.buf)[a.offset] = leaf
        return True
