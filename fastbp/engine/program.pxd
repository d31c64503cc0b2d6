cdef enum:
    ARRAYS = 16         # arrays that a batch may have
    OUTPUTS = 8         # numbers that it may give

cdef enum:              # memories that a place may name; the compiler's numbers
    WORK = 0
    PARAMETERS = 1
    GRADIENTS = 2
    OUTPUT = 3
    INPUTS = 4

cdef class Program:
    cdef readonly str dtype
    cdef readonly Py_ssize_t rows, block, groups, parameters
    cdef Py_ssize_t piece           # rows, of whole blocks, whose sums are made in one go; 0 where all are
    cdef readonly Py_ssize_t gradients
    cdef readonly bint blocked, updates
    cdef Py_ssize_t out_width       # elements of the output in each row, or of all of it where there are no blocks
    cdef readonly tuple outputs, steps, widths
    cdef readonly Py_ssize_t workspace
    cdef tuple _names, _places, _constants
    cdef int head, body             # steps of the head end at `head`, those of the body at `body`
    cdef readonly double cost       # about how many operations a batch takes
    cdef readonly int meetings      # of the threads that share a batch
    cdef bint writes                # whether it has an output array
    cdef int gives_numbers(self) except -1
    cdef double operations(self, object step) except -1
    cdef int check(self) except -1
    cdef int reach(self, str what, int memory, object first, object size) except -1
    cdef int check_index(self, object step) except -1
    cdef Py_ssize_t scratch(self) except -1
