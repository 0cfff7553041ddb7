/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One line on a terminal that says how far copying is: bytes, rate, time left,
 * for each destination that is at work. Nothing where there is no terminal.
 */

#include "lib/base.h"

struct Progress;

/* NULL also where there is nothing to draw on; all functions take that. */
int progress_new(struct Progress **ret);
struct Progress *progress_free(struct Progress *progress);
DEFINE_CLEANUP(struct Progress *, progress_free)

/* key tells destinations apart; name is borrowed until progress_end(). */
void progress_begin(struct Progress *progress, const void *key, const char *name, uint64_t total);
void progress_set(struct Progress *progress, const void *key, uint64_t done);
void progress_end(struct Progress *progress, const void *key);
/* Wipes the line, before something else is printed; the next progress_set() draws it again. */
void progress_clear(struct Progress *progress);
