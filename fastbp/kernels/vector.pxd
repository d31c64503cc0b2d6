"""The fused type, and the vector operations that C has and Cython has not.

A vector is a GNU vector type: `vf` holds float32, `vd` float64, both as wide as the instruction set has (64 on x86-64-v4, 32 on v3, 16 on
v2 and arm64). A compiler without the extension gets vectors of one lane: the same source, plain loops.

The helpers are declared to Cython as varargs, so that C's `_Generic` picks the dtype. Only modules of this folder
may cimport them: they are compiled at the includer's instruction set.
"""
cdef extern from *:
    """
    #ifndef FASTBP_VECTOR
    #define FASTBP_VECTOR
    #include <stdint.h>
    #include <string.h>
    #include <math.h>
    #if (defined(__GNUC__) || defined(__clang__)) && !defined(FASTBP_PLAIN)
      #define FASTBP_GNU 1
      #define FB_INLINE static inline __attribute__((always_inline, unused))
    #else
      #define FB_INLINE static inline
    #endif
    #if defined(FASTBP_GNU) && defined(__AVX512F__)
      #include <immintrin.h>
      #define VECTOR_BYTES 64
      enum { MR = 12 };
      #define FB_X86(op) _mm512_##op
    #elif defined(FASTBP_GNU) && defined(__FMA__)
      #include <immintrin.h>
      #define VECTOR_BYTES 32
      enum { MR = 6 };
      #define FB_X86(op) _mm256_##op
    #elif defined(FASTBP_GNU) && defined(__aarch64__)
      #include <arm_neon.h>
      #define VECTOR_BYTES 16
      enum { MR = 6 };
    #elif defined(FASTBP_GNU)
      #define VECTOR_BYTES 16
      enum { MR = 4 };
    #else
      enum { MR = 4 };
    #endif
    #ifdef FASTBP_GNU
      enum { WF = VECTOR_BYTES / 4, WD = VECTOR_BYTES / 8 };      /* lanes of a vector */
      typedef float  vf __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
      typedef double vd __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));
    #else
      enum { WF = 1, WD = 1 };
      typedef float vf;
      typedef double vd;
    #endif
    enum { NR = 2 };                                  /* vectors in a row of a tile */

    /* fused multiply-add, rounded once (v2 multiplies and adds) */
    #if defined(FB_X86)
      FB_INLINE vf fb_fma_vf(vf a, vf b, vf c) { return (vf)FB_X86(fmadd_ps)(a, b, c); }
      FB_INLINE vd fb_fma_vd(vd a, vd b, vd c) { return (vd)FB_X86(fmadd_pd)(a, b, c); }
    #elif defined(FASTBP_GNU) && defined(__aarch64__)
      FB_INLINE vf fb_fma_vf(vf a, vf b, vf c) { return (vf)vfmaq_f32(c, a, b); }
      FB_INLINE vd fb_fma_vd(vd a, vd b, vd c) { return (vd)vfmaq_f64(c, a, b); }
    #else
      FB_INLINE vf fb_fma_vf(vf a, vf b, vf c) { return a * b + c; }
      FB_INLINE vd fb_fma_vd(vd a, vd b, vd c) { return a * b + c; }
    #endif
    #if defined(FB_X86) || (defined(FASTBP_GNU) && defined(__aarch64__))
      FB_INLINE float  fb_fma_f(float a, float b, float c)    { return __builtin_fmaf(a, b, c); }
      FB_INLINE double fb_fma_d(double a, double b, double c) { return __builtin_fma(a, b, c); }
    #else
      FB_INLINE float  fb_fma_f(float a, float b, float c)    { return a * b + c; }
      FB_INLINE double fb_fma_d(double a, double b, double c) { return a * b + c; }
    #endif
    #define fma_(a, b, c) _Generic((a), float: fb_fma_f, const float: fb_fma_f, default: fb_fma_d)(a, b, c)
    #define vfma(a, b, c) _Generic((c), vf: fb_fma_vf, vd: fb_fma_vd)(a, b, c)

    /* x * 2**n, n in the low bits of t (t = n + 1.5 * 2**23, or 2**52: rounding put it there) */
    FB_INLINE float fb_scale2_f(float x, float t) {
        uint32_t a, b; memcpy(&a, &x, 4); memcpy(&b, &t, 4); a += b << 23; memcpy(&x, &a, 4); return x; }
    FB_INLINE double fb_scale2_d(double x, double t) {
        uint64_t a, b; memcpy(&a, &x, 8); memcpy(&b, &t, 8); a += b << 52; memcpy(&x, &a, 8); return x; }
    #define scale2(x, t) _Generic((x), float: fb_scale2_f, double: fb_scale2_d)(x, t)
    #define sqrt_(x) _Generic((x), float: sqrtf, const float: sqrtf, default: sqrt)(x)
    #define floor_(x) _Generic((x), float: floorf, const float: floorf, default: floor)(x)
    #define ceil_(x) _Generic((x), float: ceilf, const float: ceilf, default: ceil)(x)
    #define fmod_(x, y) _Generic((x), float: fmodf, const float: fmodf, default: fmod)(x, y)

    /* all lanes x; the vector at p; the first n lanes at p */
    #ifdef FASTBP_GNU
      FB_INLINE vf fb_splat_vf(float x)  { return x - (vf){0}; }
      FB_INLINE vd fb_splat_vd(double x) { return x - (vd){0}; }
    #else
      FB_INLINE vf fb_splat_vf(float x)  { return x; }
      FB_INLINE vd fb_splat_vd(double x) { return x; }
    #endif
    #define splat(x) _Generic((x), float: fb_splat_vf, double: fb_splat_vd)(x)
    #if defined(FASTBP_GNU) && defined(__AVX512F__)
      FB_INLINE vf fb_part_vf(const float *p, int n) { return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
      FB_INLINE vd fb_part_vd(const double *p, int n) { return (vd)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p); }
      FB_INLINE void fb_put_vf(float *p, vf v, int n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v); }
      FB_INLINE void fb_put_vd(double *p, vd v, int n) { _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), v); }
    #elif defined(FASTBP_GNU) && defined(__FMA__)
      FB_INLINE __m256i fb_m32(int n) { return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0,1,2,3,4,5,6,7)); }
      FB_INLINE __m256i fb_m64(int n) { return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0,1,2,3)); }
      FB_INLINE vf fb_part_vf(const float *p, int n) { return (vf)_mm256_maskload_ps(p, fb_m32(n)); }
      FB_INLINE vd fb_part_vd(const double *p, int n) { return (vd)_mm256_maskload_pd(p, fb_m64(n)); }
      /* in pieces: AMD's processors take a dozen cycles for a masked store */
      FB_INLINE void fb_put_vf(float *p, vf v, int n) {
        __m128 q = _mm256_castps256_ps128((__m256)v);
        if (n >= WF) { _mm256_storeu_ps(p, (__m256)v); return; }
        if (n & 4) { _mm_storeu_ps(p, q); q = _mm256_extractf128_ps((__m256)v, 1); p += 4; }
        if (n & 2) { _mm_storel_pi((__m64 *)p, q); q = _mm_movehl_ps(q, q); p += 2; }
        if (n & 1) _mm_store_ss(p, q); }
      FB_INLINE void fb_put_vd(double *p, vd v, int n) {
        __m128d q = _mm256_castpd256_pd128((__m256d)v);
        if (n >= WD) { _mm256_storeu_pd(p, (__m256d)v); return; }
        if (n & 2) { _mm_storeu_pd(p, q); q = _mm256_extractf128_pd((__m256d)v, 1); p += 2; }
        if (n & 1) _mm_store_sd(p, q); }
    #elif defined(FASTBP_GNU)
      FB_INLINE vf fb_part_vf(const float *p, int n) { vf v = {0}; for (int i = 0; i < n; i++) v[i] = p[i]; return v; }
      FB_INLINE vd fb_part_vd(const double *p, int n) { vd v = {0}; for (int i = 0; i < n; i++) v[i] = p[i]; return v; }
      FB_INLINE void fb_put_vf(float *p, vf v, int n) { for (int i = 0; i < n; i++) p[i] = v[i]; }
      FB_INLINE void fb_put_vd(double *p, vd v, int n) { for (int i = 0; i < n; i++) p[i] = v[i]; }
    #else
      FB_INLINE vf fb_part_vf(const float *p, int n) { return n ? *p : 0; }
      FB_INLINE vd fb_part_vd(const double *p, int n) { return n ? *p : 0; }
      FB_INLINE void fb_put_vf(float *p, vf v, int n) { if (n) *p = v; }
      FB_INLINE void fb_put_vd(double *p, vd v, int n) { if (n) *p = v; }
    #endif
    #define load_part(p, n) _Generic((p), float *: fb_part_vf, const float *: fb_part_vf, \
                                          double *: fb_part_vd, const double *: fb_part_vd)(p, n)
    #define store_part(p, v, n) _Generic((v), vf: fb_put_vf, vd: fb_put_vd)(p, v, n)

    /* floor: low where x < low, else x (so a NaN stays);  gate: x where m > 0, else 0;  halves: x where m > 0, x / 2
       where m is 0 and not -0, else 0 */
    #if defined(FB_X86)         /* of two that do not compare, max takes the second */
      FB_INLINE vf fb_floor_vf(vf x, vf low) { return (vf)FB_X86(max_ps)(low, x); }
      FB_INLINE vd fb_floor_vd(vd x, vd low) { return (vd)FB_X86(max_pd)(low, x); }
    #elif defined(FASTBP_GNU)
      #define FB_PICK(mask, a, b) (((__typeof__(mask))(a) & (mask)) | ((__typeof__(mask))(b) & ~(mask)))
      FB_INLINE vf fb_floor_vf(vf x, vf low) { return (vf)FB_PICK(x < low, low, x); }
      FB_INLINE vd fb_floor_vd(vd x, vd low) { return (vd)FB_PICK(x < low, low, x); }
    #else
      FB_INLINE vf fb_floor_vf(vf x, vf low) { return x < low ? low : x; }
      FB_INLINE vd fb_floor_vd(vd x, vd low) { return x < low ? low : x; }
    #endif
    #ifdef FASTBP_GNU
      FB_INLINE vf fb_gate_vf(vf x, vf m) { return (vf)((__typeof__(m > 0))x & (m > 0)); }
      FB_INLINE vd fb_gate_vd(vd x, vd m) { return (vd)((__typeof__(m > 0))x & (m > 0)); }
      #define FB_HALVES(x, half, m) (((__typeof__(m > 0))(x) & (m > 0)) \
                                     | ((__typeof__(m > 0))(half) & ((__typeof__(m > 0))m == 0)))
      FB_INLINE vf fb_halved_vf(vf x, vf m) { return (vf)FB_HALVES(x, x * 0.5f, m); }
      FB_INLINE vd fb_halved_vd(vd x, vd m) { return (vd)FB_HALVES(x, x * 0.5, m); }
    #else
      FB_INLINE vf fb_gate_vf(vf x, vf m) { return m > 0 ? x : 0; }
      FB_INLINE vd fb_gate_vd(vd x, vd m) { return m > 0 ? x : 0; }
      FB_INLINE vf fb_halved_vf(vf x, vf m) { return m > 0 ? x : m == 0 && !signbit(m) ? x / 2 : 0; }
      FB_INLINE vd fb_halved_vd(vd x, vd m) { return m > 0 ? x : m == 0 && !signbit(m) ? x / 2 : 0; }
    #endif
    #define vfloor(x, low) _Generic((x), vf: fb_floor_vf, vd: fb_floor_vd)(x, low)
    #define vgate(x, m) _Generic((x), vf: fb_gate_vf, vd: fb_gate_vd)(x, m)
    #define vhalves(x, m) _Generic((x), vf: fb_halved_vf, vd: fb_halved_vd)(x, m)

    /* d[4, ld] = s[4, ls].T;  out[4] = x[4] + c */
    #ifdef FASTBP_GNU
      #define FB_FOUR(R, q, bytes) \
        typedef R q __attribute__((vector_size(bytes), aligned(sizeof(R)), may_alias)); \
        FB_INLINE void fb_transpose_##q(R *d, Py_ssize_t ld, const R *s, Py_ssize_t ls) { \
          q a = *(const q *)s, b = *(const q *)(s + ls), c = *(const q *)(s + 2 * ls), e = *(const q *)(s + 3 * ls); \
          q ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), AB = __builtin_shufflevector(a, b, 2, 6, 3, 7); \
          q ce = __builtin_shufflevector(c, e, 0, 4, 1, 5), CE = __builtin_shufflevector(c, e, 2, 6, 3, 7); \
          *(q *)d = __builtin_shufflevector(ab, ce, 0, 1, 4, 5); \
          *(q *)(d + ld) = __builtin_shufflevector(ab, ce, 2, 3, 6, 7); \
          *(q *)(d + 2 * ld) = __builtin_shufflevector(AB, CE, 0, 1, 4, 5); \
          *(q *)(d + 3 * ld) = __builtin_shufflevector(AB, CE, 2, 3, 6, 7); } \
        FB_INLINE void fb_plus_##q(R *out, const R *x, R c) { *(q *)out = *(const q *)x + c; }
    #else
      #define FB_FOUR(R, q, bytes) \
        FB_INLINE void fb_transpose_##q(R *d, Py_ssize_t ld, const R *s, Py_ssize_t ls) { \
          for (int i = 0; i < 4; i++) for (int j = 0; j < 4; j++) d[i * ld + j] = s[j * ls + i]; } \
        FB_INLINE void fb_plus_##q(R *out, const R *x, R c) { for (int i = 0; i < 4; i++) out[i] = x[i] + c; }
    #endif
    FB_FOUR(float, vf4, 16)
    FB_FOUR(double, vd4, 32)
    /* d[8, ld] = s[4, ls].T of floats, in vectors of 32 bytes: half the shuffles of two fours */
    #if defined(FB_X86) && VECTOR_BYTES == 64      /* slower with AVX2 */
      typedef float vf8 __attribute__((vector_size(32), aligned(4), may_alias));
      FB_INLINE void fb_transpose_vf8(float *d, Py_ssize_t ld, const float *s, Py_ssize_t ls) {
        vf8 a = *(const vf8 *)s, b = *(const vf8 *)(s + ls);
        vf8 c = *(const vf8 *)(s + 2 * ls), e = *(const vf8 *)(s + 3 * ls);
        vf8 ab = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
        vf8 AB = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
        vf8 ce = __builtin_shufflevector(c, e, 0, 8, 1, 9, 4, 12, 5, 13);
        vf8 CE = __builtin_shufflevector(c, e, 2, 10, 3, 11, 6, 14, 7, 15);
        vf8 r[4] = {__builtin_shufflevector(ab, ce, 0, 1, 8, 9, 4, 5, 12, 13),
                    __builtin_shufflevector(ab, ce, 2, 3, 10, 11, 6, 7, 14, 15),
                    __builtin_shufflevector(AB, CE, 0, 1, 8, 9, 4, 5, 12, 13),
                    __builtin_shufflevector(AB, CE, 2, 3, 10, 11, 6, 7, 14, 15)};
        for (int i = 0; i < 4; i++) {
          *(vf4 *)(d + i * ld) = __builtin_shufflevector(r[i], r[i], 0, 1, 2, 3);
          *(vf4 *)(d + (i + 4) * ld) = __builtin_shufflevector(r[i], r[i], 4, 5, 6, 7); } }
      enum { EIGHTS = 1 };
      #define transpose8(d, ld, s, ls) fb_transpose_vf8((float *)(d), ld, (const float *)(s), ls)
    #else
      enum { EIGHTS = 0 };
      #define transpose8(d, ld, s, ls) ((void)0)
    #endif
    #define transpose4(d, ld, s, ls) _Generic((d), float *: fb_transpose_vf4, double *: fb_transpose_vd4)(d, ld, s, ls)
    #define plus4(out, x, c) _Generic((out), float *: fb_plus_vf4, double *: fb_plus_vd4)(out, x, c)

    /* sums[r] = all lanes of four rows of 64-byte accumulators, added in the same tree on every build:
       lane l + lane l + half, and so on down. Rows lie `apart` vectors from one another. Vectors as wide as the
       accumulators add the halves of two rows at once, then the quarters of four. */
    #define FB_SHUFFLE __builtin_shufflevector
    #if defined(FASTBP_GNU) && VECTOR_BYTES == 64
      FB_INLINE vf fb_halves_vf(vf a, vf b) {
        return FB_SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
             + FB_SHUFFLE(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31); }
      FB_INLINE void fb_sums_vf(float *sums, const vf *a, int apart) {
        vf r = fb_halves_vf(a[0], a[apart]), s = fb_halves_vf(a[2 * apart], a[3 * apart]);
        vf q = FB_SHUFFLE(r, s, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
             + FB_SHUFFLE(r, s, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
        q += FB_SHUFFLE(q, q, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
        q += FB_SHUFFLE(q, q, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
        *(vf4 *)sums = FB_SHUFFLE(q, q, 0, 4, 8, 12); }
      FB_INLINE vd fb_halves_vd(vd a, vd b) {
        vd q = FB_SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11) + FB_SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
        q += FB_SHUFFLE(q, q, 2, 3, 0, 1, 6, 7, 4, 5);
        return q + FB_SHUFFLE(q, q, 1, 0, 3, 2, 5, 4, 7, 6); }
      FB_INLINE void fb_sums_vd(double *sums, const vd *a, int apart) {
        vd r = fb_halves_vd(a[0], a[apart]), s = fb_halves_vd(a[2 * apart], a[3 * apart]);
        *(vd4 *)sums = FB_SHUFFLE(r, s, 0, 4, 8, 12); }
    #elif defined(FASTBP_GNU) && VECTOR_BYTES == 32
      FB_INLINE vf fb_halves_vf(vf a, vf b) {
        return FB_SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11) + FB_SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15); }
      FB_INLINE void fb_sums_vf(float *sums, const vf *a, int apart) {
        vf r = fb_halves_vf(a[0] + a[1], a[2 * apart] + a[2 * apart + 1]);
        vf s = fb_halves_vf(a[apart] + a[apart + 1], a[3 * apart] + a[3 * apart + 1]);
        vf q = FB_SHUFFLE(r, s, 0, 1, 8, 9, 4, 5, 12, 13) + FB_SHUFFLE(r, s, 2, 3, 10, 11, 6, 7, 14, 15);
        q += FB_SHUFFLE(q, q, 1, 0, 3, 2, 5, 4, 7, 6);
        *(vf4 *)sums = FB_SHUFFLE(q, q, 0, 2, 4, 6); }
      FB_INLINE void fb_sums_vd(double *sums, const vd *a, int apart) {
        for (int r = 0; r < 4; r++) {
          vd q = a[r * apart] + a[r * apart + 1];
          sums[r] = (q[0] + q[2]) + (q[1] + q[3]); } }
    #else
      #define FB_SUMS(R, v) \
        FB_INLINE void fb_sums_##v(R *sums, const v *a, int apart) { \
          enum { L = 64 / sizeof(R) }; \
          for (int r = 0; r < 4; r++) { R t[L]; memcpy(t, a + r * apart, sizeof t); \
            for (int h = L / 2; h; h /= 2) for (int l = 0; l < h; l++) t[l] += t[l + h]; \
            sums[r] = t[0]; } }
      FB_SUMS(float, vf)
      FB_SUMS(double, vd)
    #endif
    #define four_sums(sums, a, apart) _Generic((a), vf *: fb_sums_vf, vd *: fb_sums_vd)(sums, a, apart)

    #if defined(FASTBP_GNU)
      #define prefetch(p) __builtin_prefetch((p), 0, 2)
      #define prefetch_near(p) __builtin_prefetch((p), 0, 3)
      FB_INLINE Py_ssize_t opaque(Py_ssize_t x) { __asm__("" : "+r"(x)); return x; }
    #else
      #define opaque(x) (x)
      #define prefetch(p) ((void)0)
      #define prefetch_near(p) ((void)0)
    #endif
    #endif
    """
    enum: WF, WD, MR, NR
    enum: EIGHTS                                # whether there is `transpose8`
    ctypedef float vf
    ctypedef double vd
    double vfma(...) noexcept nogil             # a * b + c, vectors
    double splat(...) noexcept nogil            # a vector, all lanes x
    double load_part(...) noexcept nogil        # the first n lanes from p, the others 0; reads nothing else
    void store_part(...) noexcept nogil         # (p, v, n): the first n lanes of v to p
    double vfloor(...) noexcept nogil           # (x, low): low where x < low, else x
    double vgate(...) noexcept nogil            # (x, m): x where m > 0, else 0
    double vhalves(...) noexcept nogil          # (x, m): x where m > 0, x / 2 where m is 0 and not -0, else 0
    void transpose4(...) noexcept nogil         # (d, ld, s, ls): d[4, ld] = s[4, ls].T
    void transpose8(...) noexcept nogil         # the same of eight columns of s, float32
    void prefetch(...) noexcept nogil           # into L2
    void prefetch_near(...) noexcept nogil      # into L1
    void plus4(...) noexcept nogil              # (out[4], x[4], c): out = x + c
    void four_sums(...) noexcept nogil          # (sums[4], acc, apart): all lanes of four 64-byte accumulators
    Py_ssize_t opaque(Py_ssize_t) noexcept nogil    # x, of which the compiler knows nothing
    double fma_(...) noexcept nogil             # scalars: a * b + c in the type of a
    double scale2(...) noexcept nogil           # x * 2**n, n in the low bits of t
    double sqrt_(...) noexcept nogil
    double floor_(...) noexcept nogil
    double ceil_(...) noexcept nogil
    double fmod_(...) noexcept nogil            # libm's, which is exact

ctypedef fused real:
    float
    double

ctypedef fused vector:      # goes with `real`: vf with float, vd with double
    vf
    vd

cdef enum:
    LANES_FLOAT = 16        # virtual lanes of a sum over contiguous numbers, the same on every build
    LANES_DOUBLE = 8
