// Causal attention over the paged cache, for a group of rows that share keys and values.
//
// Per chunk of QUIRE_CHUNK cached tokens, for all queries (rows × heads that share a key head):
//
//     scores   [queries][QUIRE_CHUNK]   query · keys, a tile of 6 queries × 16 tokens at a time
//     softmax  in place: the running maximum and sum of each query, its outputs rescaled
//     outputs  [queries][head dimension]   += scores · values, a tile of 6 queries × 16 columns
//
// Positions here count padded blocks. Tokens that a query may not see (later ones, those before
// its window, a block's padding) are left out by their position, never by their value: they get no
// weight, and where some query of the group may not see a token, its values are added for those
// that may and skipped for the others (0 × NaN is NaN). So neither a block's stale content nor a
// broken row beside it can reach a result, and it does not depend on the queries beside it.

enum { CHUNK_TILES = QUIRE_CHUNK / QUIRE_TILE };

// Where the keys and values of a chunk's tiles of eight tokens lie.
struct chunk {
    const float *keys[CHUNK_TILES];
    const float *values[CHUNK_TILES];
};

// The tokens [first, end) of a chunk that a query may see.
struct sight {
    int64_t first;
    int64_t end;
};

// The working memory of an item.
struct attention_state {
    int64_t queries;
    float *scores;         // [queries][QUIRE_CHUNK]
    float *outputs;        // [queries][head_dimension]
    float *maxima;         // [queries]
    float *sums;           // [queries]
    const float **vectors; // [queries], each query in the activations
    struct sight *sights;  // [queries], of the present chunk
};

// scores[query][0 ..< 8 × tiles] = scale × query · keys, for constant `rows` and `tiles`.
QUIRE_INLINE void score_tile(const int rows, const int tiles, const float *const *queries,
    const float *const *keys, int64_t size, float scale, float *scores) {
    f8 sum[12];
    QUIRE_UNROLL
    for (int i = 0; i < rows * tiles; i++) sum[i] = splat(0);
    const float *first = keys[0];
    const float *second = keys[tiles - 1];
    for (int64_t k = 0; k < size; k++) {
        f8 low = load(first + k * QUIRE_TILE);
        f8 high = load(second + k * QUIRE_TILE);
        QUIRE_UNROLL
        for (int r = 0; r < rows; r++) {
            f8 value = splat(queries[r][k]);
            sum[r * tiles] = multiply_add(value, low, sum[r * tiles]);
            if (tiles == 2) sum[r * 2 + 1] = multiply_add(value, high, sum[r * 2 + 1]);
        }
    }
    QUIRE_UNROLL
    for (int i = 0; i < rows * tiles; i++) {
        store(scores + i / tiles * QUIRE_CHUNK + i % tiles * QUIRE_TILE, sum[i] * splat(scale));
    }
}

QUIRE_INLINE void score_rows(const int tiles, int64_t rows, const float *const *queries,
    const float *const *keys, int64_t size, float scale, float *scores) {
    switch (rows) {
    case 6: score_tile(6, tiles, queries, keys, size, scale, scores); break;
    case 5: score_tile(5, tiles, queries, keys, size, scale, scores); break;
    case 4: score_tile(4, tiles, queries, keys, size, scale, scores); break;
    case 3: score_tile(3, tiles, queries, keys, size, scale, scores); break;
    case 2: score_tile(2, tiles, queries, keys, size, scale, scores); break;
    default: score_tile(1, tiles, queries, keys, size, scale, scores); break;
    }
}

// Scores of the chunk's tiles [first, end).
static void score_chunk(const struct attention_state *state, const struct chunk *chunk,
    int64_t first, int64_t end, int64_t size, float scale) {
    const int64_t groups = (state->queries + 5) / 6;
    for (int64_t t = first; t < end; t += 2) {
        for (int64_t g = 0; g < groups; g++) {
            const int64_t query = state->queries * g / groups;
            const int64_t rows = state->queries * (g + 1) / groups - query;
            float *scores = state->scores + query * QUIRE_CHUNK + t * QUIRE_TILE;
            if (t + 1 < end) {
                score_rows(2, rows, state->vectors + query, chunk->keys + t, size, scale, scores);
            } else {
                score_rows(1, rows, state->vectors + query, chunk->keys + t, size, scale, scores);
            }
        }
    }
}

// outputs[query][column ..< column + 8 × width] += scores · values of tokens [first, end); for
// `sights`, of those that each query may see.
QUIRE_INLINE void value_tile(const int rows, const int width, const float *scores,
    const struct chunk *chunk, const struct sight *sights, int64_t first, int64_t end,
    int64_t size, int64_t column, float *outputs) {
    f8 sum[12];
    QUIRE_UNROLL
    for (int i = 0; i < rows * width; i++) {
        sum[i] = load(outputs + i / width * size + column + i % width * 8);
    }
    for (int64_t token = first; token < end;) {
        const int64_t start = token / QUIRE_TILE * QUIRE_TILE;
        const int64_t stop = quire_min(start + QUIRE_TILE, end);
        const float *values = chunk->values[start / QUIRE_TILE] - start * size + column;
        for (; token < stop; token++) {
            f8 low = load(values + token * size);
            f8 high = width == 2 ? load(values + token * size + 8) : splat(0);
            QUIRE_UNROLL
            for (int r = 0; r < rows; r++) {
                if (sights && (token < sights[r].first || token >= sights[r].end)) continue;
                f8 weight = splat(scores[r * QUIRE_CHUNK + token]);
                sum[r * width] = multiply_add(weight, low, sum[r * width]);
                if (width == 2) sum[r * 2 + 1] = multiply_add(weight, high, sum[r * 2 + 1]);
            }
        }
    }
    QUIRE_UNROLL
    for (int i = 0; i < rows * width; i++) {
        store(outputs + i / width * size + column + i % width * 8, sum[i]);
    }
}

QUIRE_INLINE void value_rows(const int width, int64_t rows, const float *scores,
    const struct chunk *chunk, const struct sight *sights, int64_t first, int64_t end,
    int64_t size, int64_t column, float *outputs) {
    switch (rows) {
    case 6: value_tile(6, width, scores, chunk, sights, first, end, size, column, outputs); break;
    case 5: value_tile(5, width, scores, chunk, sights, first, end, size, column, outputs); break;
    case 4: value_tile(4, width, scores, chunk, sights, first, end, size, column, outputs); break;
    case 3: value_tile(3, width, scores, chunk, sights, first, end, size, column, outputs); break;
    case 2: value_tile(2, width, scores, chunk, sights, first, end, size, column, outputs); break;
    default: value_tile(1, width, scores, chunk, sights, first, end, size, column, outputs); break;
    }
}

// Adds the chunk's tokens [first, end), weighted by their scores; all queries see them unless
// `checks`.
QUIRE_INLINE void add_tokens(const int checks, const struct attention_state *state,
    const struct chunk *chunk, int64_t first, int64_t end, int64_t size) {
    const int64_t groups = (state->queries + 5) / 6;
    for (int64_t column = 0; column < size; column += 16) {
        for (int64_t g = 0; g < groups; g++) {
            const int64_t query = state->queries * g / groups;
            const int64_t rows = state->queries * (g + 1) / groups - query;
            const float *scores = state->scores + query * QUIRE_CHUNK;
            const struct sight *sights = checks ? state->sights + query : NULL;
            float *outputs = state->outputs + query * size;
            if (column + 16 <= size) {
                value_rows(2, rows, scores, chunk, sights, first, end, size, column, outputs);
            } else {
                value_rows(1, rows, scores, chunk, sights, first, end, size, column, outputs);
            }
        }
    }
}

// Adds the chunk's tokens [first, end): those that all queries see in full speed, those around
// them that only some see (rows ascend, so the last begins last and the first ends first) one by
// one.
static void add_values(const struct attention_state *state, const struct chunk *chunk,
    int64_t first, int64_t end, int64_t size) {
    const int64_t common_first = quire_min(state->sights[state->queries - 1].first, end);
    const int64_t common_end = quire_max(state->sights[0].end, first);
    if (common_first >= common_end) {
        add_tokens(1, state, chunk, first, end, size);
        return;
    }
    if (first < common_first) add_tokens(1, state, chunk, first, common_first, size);
    add_tokens(0, state, chunk, common_first, common_end, size);
    if (common_end < end) add_tokens(1, state, chunk, common_end, end, size);
}

// Sets the scores of tokens that a query may not see: of [first, end), those outside
// [visible_first, visible_end) and those in a block's padding.
QUIRE_INLINE void mask(const struct quire_cache *cache, float *scores, int64_t chunk_start,
    int64_t first, int64_t end, int64_t visible_first, int64_t visible_end) {
    for (int64_t t = first; t < visible_first; t++) scores[t] = -__builtin_inff();
    for (int64_t t = quire_max(visible_end, first); t < end; t++) scores[t] = -__builtin_inff();
    if (cache->block_size == cache->padded_block) return;
    for (int64_t t = visible_first; t < visible_end; t++) {
        if ((chunk_start + t) % cache->padded_block >= cache->block_size) {
            scores[t] = -__builtin_inff();
        }
    }
}

// Scores of the tiles from `first` to `end` into weights, and the query's outputs rescaled to the
// new maximum.
QUIRE_INLINE void soften(float *scores, int64_t first, int64_t end, float *maximum, float *sum,
    float *outputs, int64_t size) {
    f8 greatest = load(scores + first);
    for (int64_t t = first + 8; t < end; t += 8) greatest = greater(load(scores + t), greatest);
    const float chunk_maximum = greatest_of(greatest);
    const float new_maximum = chunk_maximum > *maximum ? chunk_maximum : *maximum;
    f8 total = splat(0);
    for (int64_t t = first; t < end; t += 8) {
        f8 weights = exponential_of(load(scores + t) - splat(new_maximum));
        store(scores + t, weights);
        total += weights;
    }
    const f8 rescale = exponential_of(splat(*maximum - new_maximum));
    *sum = __builtin_fmaf(*sum, rescale[0], sum_of(total));
    *maximum = new_maximum;
    for (int64_t k = 0; k < size; k += 8) store(outputs + k, load(outputs + k) * rescale);
}

static void find_tiles(const struct quire_attention *args, const struct quire_query_rows *rows,
    int64_t kv_head, int64_t chunk_start, int64_t first, int64_t end, struct chunk *chunk) {
    const struct quire_cache *cache = &args->cache;
    const int32_t *table = args->block_tables + rows->block_table_start;
    for (int64_t t = first; t < end; t++) {
        const int64_t position = chunk_start + t * QUIRE_TILE;
        const int64_t block = table[position / cache->padded_block];
        const int64_t start = quire_block_start(cache, block, kv_head)
            + position % cache->padded_block * cache->head_dimension;
        chunk->keys[t] = cache->keys + start;
        chunk->values[t] = cache->values + start;
    }
}

static void attention(const void *arguments, int64_t item, void *scratch) {
    const struct quire_attention *args = arguments;
    const struct quire_cache *cache = &args->cache;
    const int64_t size = cache->head_dimension;
    const int64_t shared = args->query_heads / cache->kv_heads;
    const struct quire_query_rows *rows = &args->groups[item / cache->kv_heads];
    const int64_t kv_head = item % cache->kv_heads;

    struct attention_state state = {.queries = rows->row_count * shared};
    state.scores = scratch;
    state.outputs = state.scores + state.queries * QUIRE_CHUNK;
    state.maxima = state.outputs + state.queries * size;
    state.sums = state.maxima + state.queries;
    state.vectors = (const float **)(state.sums + state.queries);
    state.sights = (struct sight *)(state.vectors + state.queries);
    for (int64_t q = 0; q < state.queries; q++) {
        const int64_t head = kv_head * shared + q % shared;
        state.vectors[q] =
            args->qkv + (rows->first_row + q / shared) * args->qkv_stride + head * size;
        state.maxima[q] = -__builtin_inff();
        state.sums[q] = 0;
    }
    memset(state.outputs, 0, (size_t)(state.queries * size) * sizeof(float));

    const int64_t first_position = rows->first_position;
    const int64_t begin =
        quire_padded_position(cache, quire_max(0, first_position - args->window + 1));
    const int64_t end = quire_padded_position(cache, first_position + rows->row_count - 1) + 1;
    struct chunk chunk;
    for (int64_t start = begin / QUIRE_CHUNK * QUIRE_CHUNK; start < end; start += QUIRE_CHUNK) {
        const int64_t first = quire_max(begin - start, 0);
        const int64_t last = quire_min(end - start, QUIRE_CHUNK);
        const int64_t first_tile = first / QUIRE_TILE;
        const int64_t end_tile = (last + QUIRE_TILE - 1) / QUIRE_TILE;
        find_tiles(args, rows, kv_head, start, first_tile, end_tile, &chunk);
        score_chunk(&state, &chunk, first_tile, end_tile, size, args->scale);
        for (int64_t q = 0; q < state.queries; q++) {
            float *scores = state.scores + q * QUIRE_CHUNK;
            const int64_t position = first_position + q / shared;
            const int64_t visible_first = quire_max(
                quire_padded_position(cache, quire_max(0, position - args->window + 1)) - start,
                first);
            const int64_t visible_end =
                quire_min(quire_padded_position(cache, position) + 1 - start, last);
            state.sights[q] = (struct sight){visible_first, visible_end};
            // Nothing to see in this chunk: the query's state stays as it was.
            if (visible_first >= visible_end) continue;
            mask(cache, scores, start, first_tile * QUIRE_TILE, end_tile * QUIRE_TILE,
                visible_first, visible_end);
            soften(scores, first_tile * QUIRE_TILE, end_tile * QUIRE_TILE, &state.maxima[q],
                &state.sums[q], state.outputs + q * size, size);
        }
        add_values(&state, &chunk, first, last, size);
    }
    for (int64_t q = 0; q < state.queries; q++) {
        const int64_t head = kv_head * shared + q % shared;
        float *y = args->y + (rows->first_row + q / shared) * args->y_stride + head * size;
        const f8 sum = splat(state.sums[q]);
        for (int64_t k = 0; k < size; k += 8)
            store(y + k, load(state.outputs + q * size + k) / sum);
    }
}
