// What threads need and Swift cannot call.

#define _GNU_SOURCE

#include <pthread.h>
#include <stdio.h>

#include "CQuireKernels.h"

void quire_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

void quire_name_thread(const char *name) {
    char kept[16];
    snprintf(kept, sizeof kept, "%s", name);
    pthread_setname_np(pthread_self(), kept);
}
