cdef void shuffle(long long *index, Py_ssize_t n, unsigned long long seed, unsigned long long stream) noexcept nogil
