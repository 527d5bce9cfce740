// The kernels for x86-64 with AVX2 and FMA.

#include "CQuireKernels.h"

#if defined(__x86_64__)

#include <string.h>

#include "elements.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "simd_kernels.h"
#pragma clang attribute pop

const struct quire_kernels *quire_avx2_kernels(void) {
    static const struct quire_kernels kernels = QUIRE_KERNEL_TABLE("avx2");
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kernels : NULL;
}

#else

const struct quire_kernels *quire_avx2_kernels(void) { return NULL; }

#endif
