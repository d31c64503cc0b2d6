"""Counter-based random numbers: number i of stream s of a seed is a function of (seed, s, i), and nothing else.

So the bits depend neither on the order of calls nor on threads, and no state has to be kept. The function is the
finalizer of SplitMix64 (Steele, Lea and Flood, 2014), applied to a counter that a key from seed and stream offsets.
"""
from fastbp._arguments import take
from fastbp.kernels.arguments cimport is_double, number, whole, whole_numbers
from fastbp.kernels.vector cimport real

cdef extern from *:
    """
    #include <stdint.h>
    static inline uint64_t fb_mix(uint64_t z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    static inline uint64_t fb_key(uint64_t seed, uint64_t stream) {
        return fb_mix(fb_mix(seed + 0x9e3779b97f4a7c15ULL) ^ (stream * 0xd1342543de82ef95ULL + 0x632be59bd9b4e019ULL));
    }
    static inline uint64_t fb_random(uint64_t key, uint64_t i) {
        return fb_mix(key + i * 0x9e3779b97f4a7c15ULL);
    }
    """
    unsigned long long fb_key(unsigned long long seed, unsigned long long stream) noexcept nogil
    unsigned long long fb_random(unsigned long long key, unsigned long long i) noexcept nogil


_MOST = 2**64 - 1       # seeds and streams


cdef inline unsigned long long below(unsigned long long bits, unsigned long long n) noexcept nogil:
    """A number in [0, n) from the upper 32 bits, n <= 2**32: multiply and shift, off from uniform by n / 2**32."""
    return ((bits >> 32) * n) >> 32


cdef void shuffle(long long *index, Py_ssize_t n, unsigned long long seed, unsigned long long stream) noexcept nogil:
    """A permutation of 0 .. n - 1 by Fisher and Yates' method, from the inside out; a random number serves two places."""
    cdef unsigned long long key = fb_key(seed, stream), bits
    cdef Py_ssize_t i = 0, j
    while i < n:
        bits = fb_random(key, i // 2)
        j = <Py_ssize_t>below(bits, i + 1)
        index[i] = index[j]
        index[j] = i
        i += 1
        if i < n:
            j = <Py_ssize_t>below(bits << 32, i + 1)
            index[i] = index[j]
            index[j] = i
            i += 1


def permutation(index, seed, stream) -> None:
    """Fill an array with a permutation of 0 .. n - 1.

    Parameters
    ----------
    index : int64 array of shape (n,), C-contiguous, n < 2**32. Written.
    seed, stream : int
        Which permutation: each stream of a seed is another one.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.engine import random
    >>> index = np.empty(5, np.int64)
    >>> random.permutation(index, 0, 0)
    >>> sorted(index.tolist())
    [0, 1, 2, 3, 4]
    """
    index = whole_numbers(index, "index")
    if not index.flags.writeable:
        raise ValueError("index: expected a writable array, got a read-only one")
    cdef long long[::1] places = index
    cdef unsigned long long s = whole(seed, "seed", 0, _MOST), t = whole(stream, "stream", 0, _MOST)
    if places.shape[0] >= 1 << 32:
        raise ValueError(f"index: expected fewer than 2**32 rows, got {places.shape[0]}")
    if places.shape[0]:
        with nogil:
            shuffle(&places[0], places.shape[0], s, t)


def uniform(out, seed, stream, low, high) -> None:
    """Fill an array with numbers uniform in [low, high); float32 gets the float64 numbers, rounded.

    Parameters
    ----------
    out : float32 or float64 array of shape (n,). Written.
    seed, stream : int
        Which numbers: each stream of a seed is another sequence.
    low, high : float
        The interval.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.engine import random
    >>> out = np.empty(3)
    >>> random.uniform(out, 0, 0, -1.0, 1.0)
    >>> bool((abs(out) <= 1).all())
    True
    """
    out = take(out, "out", ndim=1, writable=True)
    cdef unsigned long long key = fb_key(whole(seed, "seed", 0, _MOST), whole(stream, "stream", 0, _MOST))
    cdef double least = number(low, "low"), most = number(high, "high")
    if is_double(out):
        fill[double](out, key, least, most)
    else:
        fill[float](out, key, least, most)


cdef int fill(real[::1] out, unsigned long long key, double low, double high) except -1:
    cdef Py_ssize_t i
    for i in range(out.shape[0]):
        out[i] = <real>(low + (high - low) * ((fb_random(key, i) >> 11) * (1.0 / 9007199254740992.0)))
    return 0
