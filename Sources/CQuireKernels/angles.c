// Rotary angles: once per row and step, so one version serves all kernel sets.

#include <math.h>

#include "elements.h"

void quire_angles_item(const void *arguments, int64_t item, void *scratch) {
    (void)scratch;
    const struct quire_angles *args = arguments;
    int64_t end = quire_min((item + 1) * args->rows_per_item, args->rows);
    for (int64_t row = item * args->rows_per_item; row < end; row++) {
        float *out = args->angles + row * 2 * args->half;
        for (int64_t i = 0; i < args->half; i++) {
            float angle = (float)args->positions[row] * args->inverse_frequencies[i];
            out[i] = cosf(angle) * args->scale;
            out[args->half + i] = sinf(angle) * args->scale;
        }
    }
}
