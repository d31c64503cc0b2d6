"""Team: the threads of one call, which do the same job side by side and meet at barriers.

They are Python threads that hold no GIL, start with the call and end with it: nothing persists, so a fork, a
pool of processes or another library's threads meet nothing of ours. A thread that waits spins a little, then lets
others run, then sleeps: so more threads than cores cost little more than the work.
"""
from _thread import start_new_thread

from libc.stdlib cimport calloc, free
from libc.string cimport memset

from fastbp.kernels.arguments cimport whole
from fastbp.engine.threads import crowded
from fastbp.engine.guard cimport forks
from fastbp.engine.platform cimport fb_add, fb_get, fb_nap, fb_pause, fb_put, fb_seconds, fb_yield

cdef extern from "Python.h":
    void PyErr_SetString(object kind, const char *text) noexcept
    void *PyErr_Occurred() noexcept

cdef enum:
    SPINS = 4000        # some 50 us, longer than a meeting of threads that all run takes
    YIELDS = 2000
    CALL = 1 << 10      # more than the most threads


cdef void wait_while(long *word, long value, Crew *crew, bint counts) noexcept nogil:
    """Until the word changes or the team is over. What is longer than a meeting of threads that all run may count."""
    cdef long turns = 0, spins = fb_get(&crew.spins)
    cdef double since = 0
    while fb_get(word) == value and not fb_get(&crew.over):
        turns += 1
        if turns < spins:
            fb_pause()
            continue
        if counts and since == 0:
            since = fb_seconds()
        if turns < spins + YIELDS:
            fb_yield()
        else:
            fb_nap()
    if since > 0:
        fb_add(&crew.waited, <long>((fb_seconds() - since) * 1e6))


cdef void alone(Crew *crew) noexcept nogil:
    memset(crew, 0, sizeof(Crew))
    crew.lanes = crew.threads = 1


cdef bint meet(Crew *crew) noexcept nogil:
    cdef int lanes = crew.lanes         # when all have arrived, the caller may change it
    cdef long meeting
    if lanes == 1:
        return False
    meeting = fb_get(&crew.meeting)
    if fb_add(&crew.arrived, 1) == lanes:
        fb_put(&crew.arrived, 0)
        fb_put(&crew.meeting, meeting + 1)
    else:
        wait_while(&crew.meeting, meeting, crew, True)
    return fb_get(&crew.over) != 0


cdef bint together(Crew *crew, Job job, void *context) noexcept nogil:
    """True where the team is over, as an error was set in the job: nobody touches the context any more."""
    if crew.threads > 1 and orphaned(crew):
        with gil:
            left_behind(crew)
        return True
    if crew.lanes > 1:
        crew.job, crew.context = job, context
        fb_put(&crew.call, crew.call - crew.call % CALL + CALL + crew.lanes)
    job(context, crew, 0)
    meet(crew)
    if not fb_get(&crew.over):
        return False
    wait_for_the_last(crew)
    return True


cdef void wait_for_the_last(Crew *crew) noexcept nogil:
    """Of a team that is over: until all have left."""
    while fb_get(&crew.left) < crew.threads - 1:
        fb_yield()


cdef void serve(Crew *crew, int rank) noexcept nogil:
    """A thread's life: wait for the team to be complete, then do the jobs that are for it until it is over."""
    cdef long call = 0
    wait_while(&crew.ready, 0, crew, False)
    while True:
        wait_while(&crew.call, call, crew, False)
        if fb_get(&crew.over):
            break
        call = fb_get(&crew.call)
        if rank < call % CALL:
            crew.job(crew.context, crew, rank)
            meet(crew)
    fb_add(&crew.left, 1)


cdef bint orphaned(Crew *crew) noexcept nogil:
    """Whether this is a forked child, without the team's other threads; none is waited for any more."""
    if crew.home == forks:
        return False
    fb_put(&crew.left, crew.threads - 1)
    return crew.threads > 1


cdef bint left_behind(Crew *crew) noexcept:
    if not orphaned(crew):
        return False
    fb_put(&crew.over, 1)
    if not PyErr_Occurred():
        PyErr_SetString(RuntimeError, "a child that was forked by a signal's handler cannot go on with what threads of its "
                        "parent are in the midst of: end it in the handler, or use threads=1")
    return True


cdef int lanes_of(object share) except -1:
    """How many threads a call's share is for."""
    if share is None:
        return 1
    try:
        return share.most
    except AttributeError:
        raise TypeError(f"share: expected a Share, got {type(share).__name__}") from None


cdef class Team:
    """Threads for one call, the caller's among them; to be used in a ``with`` statement.

    Parameters
    ----------
    lanes : int
        How many threads are wanted. A thread that the system refuses means fewer: `lanes` says how many there are.
    share : Share, optional
        Says how many of them may work, now and later.

    Notes
    -----
    Whatever is raised between the first thread's start and the last one's end makes everybody leave at the next
    meeting, and is raised when all have left. With fewer cores than threads of the process at work, who waits does
    not spin: it is on a core that another needs.
    """

    def __cinit__(self, lanes, share=None):
        cdef int most = max(1, min(whole(lanes, "lanes", -2**63, 2**63 - 1), CALL - 1))
        lanes_of(share)
        self.share = share
        self.crew = <Crew *>calloc(1, sizeof(Crew))
        if self.crew == NULL:
            raise MemoryError("a team of threads")
        self.crew.lanes = self.crew.threads = 1
        self.crew.home = forks
        if most > 1:
            try:
                self.gather(most)
                self.settle()
            except BaseException:
                self.end()
                raise

    def __dealloc__(self):
        free(self.crew)

    @property
    def lanes(self) -> int:
        """The threads there are."""
        return self.crew.threads

    cdef int settle(self) except -1:
        """Between two jobs: let as many threads work as may, beside the other calls of the process."""
        cdef int most = self.crew.threads
        self.judge()
        self.crew.lanes = most if self.share is None else max(1, min(<int>self.share.now(), most))
        fb_put(&self.crew.spins, 0 if crowded(self.crew.lanes if self.share is None else 0) else SPINS)
        fb_put(&self.crew.waited, 0)
        self.since = fb_seconds()
        return 0

    cdef int judge(self) except -1:
        """Say how long the threads have waited for one another: too long where other programs have their cores."""
        if self.share is not None and self.crew.lanes > 1:
            self.share.judge(fb_seconds() - self.since, fb_get(&self.crew.waited) * 1e-6, self.crew.lanes)
        return 0

    cdef int gather(self, int lanes) except -1:
        """Start the threads. `lanes` counts those that did start, when the team is declared complete.

        A `threading.Thread` would wait in Python for its start, where a handler's error leaves its locks taken.
        """
        cdef int rank
        for rank in range(1, lanes):
            try:
                start_new_thread(self._serve, (rank,))
            except (RuntimeError, MemoryError):     # the system has no more
                break
            self.crew.threads = rank + 1
        fb_put(&self.crew.ready, 1)
        return 0

    def _serve(self, int rank):
        with nogil:
            serve(self.crew, rank)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.end()

    cdef int end(self) except -1:
        """Make everybody leave, and wait until they have."""
        fb_put(&self.crew.over, 1)
        orphaned(self.crew)
        with nogil:
            wait_for_the_last(self.crew)
        return self.judge()     # the last of all: a Ctrl-C may come here
