"""Large pages for large blocks: with small ones a matmul of large layers misses the address cache at every row."""
cdef extern from *:
    """
    #if defined(__linux__)
      #include <stdint.h>
      #include <sys/mman.h>
      static void fb_large_pages(void *block, size_t size) {
          const uintptr_t page = (uintptr_t)1 << 21, first = ((uintptr_t)block + page - 1) & ~(page - 1);
          const uintptr_t end = ((uintptr_t)block + size) & ~(page - 1);
          if (end > first) (void)madvise((void *)first, end - first, MADV_HUGEPAGE);
      }
    #else
      static void fb_large_pages(void *block, size_t size) { (void)block; (void)size; }
    #endif
    """
    void fb_large_pages(void *block, size_t size) noexcept nogil    # ask for them: before the block is used
