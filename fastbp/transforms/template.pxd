cdef class Template:
    cdef int kind
    cdef object form, value
    cdef tuple keys, children
    cdef Template beside    # attributes that are none of its parts
