// What the machine can do at most: reading memory, and multiply-adds on registers.

static void read(const void *arguments, int64_t item, void *scratch) {
    const struct quire_read *args = arguments;
    const char *from = (const char *)args->from + item * args->bytes_per_item;
    const int64_t bytes =
        quire_min(args->bytes_per_item, args->bytes - item * args->bytes_per_item);
    u8 sums[4] = {0, 0, 0, 0};
    for (int64_t i = 0; i + 128 <= bytes; i += 128) {
        __builtin_prefetch(from + i + 2048);
        __builtin_prefetch(from + i + 2048 + 64);
        QUIRE_UNROLL
        for (int j = 0; j < 4; j++) {
            u8 value;
            memcpy(&value, from + i + 32 * j, sizeof value);
            sums[j] ^= value;
        }
    }
    u8 sum = (sums[0] ^ sums[1]) ^ (sums[2] ^ sums[3]);
    memcpy(scratch, &sum, sizeof sum);
}

static void fma_steps(const void *arguments, int64_t item, void *scratch) {
    const struct quire_fma *args = arguments;
    f8 sums[12];
    QUIRE_UNROLL
    for (int i = 0; i < 12; i++) sums[i] = splat((float)(item + i));
    for (int64_t step = 0; step < args->steps; step++) {
        QUIRE_UNROLL
        for (int i = 0; i < 12; i++) {
            sums[i] = multiply_add(sums[i], splat(0.999f), splat(0.001f));
        }
    }
    f8 total = splat(0);
    QUIRE_UNROLL
    for (int i = 0; i < 12; i++) total += sums[i];
    store(scratch, total);
}

static void exponential(const float *x, float *y, int64_t count) {
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) store(y + i, exponential_of(load(x + i)));
    for (; i < count; i++) y[i] = exponential_of(splat(x[i]))[0];
}
