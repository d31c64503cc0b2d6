"""What the engine asks of the system and the processor: the time, and how subnormals are treated."""
cdef extern from *:
    """
    #if defined(_WIN32)
      #include <windows.h>
      static double fb_seconds(void) { return GetTickCount64() * 1e-3; }
    #else
      #include <time.h>
      static double fb_seconds(void) {
          struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }
    #endif
    /* Subnormals count as zero while steps run: with vanishing gradients, Adam's moments would stick there and crawl. */
    #if defined(__x86_64__) || defined(_M_X64)
      #include <xmmintrin.h>
      static unsigned fb_flush(void) { unsigned old = _mm_getcsr(); _mm_setcsr(old | 0x8040); return old; }
      static void fb_restore(unsigned old) { _mm_setcsr(old); }
    #elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
      static unsigned fb_flush(void) {
          unsigned long old; __asm__ volatile("mrs %0, fpcr" : "=r"(old));
          __asm__ volatile("msr fpcr, %0" : : "r"(old | (1ul << 24))); return (unsigned)old; }
      static void fb_restore(unsigned old) { __asm__ volatile("msr fpcr, %0" : : "r"((unsigned long)old)); }
    #else
      static unsigned fb_flush(void) { return 0; }
      static void fb_restore(unsigned old) { (void)old; }
    #endif
    """
    double fb_seconds() noexcept nogil
    unsigned fb_flush() noexcept nogil
    void fb_restore(unsigned old) noexcept nogil
