/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What stands against removing a backup that is due. Retention says what may
 * go; a hold says why not yet. Each is a predicate over numbers; plan gathers
 * the numbers.
 */

#include "lib/base.h"

enum Hold {
        HOLD_SOURCE,   /* a part of the source could not be looked at */
        HOLD_UNCOPIED, /* a wanted copy does not exist yet */
        HOLD_NEWEST,   /* among the MinKeep= newest of its series */
        HOLD_STALE,    /* its series got nothing fresh for ExpectEvery= */
        HOLD_MASS,     /* too much of the set would go at once */
        HOLD_CLOCK,    /* the clock is behind our own last record */
        HOLD_CHANGED,  /* it came in the place of other content that had been copied */
        HOLD_SUSPECT,  /* a check failed */
        _HOLD_MAX,
};

/* The hold's name in reports: "uncopied". */
const char *hold_name(enum Hold hold) _const_;
/* One clause for people each: why it holds, and what lifts it. */
const char *hold_reason(enum Hold hold) _const_;
const char *hold_cure(enum Hold hold) _const_;
/* Whether the cure ends with a command to which the set's name belongs. */
bool hold_is_released_by_set(enum Hold hold) _const_;

/* Nothing is fresh since newest_usec, and expect_every_usec has passed. */
bool hold_is_stale(int64_t newest_usec, int64_t now_usec, int64_t expect_every_usec) _const_;

/*
 * n_removals, if carried out, would with the n_removed of the past hour be over percent of the backups that the set
 * had; two are never a mass.
 */
bool hold_is_mass(size_t n_removals, size_t n_removed, size_t n_backups, unsigned percent) _const_;
