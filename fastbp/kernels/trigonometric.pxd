"""sin, cos, arctan, arctan2: branch-free functions, which compilers vectorise in plain loops.

As in `transcendental.pxd`: for modules of this folder, within 2 ULP of the true value, NaN stays NaN, and the
polynomials are minimax fits. sin_ and cos_ hold that up to |x| = FAR; the rare angles beyond are reduced one by one
(far_angles.pxd).
"""
from libc.string cimport memcpy

from fastbp.kernels.vector cimport real, fma_
from fastbp.kernels.transcendental cimport with_sign, absolute, INFINITY, NAN
from fastbp.kernels.far_angles cimport far_quarter

cdef extern from *:
    """
    #ifndef FASTBP_TRIGONOMETRIC
    #define FASTBP_TRIGONOMETRIC
    /* n in the low bits of t (see scale2): a where n is even, b where it is odd; y, negative where n has the bit 2 */
    FB_INLINE float fb_odd_f(float t, float a, float b) {
        uint32_t n, i, j; memcpy(&n, &t, 4); memcpy(&i, &a, 4); memcpy(&j, &b, 4); n = -(n & 1u);
        i = (i & ~n) | (j & n); memcpy(&a, &i, 4); return a; }
    FB_INLINE double fb_odd_d(double t, double a, double b) {
        uint64_t n, i, j; memcpy(&n, &t, 8); memcpy(&i, &a, 8); memcpy(&j, &b, 8); n = -(n & 1u);
        i = (i & ~n) | (j & n); memcpy(&a, &i, 8); return a; }
    FB_INLINE float fb_half_turn_f(float t, float y) {
        uint32_t n, i; memcpy(&n, &t, 4); memcpy(&i, &y, 4); i ^= (n & 2u) << 30; memcpy(&y, &i, 4); return y; }
    FB_INLINE double fb_half_turn_d(double t, double y) {
        uint64_t n, i; memcpy(&n, &t, 8); memcpy(&i, &y, 8); i ^= (n & 2u) << 62; memcpy(&y, &i, 8); return y; }
    #define odd_(t, a, b)    _Generic((t), float: fb_odd_f, default: fb_odd_d)(t, a, b)
    #define half_turn(t, y)  _Generic((t), float: fb_half_turn_f, default: fb_half_turn_d)(t, y)
    /* How far n has no bit too many. In float32, x 2 / pi is rounded to it, twice without fused multiply-adds; in
       float64, what the second part of pi / 2 took has 53 bits as long as it is below 2**-13. */
    #if defined(FB_X86) || (defined(FASTBP_GNU) && defined(__aarch64__))
      enum { FAR_FLOAT = 360000, FAR_DOUBLE = 3000000 };
    #else
      enum { FAR_FLOAT = 200000, FAR_DOUBLE = 3000000 };
    #endif
    #endif
    """
    double odd_(...) noexcept nogil
    double half_turn(...) noexcept nogil
    enum: FAR_FLOAT, FAR_DOUBLE

cdef enum:
    ANGLES = 512        # looked at together


cdef inline real quarter_turns(real x) noexcept nogil:
    """t whose low bits are n = round(x / (pi / 2)), as in `round_exponent`."""
    if real is float:
        return fma_(x, <float>0.6366197723675814, <float>12582912.)
    else:
        return fma_(x, 0.6366197723675814, 6755399441055744.)


cdef inline real within_quarter(real x, real t, real *rest) noexcept nogil:
    """r = x - n pi / 2, n in the low bits of t, |r| <= 0.8; rest: what r lost by rounding.

    pi / 2 in parts of 33 bits, of which 2**20 have exact multiples; float32 is reduced in float64.
    """
    cdef double n, d
    cdef real r, s, e
    if real is float:
        n = t - <float>12582912.
        d = fma_(n, -1.5707963267341256, <double>x)
        d = fma_(n, -6.077100506506192e-11, d)
        rest[0] = 0
        return <float>d
    else:
        n = t - 6755399441055744.
        e = fma_(n, -1.5707963267341256, x)                 # exact
        s = fma_(n, -6.077100506303966e-11, e)
        e = fma_(n, -6.077100506303966e-11, e - s)          # what s lost: exact
        e = fma_(n, -2.0222662487111665e-21, e)
        r = s + e
        rest[0] = fma_(n, -8.4784276603689e-32, (s - r) + e)
        return r


cdef inline real sin_reduced(real r, real rest) noexcept nogil:
    """sin(r + rest) = r + r**3 P(r**2) + rest, |r| <= 0.8."""
    cdef real z = r * r, p, low = fma_(<real>-0.5 * z, rest, rest)
    if real is float:
        p = fma_(<float>-0.00019503070507198572, z, <float>0.008332070894539356)
        p = fma_(p, z, <float>-0.16666653752326965)
    else:
        p = fma_(-7.575967735815892e-13, z, 1.6058311082393724e-10)
        p = fma_(p, z, -2.505210447169417e-08)
        p = fma_(p, z, 2.7557319212485497e-06)
        p = fma_(p, z, -0.00019841269841251746)
        p = fma_(p, z, 0.00833333333333332)
        p = fma_(p, z, -0.16666666666666666)
    p = r + fma_(z * r, p, low)
    return with_sign(p, r)


cdef inline real cos_reduced(real r, real rest) noexcept nogil:
    """cos(r + rest) = 1 - r**2 / 2 + r**4 Q(r**2) - r rest, |r| <= 0.8; what 1 - r**2 / 2 lost is added."""
    cdef real z = r * r, h = <real>0.5 * z, w = <real>1 - h, q
    if real is float:
        q = fma_(<float>2.4424936782452278e-05, z, <float>-0.0013887252425774932)
        q = fma_(q, z, <float>0.04166664555668831)
    else:
        q = fma_(-1.1355524094799347e-11, z, 2.087564496647177e-09)
        q = fma_(q, z, -2.7557313787752007e-07)
        q = fma_(q, z, 2.480158728757455e-05)
        q = fma_(q, z, -0.0013888888888871158)
        q = fma_(q, z, 0.04166666666666658)
    q = fma_(z * z, q, -(r * rest))
    return w + (((<real>1 - w) - h) + q)


cdef inline real sin_(real x) noexcept nogil:
    """sin x: of the four quarters, two are cosines and two are negative."""
    cdef real t = quarter_turns(x), rest, r, s, c
    r = within_quarter(x, t, &rest)
    s = sin_reduced(r, rest)
    c = cos_reduced(r, rest)
    s = odd_(t, s, c)
    s = half_turn(t, s)
    return x if x == 0 else s


cdef inline real cos_(real x) noexcept nogil:
    """cos x = sin(x + pi / 2): one quarter on."""
    cdef real t = quarter_turns(x), rest, r, s, c
    r = within_quarter(x, t, &rest)
    s = sin_reduced(r, rest)
    c = cos_reduced(r, rest)
    t = t + <real>1
    s = odd_(t, s, c)
    return half_turn(t, s)


cdef inline real far_angle(real x, int n) noexcept nogil:
    """sin(x + n pi / 2) for |x| > FAR."""
    cdef double r = 0, rest = 0
    cdef real y
    if not absolute(x) < <real>INFINITY:
        return x - x
    n = n + far_quarter(x, &r, &rest)
    if real is float:
        rest = 0
    y = cos_reduced(<real>r, <real>rest) if n & 1 else sin_reduced(<real>r, <real>rest)
    return -y if n & 2 else y


cdef inline bint any_far(const real *x, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef int found = 0
    cdef real far = <real>FAR_FLOAT if real is float else <real>FAR_DOUBLE
    for i in range(n):
        found |= absolute(<real>x[i]) > far
    return found


cdef inline void angles(real *out, const real *x, Py_ssize_t n, bint cosine) noexcept nogil:
    """out = sin x or cos x, n numbers; out may be x."""
    cdef real kept[ANGLES]
    cdef real far = <real>FAR_FLOAT if real is float else <real>FAR_DOUBLE
    cdef Py_ssize_t i = 0, k, size
    cdef bint found
    while i < n:
        size = min(n - i, ANGLES)
        found = any_far(x + i, size)
        if found:
            memcpy(kept, x + i, size * sizeof(real))
        if cosine:
            for k in range(i, i + size):
                out[k] = cos_(x[k])
        else:
            for k in range(i, i + size):
                out[k] = sin_(x[k])
        for k in range(size if found else 0):
            if absolute(kept[k]) > far:
                out[i + k] = far_angle(kept[k], cosine)
        i += size


cdef inline real arctan_rest(real u) noexcept nogil:
    """arctan(u) - u = u**3 P(u**2), 0 <= u <= 1."""
    cdef real z = u * u, p
    if real is float:
        p = fma_(<float>-0.0017936454387381673, z, <float>0.010914720594882965)
        p = fma_(p, z, <float>-0.031178081408143044)
        p = fma_(p, z, <float>0.05795785412192345)
        p = fma_(p, z, <float>-0.08403467386960983)
        p = fma_(p, z, <float>0.10952192544937134)
        p = fma_(p, z, <float>-0.14264243841171265)
        p = fma_(p, z, <float>0.19998548924922943)
        p = fma_(p, z, <float>-0.33333298563957214)
    else:
        p = fma_(1.3225119973714734e-05, z, -0.00015216122608927192)
        p = fma_(p, z, 0.0008313230949771489)
        p = fma_(p, z, -0.002884920692055098)
        p = fma_(p, z, 0.007196504774637391)
        p = fma_(p, z, -0.013900558059105384)
        p = fma_(p, z, 0.021984846192131976)
        p = fma_(p, z, -0.02990384814490461)
        p = fma_(p, z, 0.036641901183334706)
        p = fma_(p, z, -0.042191782992877264)
        p = fma_(p, z, 0.04722321888441468)
        p = fma_(p, z, -0.05253518429804105)
        p = fma_(p, z, 0.05880527780148657)
        p = fma_(p, z, -0.06666404050456301)
        p = fma_(p, z, 0.07692279838232124)
        p = fma_(p, z, -0.09090907002881665)
        p = fma_(p, z, 0.11111111007018755)
        p = fma_(p, z, -0.14285714282574818)
        p = fma_(p, z, 0.19999999999951454)
        p = fma_(p, z, -0.3333333333333307)
    return z * u * p


cdef inline real quarters_plus(real n, real u, real w) noexcept nogil:
    """n pi / 2 + (u + w), n = 0, 1 or 2."""
    if real is float:
        w = fma_(n, <float>-4.371138828673793e-08, w)
        return fma_(n, <float>1.5707963705062866, u) + w
    else:
        w = fma_(n, 6.123233995736766e-17, w)
        return fma_(n, 1.5707963267948966, u) + w


cdef inline real arctan_(real x) noexcept nogil:
    """arctan |x|, or pi / 2 - arctan(1 / |x|) from 1 on, with the sign of x."""
    cdef real a = absolute(x), u, w, n
    n = <real>1 if a > 1 else <real>0
    u = <real>1 if a > 1 else a
    u = u / (a if a > 1 else <real>1)
    w = arctan_rest(u)
    w = -w if a > 1 else w
    u = -u if a > 1 else u
    u = quarters_plus(n, u, w)
    return with_sign(u, x)


cdef inline real arctan2_(real y, real x) noexcept nogil:
    """The angle of the point (x, y): u = arctan(small / large) of the magnitudes, or pi / 2 - u, from the nearer half."""
    cdef real a = absolute(y), b = absolute(x), side = with_sign(<real>1, x), u, w, n, top, low
    cdef bint steep = a > b
    top = a if steep else b
    low = b if steep else a
    u = low / top
    u = <real>1 if low == <real>INFINITY else u             # inf / inf
    u = <real>0 if top == 0 else u                          # 0 / 0
    w = arctan_rest(u)
    n = <real>1 - side
    n = <real>1 if steep else n
    side = -side if steep else side
    u = quarters_plus(n, side * u, side * w)
    u = with_sign(u, y)
    u = u if x == x else x
    return u if y == y else y
