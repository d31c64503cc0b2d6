"""What the engine asks of the system and the processor: the time, how subnormals are treated, and words that threads share."""
cdef extern from *:
    """
    #if defined(_WIN32)
      #ifndef WIN32_LEAN_AND_MEAN
        #define WIN32_LEAN_AND_MEAN
      #endif
      #include <windows.h>
      static double fb_seconds(void) { return GetTickCount64() * 1e-3; }
      static void fb_yield(void) { SwitchToThread(); }
      static void fb_nap(void) { Sleep(1); }
    #else
      #include <time.h>
      #include <sched.h>
      static double fb_seconds(void) {
          struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }
      static void fb_yield(void) { sched_yield(); }
      static void fb_nap(void) { struct timespec t = {0, 50000}; nanosleep(&t, NULL); }
    #endif
    /* Subnormals count as zero while a training's steps run: with vanishing gradients, Adam's moments would stick there
       and crawl. */
    #if defined(__x86_64__) || defined(_M_X64)
      #include <xmmintrin.h>
      static unsigned fb_flush(int on) {
          unsigned old = _mm_getcsr(); if (on) _mm_setcsr(old | 0x8040); return old; }
      static void fb_restore(unsigned old) { _mm_setcsr(old); }
      static void fb_pause(void) { _mm_pause(); }
    #elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
      static unsigned fb_flush(int on) {
          unsigned long old; __asm__ volatile("mrs %0, fpcr" : "=r"(old));
          if (on) __asm__ volatile("msr fpcr, %0" : : "r"(old | (1ul << 24)));
          return (unsigned)old; }
      static void fb_restore(unsigned old) { __asm__ volatile("msr fpcr, %0" : : "r"((unsigned long)old)); }
      static void fb_pause(void) { __asm__ volatile("yield"); }
    #else
      static unsigned fb_flush(int on) { (void)on; return 0; }
      static void fb_restore(unsigned old) { (void)old; }
      static void fb_pause(void) { }
    #endif
    /* Have the cache line at p be this core's to write. */
    #if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))      /* with v2, __builtin_prefetch only reads */
      static void fb_claim(const char *p) { __asm__ volatile("prefetchw %0" : : "m"(*p)); }
    #elif defined(_M_X64)
      #include <intrin.h>
      static void fb_claim(const char *p) { _m_prefetchw(p); }
    #elif defined(__GNUC__) || defined(__clang__)
      static void fb_claim(const char *p) { __builtin_prefetch(p, 1, 3); }
    #else
      static void fb_claim(const char *p) { (void)p; }
    #endif
    /* A word that threads share: what was written before a `put` or `add` is seen after a `get` or `add` that sees it. */
    #if defined(_MSC_VER) && !defined(__clang__)
      #include <intrin.h>
      static long fb_get(long *x) { return _InterlockedOr((volatile long *)x, 0); }
      static void fb_put(long *x, long value) { _InterlockedExchange((volatile long *)x, value); }
      static long fb_add(long *x, long n) { return _InterlockedExchangeAdd((volatile long *)x, n) + n; }
    #else
      static long fb_get(long *x) { return __atomic_load_n(x, __ATOMIC_ACQUIRE); }
      static void fb_put(long *x, long value) { __atomic_store_n(x, value, __ATOMIC_RELEASE); }
      static long fb_add(long *x, long n) { return __atomic_add_fetch(x, n, __ATOMIC_ACQ_REL); }
    #endif
    """
    double fb_seconds() noexcept nogil
    unsigned fb_flush(int on) noexcept nogil    # returns the mode before, for fb_restore
    void fb_restore(unsigned old) noexcept nogil
    void fb_pause() noexcept nogil              # a breath of a thread that spins
    void fb_yield() noexcept nogil              # let another thread run
    void fb_nap() noexcept nogil                # sleep, about as shortly as the system can
    void fb_claim(const char *p) noexcept nogil     # p's cache line will be written
    long fb_get(long *x) noexcept nogil
    void fb_put(long *x, long value) noexcept nogil
    long fb_add(long *x, long n) noexcept nogil     # returns the sum
