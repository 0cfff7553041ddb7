/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is wrong stays wrong from pass to pass, and is said once: an event that
 * says the same as one of the pass before is not said again.
 */

#include "lib/event.h"

struct Said {
        uint64_t *now, *before; /* what was said in this pass, and in the one before: hashes */
        size_t n_now, n_now_allocated, n_before;
};

void said_done(struct Said *said);
/* A pass is over; what a whole one did not say again is over too. */
void said_turn(struct Said *said, bool is_whole);
/* Whether the event was said already; notes that it is. Only of what is a state: what was done is always news. */
bool said_again(struct Said *said, const struct Event *event);
/* Likewise for a sentence. */
bool said_again_text(struct Said *said, const char *text);
