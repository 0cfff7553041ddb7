/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What should happen now: for every backup of a set a verdict with its reasons,
 * and the destinations it is to be copied to.
 *
 * A plan is a value computed from values (the index of the source, those of the
 * destinations, the configuration, the present moment) and changes nothing but
 * the deadlines in the source's index. A dry run is this plan, printed.
 */

#include "lib/base.h"
#include "lib/config.h"
#include "lib/hold.h"
#include "lib/index.h"
#include "lib/retain.h"

enum PlanVerdict {
        PLAN_KEEP,
        PLAN_REMOVE,
        PLAN_HOLD,
        _PLAN_VERDICT_MAX,
};

/* What is known of a backup at a destination. */
enum PlanFact {
        PLAN_FACT_UNDECIDED,
        PLAN_FACT_UNWANTED,
        PLAN_FACT_WANTED, /* and not there */
        PLAN_FACT_COPIED, /* there, verified, with the digest that the backup has */
        PLAN_FACT_OVER,   /* it was there and its time is over, or a person said that it need not be */
        _PLAN_FACT_MAX,
};

/* What is known of a backup; bits. */
enum PlanFlag {
        PLAN_FLAG_CHANGED = 1 << 0, /* came in the place of other content that had been copied */
        PLAN_FLAG_SUSPECT = 1 << 1, /* a check failed */
        PLAN_FLAG_NEWS = 1 << 2,    /* changed since the last look: nobody was told yet */
        PLAN_FLAG_FOREIGN = 1 << 3, /* at a destination: we did not publish it */
};

struct PlanInput {
        const struct ConfigSet *set;
        struct Index *index;
        struct Index **copies; /* what lies at each destination, in the order of set->copies */
        int64_t now_usec;
        bool source_is_partial; /* a part of the source could not be looked at */

        /* From the catalog; NULL without one, and then looks decide: */
        uint8_t *const *facts;      /* by destination and entry: enum PlanFact */
        const uint8_t *flags;       /* by entry: enum PlanFlag */
        uint8_t *const *copy_flags; /* by destination and entry there: PLAN_FLAG_FOREIGN */
        size_t n_removed;           /* in the past hour */
        /* Where the index is of a part of the set: */
        const struct Index *whole; /* what else the source has; NULL: the index is of all */
        size_t n_backups;          /* of the whole set, that the policy is for; 0: the index is of all */
        size_t n_removals;         /* in the other parts, held for their mass */
        bool is_clock_wrong;
        bool is_released; /* a person lifts the mass hold */
};

struct PlanCount {
        size_t n;
        uint64_t bytes;
};

struct PlanTotals {
        struct PlanCount verdicts[_PLAN_VERDICT_MAX];
        size_t holds[_HOLD_MAX];      /* a backup may have several */
        struct PlanCount *copies;     /* for each of the set's destinations, companions included */
        struct PlanCount once_copied; /* held as uncopied and by nothing else: the copy lets them go */
        size_t n_future, n_settling, n_timeless, n_foreign;
        int64_t next_usec; /* when time alone next changes the plan */
};

/* Bits: kept_by as in retain.h, holds 1 << enum Hold. */
struct PlanItem {
        enum PlanVerdict verdict;
        uint32_t kept_by;
        uint32_t holds;
};

struct Plan;

/* "keep", "remove", "hold" */
const char *plan_verdict_name(enum PlanVerdict verdict) _const_;

int plan_new(const struct PlanInput *input, struct Plan **ret);
struct Plan *plan_free(struct Plan *plan);
DEFINE_CLEANUP(struct Plan *, plan_free)

struct PlanItem plan_item(const struct Plan *plan, uint32_t entry) _pure_;
/* Whether the backup is wanted at that destination and not there yet. */
bool plan_copies(const struct Plan *plan, uint32_t entry, size_t copy) _pure_;
/* Whether it was decided just now that the destination wants the backup; else, where it was undecided, it does not. */
bool plan_wants(const struct Plan *plan, uint32_t entry, size_t copy) _pure_;
const struct PlanTotals *plan_totals(const struct Plan *plan) _const_;
