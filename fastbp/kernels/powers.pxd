"""power and mod of two numbers. Only modules of this folder may cimport them."""
from fastbp.kernels.vector cimport real, fma_, scale2, floor_, fmod_
from fastbp.kernels.transcendental cimport (exp_, log_, expm1_reduced, round_exponent, mantissa_, exponent_, absolute,
                                            with_sign, INFINITY, NAN)

cdef extern from *:
    """
    #ifndef FASTBP_POWERS
    #define FASTBP_POWERS
    /* a b - p, where p is a b rounded: exact. Without fused multiply-adds by Dekker's halves of 26 bits. */
    #if defined(FB_X86) || (defined(FASTBP_GNU) && defined(__aarch64__))
      FB_INLINE double product_rest(double a, double b, double p) { return __builtin_fma(a, b, -p); }
    #else
      FB_INLINE double product_rest(double a, double b, double p) {
        double ah = a * 134217729., bh = b * 134217729.;
        ah = ah - (ah - a); bh = bh - (bh - b);
        double al = a - ah, bl = b - bh;
        return ((ah * bh - p) + ah * bl + al * bh) + al * bl; }
    #endif
    #endif
    """
    double product_rest(double a, double b, double p) noexcept nogil


cdef inline double atanh_rest(double s, double s_rest, double *rest) noexcept nogil:
    """2 atanh(s) - 2 s = s**3 (2 / 3 + s**2 P(s**2)), |s| <= 0.172, with 60 bits or more: the sum of the two results."""
    cdef double z = s * s, z_rest, q, c, c_rest, u, u_rest, v
    z_rest = fma_(2 * s, s_rest, product_rest(s, s, z))
    q = fma_(0.13196364305483396, z, 0.13256813760922914)
    q = fma_(q, z, 0.15386757510066354)
    q = fma_(q, z, 0.18181784363051132)
    q = fma_(q, z, 0.22222222519971668)
    q = fma_(q, z, 0.28571428570099294)
    q = fma_(q, z, 0.40000000000002256)
    q = q * z
    c = 0.6666666666666666 + q
    c_rest = ((0.6666666666666666 - c) + q) + 3.700743415417188e-17
    u = s * z
    u_rest = fma_(s_rest, z, fma_(s, z_rest, product_rest(s, z, u)))
    v = u * c
    rest[0] = fma_(u_rest, c, fma_(u, c_rest, product_rest(u, c, v)))
    return v


cdef inline double log_in_two(double x, double *rest) noexcept nogil:
    """log x for finite x > 0, with 63 bits: the sum of the two results; as `log_reduced`, but with every rounding kept."""
    cdef double scaled = x * 18014398509481984., k, f, d, s, s_rest, high, low, v, v_rest
    cdef bint small = x < 2.2250738585072014e-308
    scaled = scaled if small else x
    k = exponent_(scaled)
    k = k - (54. if small else 0.)
    f = mantissa_(scaled)
    f = f - 1.
    d = 2. + f
    s = f / d
    high = s * d
    low = (f - high) - product_rest(s, d, high)
    s_rest = fma_(-s, f - (d - 2.), low) / d
    v = atanh_rest(s, s_rest, &v_rest)
    low = fma_(k, 1.9082149292705877e-10, 2 * s_rest + v_rest)
    k = k * 0.6931471803691238                      # exact: 32 bits
    high = k + 2 * s
    low = low + ((k - high) + 2 * s)
    f = high + v
    low = low + ((high - f) + v)
    high = f + low
    rest[0] = (f - high) + low
    return high


cdef inline double exp_of_two(double x, double rest) noexcept nogil:
    """exp(x + rest), |rest| at most 2**-40; half of it is scaled, or twice, so that 2**1024 is no factor."""
    cdef double t, p, y, part = 0.5 if x > 0 else 2.
    t = round_exponent(x)
    p = expm1_reduced(x, t)
    y = 1. + fma_(rest, 1. + p, p)
    y = scale2(y * part, t)
    y = y / part
    y = y if x <= 709.79 else x + <double>INFINITY          # NaN stays NaN
    return 0. if x < -708.3964185322641 else y


cdef inline double power_positive(double x, double b) noexcept nogil:
    """x**b for x >= 0 = exp(b log x), the product with 63 bits; NaN for 0**0 and the like."""
    cdef double rest, high, low, special, log_x
    b = 1e21 if b > 1e21 else b                     # beyond any exponent that matters
    b = -1e21 if b < -1e21 else b
    log_x = log_in_two(x, &rest)
    high = b * log_x
    low = fma_(b, rest, product_rest(b, log_x, high))
    special = <double>-INFINITY if x == 0 else x            # the logarithm of 0, inf, NaN
    special = b * special
    high = high if (x > 0) & (x < <double>INFINITY) else special
    low = low if absolute(high) < 1000. else 0.
    return exp_of_two(high, low)


cdef inline real power_(real a, real b) noexcept nogil:
    """a**b as C's pow: float32 by float64's log and exp."""
    cdef real x = absolute(a), whole = floor_(b), half = <real>0.5 * b, half_whole = floor_(half), y
    cdef double wide
    cdef bint is_whole = whole == b, is_odd
    is_odd = is_whole & (half_whole != half)
    if real is float:
        wide = log_(<double>x)
        wide = <double>b * wide
        y = <float>exp_(wide)
    else:
        y = power_positive(x, b)
    y = <real>1 if (x == 1) & (b == b) else y
    y = <real>NAN if (a < 0) & (a > <real>-INFINITY) & (not is_whole) & (b == b) else y
    half = with_sign(y, a)
    y = half if is_odd else y
    y = <real>1 if (b == 0) | (a == 1) else y
    return y


cdef inline real mod_(real a, real b) noexcept nogil:
    """a - b floor(a / b), exact before the last addition, with the sign of b, as NumPy's."""
    cdef real r = fmod_(a, b), zero = with_sign(<real>0, b)
    if r == 0:
        return zero
    return r + b if (r < 0) != (b < 0) else r
