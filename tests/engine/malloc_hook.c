/* Preloaded: counts the calls that ask for memory, between hook_start() and hook_stop(). For glibc. */
#include <stddef.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <errno.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_int counts;
static atomic_long calls;

static void note(void) {
    if (atomic_load(&counts))
        atomic_fetch_add(&calls, 1);
}

void hook_start(void) { atomic_store(&calls, 0); atomic_store(&counts, 1); }
long hook_stop(void) { atomic_store(&counts, 0); return atomic_load(&calls); }

void *malloc(size_t n) { note(); return __libc_malloc(n); }
void *calloc(size_t n, size_t size) { note(); return __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { note(); return __libc_realloc(p, n); }
void *memalign(size_t to, size_t n) { note(); return __libc_memalign(to, n); }
void *aligned_alloc(size_t to, size_t n) { note(); return __libc_memalign(to, n); }

int posix_memalign(void **p, size_t to, size_t n) {
    note();
    *p = __libc_memalign(to, n);
    return *p ? 0 : ENOMEM;
}

void *mmap(void *at, size_t n, int protection, int flags, int file, off_t offset) {
    note();
    return (void *)syscall(SYS_mmap, at, n, protection, flags, file, offset);
}
