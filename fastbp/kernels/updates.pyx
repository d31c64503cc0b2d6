"""Optimizer steps over a flat block of parameters: one loop each, which the compiler vectorises.

Each says whether all that it wrote is finite, which it knows at no cost: the loops wait for memory, or for roots.
"""
from libc.math cimport INFINITY as infinity
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from fastbp.kernels.vector cimport real, fma_, sqrt_
from fastbp._arguments import take, same
from fastbp.kernels.arguments cimport flat, first, flag, number, whole, written, is_double, publish


cdef extern from *:
    """
    FB_INLINE uint32_t fb_bits_f(float x) { uint32_t i; memcpy(&i, &x, 4); return i; }
    FB_INLINE uint64_t fb_bits_d(double x) { uint64_t i; memcpy(&i, &x, 8); return i; }
    FB_INLINE float single_of(int32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
    FB_INLINE double double_of(int64_t bits) { double x; memcpy(&x, &bits, 8); return x; }
    #define bits_(x) _Generic((x), float: fb_bits_f, default: fb_bits_d)(x)
    """
    uint64_t bits_(...) noexcept nogil
    float single_of(int32_t bits) noexcept nogil
    double double_of(int64_t bits) noexcept nogil

cdef struct Marks:      # all bits of 0 x, of each x that was written: those of 0 and -0 where all are finite, or of NaN
    uint32_t single     # as wide as the numbers, or the loop would have to convert
    uint64_t double_


cdef inline void mark(Marks *marks, real zeros) noexcept nogil:
    if real is float:
        marks.single |= <uint32_t>bits_(zeros)
    else:
        marks.double_ |= bits_(zeros)


cdef inline bint all_finite(const Marks *marks) noexcept nogil:
    return not <uint32_t>(marks.single << 1) and not marks.double_ << 1


cdef inline real at(const real *g, const real *more, Py_ssize_t i, const bint two) noexcept nogil:
    return g[i] + more[i] if two else g[i]


cdef inline bint sgd_loop(real *p, const real *g, const real *more, Py_ssize_t n, real learning_rate,
                          const bint two) noexcept nogil:
    cdef Py_ssize_t i
    cdef Marks marks = Marks(0, 0)
    cdef real next, zeros
    for i in range(n):
        next = fma_(-learning_rate, at(g, more, i, two), p[i])
        zeros = 0 * next
        mark(&marks, zeros)
        p[i] = next
    return all_finite(&marks)


cdef bint sgd(real *p, const real *g, const real *more, Py_ssize_t n, real learning_rate) noexcept nogil:
    """p -= learning_rate g."""
    if more == NULL:
        return sgd_loop(p, g, g, n, learning_rate, False)
    return sgd_loop(p, g, more, n, learning_rate, True)


cdef inline bint momentum_loop(real *p, real *v, const real *g, const real *more, Py_ssize_t n, real learning_rate,
                               real mu, int nesterov, const bint two) noexcept nogil:
    cdef Py_ssize_t i
    cdef Marks marks = Marks(0, 0)
    cdef real gradient, velocity, ahead, zeros
    for i in range(n):
        gradient = at(g, more, i, two)
        velocity = fma_(mu, v[i], gradient)
        ahead = fma_(mu, velocity, gradient)
        ahead = ahead if nesterov else velocity
        ahead = fma_(-learning_rate, ahead, p[i])
        zeros = fma_(<real>0, ahead, 0 * velocity)
        mark(&marks, zeros)
        v[i] = velocity
        p[i] = ahead
    return all_finite(&marks)


cdef bint momentum(real *p, real *v, const real *g, const real *more, Py_ssize_t n, real learning_rate, real mu,
                   int nesterov) noexcept nogil:
    """v = mu v + g;  p -= learning_rate v, or with Nesterov's look ahead: p -= learning_rate (g + mu v)."""
    if more == NULL:
        return momentum_loop(p, v, g, g, n, learning_rate, mu, nesterov, False)
    return momentum_loop(p, v, g, more, n, learning_rate, mu, nesterov, True)


cdef inline bint adam_loop(real *p, real *m, real *v, const real *g, const real *more, Py_ssize_t n, real step,
                           double beta_1, double beta_2, real root_scale, real epsilon, const bint two) noexcept nogil:
    cdef Py_ssize_t i
    cdef real keep_1 = <real>beta_1, keep_2 = <real>beta_2, rest_1 = <real>(1 - beta_1), rest_2 = <real>(1 - beta_2)
    cdef Marks marks = Marks(0, 0)
    cdef real gradient, mean, square, root, zeros
    for i in range(n):                      # all loads before the stores: a store could change what is loaded after it
        gradient = at(g, more, i, two)
        mean = fma_(keep_1, m[i], rest_1 * gradient)
        square = fma_(keep_2, v[i], rest_2 * gradient * gradient)
        root = sqrt_(square)
        root = fma_(root_scale, root, epsilon)
        root = p[i] - step * mean / root
        zeros = fma_(<real>0, mean, 0 * square)
        zeros = fma_(<real>0, root, zeros)
        mark(&marks, zeros)
        m[i] = mean
        v[i] = square
        p[i] = root
    return all_finite(&marks)


cdef bint adam(real *p, real *m, real *v, const real *g, const real *more, Py_ssize_t n, real step, double beta_1,
               double beta_2, real root_scale, real epsilon) noexcept nogil:
    """m = beta_1 m + (1 - beta_1) g;  v = beta_2 v + (1 - beta_2) g^2;  p -= step m / (root_scale sqrt(v) + epsilon).

    The bias corrections: step = learning_rate / (1 - beta_1^t), root_scale = 1 / sqrt(1 - beta_2^t).
    The betas come in float64: 1 - 0.999 in float32 would be off by 1e-5 of itself, and v with it.
    """
    if more == NULL:
        return adam_loop(p, m, v, g, g, n, step, beta_1, beta_2, root_scale, epsilon, False)
    return adam_loop(p, m, v, g, more, n, step, beta_1, beta_2, root_scale, epsilon, True)


cdef double largest(const real *g, Py_ssize_t n) noexcept nogil:
    """The largest size of n numbers; infinity where one is NaN."""
    cdef Py_ssize_t i
    cdef int32_t single = 0, one        # without their sign, the bits of numbers are in the order of their sizes
    cdef int64_t double_ = 0, other
    cdef double found
    if real is float:
        for i in range(n):
            one = <int32_t>(<uint32_t>bits_(g[i]) << 1 >> 1)
            single = one if one > single else single
        found = single_of(single)
    else:
        for i in range(n):
            other = <int64_t>(bits_(g[i]) << 1 >> 1)
            double_ = other if other > double_ else double_
        found = double_of(double_)
    return found if found == found else infinity


cdef int sgd_views(real[::1] p, const real[::1] g, real learning_rate) except -1:
    sgd(written(p), first(g), <const real *>NULL, p.shape[0], learning_rate)
    return 0


cdef int momentum_views(real[::1] p, real[::1] v, const real[::1] g, real learning_rate, real mu,
                        bint nesterov) except -1:
    momentum(written(p), written(v), first(g), <const real *>NULL, p.shape[0], learning_rate, mu, nesterov)
    return 0


cdef int adam_views(real[::1] p, real[::1] m, real[::1] v, const real[::1] g, real step, double beta_1, double beta_2,
                    real root_scale, real epsilon) except -1:
    adam(written(p), written(m), written(v), first(g), <const real *>NULL, p.shape[0], step, beta_1, beta_2, root_scale, epsilon)
    return 0


def sgd_(p, g, learning_rate):
    """``p -= learning_rate g``.

    Parameters
    ----------
    p : buffer of float32 or float64, written
        The parameters; C-contiguous, any shape.
    g : buffer
        Their gradients; same dtype and shape.
    learning_rate : float

    Raises
    ------
    TypeError, ValueError
        For other dtypes or shapes, or an array that is not contiguous or not writable.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.updates import sgd
    >>> p = np.array([1.0, 2.0])
    >>> sgd(p, np.array([2.0, 4.0]), 0.25)
    >>> p
    array([0.5, 1. ])
    """
    p = take(p, "p", writable=True)
    g = same(g, "g", p)
    cdef double rate = number(learning_rate, "learning_rate")
    if is_double(p):
        sgd_views[double](flat(p), flat(g), rate)
    else:
        sgd_views[float](flat(p), flat(g), <float>rate)


def momentum_(p, v, g, learning_rate, momentum=0.9, nesterov=False):
    """``v = momentum v + g; p -= learning_rate v``, or with Nesterov ``p -= learning_rate (g + momentum v)``.

    Parameters
    ----------
    p, v : buffer of float32 or float64, written
        The parameters, and their velocity (0 at the start); C-contiguous, any shape.
    g : buffer
        The gradients; same dtype and shape.
    learning_rate, momentum : float
    nesterov : bool, default False

    Raises
    ------
    TypeError, ValueError
        As `sgd`.

    Notes
    -----
    The form of PyTorch: the velocity does not hold the learning rate. Nesterov's as in I. Sutskever et al., "On the
    importance of initialization and momentum in deep learning", ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.updates import momentum
    >>> p, v = np.array([1.0]), np.array([1.0])
    >>> momentum(p, v, np.array([2.0]), 0.1, momentum=0.5)
    >>> p, v
    (array([0.75]), array([2.5]))
    """
    nesterov = flag(nesterov, "nesterov")
    p = take(p, "p", writable=True)
    v, g = same(v, "v", p, writable=True), same(g, "g", p)
    cdef double rate = number(learning_rate, "learning_rate"), mu = number(momentum, "momentum")
    if is_double(p):
        momentum_views[double](flat(p), flat(v), flat(g), rate, mu, nesterov)
    else:
        momentum_views[float](flat(p), flat(v), flat(g), <float>rate, <float>mu, nesterov)


cdef double power(double b, long long t) noexcept:
    """b^t by squaring."""
    cdef double result = 1
    while t > 0:
        if t & 1:
            result *= b
        b *= b
        t >>= 1
    return result


def adam_(p, m, v, g, learning_rate, t, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """``p -= learning_rate m^ / (sqrt(v^) + epsilon)``, ``m^`` and ``v^`` the bias-corrected means of g and g^2.

    Parameters
    ----------
    p, m, v : buffer of float32 or float64, written
        The parameters, and the moving means of the gradient and of its square (0 at the start); C-contiguous, any
        shape. ``m = beta_1 m + (1 - beta_1) g``, ``v = beta_2 v + (1 - beta_2) g^2``, ``m^ = m / (1 - beta_1^t)``,
        ``v^ = v / (1 - beta_2^t)``.
    g : buffer
        The gradients; same dtype and shape.
    learning_rate : float
    t : int
        The number of this step, from 1.
    beta_1, beta_2, epsilon : float

    Raises
    ------
    TypeError, ValueError
        As `sgd`; for a ``t`` that is no whole number, or below 1.

    Notes
    -----
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.updates import adam
    >>> p, m, v = np.array([1.0]), np.zeros(1), np.zeros(1)
    >>> adam(p, m, v, np.array([3.0]), 0.5, 1, epsilon=0.0)
    >>> p.round(12)
    array([0.5])
    """
    cdef double step, root_scale, keep_1 = number(beta_1, "beta_1"), keep_2 = number(beta_2, "beta_2")
    cdef double rate = number(learning_rate, "learning_rate"), least = number(epsilon, "epsilon")
    cdef long long time = whole(t, "t", -2**63, 2**63 - 1)
    if time < 1:
        raise ValueError(f"t: expected the number of the step, from 1, got {time}")
    p = take(p, "p", writable=True)
    m, v, g = same(m, "m", p, writable=True), same(v, "v", p, writable=True), same(g, "g", p)
    step = rate / (1 - power(keep_1, time))
    root_scale = 1 / sqrt_(1 - power(keep_2, time))
    if is_double(p):
        adam_views[double](flat(p), flat(m), flat(v), flat(g), step, keep_1, keep_2, root_scale, least)
    else:
        adam_views[float](flat(p), flat(m), flat(v), flat(g), <float>step, keep_1, keep_2, <float>root_scale,
                          <float>least)


publish(globals(), (sgd_, momentum_, adam_))
