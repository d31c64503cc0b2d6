"""The short way from arrays to a run and back, for arrays that the engine can take as they are.

Each method returns None where it cannot: the caller then takes the careful way, which converts, or says what is wrong.
That is also what happens when a model is in use, or when a loss is not finite (nothing is updated with it): done again
carefully, the call gives its error. So there are no errors here, and the careful way alone says what is asked of arrays.
"""
from cpython.buffer cimport (PyBUF_FORMAT, PyBUF_SIMPLE, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_IsContiguous,
                             PyBuffer_Release, PyObject_GetBuffer)
from libc.stdlib cimport free, realloc

from numpy import dtype, empty, ndarray

from fastbp.kernels.arguments cimport whole
from fastbp.engine.bound cimport choose_source
from fastbp.engine.guard cimport Guard, FREE
from fastbp.engine.pieces cimport forward_block
from fastbp.engine.run cimport BRIEF, Run
from fastbp.engine.threads import LEAST as _LEAST

cdef enum:
    KEPT = 16           # runs that are kept at hand

cdef object FLOAT = dtype("float32")
cdef object DOUBLE = dtype("float64")


cdef bint take(object array, Py_buffer *view) except -1:
    """Hold a plain array in C order; False, and nothing is held, for anything else."""
    if type(array) is not ndarray:      # a subclass may mean something else by its numbers
        return False
    try:
        PyObject_GetBuffer(array, view, PyBUF_FORMAT | PyBUF_STRIDES)
    except (BufferError, TypeError, ValueError):
        return False
    if (view.ndim and view.shape[0] > 0 and view.itemsize > 0 and view.format != NULL and view.format[0] != 0
            and view.format[1] == 0 and PyBuffer_IsContiguous(view, c"C")
            and <size_t>view.buf % <size_t>view.itemsize == 0):
        return True
    PyBuffer_Release(view)
    return False


cdef inline bint fits(const Py_buffer *view, char kind, Py_ssize_t width) noexcept:
    """Whether it holds numbers of this kind, so many in each row; (rows,) is as good as (rows, 1)."""
    return view.format[0] == kind and (view.ndim == 2 and view.shape[1] == width or view.ndim == 1 and width == 1)


cdef class Predictor:
    """Forward runs that no thread is using, and predictions by them.

    Parameters
    ----------
    guard : Guard
        Of the parameters.

    Attributes
    ----------
    runs : list of Run
        All of one program, for any number of rows.
    """
    cdef Guard guard
    cdef readonly list runs

    def __cinit__(self, Guard guard not None):
        self.guard, self.runs = guard, []

    def predict(self, X):
        """The outputs for X (rows, features) as a new array (rows, units), or None."""
        cdef Py_buffer view
        cdef Run run
        if not self.runs or not take(X, &view):
            return None
        if self.guard.look() != FREE:
            PyBuffer_Release(&view)
            return None
        try:
            try:
                run = self.runs.pop()
            except IndexError:          # another thread was faster
                return None
            out = predicted(run, X, &view)
            self.runs.append(run)
            return out
        finally:
            self.guard.end_reading()
            PyBuffer_Release(&view)


cdef object predicted(Run run, object X, const Py_buffer *view):
    """What a run makes of an array; None where it does not fit."""
    cdef Py_ssize_t rows = view.shape[0]
    cdef Py_buffer made
    if run.frame.n_arrays != 1 or view.ndim != 2 or not fits(view, c"f" if run.frame.item == 4 else c"d", run.frame.width[0]):
        return None
    if rows > run.frame.block or not run.program.blocked:
        return None
    out = empty((rows, run.frame.out_width), FLOAT if run.frame.item == 4 else DOUBLE)
    if run.frame.cost * rows > BRIEF * run.frame.rows:
        run.forward((X,), out)
        return out
    PyObject_GetBuffer(out, &made, PyBUF_SIMPLE | PyBUF_WRITABLE)
    run.frame.arrays[0], run.frame.out = <const char *>view.buf, <char *>made.buf
    choose_source(&run.frame, True, rows)
    forward_block(&run.frame, rows)
    PyBuffer_Release(&made)
    return out


cdef class Batches:
    """Runs by their number of rows, and batches straight to them.

    Parameters
    ----------
    guard : Guard
        Of the parameters.
    classes : int
        How many classes there are, where the targets are class indices; else 0.
    """
    cdef Guard guard
    cdef Py_ssize_t classes, room
    cdef dict runs, views
    cdef Run last               # of the batch before
    cdef void *indices          # a checked copy of the targets that are class indices

    def __cinit__(self, Guard guard not None, classes):
        self.guard, self.classes, self.runs, self.views = guard, whole(classes, "classes", 0, 2**62), {}, {}

    def __dealloc__(self):
        free(self.indices)

    def keep(self, Run run not None, dict views not None) -> None:
        """Have a run at hand for batches of its rows; `views`: where it leaves its gradients, by name.

        Not one of batches so large that threads could share them.
        """
        if run.frame.cost >= _LEAST or run.frame.n_arrays != 2 or not run.frame.n_outputs:
            return
        run.program.gives_numbers()
        self.last = None
        if len(self.runs) >= KEPT:
            self.runs.clear()
        self.views = views
        self.runs[run.program.rows] = run

    def step(self, x, y):
        """The loss of a batch, updated with; or None."""
        cdef double loss
        if not self.runs or self.guard.take() != FREE:
            return None
        try:
            if not self.ran(x, y, &loss) or loss - loss != 0:
                return None
            return loss
        finally:
            self.guard.end_training()

    def gradients(self, x, y):
        """The loss of a batch, and copies of the gradients by name; or None."""
        cdef double loss
        if not self.runs or self.guard.take() != FREE:
            return None
        try:
            if not self.ran(x, y, &loss):
                return None
            return loss, {name: view.copy() for name, view in self.views.items()}
        finally:
            self.guard.end_training()

    cdef bint ran(self, object x, object y, double *loss) except -1:
        """Run a batch that fits; False for another."""
        cdef Py_buffer features, targets
        if not take(x, &features):
            return False
        try:
            if not take(y, &targets):
                return False
            try:
                return self.batch(&features, &targets, loss)
            finally:
                PyBuffer_Release(&targets)
        finally:
            PyBuffer_Release(&features)

    cdef bint batch(self, const Py_buffer *x, const Py_buffer *y, double *loss) except -1:
        cdef Run run = self.last
        cdef char kind
        if run is None or run.frame.rows != x.shape[0]:
            run = self.last = self.runs.get(x.shape[0])
        if run is None or y.shape[0] != x.shape[0]:
            return False
        kind = c"f" if run.frame.item == 4 else c"d"
        if x.ndim != 2 or not fits(x, kind, run.frame.width[0]):
            return False
        if self.classes:
            run.frame.arrays[1] = self.checked_classes(y, run.frame.item)
        else:
            run.frame.arrays[1] = <const char *>y.buf if fits(y, kind, run.frame.width[1]) else NULL
        if run.frame.arrays[1] == NULL:
            return False
        run.frame.arrays[0] = <const char *>x.buf
        run.one_batch(None, True)
        loss[0] = run.result(0)
        return not run.held

    cdef const char *checked_classes(self, const Py_buffer *y, Py_ssize_t item) except? NULL:
        """Class indices of int64 or int32, copied and looked at in the copy; NULL where one is not in range."""
        cdef Py_ssize_t rows = y.shape[0], i
        cdef long long value
        cdef bint wide = y.itemsize == 8
        if not (fits(y, c"l", 1) or fits(y, c"q", 1) or fits(y, c"i", 1)):
            return NULL
        if self.room < rows:
            self.indices, self.room = moved(self.indices, rows * 8), rows
        for i in range(rows):
            value = (<const long long *>y.buf)[i] if wide else (<const int *>y.buf)[i]
            if value < 0 or value >= self.classes:
                return NULL
            if item == 4:
                (<float *>self.indices)[i] = <float>value
            else:
                (<double *>self.indices)[i] = <double>value
        return <const char *>self.indices


cdef void *moved(void *room, Py_ssize_t size) except NULL:
    """A larger room in place of one."""
    cdef void *larger = realloc(room, size)
    if larger == NULL:
        raise MemoryError(f"{size} bytes")
    return larger
