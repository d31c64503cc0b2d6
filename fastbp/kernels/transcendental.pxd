"""exp, expm1, log, log1p, tanh, sigmoid: branch-free functions of one number, which compilers vectorise in plain loops.

Only modules of this folder may cimport them: they are compiled at the includer's instruction set. Each is within 2 ULP
of the true value for normal numbers; results below the normal range may be flushed to 0. NaN stays NaN. The polynomials
are minimax fits (Remez exchange in 50 digits); the reductions are those of W. J. Cody, W. Waite, "Software Manual for
the Elementary Functions", 1980, ch. 5 and 6.
"""
from fastbp.kernels.vector cimport real, fma_, scale2

cdef extern from *:
    """
    #ifndef FASTBP_TRANSCENDENTAL
    #define FASTBP_TRANSCENDENTAL
    /* x = m * 2**k with sqrt(1/2) <= m < sqrt(2), for normal x > 0: m; k; 2**-k */
    FB_INLINE float fb_m_f(float x) {
        uint32_t i; memcpy(&i, &x, 4); i = ((i + 0x004afb0du) & 0x007fffffu) + 0x3f3504f3u;
        memcpy(&x, &i, 4); return x; }
    FB_INLINE double fb_m_d(double x) {
        uint64_t i; memcpy(&i, &x, 8); i = ((i + 0x00095f619980c433u) & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu;
        memcpy(&x, &i, 8); return x; }
    FB_INLINE float fb_k_f(float x) {       /* the exponent, as the low bits of 2**23 */
        uint32_t i; memcpy(&i, &x, 4); i = ((i + 0x004afb0du) >> 23) | 0x4b000000u;
        memcpy(&x, &i, 4); return x - (8388608.f + 127.f); }
    FB_INLINE double fb_k_d(double x) {
        uint64_t i; memcpy(&i, &x, 8); i = ((i + 0x00095f619980c433u) >> 52) | 0x4330000000000000u;
        memcpy(&x, &i, 8); return x - (4503599627370496. + 1023.); }
    FB_INLINE float fb_u_f(float x) {
        uint32_t i; memcpy(&i, &x, 4); i = 0x7f000000u - ((i + 0x004afb0du) & 0x7f800000u);
        memcpy(&x, &i, 4); return x; }
    FB_INLINE double fb_u_d(double x) {
        uint64_t i; memcpy(&i, &x, 8); i = 0x7fe0000000000000u - ((i + 0x00095f619980c433u) & 0x7ff0000000000000u);
        memcpy(&x, &i, 8); return x; }
    FB_INLINE float fb_sign_f(float x, float s) {       /* |x| with the sign of s */
        uint32_t a, b; memcpy(&a, &x, 4); memcpy(&b, &s, 4); a = (a & 0x7fffffffu) | (b & 0x80000000u);
        memcpy(&x, &a, 4); return x; }
    FB_INLINE double fb_sign_d(double x, double s) {
        uint64_t a, b; memcpy(&a, &x, 8); memcpy(&b, &s, 8);
        a = (a & 0x7fffffffffffffffu) | (b & 0x8000000000000000u); memcpy(&x, &a, 8); return x; }
    #define mantissa_(x)    _Generic((x), float: fb_m_f, default: fb_m_d)(x)
    #define exponent_(x)    _Generic((x), float: fb_k_f, default: fb_k_d)(x)
    #define unscale_(x)     _Generic((x), float: fb_u_f, default: fb_u_d)(x)
    #define with_sign(x, s) _Generic((x), float: fb_sign_f, default: fb_sign_d)(x, s)
    #define absolute(x)     with_sign(x, 0)
    #endif
    """
    double mantissa_(...) noexcept nogil
    double exponent_(...) noexcept nogil
    double unscale_(...) noexcept nogil
    double with_sign(...) noexcept nogil        # (x, s): |x| with the sign of s
    double absolute(...) noexcept nogil
    const float INFINITY
    const float NAN


cdef inline real round_exponent(real x) noexcept nogil:
    """t whose low bits are n = round(x / ln 2): the magic number pushes the fraction out."""
    if real is float:
        return fma_(x, <float>1.4426950408889634, <float>12582912.)
    else:
        return fma_(x, 1.4426950408889634, 6755399441055744.)


cdef inline real reduced(real x, real t) noexcept nogil:
    """r = x - n ln 2, n in the low bits of t: |r| <= ln 2 / 2."""
    cdef real n, r
    if real is float:
        n = t - <float>12582912.
        r = fma_(n, <float>-0.693359375, x)                 # exact: the first factor has 9 bits
        return fma_(n, <float>2.12194440e-4, r)
    else:
        n = t - 6755399441055744.
        r = fma_(n, -0.6931471803691238, x)                 # exact: 32 bits
        return fma_(n, -1.9082149292705877e-10, r)


cdef inline real exp_series(real r) noexcept nogil:
    """P(r), where exp(r) = 1 + r + r**2 P(r)."""
    cdef real p
    if real is float:
        p = fma_(<float>0.0013946450781077147, r, <float>0.008366583846509457)
        p = fma_(p, r, <float>0.04166628047823906)
        p = fma_(p, r, <float>0.1666654348373413)
        return fma_(p, r, <float>0.5)
    else:
        p = fma_(2.0924444539446312e-09, r, 2.5109044944743506e-08)
        p = fma_(p, r, 2.755724275516013e-07)
        p = fma_(p, r, 2.7557244181779476e-06)
        p = fma_(p, r, 2.4801587360562292e-05)
        p = fma_(p, r, 0.0001984126988615866)
        p = fma_(p, r, 0.0013888888888866835)
        p = fma_(p, r, 0.008333333333321615)
        p = fma_(p, r, 0.0416666666666667)
        p = fma_(p, r, 0.16666666666666677)
        return fma_(p, r, 0.5)


cdef inline real expm1_reduced(real x, real t) noexcept nogil:
    """exp(r) - 1, where r = x - n ln 2, n in the low bits of t."""
    cdef real r = reduced(x, t), p
    p = exp_series(r)
    return fma_(p, r * r, r)


cdef inline real exp_reduced(real x, real t) noexcept nogil:
    """exp(r), where r = x - n ln 2, n in the low bits of t."""
    cdef real r = reduced(x, t), p
    p = exp_series(r)
    p = fma_(p, r, <real>1)
    return fma_(p, r, <real>1)


cdef inline real exp_(real x) noexcept nogil:
    """e**x, 0 where that is subnormal."""
    cdef real t = round_exponent(x), low, high, y
    if real is float:
        low = <float>-87.33654475055310899
        high = <float>88.72283905206835
    else:
        low = -708.3964185322641
        high = 709.782712893384
    y = exp_reduced(x, t)
    y = scale2(y, t)
    y = y if x <= high else x + <real>INFINITY      # NaN stays NaN
    return <real>0 if x < low else y


cdef inline real exp_bounded(real x) noexcept nogil:
    """e**x, 0 where that is subnormal, for x up to 88 (float32), 709 (float64)."""
    cdef real t = round_exponent(x), low = <real>-87.33654475055310899 if real is float else <real>-708.3964185322641, u, y
    u = scale2(<real>1, t)                          # not added to the exponent of y: NaN stays NaN
    y = exp_reduced(x, t)
    y = y * u
    return <real>0 if x < low else y


cdef inline real expm1_(real x) noexcept nogil:
    """e**x - 1 = 2**n (p + 1) - 1, p = expm1(r); half of it, as 2**128 (float32) is no number."""
    cdef real t, p, u, q, end = <real>88.72283905206835 if real is float else <real>709.782712893384
    q = <real>-40 if x < -40 else x                 # -1 from there on; NaN stays NaN
    t = round_exponent(q)
    p = expm1_reduced(q, t)
    u = scale2(<real>0.5, t)
    u = fma_(u, p, u - <real>0.5)
    u = u + u
    u = p if absolute(x) < <real>0.25 else u        # n = 0
    u = u if x <= end else x + <real>INFINITY
    return with_sign(u, x)


cdef inline real log_reduced(real f, real k) noexcept nogil:
    """k ln 2 + log(1 + f), sqrt(1/2) <= 1 + f < sqrt(2): 2 atanh(s) = 2 s + s R(s**2), s = f / (2 + f)."""
    cdef real s = f / (<real>2 + f), z, h, p, low, high
    z = s * s
    h = <real>0.5 * f * f
    if real is float:
        high = <float>0.693359375
        low = <float>-2.12194440e-4
        p = fma_(<float>0.29872000217437744, z, <float>0.39977532625198364)
        p = fma_(p, z, <float>0.6666677594184875)
    else:
        high = 0.6931471803691238
        low = 1.9082149292705877e-10
        p = fma_(0.14796262063394675, z, 0.1531402102138469)
        p = fma_(p, z, 0.1818356541143329)
        p = fma_(p, z, 0.2222219855369564)
        p = fma_(p, z, 0.2857142874256314)
        p = fma_(p, z, 0.3999999999941396)
        p = fma_(p, z, 0.6666666666666734)
    p = fma_(p, z, h)                       # f - 2 s = s f, so log(1 + f) = f - (h - s (h + R))
    p = fma_(s, p, k * low)
    p = f - (h - p)
    return fma_(k, high, p)


cdef inline real log_(real x) noexcept nogil:
    """log x: -inf at 0, NaN below; subnormal numbers count (unless the processor flushes them)."""
    cdef real tiny, up, shift, y, k = 0
    if real is float:
        tiny = <float>1.1754943508222875e-38
        up = <float>16777216.
        shift = 24
    else:
        tiny = 2.2250738585072014e-308
        up = 18014398509481984.
        shift = 54
    cdef real scaled = x * up, special = <real>NAN
    cdef bint small = x < tiny
    scaled = scaled if small else x
    k = exponent_(scaled)
    k = k - (shift if small else <real>0)
    y = mantissa_(scaled)
    y = log_reduced(y - <real>1, k)
    special = <real>-INFINITY if x == 0 else special
    special = special if x <= 0 else x
    return y if x > 0 and x < <real>INFINITY else special


cdef inline real log1p_(real x) noexcept nogil:
    """log(1 + x): -inf at -1, NaN below. With u = 1 + x = m 2**k, what u lost, x - (u - 1), goes to f = m - 1."""
    cdef real u = <real>1 + x, k, f, lost, special = <real>NAN
    lost = x - (u - <real>1)
    k = unscale_(u)
    k = k if x < <real>1e9 else <real>0         # 2**-128 (float32) is no number
    f = mantissa_(u)
    f = fma_(lost, k, f - <real>1)
    k = exponent_(u)
    f = log_reduced(f, k)
    special = <real>-INFINITY if x == -1 else special
    special = special if x <= -1 else x
    return f if x > -1 and x < <real>INFINITY else special


cdef inline real signed_log1p(real x) noexcept nogil:
    """`log1p_`, and -0 at -0."""
    cdef real y = log1p_(x)
    return with_sign(y, x)


cdef inline real log1p_unit_less(real x) noexcept nogil:
    """x - log(1 + x) for 0 <= x <= 1: as `log_reduced` with k = 0, and a polynomial that reaches up to s = 1/3."""
    cdef real s = x / (<real>2 + x), z, h, p
    z = s * s
    h = <real>0.5 * x * x
    if real is float:
        p = fma_(<float>0.2801266610622406, z, <float>0.28001677989959717)
        p = fma_(p, z, <float>0.4002153277397156)
        p = fma_(p, z, <float>0.666664183139801)
    else:
        p = fma_(0.1701078965096, z, 0.08344429626768798)
        p = fma_(p, z, 0.12105065198016522)
        p = fma_(p, z, 0.1330110666968321)
        p = fma_(p, z, 0.15386549472638258)
        p = fma_(p, z, 0.18181744430420196)
        p = fma_(p, z, 0.22222223954964374)
        p = fma_(p, z, 0.28571428548097916)
        p = fma_(p, z, 0.40000000000155267)
        p = fma_(p, z, 0.6666666666666631)
    p = fma_(p, z, h)
    return fma_(-s, p, h)


cdef inline real log1p_unit(real x) noexcept nogil:
    """log(1 + x) for 0 <= x <= 1."""
    return x - log1p_unit_less(x)


cdef inline real sigmoid_of(real x, real e) noexcept nogil:
    """1 / (1 + e**-x), given e = exp(-|x|), which cannot overflow: 1 - s with s = e / (1 + e), or e - e s where x < 0.

    The error of the division is damped by s, or e: half an ULP less than that of top / (1 + e).
    """
    cdef real s = e / (<real>-1 - e), top = e if x < 0 else <real>1
    return fma_(top, s, top)


cdef inline real sigmoid_(real x) noexcept nogil:
    """1 / (1 + e**-x)."""
    cdef real e = absolute(x)
    e = exp_bounded(-e)
    return sigmoid_of(x, e)


cdef inline real tanh_(real x) noexcept nogil:
    """(1 - e) / (1 + e), e = exp(-2 |x|), as q / (2 + q) with q = expm1(-2 |x|) = u p + (u - 1): nothing cancels near 0.

    2 + q is u p + (1 + u), which does not take over the rounding of q: 1.96 ULP at most in float32. In float64 one step
    of Newton's method takes out what the roundings of q, 2 + q and the quotient lost.
    """
    cdef real x2 = absolute(x), t, p, u, q, d, y, rest
    x2 = <real>-2 * x2
    x2 = <real>-40 if x2 < -40 else x2            # tanh is 1 from 9 (float32), 19 (float64) on; NaN stays NaN
    t = round_exponent(x2)
    p = expm1_reduced(x2, t)
    u = scale2(<real>1, t)                  # 2**n
    q = fma_(u, p, u - <real>1)
    if real is float:
        d = fma_(u, p, u + <real>1)
        return with_sign(q / d, x)
    else:
        d = <real>2 + q
        y = q / d
        rest = fma_(-y, d, q)
        rest = rest + fma_(u, p, (u - <real>1) - q)   # the rounding of q
        rest = fma_(-y, (<real>2 - d) + q, rest)      # the rounding of 2 + q
        d = fma_(<real>-0.5, d, <real>1.457)    # its reciprocal within 5 %, as it is in [1, 2]
        return with_sign(fma_(rest, d, y), x)
