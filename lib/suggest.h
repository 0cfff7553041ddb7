/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * "Did you mean …?": the candidate nearest to a misspelt word, if any is near
 * enough to be worth saying. Letter case counts for nothing, since a wrong case
 * is what is most often wrong.
 */

#include "lib/base.h"

struct Suggestion {
        const char *word; /* in: what was written */
        const char *best; /* out: the nearest so far, as it was given; NULL: none is near */
        unsigned distance;
};

/* Insertions, deletions, replacements and swaps of neighbours that make b of a; UINT_MAX for very long words. */
unsigned suggest_distance(const char *a, const char *b) _pure_;

void suggest_consider(struct Suggestion *suggestion, const char *candidate);
