// The kernels for 64-bit Arm, which always has NEON.

#include "CQuireKernels.h"

#if defined(__aarch64__)

#include "simd_kernels.h"

const struct quire_kernels *quire_neon_kernels(void) {
    static const struct quire_kernels kernels = QUIRE_KERNEL_TABLE("neon");
    return &kernels;
}

#else

const struct quire_kernels *quire_neon_kernels(void) { return NULL; }

#endif
