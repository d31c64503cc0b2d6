"""erf, softplus: branch-free functions of one number, as in `transcendental.pxd`, and within 2 ULP as those."""
from fastbp.kernels.vector cimport real, fma_
from fastbp.kernels.transcendental cimport exp_bounded, log1p_unit_less, with_sign, absolute


cdef inline real erf_small(real x) noexcept nogil:
    """erf x = x + x P(x**2), 0 <= x <= 1."""
    cdef real z = x * x, p
    if real is float:
        p = fma_(<float>7.853852002881467e-05, z, <float>-0.0008010191959328949)
        p = fma_(p, z, <float>0.005188327748328447)
        p = fma_(p, z, <float>-0.026853812858462334)
        p = fma_(p, z, <float>0.1128358542919159)
        p = fma_(p, z, <float>-0.3761262595653534)
        p = fma_(p, z, <float>0.12837916612625122)
    else:
        p = fma_(-7.779448129042074e-10, z, 1.371096948098858e-08)
        p = fma_(p, z, -1.6206311241554742e-07)
        p = fma_(p, z, 1.6447131245010192e-06)
        p = fma_(p, z, -1.4924712275907062e-05)
        p = fma_(p, z, 0.00012055293575569572)
        p = fma_(p, z, -0.000854832592927142)
        p = fma_(p, z, 0.005223977606117625)
        p = fma_(p, z, -0.026866170643111375)
        p = fma_(p, z, 0.11283791670944185)
        p = fma_(p, z, -0.3761263890318352)
        p = fma_(p, z, 0.12837916709551256)
    return fma_(p, x, x)


cdef inline real log_erfc(real x) noexcept nogil:
    """log(1 - erf x) = x P(x), so that erf is exact to the last place for 1 <= x <= 4 (float32) or 6 (float64)."""
    cdef real p
    if real is float:
        p = fma_(<float>-1.413404243066907e-05, x, <float>0.00035233423113822937)
        p = fma_(p, x, <float>-0.0037646684795618057)
        p = fma_(p, x, <float>0.024025525897741318)
        p = fma_(p, x, <float>-0.10654912143945694)
        p = fma_(p, x, <float>-0.6349582672119141)
        p = fma_(p, x, <float>-1.128697156906128)
    else:
        p = fma_(-1.9096897598335367e-13, x, 9.542207439250841e-12)
        p = fma_(p, x, -2.2436401174560523e-10)
        p = fma_(p, x, 3.300416445628852e-09)
        p = fma_(p, x, -3.4040255223409087e-08)
        p = fma_(p, x, 2.611588819539526e-07)
        p = fma_(p, x, -1.5397496973735166e-06)
        p = fma_(p, x, 7.0783829219096685e-06)
        p = fma_(p, x, -2.5260153768869998e-05)
        p = fma_(p, x, 6.737239698384265e-05)
        p = fma_(p, x, -0.00011637739330875273)
        p = fma_(p, x, 3.164450845931998e-05)
        p = fma_(p, x, 0.0005390592192045868)
        p = fma_(p, x, -0.0016603762785359453)
        p = fma_(p, x, 0.00018977111751268853)
        p = fma_(p, x, 0.01913628986162017)
        p = fma_(p, x, -0.10277482208520666)
        p = fma_(p, x, -0.6366193803493674)
        p = fma_(p, x, -1.1283791996140962)
    return p * x


cdef inline real erf_(real x) noexcept nogil:
    """2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x; from 4 (float32) or 6 (float64) on it is 1."""
    cdef real a = absolute(x), small, large
    cdef real end = <real>4 if real is float else <real>6
    a = end if a > end else a                       # NaN stays NaN
    small = erf_small(a)
    large = log_erfc(a)
    large = <real>1 - exp_bounded(large)
    small = small if a < 1 else large
    return with_sign(small, x)


cdef inline real softplus_(real x) noexcept nogil:
    """log(1 + e**x) = max(x, 0) + log(1 + e), e = exp(-|x|) cannot overflow; what the two sums lost is added."""
    cdef real e = absolute(x), top = x if x > 0 else <real>0, less, y, z, v, low
    e = exp_bounded(-e)
    less = log1p_unit_less(e)
    y = e - less
    low = (e - y) - less
    z = top + y
    v = z - top
    low = low + ((top - (z - v)) + (y - v))
    return x if x > 40 else z + low
