from fastbp.engine.bound cimport Frame
from fastbp.engine.team cimport Crew

cdef void walk_apart(void *context, Crew *crew, int rank) noexcept nogil        # Jobs on a Walk
cdef void walk_forward(void *context, Crew *crew, int rank) noexcept nogil
cdef void forward_block(Frame *f, Py_ssize_t rows) noexcept nogil       # one block from row 0, by one thread
