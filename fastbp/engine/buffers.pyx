"""Arrays of the caller's, held while the engine works on them."""
import sys

from cpython.buffer cimport (PyBUF_FORMAT, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_IsContiguous, PyBuffer_Release,
                             PyObject_GetBuffer)

cdef bytes NATIVE = b"@=<" if sys.byteorder == "little" else b"@=>"     # this machine's order of bytes


cdef class Memory:
    """An array that a run works on, held as long as the run lives."""

    def __cinit__(self, object array, str name, str dtype, Py_ssize_t least, bint writable):
        try:
            PyObject_GetBuffer(array, &self.view, PyBUF_FORMAT | PyBUF_STRIDES | (PyBUF_WRITABLE if writable else 0))
        except (BufferError, ValueError, RuntimeError) as error:
            raise ValueError(f"{name}: expected {'a writable' if writable else 'an'} array: {str(error)[:200]}") from None
        except TypeError:
            raise TypeError(f"{name}: expected an array of {dtype}, got {type(array).__name__}") from None
        self.held = True
        cdef const char *given = "B"        # what no format means
        if self.view.format != NULL:
            given = self.view.format
        cdef const char *format = given
        cdef bint single = dtype == "float32"
        if not single and dtype != "float64":
            raise TypeError(f"{name}: expected an array of float32 or float64, got one of {dtype[:60]}")
        format += format[0] != 0 and format[0] in NATIVE        # said in words, as by ctypes
        if format[0] != (c"f" if single else c"d") or format[1] != 0 or self.view.itemsize != (4 if single else 8):
            raise TypeError(f"{name}: expected {dtype}, got buffer format {given.decode()[:60]!r}")
        self.size = self.view.len // self.view.itemsize
        if not PyBuffer_IsContiguous(&self.view, c"C"):         # of a reversed one `buf` is the last number
            raise ValueError(f"{name}: expected a C-contiguous array")
        if <size_t>self.view.buf % <size_t>self.view.itemsize:
            raise ValueError(f"{name}: expected an aligned array; np.require(a, requirements='A') makes one")
        if self.size < least:
            raise ValueError(f"{name}: expected at least {least} elements, got {self.size}")

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)
