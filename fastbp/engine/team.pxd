cdef struct Crew            # below: jobs are given it

# What each thread of a team does: the first one is the caller's, of rank 0.
ctypedef void (*Job)(void *context, Crew *crew, int rank) noexcept nogil

cdef struct Crew:           # what the threads of a team share; each word that changes often has a cache line of its own
    int lanes               # threads at work: the caller may choose fewer than there are, between two jobs
    int threads             # those there are
    long spins              # turns that who waits takes before it lets others run
    Job job
    void *context
    long ready              # the team is complete
    long left               # threads that will touch nothing any more
    long waited             # microseconds of all threads, where they waited long for one another
    long over               # polled at each meeting: everybody leaves
    long home               # the process that has the threads: a child that is forked has none
    char _a[64]
    long call               # changes when there is a job: its number, and how many threads it is for
    char _b[64]
    long arrived
    char _c[64]
    long meeting            # the number of the next meeting
    char _d[64]

cdef void alone(Crew *crew) noexcept nogil                  # a crew of one, without a Team
cdef bint meet(Crew *crew) noexcept nogil                   # wait for all; True where the team is over
cdef bint together(Crew *crew, Job job, void *context) noexcept nogil   # rank 0: all do the job, and meet after it

cdef bint left_behind(Crew *crew) noexcept     # in such a child: with the error set, and nobody to wait for
cdef int lanes_of(object share) except -1

cdef class Team:
    cdef Crew *crew
    cdef object share
    cdef int settle(self) except -1
    cdef double since               # when `waited` was 0
    cdef int judge(self) except -1
    cdef int gather(self, int lanes) except -1
    cdef int end(self) except -1
