"""Arrays of the caller's, held while the engine works on them."""
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer


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
