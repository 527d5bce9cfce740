// Vectors of eight floats, on which the fast kernels are written once; included by each set's file
// with its instructions enabled. On NEON a vector is a pair of registers.
//
// Nothing is contracted: a multiply-add is written where one is meant, so that a value does not
// depend on how the compiler arranged the loop around it.

#include "elements.h"

#pragma STDC FP_CONTRACT OFF

#define QUIRE_INLINE static inline __attribute__((always_inline))
#define QUIRE_UNROLL _Pragma("clang loop unroll(full)")

typedef float f8 __attribute__((ext_vector_type(8)));
typedef int32_t i8 __attribute__((ext_vector_type(8)));
typedef uint32_t u8 __attribute__((ext_vector_type(8)));
typedef uint16_t h8 __attribute__((ext_vector_type(8)));

_Static_assert(sizeof(f8) == 32, "eight floats");

QUIRE_INLINE f8 load(const float *from) {
    f8 value;
    memcpy(&value, from, sizeof value);
    return value;
}

QUIRE_INLINE void store(float *to, f8 value) { memcpy(to, &value, sizeof value); }

QUIRE_INLINE f8 splat(float value) { return (f8)value; }
QUIRE_INLINE f8 as_floats(u8 bits) { return (f8)bits; }
QUIRE_INLINE u8 as_bits(f8 value) { return (u8)value; }

// a × b + c, rounded once.
QUIRE_INLINE f8 multiply_add(f8 a, f8 b, f8 c) { return __builtin_elementwise_fma(a, b, c); }

QUIRE_INLINE f8 choose(i8 where, f8 yes, f8 no) {
    return as_floats((as_bits(yes) & (u8)where) | (as_bits(no) & ~(u8)where));
}

QUIRE_INLINE f8 greater(f8 a, f8 b) { return choose(a > b, a, b); }

QUIRE_INLINE float sum_of(f8 value) {
    return ((value[0] + value[4]) + (value[2] + value[6]))
        + ((value[1] + value[5]) + (value[3] + value[7]));
}

QUIRE_INLINE float greatest_of(f8 value) {
    float greatest = value[0];
    for (int i = 1; i < 8; i++) greatest = value[i] > greatest ? value[i] : greatest;
    return greatest;
}

// e^x within 2 units in the last place (a test measures it); 0 below -87.3, at most e^88.3; NaN
// stays NaN. Reduction by multiples of ln 2 in two parts, then the degree-5 polynomial of the
// Cephes library (expf).
QUIRE_INLINE f8 exponential_of(f8 x) {
    i8 vanishes = x < splat(-87.33654f);
    // In this form a NaN passes the bounds.
    f8 bounded = choose(vanishes, splat(-87.33654f), x);
    bounded = choose(bounded > splat(88.37626f), splat(88.37626f), bounded);
    f8 power = __builtin_elementwise_floor(multiply_add(bounded, splat(1.44269504f), splat(0.5f)));
    f8 rest = multiply_add(power, splat(-0.693359375f), bounded);
    rest = multiply_add(power, splat(2.12194440e-4f), rest);
    f8 value = splat(1.9875691500e-4f);
    value = multiply_add(value, rest, splat(1.3981999507e-3f));
    value = multiply_add(value, rest, splat(8.3334519073e-3f));
    value = multiply_add(value, rest, splat(4.1665795894e-2f));
    value = multiply_add(value, rest, splat(1.6666665459e-1f));
    value = multiply_add(value, rest, splat(5.0000001201e-1f));
    value = multiply_add(value * rest, rest, rest) + splat(1);
    // A NaN's power is no number; its lanes stay NaN by the product with `value`.
    i8 exponent = __builtin_convertvector(choose(power == power, power, splat(0)), i8);
    f8 scaled = value * as_floats((u8)(exponent + 127) << 23);
    return choose(vanishes, splat(0), scaled);
}

// x / (1 + e^-x).
QUIRE_INLINE f8 silu_of(f8 x) { return x / (splat(1) + exponential_of(-x)); }

QUIRE_INLINE f8 from_bf16(h8 values) {
    return as_floats(__builtin_convertvector(values, u8) << 16);
}

QUIRE_INLINE f8 from_f16(h8 values) {
    u8 wide = __builtin_convertvector(values, u8);
    u8 magnitude = (wide & 0x7FFF) << 13;
    // Rescaling the exponent makes subnormals right too; infinities and NaNs are set apart.
    f8 scaled = as_floats(magnitude) * splat(0x1p112f);
    u8 special = (u8)((wide & 0x7C00) == 0x7C00);
    u8 bits = (as_bits(scaled) & ~special) | ((magnitude | 0x7F800000) & special);
    return as_floats(bits | (wide & 0x8000) << 16);
}

// To bf16 in the low half of each lane: nearest, ties to even; a NaN stays one.
QUIRE_INLINE u8 to_bf16(f8 value) {
    u8 bits = as_bits(value);
    u8 rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    u8 nan = (u8)(value != value);
    return (rounded & ~nan) | ((bits >> 16 | 0x40) & nan);
}

// Eight elements of a source, which need not be aligned.
QUIRE_INLINE f8 load_elements(const void *elements, int32_t type, int64_t index) {
    if (type == QUIRE_F32) {
        f8 values;
        memcpy(&values, (const char *)elements + index * 4, sizeof values);
        return values;
    }
    h8 halves;
    memcpy(&halves, (const char *)elements + index * 2, sizeof halves);
    return type == QUIRE_BF16 ? from_bf16(halves) : from_f16(halves);
}
