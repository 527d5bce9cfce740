// The plain version of every kernel: it says what is computed, one element at a time.

#include <math.h>

#include "elements.h"

static void pack(const void *arguments, int64_t item, void *scratch) {
    (void)scratch;
    const struct quire_pack *args = arguments;
    int64_t end = quire_min((item + 1) * args->panels_per_item, quire_pack_panels(args));
    for (int64_t panel = item * args->panels_per_item; panel < end; panel++) {
        for (int64_t lane = 0; lane < QUIRE_PANEL; lane++) {
            int32_t type = QUIRE_F32;
            const void *row = quire_source_row(args, panel, lane, &type);
            for (int64_t k = 0; k < args->columns; k++) {
                float value = row ? quire_element(row, type, k) : 0;
                int64_t start = (panel * args->columns + k) * QUIRE_PANEL;
                if (args->type == QUIRE_F32) {
                    ((float *)args->panels)[start + lane] = value;
                } else {
                    ((uint16_t *)args->panels)[start + quire_bf16_place(lane)] =
                        quire_to_bf16(value);
                }
            }
        }
    }
}

// x[row] · (output `lane` of `panel`).
static float dot(const struct quire_matmul *args, int64_t row, int64_t panel, int64_t lane) {
    const float *x = args->x + (args->x_rows ? args->x_rows[row] : row) * args->x_stride;
    float sum = 0;
    for (int64_t k = 0; k < args->columns; k++) {
        int64_t start = (panel * args->columns + k) * QUIRE_PANEL;
        float weight = args->type == QUIRE_F32
            ? ((const float *)args->panels)[start + lane]
            : quire_from_bf16(((const uint16_t *)args->panels)[start + quire_bf16_place(lane)]);
        sum += x[k] * weight;
    }
    return sum;
}

static void linear(const void *arguments, int64_t item, void *scratch) {
    (void)scratch;
    const struct quire_matmul *args = arguments;
    int64_t step = args->panels_per_item * QUIRE_PANEL;
    int64_t end = quire_min((item + 1) * step, args->outputs);
    for (int64_t row = 0; row < args->rows; row++) {
        for (int64_t output = item * step; output < end; output++) {
            float sum = dot(args, row, output / QUIRE_PANEL, output % QUIRE_PANEL);
            args->y[row * args->y_stride + output] = sum + (args->bias ? args->bias[output] : 0);
        }
    }
}

static void gate_up(const void *arguments, int64_t item, void *scratch) {
    (void)scratch;
    const struct quire_matmul *args = arguments;
    int64_t step = args->panels_per_item * QUIRE_PANEL;
    int64_t end = quire_min((item + 1) * step, args->outputs);
    for (int64_t row = 0; row < args->rows; row++) {
        for (int64_t output = item * step; output < end; output++) {
            int64_t panel = output / QUIRE_PANEL * 2;
            float gate = dot(args, row, panel, output % QUIRE_PANEL);
            float up = dot(args, row, panel + 1, output % QUIRE_PANEL);
            args->y[row * args->y_stride + output] = gate / (1 + expf(-gate)) * up;
        }
    }
}

static void embed(const void *arguments, int64_t item, void *scratch) {
    (void)scratch;
    const struct quire_embed *args = arguments;
    int64_t end = quire_min((item + 1) * args->rows_per_item, args->rows);
    for (int64_t row = item * args->rows_per_item; row < end; row++) {
        int64_t token = args->tokens[row];
        bool known = token >= 0 && token < args->vocabulary;
        for (int64_t k = 0; k < args->columns; k++) {
            args->x[row * args->columns + k] =
                known ? quire_element(args->table, args->type, token * args->columns + k) : 0;
        }
    }
}

// y = x / sqrt(mean(x²) + epsilon) × weight; y may be x.
static void norm_vector(
    const float *x, const float *weight, float epsilon, int64_t count, float *y) {
    float sum = 0;
    for (int64_t k = 0; k < count; k++) sum += x[k] * x[k];
    float factor = 1 / sqrtf(sum / (float)count + epsilon);
    for (int64_t k = 0; k < count; k++) y[k] = x[k] * factor * weight[k];
}

static void norm(const void *arguments, int64_t item, void *scratch) {
    (void)scratch;
    const struct quire_norm *args = arguments;
    int64_t end = quire_min((item + 1) * args->rows_per_item, args->rows);
    for (int64_t row = item * args->rows_per_item; row < end; row++) {
        int64_t start = row * args->columns;
        if (args->delta) {
            for (int64_t k = start; k < start + args->columns; k++) {
                args->residual[k] += args->delta[k];
            }
        }
        norm_vector(
            args->residual + start, args->weight, args->epsilon, args->columns, args->y + start);
    }
}

static void rotate(float *head, const float *angles, int64_t half) {
    for (int64_t i = 0; i < half; i++) {
        float cosine = angles[i];
        float sine = angles[half + i];
        float first = head[i];
        float second = head[half + i];
        head[i] = first * cosine - second * sine;
        head[half + i] = second * cosine + first * sine;
    }
}

static void qkv_write(const void *arguments, int64_t item, void *scratch) {
    (void)scratch;
    const struct quire_qkv_write *args = arguments;
    const struct quire_cache *cache = &args->cache;
    int64_t size = cache->head_dimension;
    int64_t stride = (args->query_heads + 2 * cache->kv_heads) * size;
    int64_t end = quire_min((item + 1) * args->rows_per_item, args->rows);
    for (int64_t row = item * args->rows_per_item; row < end; row++) {
        float *heads = args->qkv + row * stride;
        const float *angles = args->angles + row * size;
        for (int64_t head = 0; head < args->query_heads + cache->kv_heads; head++) {
            const float *weight = head < args->query_heads ? args->query_norm : args->key_norm;
            float *x = heads + head * size;
            if (weight) norm_vector(x, weight, args->epsilon, size, x);
            rotate(x, angles, size / 2);
        }
        int64_t block = args->slots[row] / cache->block_size;
        int64_t offset = args->slots[row] % cache->block_size;
        for (int64_t head = 0; head < cache->kv_heads; head++) {
            const float *key = heads + (args->query_heads + head) * size;
            const float *value = key + cache->kv_heads * size;
            int64_t start = quire_block_start(cache, block, head);
            float *keys = cache->keys + start + offset / QUIRE_TILE * QUIRE_TILE * size;
            float *values = cache->values + start + offset * size;
            for (int64_t i = 0; i < size; i++) {
                keys[i * QUIRE_TILE + offset % QUIRE_TILE] = key[i];
                values[i] = value[i];
            }
        }
    }
}

// Where the keys and values of a sequence's token `position` begin, for one head.
static int64_t token_block(
    const struct quire_attention *args, int64_t table, int64_t position, int64_t head) {
    int64_t block = args->block_tables[table + position / args->cache.block_size];
    return quire_block_start(&args->cache, block, head);
}

static float score(const struct quire_attention *args, const float *query, int64_t table,
    int64_t position, int64_t head) {
    int64_t size = args->cache.head_dimension;
    int64_t offset = position % args->cache.block_size;
    const float *tile = args->cache.keys + token_block(args, table, position, head)
        + offset / QUIRE_TILE * QUIRE_TILE * size;
    float sum = 0;
    for (int64_t i = 0; i < size; i++) {
        sum += query[i] * tile[i * QUIRE_TILE + offset % QUIRE_TILE];
    }
    return sum * args->scale;
}

static void attention(const void *arguments, int64_t item, void *scratch) {
    (void)scratch;
    const struct quire_attention *args = arguments;
    const struct quire_cache *cache = &args->cache;
    int64_t size = cache->head_dimension;
    int64_t shared = args->query_heads / cache->kv_heads;
    const struct quire_query_rows *rows = &args->groups[item / cache->kv_heads];
    int64_t kv_head = item % cache->kv_heads;
    int64_t table = rows->block_table_start;
    for (int64_t i = 0; i < rows->row_count * shared; i++) {
        int64_t row = rows->first_row + i / shared;
        int64_t head = kv_head * shared + i % shared;
        const float *query = args->qkv + row * args->qkv_stride + head * size;
        float *y = args->y + row * args->y_stride + head * size;
        int64_t last = rows->first_position + i / shared;
        int64_t first = quire_max(0, last - args->window + 1);
        float maximum = -INFINITY;
        for (int64_t position = first; position <= last; position++) {
            maximum = fmaxf(maximum, score(args, query, table, position, kv_head));
        }
        for (int64_t k = 0; k < size; k++) y[k] = 0;
        float total = 0;
        for (int64_t position = first; position <= last; position++) {
            float weight = expf(score(args, query, table, position, kv_head) - maximum);
            const float *value = cache->values + token_block(args, table, position, kv_head)
                + position % cache->block_size * size;
            total += weight;
            for (int64_t k = 0; k < size; k++) y[k] += weight * value[k];
        }
        for (int64_t k = 0; k < size; k++) y[k] /= total;
    }
}

static void read(const void *arguments, int64_t item, void *scratch) {
    const struct quire_read *args = arguments;
    int64_t end = quire_min((item + 1) * args->bytes_per_item, args->bytes) / 8;
    const uint64_t *words = args->from;
    uint64_t sum = 0;
    for (int64_t i = item * args->bytes_per_item / 8; i < end; i++) sum ^= words[i];
    *(uint64_t *)scratch ^= sum;
}

static void fma_steps(const void *arguments, int64_t item, void *scratch) {
    const struct quire_fma *args = arguments;
    float sums[QUIRE_FMA_FLOPS / 2];
    for (int i = 0; i < QUIRE_FMA_FLOPS / 2; i++) sums[i] = (float)(item + i);
    for (int64_t step = 0; step < args->steps; step++) {
        for (int i = 0; i < QUIRE_FMA_FLOPS / 2; i++) sums[i] = sums[i] * 0.999f + 0.001f;
    }
    float total = 0;
    for (int i = 0; i < QUIRE_FMA_FLOPS / 2; i++) total += sums[i];
    *(float *)scratch = total;
}

static void exponential(const float *x, float *y, int64_t count) {
    for (int64_t i = 0; i < count; i++) y[i] = expf(x[i]);
}

const struct quire_kernels *quire_reference_kernels(void) {
    static const struct quire_kernels kernels = {
        .name = "reference",
        .pack = pack,
        .linear = linear,
        .gate_up = gate_up,
        .embed = embed,
        .angles = quire_angles_item,
        .norm = norm,
        .qkv_write = qkv_write,
        .attention = attention,
        .read = read,
        .fma = fma_steps,
        .exponential = exponential,
    };
    return &kernels;
}
