// Weights into panels.

// Transposes an 8 × 8 block of lanes in place.
QUIRE_INLINE void transpose(u8 rows[8]) {
    u8 pairs[8], quads[8];
    QUIRE_UNROLL
    for (int i = 0; i < 8; i += 2) {
        pairs[i] = __builtin_shufflevector(rows[i], rows[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pairs[i + 1] = __builtin_shufflevector(rows[i], rows[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    QUIRE_UNROLL
    for (int i = 0; i < 8; i += 4) {
        quads[i] = __builtin_shufflevector(pairs[i], pairs[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        quads[i + 1] = __builtin_shufflevector(pairs[i], pairs[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        quads[i + 2] =
            __builtin_shufflevector(pairs[i + 1], pairs[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        quads[i + 3] =
            __builtin_shufflevector(pairs[i + 1], pairs[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    QUIRE_UNROLL
    for (int i = 0; i < 4; i++) {
        rows[i] = __builtin_shufflevector(quads[i], quads[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        rows[i + 4] = __builtin_shufflevector(quads[i], quads[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

// Eight columns of sixteen rows of one source type into a panel; `source` and `type` are constants
// where this is inlined.
QUIRE_INLINE void pack_columns(
    const void *const *rows, const int source, const int type, int64_t k, void *panel) {
    u8 first[8], second[8];
    QUIRE_UNROLL
    for (int i = 0; i < 8; i++) {
        if (type == QUIRE_F32) {
            first[i] = rows[i] ? as_bits(load_elements(rows[i], source, k)) : (u8)0;
            second[i] = rows[i + 8] ? as_bits(load_elements(rows[i + 8], source, k)) : (u8)0;
        } else if (source == QUIRE_BF16) {
            h8 low = 0, high = 0;
            if (rows[i]) memcpy(&low, (const char *)rows[i] + k * 2, sizeof low);
            if (rows[i + 8]) memcpy(&high, (const char *)rows[i + 8] + k * 2, sizeof high);
            first[i] = __builtin_convertvector(low, u8) | __builtin_convertvector(high, u8) << 16;
        } else {
            u8 low = rows[i] ? to_bf16(load_elements(rows[i], source, k)) : (u8)0;
            u8 high = rows[i + 8] ? to_bf16(load_elements(rows[i + 8], source, k)) : (u8)0;
            first[i] = low | high << 16;
        }
    }
    transpose(first);
    if (type == QUIRE_F32) {
        transpose(second);
        for (int i = 0; i < 8; i++) {
            float *to = (float *)panel + (k + i) * QUIRE_PANEL;
            store(to, as_floats(first[i]));
            store(to + 8, as_floats(second[i]));
        }
    } else {
        for (int i = 0; i < 8; i++) {
            memcpy((uint16_t *)panel + (k + i) * QUIRE_PANEL, &first[i], sizeof first[i]);
        }
    }
}

static void pack_element(
    const void *row, int32_t source, int32_t type, int64_t lane, int64_t k, void *panel) {
    float value = row ? quire_element(row, source, k) : 0;
    if (type == QUIRE_F32) {
        ((float *)panel)[k * QUIRE_PANEL + lane] = value;
    } else {
        ((uint16_t *)panel)[k * QUIRE_PANEL + quire_bf16_place(lane)] = quire_to_bf16(value);
    }
}

#define PACK_WHOLE(source, type) \
    for (; k + 8 <= columns; k += 8) pack_columns(rows, source, type, k, panel)

static void pack(const void *arguments, int64_t item, void *scratch) {
    (void)scratch;
    const struct quire_pack *args = arguments;
    const int64_t columns = args->columns;
    const int64_t end = quire_min((item + 1) * args->panels_per_item, quire_pack_panels(args));
    for (int64_t p = item * args->panels_per_item; p < end; p++) {
        void *panel =
            (char *)args->panels + p * columns * QUIRE_PANEL * quire_element_bytes(args->type);
        const void *rows[QUIRE_PANEL];
        int32_t types[QUIRE_PANEL] = {QUIRE_F32};
        bool alike = true;
        for (int64_t lane = 0; lane < QUIRE_PANEL; lane++) {
            if (lane > 0) types[lane] = types[0];
            rows[lane] = quire_source_row(args, p, lane, &types[lane]);
            alike = alike && (rows[lane] == NULL || types[lane] == types[0]);
        }
        int64_t k = 0;
        if (alike && args->type == QUIRE_F32) {
            switch (types[0]) {
            case QUIRE_F32: PACK_WHOLE(QUIRE_F32, QUIRE_F32); break;
            case QUIRE_BF16: PACK_WHOLE(QUIRE_BF16, QUIRE_F32); break;
            default: PACK_WHOLE(QUIRE_F16, QUIRE_F32); break;
            }
        } else if (alike) {
            switch (types[0]) {
            case QUIRE_F32: PACK_WHOLE(QUIRE_F32, QUIRE_BF16); break;
            case QUIRE_BF16: PACK_WHOLE(QUIRE_BF16, QUIRE_BF16); break;
            default: PACK_WHOLE(QUIRE_F16, QUIRE_BF16); break;
            }
        }
        for (; k < columns; k++) {
            for (int64_t lane = 0; lane < QUIRE_PANEL; lane++) {
                pack_element(rows[lane], types[lane], args->type, lane, k, panel);
            }
        }
    }
}
