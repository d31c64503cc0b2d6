"""Who may use a model's parameters at a moment."""
from cpython.pythread cimport PyThread_get_thread_ident
from cython cimport critical_section


cdef class Guard:
    """One training at a time, or any number of readers; who comes in between is refused at once.

    The thread that trains may also read, as it validates. Nothing waits for a training to end.
    """
    # What changes in a section changes at once: the GIL sees to it, or where there is none the guard's own lock.

    def begin_training(self) -> None:
        """Take the parameters for writing; raise RuntimeError if they are in use."""
        found = self.take()
        if found == TRAINED:
            raise RuntimeError("this model is being trained already: wait for that training")
        if found == READ:
            raise RuntimeError("this model is in use by another thread (a predict, an evaluate or a save): "
                               "wait for it, or train a copy.deepcopy of the model")

    cpdef void end_training(self) noexcept:
        """Give the parameters back."""
        with critical_section(self):
            self.training = False

    def begin_reading(self) -> None:
        """Take the parameters for reading; raise RuntimeError if another thread trains them."""
        if self.look() == TRAINED:
            raise RuntimeError("this model is being trained in another thread: wait for that training, "
                               "or use a copy.deepcopy made before it")

    cpdef void end_reading(self) noexcept:
        """Give the parameters back."""
        with critical_section(self):
            self.readers -= 1

    cdef int take(self) noexcept:
        """Begin training if nobody stands in the way."""
        cdef int found = FREE
        with critical_section(self):
            if self.training:
                found = TRAINED
            elif self.readers:
                found = READ
            else:
                self.training, self.trainer = True, PyThread_get_thread_ident()
        return found

    cdef int look(self) noexcept:
        """Begin reading if no other thread trains."""
        cdef int found = FREE
        with critical_section(self):
            if self.training and self.trainer != PyThread_get_thread_ident():
                found = TRAINED
            else:
                self.readers += 1
        return found
