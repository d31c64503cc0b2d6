"""What this CPU can run. Compiled for the oldest machine of the platform, imported before anything else."""

cdef extern from *:
    """
    #if defined(_MSC_VER) && defined(_M_X64)    /* MSVC and clang-cl: no helper to link with */
      #include <intrin.h>
      static int fb_has(const int *registers, int which, unsigned bits) {
          return ((unsigned)registers[which] & bits) == bits; }
      static int fb_x86_level(void) {
          int one[4], seven[4] = {0}, zero[4];
          unsigned long long saved = 0;
          __cpuid(zero, 0);
          __cpuid(one, 1);
          if (zero[0] >= 7) __cpuidex(seven, 7, 0);
          if (!fb_has(one, 2, 1u << 20 | 1u << 23)) return 1;                         /* SSE4.2, POPCNT */
          if (fb_has(one, 2, 1u << 27)) saved = _xgetbv(0);                           /* what the system saves */
          if ((saved & 0x6) != 0x6 || !fb_has(one, 2, 1u << 12 | 1u << 28)            /* FMA, AVX */
              || !fb_has(seven, 1, 1u << 5 | 1u << 8)) return 2;                      /* AVX2, BMI2 */
          return (saved & 0xe6) == 0xe6                                               /* F, DQ, CD, BW, VL */
              && fb_has(seven, 1, 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31) ? 4 : 3;
      }
    #elif (defined(__x86_64__) || defined(_M_X64)) && (defined(__GNUC__) || defined(__clang__))
      static int fb_x86_level(void) {        /* the compiler's helper also asks whether the system saves the registers */
          __builtin_cpu_init();
          if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")))
              return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt") ? 2 : 1;
          return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
              && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq")
              && __builtin_cpu_supports("avx512vl") ? 4 : 3;
      }
    #else
      static int fb_x86_level(void) { return 0; }
    #endif
    """
    int fb_x86_level() noexcept nogil


def x86_level() -> int:
    """The x86-64 level that this CPU and system run: 1 to 4, or 0 where the levels do not apply."""
    return fb_x86_level()
