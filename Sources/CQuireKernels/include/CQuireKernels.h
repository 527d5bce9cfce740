// The numeric kernels of the CPU backend: plain functions over pointers and sizes.
//
// Every kernel is a task: a function that computes one item of a call (some panels of a matrix,
// some rows, some queries of one head), so that a pool of threads can share the items out in any
// order. Items write disjoint memory. No task allocates or keeps state; `scratch` is the calling
// thread's own, of the size that the kernel's `..._scratch_bytes` states (64-byte aligned).
//
// Order of summation. A value depends on its own row alone, never on which rows or panels were
// computed beside it: each element of a product is one chain of multiply-adds over the columns in
// ascending order; attention runs over chunks of QUIRE_CHUNK cached tokens that begin at multiples
// of it, ascending. Between two kernel sets (reference, AVX2, NEON) results differ by rounding.
//
// This header uses compiler-provided headers only.

#ifndef CQUIREKERNELS_H
#define CQUIREKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: Layouts

// Weight element types.
enum {
    QUIRE_F32 = 0,
    QUIRE_BF16 = 1,
    QUIRE_F16 = 2, // sources only; never packed
};

enum {
    // Outputs of one weight panel. A panel is [columns][QUIRE_PANEL] elements, zero where the
    // matrix ends; in bf16, outputs i and i + 8 lie side by side (0, 8, 1, 9, ...), so that a
    // shift and a mask of one load widen all sixteen.
    QUIRE_PANEL = 16,
    // Tokens whose keys lie transposed in one tile, [head dimension][QUIRE_TILE]; a cache block
    // holds whole tiles.
    QUIRE_TILE = 8,
    // Cached tokens whose scores are held at a time.
    QUIRE_CHUNK = 256,
    // Most query vectors (rows times heads that share keys) of one attention item, if one row has
    // not more.
    QUIRE_QUERIES = 48,
    // Most panels of one matmul item.
    QUIRE_ITEM_PANELS = 16,
    // Rows of a matmul that are computed against a panel while it is in the nearest cache.
    QUIRE_ROW_BLOCK = 96,
};

// Scratch of a matmul item.
#define QUIRE_MATMUL_SCRATCH_BYTES \
    ((size_t)QUIRE_ITEM_PANELS * QUIRE_ROW_BLOCK * QUIRE_PANEL * sizeof(float))

// One run of a task: `item` of the call described by `args`.
typedef void quire_task(const void *args, int64_t item, void *scratch);

// MARK: Arguments

// Rows of a matrix as a checkpoint stores them, [rows][columns].
struct quire_source {
    const void *elements;
    int64_t rows;
    int32_t type;
};

// Lays a weight out in panels. An item is `panels_per_item` panels.
struct quire_pack {
    const struct quire_source *sources;
    int64_t source_count;
    int64_t columns;
    // Rows in all; without `interleaved` the sources' rows follow one another. With it there are
    // two sources of the same shape, and their panels alternate.
    int64_t outputs;
    bool interleaved;
    int32_t type;
    void *panels;
    int64_t panels_per_item;
};

// y[r] = x[r] · Wᵀ + bias (`linear`), or y[r] = silu(x[r] · Gᵀ) × (x[r] · Uᵀ) (`gate_up`, whose
// panels alternate between G and U). An item is `panels_per_item` panels of outputs (for `gate_up`
// pairs of panels, and half as many at most).
struct quire_matmul {
    const float *x;
    int64_t x_stride;
    // If not null, row r of x is x_rows[r].
    const int32_t *x_rows;
    int64_t rows;
    int64_t columns;
    const void *panels;
    int32_t type;
    int64_t outputs;
    const float *bias;
    float *y;
    int64_t y_stride;
    int64_t panels_per_item;
};

// x[r] = table[tokens[r]], zeros for a token outside the table. An item is `rows_per_item` rows;
// so it is for the row-wise kernels below.
struct quire_embed {
    const void *table;
    int32_t type;
    int64_t vocabulary;
    int64_t columns;
    const int32_t *tokens;
    float *x;
    int64_t rows;
    int64_t rows_per_item;
};

// angles[r] = [cos × half, sin × half] of positions[r] × inverse_frequencies, times scale.
struct quire_angles {
    const int32_t *positions;
    const float *inverse_frequencies;
    int64_t half;
    float scale;
    float *angles;
    int64_t rows;
    int64_t rows_per_item;
};

// residual[r] += delta[r], if there is a delta; y[r] = residual[r] / rms(residual[r]) × weight.
struct quire_norm {
    float *residual;
    const float *delta;
    const float *weight;
    float epsilon;
    int64_t columns;
    float *y;
    int64_t rows;
    int64_t rows_per_item;
};

// A layer of the paged cache. Block b begins b × block_stride elements from `keys` and `values`,
// and holds per key-value head:
//     keys    [padded_block / QUIRE_TILE][head_dimension][QUIRE_TILE]
//     values  [padded_block][head_dimension]
// `padded_block` is block_size rounded up to whole tiles; tokens beyond block_size are zero.
struct quire_cache {
    float *keys;
    float *values;
    int64_t block_stride;
    int64_t block_size;
    int64_t padded_block;
    int64_t kv_heads;
    int64_t head_dimension;
};

// Norms (if given) and rotates the query and key heads of each row [queries | keys | values], and
// writes keys and values to the row's slot.
struct quire_qkv_write {
    float *qkv;
    int64_t query_heads;
    const float *query_norm;
    const float *key_norm;
    float epsilon;
    const float *angles;
    const int32_t *slots;
    struct quire_cache cache;
    int64_t rows;
    int64_t rows_per_item;
};

// Adjacent rows of one sequence.
struct quire_query_rows {
    int32_t first_row;
    int32_t row_count;
    int32_t first_position;
    int32_t block_table_start;
};

// Causal attention over the cache. An item is one key-value head of one group:
// item = (index of group) × kv_heads + head.
struct quire_attention {
    const float *qkv;
    int64_t qkv_stride;
    int64_t query_heads;
    float scale;
    // How many tokens back a row may look, its own included.
    int64_t window;
    struct quire_cache cache;
    const struct quire_query_rows *groups;
    const int32_t *block_tables;
    float *y;
    int64_t y_stride;
};

// Scratch of an attention item of `queries` query vectors.
#define QUIRE_ATTENTION_SCRATCH_BYTES(queries, head_dimension) \
    ((size_t)(queries) * ((QUIRE_CHUNK + (size_t)(head_dimension) + 32) * sizeof(float)))

// Reads `bytes` bytes from `from`, item by item, and puts a value that depends on all of them in
// the scratch; measures read bandwidth.
struct quire_read {
    const void *from;
    int64_t bytes;
    int64_t bytes_per_item;
};

// QUIRE_FMA_FLOPS × steps floating-point operations on registers; measures the peak rate.
struct quire_fma {
    int64_t steps;
};

enum { QUIRE_FMA_FLOPS = 12 * 8 * 2 };

// MARK: Kernel sets

// One implementation of every kernel.
struct quire_kernels {
    const char *name;
    quire_task *pack;      // quire_pack
    quire_task *linear;    // quire_matmul
    quire_task *gate_up;   // quire_matmul
    quire_task *embed;     // quire_embed
    quire_task *angles;    // quire_angles
    quire_task *norm;      // quire_norm
    quire_task *qkv_write; // quire_qkv_write
    quire_task *attention; // quire_attention
    quire_task *read;      // quire_read
    quire_task *fma;       // quire_fma
    // y[i] = exp(x[i]), as the kernels compute it; for tests of its error.
    void (*exponential)(const float *x, float *y, int64_t count);
};

// The plain version, which defines what the others must compute.
const struct quire_kernels *quire_reference_kernels(void);
// Versions for this machine, or null if it lacks the instructions.
const struct quire_kernels *quire_avx2_kernels(void);
const struct quire_kernels *quire_neon_kernels(void);

// MARK: Threads

// A pause of a spinning thread.
void quire_relax(void);
// Names the calling thread, for debuggers and profiles; at most 15 bytes are kept.
void quire_name_thread(const char *name);

#endif
