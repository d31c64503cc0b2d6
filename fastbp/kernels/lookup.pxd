"""tanh of float32 by a table, where one instruction looks up a number for each lane: x86-64 with AVX2 or AVX-512.

1 + |x| has seven intervals, which its bits number: |x| in [0, 1/2), [1/2, 1), [1, 2), [2, 3), [3, 5), [5, 7), [7, 9.03).
In each, tanh is a polynomial in the distance from the lower end. That takes three quarters of the time of `tanh_`, which
divides, and is off by 1.5 ULP at most.
"""
from fastbp.kernels.vector cimport vf, vfma, splat

cdef extern from *:
    """
    #ifndef FASTBP_LOOKUP
    #define FASTBP_LOOKUP
    #if defined(FB_X86)
      enum { LOOKS_UP = 1 };
      /* A row: the lower ends, then the coefficients, highest first; a column: an interval, in the order of the bits,
         from [1, 2) to [7, 9.03), none, [0, 1/2), [1/2, 1). Minimax fits of the error in ULP, each coefficient rounded
         before the next was fitted. */
      static const float fb_tanh[9][8] __attribute__((aligned(32))) = {
          {1.f, 2.f, 3.f, 5.f, 7.f, 0.f, 0.f, 0.5f},
          {-0.0038608154f, 3.7188176e-05f, 1.8359822e-05f, -7.7562424e-07f, 3.4118963e-07f, 0.f, -0.022323616f, 0.0067553176f},
          {0.021066977f, -8.260556e-04f, -1.9504475e-04f, 4.1525814e-06f, -2.4478759e-06f, 0.f, -0.027054448f, -0.014699213f},
          {-0.045606144f, 0.005153856f, 9.5992925e-04f, -3.4061807e-06f, 6.979757e-06f, 0.f, 0.14306046f, -0.049205355f},
          {0.0268699f, -0.018001601f, -0.0029562677f, -2.6167381e-05f, -1.0223314e-05f, 0.f, -0.0016817693f, 0.17144907f},
          {0.10387057f, 0.042121895f, 0.006376833f, 9.82301e-05f, 8.721402e-06f, 0.f, -0.33320364f, -0.09526954f},
          {-0.3198824f, -0.06810877f, -0.00979317f, -1.7423366e-04f, -5.533859e-06f, 0.f, -3.1945683e-06f, -0.3633528f},
          {0.41997528f, 0.07065065f, 0.009863911f, 1.80691e-04f, 3.6072024e-06f, 0.f, 1.f, 0.78644574f},
          {0.7615942f, 0.9640276f, 0.9950548f, 0.9999092f, 0.99999833f, 0.f, 0.f, 0.46211717f},
      };
      typedef uint32_t vu __attribute__((vector_size(VECTOR_BYTES)));
      #if VECTOR_BYTES == 64
        FB_INLINE vf fb_look_up(const float *row, vf s) {
          return (vf)_mm512_permutexvar_ps((__m512i)((vu)s >> 22), _mm512_broadcast_f32x8(_mm256_load_ps(row))); }
      #else
        FB_INLINE vf fb_look_up(const float *row, vf s) {
          return (vf)_mm256_permutevar8x32_ps(_mm256_load_ps(row), (__m256i)((vu)s >> 22)); }
      #endif
      /* of two that do not compare, min takes the second */
      FB_INLINE vf fb_size(vf x, vf most) { return (vf)FB_X86(min_ps)(most, (vf)((vu)x & 0x7fffffffu)); }
      FB_INLINE vf fb_signed(vf y, vf x) { return (vf)((vu)y | ((vu)x & 0x80000000u)); }
    #else
      enum { LOOKS_UP = 0 };
      #define fb_look_up(row, s) (s)
      #define fb_size(x, most) (x)
      #define fb_signed(y, x) (y)
    #endif
    #endif
    """
    enum: LOOKS_UP
    const float[9][8] fb_tanh
    vf fb_look_up(const float *row, vf s) noexcept nogil    # of eight numbers, those that bits 22 to 24 of s say
    vf fb_size(vf x, vf most) noexcept nogil                # |x|, or `most` where that is less; NaN stays NaN
    vf fb_signed(vf y, vf x) noexcept nogil                 # y >= 0, with the sign of x


cdef inline vf tanh_looked_up(vf x) noexcept nogil:
    cdef vf a = fb_size(x, splat(<float>9.03)), s = a + splat(<float>1), d, y     # tanh is 1 from 9.02 on
    d = a - fb_look_up(fb_tanh[0], s)
    y = vfma(fb_look_up(fb_tanh[1], s), d, fb_look_up(fb_tanh[2], s))
    y = vfma(y, d, fb_look_up(fb_tanh[3], s))
    y = vfma(y, d, fb_look_up(fb_tanh[4], s))
    y = vfma(y, d, fb_look_up(fb_tanh[5], s))
    y = vfma(y, d, fb_look_up(fb_tanh[6], s))
    y = vfma(y, d, fb_look_up(fb_tanh[7], s))
    y = vfma(y, d, fb_look_up(fb_tanh[8], s))
    return fb_signed(y, x)
