// The row-wise kernels: embedding, norms, rotation, cache writes.

static void embed(const void *arguments, int64_t item, void *scratch) {
    (void)scratch;
    const struct quire_embed *args = arguments;
    const int64_t end = quire_min((item + 1) * args->rows_per_item, args->rows);
    for (int64_t row = item * args->rows_per_item; row < end; row++) {
        const int64_t token = args->tokens[row];
        float *x = args->x + row * args->columns;
        if (token < 0 || token >= args->vocabulary) {
            memset(x, 0, (size_t)args->columns * sizeof(float));
            continue;
        }
        const int64_t start = token * args->columns;
        int64_t k = 0;
        for (; k + 8 <= args->columns; k += 8) {
            store(x + k, load_elements(args->table, args->type, start + k));
        }
        for (; k < args->columns; k++) x[k] = quire_element(args->table, args->type, start + k);
    }
}

// The sum of squares, in an order that depends on the count alone.
QUIRE_INLINE float sum_of_squares(const float *x, int64_t count) {
    f8 sums[4] = {splat(0), splat(0), splat(0), splat(0)};
    int64_t k = 0;
    for (; k + 32 <= count; k += 32) {
        QUIRE_UNROLL
        for (int i = 0; i < 4; i++) {
            f8 value = load(x + k + 8 * i);
            sums[i] = multiply_add(value, value, sums[i]);
        }
    }
    for (; k + 8 <= count; k += 8) {
        f8 value = load(x + k);
        sums[0] = multiply_add(value, value, sums[0]);
    }
    float sum = sum_of((sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (; k < count; k++) sum += x[k] * x[k];
    return sum;
}

// y = x / sqrt(mean(x²) + epsilon) × weight; y may be x.
QUIRE_INLINE void norm_vector(
    const float *x, const float *weight, float epsilon, int64_t count, float *y) {
    const float mean = sum_of_squares(x, count) / (float)count;
    const float factor = 1 / __builtin_sqrtf(mean + epsilon);
    int64_t k = 0;
    for (; k + 8 <= count; k += 8) store(y + k, load(x + k) * splat(factor) * load(weight + k));
    for (; k < count; k++) y[k] = x[k] * factor * weight[k];
}

static void norm(const void *arguments, int64_t item, void *scratch) {
    (void)scratch;
    const struct quire_norm *args = arguments;
    const int64_t columns = args->columns;
    const int64_t end = quire_min((item + 1) * args->rows_per_item, args->rows);
    for (int64_t row = item * args->rows_per_item; row < end; row++) {
        float *residual = args->residual + row * columns;
        if (args->delta) {
            const float *delta = args->delta + row * columns;
            int64_t k = 0;
            for (; k + 8 <= columns; k += 8) {
                store(residual + k, load(residual + k) + load(delta + k));
            }
            for (; k < columns; k++) residual[k] += delta[k];
        }
        norm_vector(residual, args->weight, args->epsilon, columns, args->y + row * columns);
    }
}

QUIRE_INLINE void rotate(float *head, const float *angles, int64_t half) {
    int64_t i = 0;
    for (; i + 8 <= half; i += 8) {
        f8 cosine = load(angles + i), sine = load(angles + half + i);
        f8 first = load(head + i), second = load(head + half + i);
        store(head + i, multiply_add(first, cosine, -(second * sine)));
        store(head + half + i, multiply_add(second, cosine, first * sine));
    }
    for (; i < half; i++) {
        float cosine = angles[i], sine = angles[half + i];
        float first = head[i], second = head[half + i];
        head[i] = __builtin_fmaf(first, cosine, -(second * sine));
        head[half + i] = __builtin_fmaf(second, cosine, first * sine);
    }
}

static void qkv_write(const void *arguments, int64_t item, void *scratch) {
    (void)scratch;
    const struct quire_qkv_write *args = arguments;
    const struct quire_cache *cache = &args->cache;
    const int64_t size = cache->head_dimension;
    const int64_t stride = (args->query_heads + 2 * cache->kv_heads) * size;
    const int64_t end = quire_min((item + 1) * args->rows_per_item, args->rows);
    for (int64_t row = item * args->rows_per_item; row < end; row++) {
        float *heads = args->qkv + row * stride;
        const float *angles = args->angles + row * size;
        for (int64_t head = 0; head < args->query_heads + cache->kv_heads; head++) {
            const float *weight = head < args->query_heads ? args->query_norm : args->key_norm;
            float *x = heads + head * size;
            if (weight) norm_vector(x, weight, args->epsilon, size, x);
            rotate(x, angles, size / 2);
        }
        const int64_t block = args->slots[row] / cache->block_size;
        const int64_t offset = args->slots[row] % cache->block_size;
        for (int64_t head = 0; head < cache->kv_heads; head++) {
            const float *key = heads + (args->query_heads + head) * size;
            const float *value = key + cache->kv_heads * size;
            const int64_t start = quire_block_start(cache, block, head);
            float *keys =
                cache->keys + start + offset / QUIRE_TILE * QUIRE_TILE * size + offset % QUIRE_TILE;
            for (int64_t i = 0; i < size; i++) keys[i * QUIRE_TILE] = key[i];
            memcpy(cache->values + start + offset * size, value, (size_t)size * sizeof(float));
        }
    }
}
