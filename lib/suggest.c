/* SPDX-License-Identifier: MIT */
#include "lib/suggest.h"

#include <limits.h>

#define WORD_MAX 64
#define DISTANCE_MAX 3

static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

unsigned suggest_distance(const char *a, const char *b) {
        unsigned rows[3][WORD_MAX + 1];
        unsigned *before = rows[0], *previous = rows[1], *row = rows[2];
        size_t n_a = strlen(a), n_b = strlen(b);

        if (n_a > WORD_MAX || n_b > WORD_MAX)
                return UINT_MAX;

        for (size_t j = 0; j <= n_b; j++)
                row[j] = (unsigned)j;
        for (size_t i = 1; i <= n_a; i++) {
                unsigned *recycled = before;

                before = previous;
                previous = row;
                row = recycled;
                row[0] = (unsigned)i;
                for (size_t j = 1; j <= n_b; j++) {
                        char x = lower(a[i - 1]), y = lower(b[j - 1]);

                        row[j] = MIN(previous[j - 1] + (x != y), MIN(previous[j], row[j - 1]) + 1);
                        if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]))
                                row[j] = MIN(row[j], before[j - 2] + 1);
                }
        }
        return row[n_b];
}

void suggest_consider(struct Suggestion *suggestion, const char *candidate) {
        unsigned distance = suggest_distance(suggestion->word, candidate);
        size_t limit = MAX(strlen(suggestion->word) / 2, (size_t)1);

        if (distance > MIN(limit, (size_t)DISTANCE_MAX))
                return;
        if (suggestion->best && suggestion->distance <= distance)
                return;
        suggestion->best = candidate;
        suggestion->distance = distance;
}
