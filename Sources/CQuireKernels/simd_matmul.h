// Matrix products over packed panels.
//
//                          panel (16 outputs)
//                        k │ w w … w │        per k: widen one panel row, broadcast x[r][k],
//     x rows ── k ──►      ▼ │       │        12 multiply-adds on registers for 6 rows
//     r0 x x x x …           sums 6 × 16
//
// Sums are of one panel at a time: an output is one chain of multiply-adds in ascending k, whatever
// the shape of the tile. With few rows a panel is read once, from memory: measured, one stream
// that is fetched 4 KiB ahead reaches the read bandwidth of the machine, and two or four streams
// at a time, whose chains overlap better, do not.
//
// With more rows than a tile holds, products run in blocks of columns, so that a panel's block
// stays near while it meets all rows of a block of QUIRE_ROW_BLOCK, and the rows' block while it
// meets all panels of the item. Between column blocks sums rest in scratch, which changes no
// rounding.

enum {
    // Rows of a tile: twelve sums, two panel vectors and a broadcast fill AVX2's registers.
    TILE_ROWS = 6,
    // Bytes of a panel's column block: small enough for the second cache beside its rows. Smaller
    // ones, for the first, were slower: each tile pays for its start.
    COLUMN_BLOCK_BYTES = 64 << 10,
    // How far ahead a panel is fetched that is read once.
    PREFETCH_BYTES = 4 << 10,
};

// One row of a panel as two vectors.
QUIRE_INLINE void widen(const char *row, const int type, f8 *low, f8 *high) {
    if (type == QUIRE_F32) {
        *low = load((const float *)row);
        *high = load((const float *)row + 8);
    } else {
        u8 pairs;
        memcpy(&pairs, row, sizeof pairs);
        *low = as_floats(pairs << 16);
        *high = as_floats(pairs & 0xFFFF0000);
    }
}

// Which memory a tile fetches for those after it: so much from `next` on per column computed.
struct prefetch {
    const char *next;
    int64_t bytes_per_column;
};

// sums[row] (+)= x[row] · panel over `count` columns; `rows` and `type` are constants where this
// is inlined. x and w point to the first column.
QUIRE_INLINE void tile(const int rows, const int type, const float *const *x, const char *w,
    int64_t count, struct prefetch prefetch, float *sums, bool is_first) {
    f8 sum[2 * TILE_ROWS];
    QUIRE_UNROLL
    for (int i = 0; i < 2 * rows; i++) sum[i] = is_first ? splat(0) : load(sums + 8 * i);
    const int row_bytes = QUIRE_PANEL * (type == QUIRE_F32 ? 4 : 2);
    for (int64_t k = 0; k < count; k++) {
        f8 low, high;
        widen(w + k * row_bytes, type, &low, &high);
        const char *next = prefetch.next + k * prefetch.bytes_per_column;
        // Few rows need it at once, in the nearest cache; more leave time to fetch it from the
        // second, and no room for it in the first.
        if (rows <= 3)
            __builtin_prefetch(next, 0, 3);
        else
            __builtin_prefetch(next, 0, 2);
        QUIRE_UNROLL
        for (int r = 0; r < rows; r++) {
            f8 value = splat(x[r][k]);
            sum[2 * r] = multiply_add(value, low, sum[2 * r]);
            sum[2 * r + 1] = multiply_add(value, high, sum[2 * r + 1]);
        }
    }
    QUIRE_UNROLL
    for (int i = 0; i < 2 * rows; i++) store(sums + 8 * i, sum[i]);
}

// sums[panel][row] = x[first_row + row] · panel, for at most QUIRE_ROW_BLOCK rows; `type` is a
// constant where this is inlined.
QUIRE_INLINE void multiply_block(const struct quire_matmul *args, const int type,
    int64_t first_panel, int64_t panel_count, int64_t first_row, int64_t rows, float *sums) {
    const int row_bytes = QUIRE_PANEL * (type == QUIRE_F32 ? 4 : 2);
    const int64_t panel_bytes = args->columns * row_bytes;
    const char *panels = (const char *)args->panels + first_panel * panel_bytes;
    const int64_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    const int64_t blocks =
        tiles == 1 ? 1 : (panel_bytes + COLUMN_BLOCK_BYTES - 1) / COLUMN_BLOCK_BYTES;
    for (int64_t block = 0; block < blocks; block++) {
        const int64_t start = args->columns * block / blocks;
        const int64_t count = args->columns * (block + 1) / blocks - start;
        for (int64_t p = 0; p < panel_count; p++) {
            const char *w = panels + p * panel_bytes + start * row_bytes;
            struct prefetch prefetch = {w + PREFETCH_BYTES, row_bytes};
            if (tiles > 1) {
                // The block that comes next, a share of it fetched by each tile.
                const bool turns = p + 1 == panel_count && block + 1 < blocks;
                prefetch.next = turns ? panels + (start + count) * row_bytes : w + panel_bytes;
                prefetch.bytes_per_column = (row_bytes + tiles - 1) / tiles;
            }
            for (int64_t t = 0; t < tiles; t++) {
                // Evenly: two tiles of four rows, not one of six and one of two.
                const int64_t first = rows * t / tiles;
                const int64_t tile_rows = rows * (t + 1) / tiles - first;
                const float *x[TILE_ROWS];
                for (int64_t r = 0; r < tile_rows; r++) {
                    const int64_t row = first_row + first + r;
                    x[r] =
                        args->x + (args->x_rows ? args->x_rows[row] : row) * args->x_stride + start;
                }
                float *to = sums + (p * rows + first) * QUIRE_PANEL;
                switch (tile_rows) {
                case 6: tile(6, type, x, w, count, prefetch, to, block == 0); break;
                case 5: tile(5, type, x, w, count, prefetch, to, block == 0); break;
                case 4: tile(4, type, x, w, count, prefetch, to, block == 0); break;
                case 3: tile(3, type, x, w, count, prefetch, to, block == 0); break;
                case 2: tile(2, type, x, w, count, prefetch, to, block == 0); break;
                default: tile(1, type, x, w, count, prefetch, to, block == 0); break;
                }
                prefetch.next += count * prefetch.bytes_per_column;
            }
        }
    }
}

static void multiply_f32(const struct quire_matmul *args, int64_t first_panel, int64_t panel_count,
    int64_t first_row, int64_t rows, float *sums) {
    multiply_block(args, QUIRE_F32, first_panel, panel_count, first_row, rows, sums);
}

static void multiply_bf16(const struct quire_matmul *args, int64_t first_panel, int64_t panel_count,
    int64_t first_row, int64_t rows, float *sums) {
    multiply_block(args, QUIRE_BF16, first_panel, panel_count, first_row, rows, sums);
}

// Writes the first `count` of 16 values.
QUIRE_INLINE void store_outputs(float *to, f8 low, f8 high, int64_t count) {
    if (count >= QUIRE_PANEL) {
        store(to, low);
        store(to + 8, high);
        return;
    }
    float values[QUIRE_PANEL];
    store(values, low);
    store(values + 8, high);
    memcpy(to, values, (size_t)count * sizeof(float));
}

// The panels of one item, `each` stored ones to one of outputs.
QUIRE_INLINE void matmul(
    const struct quire_matmul *args, int64_t item, float *sums, const int each) {
    const int64_t output_panels = (args->outputs + QUIRE_PANEL - 1) / QUIRE_PANEL;
    const int64_t first = item * args->panels_per_item;
    const int64_t count = quire_min(args->panels_per_item, output_panels - first);
    const int64_t blocks = (args->rows + QUIRE_ROW_BLOCK - 1) / QUIRE_ROW_BLOCK;
    for (int64_t block = 0; block < blocks; block++) {
        const int64_t first_row = args->rows * block / blocks;
        const int64_t rows = args->rows * (block + 1) / blocks - first_row;
        if (args->type == QUIRE_F32) {
            multiply_f32(args, first * each, count * each, first_row, rows, sums);
        } else {
            multiply_bf16(args, first * each, count * each, first_row, rows, sums);
        }
        for (int64_t p = 0; p < count; p++) {
            const int64_t output = (first + p) * QUIRE_PANEL;
            const int64_t left = args->outputs - output;
            f8 low_bias = splat(0), high_bias = splat(0);
            if (each == 1 && args->bias) {
                float values[QUIRE_PANEL] = {0};
                memcpy(values, args->bias + output,
                    (size_t)quire_min(left, QUIRE_PANEL) * sizeof(float));
                low_bias = load(values);
                high_bias = load(values + 8);
            }
            for (int64_t r = 0; r < rows; r++) {
                const float *from = sums + (p * each * rows + r) * QUIRE_PANEL;
                float *to = args->y + (first_row + r) * args->y_stride + output;
                f8 low = load(from), high = load(from + 8);
                if (each == 2) {
                    const float *up = from + rows * QUIRE_PANEL;
                    low = silu_of(low) * load(up);
                    high = silu_of(high) * load(up + 8);
                } else {
                    low += low_bias;
                    high += high_bias;
                }
                store_outputs(to, low, high, left);
            }
        }
    }
}

static void linear(const void *arguments, int64_t item, void *scratch) {
    matmul(arguments, item, scratch, 1);
}

static void gate_up(const void *arguments, int64_t item, void *scratch) {
    matmul(arguments, item, scratch, 2);
}
