"""Arrays of the caller's, held while the engine works on them."""
import sys

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer

cdef bytes NATIVE = b"@=<" if sys.byteorder == "little" else b"@=>"     # this machine's order of bytes


cdef class Memory:
    """An array that a run works on, held as long as the run lives."""

    def __cinit__(self, object array, str name, str dtype, Py_ssize_t least, bint writable):
        PyObject_GetBuffer(array, &self.view, PyBUF_FORMAT | PyBUF_STRIDES | (PyBUF_WRITABLE if writable else 0))
        self.held = True
        self.size = self.view.len // self.view.itemsize
        cdef const char *format = self.view.format
        format += format[0] != 0 and format[0] in NATIVE        # said in words, as by ctypes
        if format[0] != (c"f" if dtype == "float32" else c"d") or format[1] != 0:
            raise TypeError(f"{name}: expected {dtype}, got buffer format {self.view.format.decode()!r}")
        if <size_t>self.view.buf % <size_t>self.view.itemsize:
            raise ValueError(f"{name}: expected an aligned array; np.require(a, requirements='A') makes one")
        if self.size < least:
            raise ValueError(f"{name}: expected at least {least} elements, got {self.size}")

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)
