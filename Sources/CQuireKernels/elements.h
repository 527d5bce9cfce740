// Conversions of single elements, shared by all kernel sets.

#ifndef QUIRE_ELEMENTS_H
#define QUIRE_ELEMENTS_H

#include <stdint.h>
#include <string.h>

#include "CQuireKernels.h"

_Static_assert(sizeof(float) == 4, "weights are IEEE single precision");
_Static_assert(QUIRE_PANEL == 2 * 8, "the bf16 order of a panel is that of two groups of 8");
_Static_assert(QUIRE_CHUNK % QUIRE_PANEL == 0, "a chunk is whole pairs of tiles");

static inline float quire_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t quire_to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float quire_from_bf16(uint16_t value) {
    return quire_from_bits((uint32_t)value << 16);
}

// Rounds to nearest, ties to even; a NaN stays one.
static inline uint16_t quire_to_bf16(float value) {
    uint32_t bits = quire_to_bits(value);
    if ((bits & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static inline float quire_from_f16(uint16_t value) {
    uint32_t sign = (uint32_t)(value & 0x8000) << 16;
    uint32_t exponent = value >> 10 & 0x1F;
    uint32_t fraction = value & 0x3FF;
    if (exponent == 0x1F) return quire_from_bits(sign | 0x7F800000 | fraction << 13);
    if (exponent != 0) return quire_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    // A subnormal is fraction × 2^-24, exactly.
    float magnitude = (float)fraction * 0x1p-24f;
    return quire_from_bits(sign | quire_to_bits(magnitude));
}

// Element `index` of memory that need not be aligned.
static inline float quire_element(const void *elements, int32_t type, int64_t index) {
    if (type == QUIRE_F32) {
        float value;
        memcpy(&value, (const char *)elements + index * 4, sizeof value);
        return value;
    }
    uint16_t value;
    memcpy(&value, (const char *)elements + index * 2, sizeof value);
    return type == QUIRE_BF16 ? quire_from_bf16(value) : quire_from_f16(value);
}

static inline int64_t quire_element_bytes(int32_t type) { return type == QUIRE_F32 ? 4 : 2; }

// Where output `lane` of a bf16 panel lies in its row of QUIRE_PANEL.
static inline int64_t quire_bf16_place(int64_t lane) {
    return lane < 8 ? 2 * lane : 2 * (lane - 8) + 1;
}

// The source row of lane `lane` of panel `panel`, or null beyond the matrix's end.
static inline const void *quire_source_row(
    const struct quire_pack *pack, int64_t panel, int64_t lane, int32_t *type) {
    int64_t source = 0;
    int64_t row = panel * QUIRE_PANEL + lane;
    if (pack->interleaved) {
        source = panel % 2;
        row = panel / 2 * QUIRE_PANEL + lane;
        if (row >= pack->sources[source].rows) return NULL;
    } else {
        while (source < pack->source_count && row >= pack->sources[source].rows) {
            row -= pack->sources[source].rows;
            source += 1;
        }
        if (source == pack->source_count) return NULL;
    }
    const struct quire_source *found = &pack->sources[source];
    *type = found->type;
    return (const char *)found->elements + row * pack->columns * quire_element_bytes(found->type);
}

// Panels that a pack of `pack` makes.
static inline int64_t quire_pack_panels(const struct quire_pack *pack) {
    int64_t panels = (pack->outputs + QUIRE_PANEL - 1) / QUIRE_PANEL;
    if (!pack->interleaved) return panels;
    return 2 * ((pack->sources[0].rows + QUIRE_PANEL - 1) / QUIRE_PANEL);
}

// Where a cached token lies, counted in padded blocks.
static inline int64_t quire_padded_position(const struct quire_cache *cache, int64_t position) {
    if (cache->block_size == cache->padded_block) return position;
    return position / cache->block_size * cache->padded_block + position % cache->block_size;
}

// The `angles` of every kernel set.
void quire_angles_item(const void *arguments, int64_t item, void *scratch);

// Where a block's keys, and its values, begin for one key-value head.
static inline int64_t quire_block_start(
    const struct quire_cache *cache, int64_t block, int64_t head) {
    return block * cache->block_stride + head * cache->padded_block * cache->head_dimension;
}

static inline int64_t quire_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t quire_max(int64_t a, int64_t b) { return a > b ? a : b; }

#endif
