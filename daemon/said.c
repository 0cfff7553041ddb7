/* SPDX-License-Identifier: MIT */
#include "daemon/said.h"

#include <stdlib.h>

#include "lib/array.h"
#include "lib/hash.h"

#define N_MAX 10000

void said_done(struct Said *said) {
        free(said->now);
        free(said->before);
        *said = (struct Said){};
}

static int compare(const void *pa, const void *pb) {
        const uint64_t *a = pa, *b = pb;

        return *a < *b ? -1 : *a > *b;
}

void said_turn(struct Said *said, bool is_whole) {
        size_t n = 0;

        /* A pass over a part tells nothing of the rest. */
        for (size_t i = 0; !is_whole && i < said->n_before && said->n_now < N_MAX; i++)
                (void)ARRAY_APPEND(said, now, said->before[i]);
        free(said->before);
        said->before = TAKE_PTR(said->now);
        said->n_before = said->n_now;
        said->n_now = said->n_now_allocated = 0;
        if (said->n_before == 0)
                return;
        qsort(said->before, said->n_before, sizeof(uint64_t), compare);
        for (size_t i = 0; i < said->n_before; i++)
                if (n == 0 || said->before[n - 1] != said->before[i])
                        said->before[n++] = said->before[i];
        said->n_before = n;
}

static bool is_state(enum EventKind kind) {
        return kind == EVENT_DESTINATION_MISSING || kind == EVENT_DESTINATION_BUSY || kind == EVENT_DESTINATION_HUNG ||
               kind == EVENT_SOURCE_HELD || kind == EVENT_HELD || kind == EVENT_COPY_FAILED ||
               kind == EVENT_REMOVE_FAILED || kind == EVENT_METADATA || kind == EVENT_PUT_BACK;
}

static bool note(struct Said *said, uint64_t hash) {
        bool again = said->n_before > 0 && bsearch(&hash, said->before, said->n_before, sizeof(hash), compare);

        /* What does not fit is said again: better twice than never. */
        if (said->n_now < N_MAX)
                (void)ARRAY_APPEND(said, now, hash);
        return again;
}

static uint64_t mix(uint64_t hash, const char *text) {
        static const struct HashKey key = {};

        return hash_bytes(&key, hash, strempty(text), strlen(strempty(text)));
}

bool said_again(struct Said *said, const struct Event *event) {
        return is_state(event->kind) &&
               note(said,
                    mix(mix(mix(mix((uint64_t)event->kind + ((uint64_t)(unsigned)event->error << 32), event->file),
                                event->destination),
                            event->hold),
                        event->reason));
}

bool said_again_text(struct Said *said, const char *text) {
        return note(said, mix(UINT64_MAX, text));
}
