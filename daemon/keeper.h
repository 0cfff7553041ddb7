/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One set at run time: what lies in its source and at its destinations, and the
 * plan that follows. The keeper looks; it changes nothing.
 */

#include "lib/base.h"
#include "lib/config.h"
#include "lib/index.h"
#include "lib/plan.h"

struct KeeperCopy {
        struct Index *index;
        bool is_there; /* could be opened */
};

struct Keeper {
        const struct Config *config;
        const struct ConfigSet *set;
        struct ConfigSet set_at_copies; /* a view of set: how the same names are read at a destination */
        struct Index *index;
        struct KeeperCopy *copies;
        struct Index **copy_indexes;
        struct Plan *plan;
        uint64_t n_excluded;
        size_t n_skipped;
        bool is_there;   /* the source could be opened */
        bool is_partial; /* but not all of it read */
        bool failed;     /* something was reported as an error */
};

/* The keeper borrows the configuration and its set. */
int keeper_new(const struct Config *config, const struct ConfigSet *set, struct Keeper **ret);
struct Keeper *keeper_free(struct Keeper *keeper);
DEFINE_CLEANUP(struct Keeper *, keeper_free)

/*
 * Looks at the source and the destinations and makes the plan. What cannot be looked at is said, and remembered
 * in failed; a negative errno is our own failure.
 */
int keeper_look(struct Keeper *keeper, int64_t now_usec);
