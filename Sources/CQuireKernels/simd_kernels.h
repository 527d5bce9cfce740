// All kernels of one set, and its table; included once by the set's file.

#include "simd_vector.h"

#include "simd_attention.h"
#include "simd_limits.h"
#include "simd_matmul.h"
#include "simd_pack.h"
#include "simd_rows.h"

#define QUIRE_KERNEL_TABLE(set)                                                                    \
    {                                                                                              \
        .name = set, .pack = pack, .linear = linear, .gate_up = gate_up, .embed = embed,           \
        .angles = quire_angles_item, .norm = norm, .qkv_write = qkv_write, .attention = attention, \
        .read = read, .fma = fma_steps, .exponential = exponential,                                \
    }
