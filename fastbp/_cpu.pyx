"""What this CPU can run. Compiled for the oldest machine of the platform, imported before anything else."""

cdef extern from *:
    """
    #if (defined(__x86_64__) || defined(_M_X64)) && (defined(__GNUC__) || defined(__clang__))
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
