"""Far angles: x - n pi / 2 where n has too many bits for the quick way, for modules of this folder.

After M. Payne, R. Hanek, "Radian reduction for trigonometric functions", SIGNUM Newsletter 18, 1983: of x 2 / pi, only
the bits that follow the multiples of 4 are made.
"""
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from fastbp.kernels.vector cimport fma_
from fastbp.kernels.powers cimport product_rest

cdef extern from *:
    """
    #ifndef FASTBP_FAR_ANGLES
    #define FASTBP_FAR_ANGLES
    /* 2 / pi, behind 64 bits of 0 */
    static const uint32_t fb_two_over_pi[39] = {
        0x00000000u, 0x00000000u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u,
        0xfe5163abu, 0xdebbc561u, 0xb7246e3au, 0x424dd2e0u, 0x06492eeau, 0x09d1921cu, 0xfe1deb1cu, 0xb129a73eu,
        0xe88235f5u, 0x2ebb4484u, 0xe99c7026u, 0xb45f7e41u, 0x3991d639u, 0x835339f4u, 0x9c845f8bu, 0xbdf9283bu,
        0x1ff897ffu, 0xde05980fu, 0xef2f118bu, 0x5a0a6d1fu, 0x6d367ecfu, 0x27cb09b7u, 0x4f463f66u, 0x9e5fea2du,
        0x7527bac7u, 0xebe5f17bu, 0x3d0739f7u, 0x8a5292eau, 0x6bfb5fb1u, 0x1f8d5d08u, 0x56033046u, 0xffffffffu};
    #endif
    """
    const uint32_t[39] fb_two_over_pi


cdef inline int far_turns(uint64_t m, int e, uint64_t *f) noexcept nogil:
    """n, and f = m 2**e 2 / pi - n as a signed number of 192 bits, 1 being 2**192: 0 <= n <= 4, |f| <= 1 / 2.

    Bits of 2 / pi that make multiples of 4 are left out, and those from 2**-190 on.
    """
    cdef uint64_t whole[6]
    cdef uint64_t part[7]
    cdef uint64_t carry = 0, a, s
    cdef const uint32_t *word = fb_two_over_pi + ((e + 62) >> 5)
    cdef int i, n, shift = (e + 62) & 31
    for i in range(6):
        part[i] = (((<uint64_t>word[i] << 32 | word[i + 1]) << shift) >> 32) & 0xffffffffu
    part[6] = 0
    i = 5
    while i >= 0:
        a = (m & 0xffffffffu) * part[i]
        s = (a & 0xffffffffu) + (m >> 32) * part[i + 1] + carry
        whole[i] = s & 0xffffffffu
        carry = (s >> 32) + (a >> 32)
        i -= 1
    n = <int>(whole[0] >> 30)
    f[0] = whole[0] << 34 | whole[1] << 2 | whole[2] >> 30
    f[1] = whole[2] << 34 | whole[3] << 2 | whole[4] >> 30
    f[2] = whole[4] << 34 | whole[5] << 2
    return n + <int>(f[0] >> 63)


cdef inline int far_quarter(double x, double *r, double *rest) noexcept nogil:
    """n, and r + rest = x - n pi / 2, for finite |x| >= 2**17, with a hundred bits."""
    cdef uint64_t f[3]
    cdef uint64_t i, flip
    cdef double high, low, p, scale = 1.1102230246251565e-16, half_pi = 1.5707963267948966
    cdef int n
    memcpy(&i, &x, 8)
    n = far_turns((i & 0xfffffffffffffu) | 0x10000000000000u, <int>(i >> 52 & 0x7ff) - 1075, f)
    flip = -(f[0] >> 63)
    f[0], f[1], f[2] = f[0] ^ flip, f[1] ^ flip, f[2] ^ flip
    while not f[0] >> 63:
        f[0], f[1], f[2] = f[0] << 1 | f[1] >> 63, f[1] << 1 | f[2] >> 63, f[2] << 1
        scale *= 0.5
    high = <double>(f[0] >> 11) * scale
    low = <double>((f[0] & 0x7ff) << 42 | f[1] >> 22) * (scale * 1.1102230246251565e-16)
    p = high * half_pi
    low = fma_(high, 6.123233995736766e-17, fma_(low, half_pi, product_rest(high, half_pi, p)))
    r[0] = p + low
    rest[0] = (p - r[0]) + low
    if (flip != 0) != (x < 0):
        r[0], rest[0] = -r[0], -rest[0]
    return -n if x < 0 else n
