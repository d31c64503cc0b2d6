cdef class Template:
    cdef int kind
    cdef object form, value
    cdef tuple keys, children
