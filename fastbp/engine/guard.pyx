"""Who may use a model's parameters at a moment."""
import os

from cpython.pythread cimport PyThread_get_thread_ident
from cython cimport critical_section, final, no_gc_clear

forks = 0


cdef class Guard:
    """One training at a time, or any number of readers; who comes in between is refused at once.

    The thread that trains may also read, as it validates. Nothing waits for a training to end.
    """
    # What changes in a section changes at once: the GIL sees to it, or where there is none the guard's own lock.

    def training(self) -> Hold:
        """Take the parameters for writing; raise RuntimeError if they are in use. For a ``with`` statement."""
        cdef Hold hold = Hold.__new__(Hold)     # first, as it may fail
        found = self.take()
        if found == TRAINED:
            raise RuntimeError("this model is being trained already: wait for that training")
        if found == READ:
            raise RuntimeError("this model is in use by another thread (a predict, an evaluate or a save): "
                               "wait for it, or train a copy.deepcopy of the model")
        hold.guard, hold.writes = self, True
        return hold

    cdef void end_training(self) noexcept:
        """Give the parameters back."""
        with critical_section(self):
            self.writing = False

    def reading(self) -> Hold:
        """Take the parameters for reading; raise RuntimeError if another thread trains them. For a ``with`` statement."""
        cdef Hold hold = Hold.__new__(Hold)
        if self.look() == TRAINED:
            raise RuntimeError("this model is being trained in another thread: wait for that training, "
                               "or use a copy.deepcopy made before it")
        hold.guard = self
        return hold

    cdef void end_reading(self) noexcept:
        """Give the parameters back."""
        with critical_section(self):
            self.readers -= self.readers > 0

    cdef void leave_parent(self) noexcept:
        """In a forked child: forget what the parent's other threads do, which do not go on here."""
        if self.process != forks:
            self.process, self.readers = forks, 0
            self.writing = self.writing and self.trainer == PyThread_get_thread_ident()

    cdef int take(self) noexcept:
        """Begin training if nobody stands in the way."""
        cdef int found = FREE
        with critical_section(self):
            self.leave_parent()
            if self.writing:
                found = TRAINED
            elif self.readers:
                found = READ
            else:
                self.writing, self.trainer = True, PyThread_get_thread_ident()
        return found

    cdef int look(self) noexcept:
        """Begin reading if no other thread trains."""
        cdef int found = FREE
        with critical_section(self):
            self.leave_parent()
            if self.writing and self.trainer != PyThread_get_thread_ident():
                found = TRAINED
            else:
                self.readers += 1
        return found


@final
@no_gc_clear       # so that the guard is there when the last reference goes
cdef class Hold:
    """Parameters that are taken, until `end`, or until nobody holds this any more.

    Python may look for signals between a call and the block after it: what a Ctrl-C then leaves is given back as well.
    """
    def __enter__(self) -> Hold:
        return self

    def __exit__(self, *exc) -> None:
        self.end()

    def __dealloc__(self):
        self.end()

    cpdef void end(self) noexcept:
        """Give the parameters back."""
        if self.guard is None:
            return
        if self.writes:
            self.guard.end_training()
        else:
            self.guard.end_reading()
        self.guard = None


def _count_fork() -> None:
    global forks
    forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)
