/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What plan's files share: plan.c reaches the verdicts, plan-want.c says what
 * each destination wants.
 */

#include "lib/plan.h"

struct Plan {
        struct PlanTotals totals;
        uint32_t *verdicts; /* by entry: kept_by, and the holds above it */
        uint8_t **copies;   /* by destination: a bit for each entry */
        uint8_t **wants;    /* likewise */
        size_t n_copies;
};

/* A backup in the eyes of a destination: one of the source's, or one that only the destination has. */
struct Candidate {
        int64_t time_usec;
        uint32_t entry; /* of the source, or INDEX_NONE */
        bool no_time;
};

/* What is kept from series to series, so that it is allocated once. */
struct PlanWork {
        const struct PlanInput *input;
        struct Plan *plan;

        struct IndexList list;    /* the series in hand, newest first */
        struct RetainItem *items; /* the same, as retain sees it */
        size_t n_items_allocated;
        uint64_t *sizes; /* the same backups' */
        size_t n_sizes_allocated;
        int64_t next_usec; /* when it is to be decided anew */

        struct IndexList copy_list;
        struct Candidate *candidates;
        size_t n_candidates_allocated;
        struct RetainItem *copy_items; /* the candidates, as retain sees them */
        size_t n_copy_items_allocated;
        uint32_t *directories; /* by destination and source directory: the destination's number of it */
};

int plan_reserve(void **array, size_t *n_allocated, size_t n, size_t size);

/* A backup that may stand for its series: whole, its time known, and not from the future. */
static inline bool plan_is_good(const struct RetainItem *item) {
        return !(item->kept_by & (RETAIN_FUTURE | RETAIN_NO_TIME | RETAIN_SETTLING));
}

static inline enum PlanFact plan_fact(const struct PlanInput *input, size_t copy, uint32_t entry) {
        return input->facts ? input->facts[copy][entry] : PLAN_FACT_UNDECIDED;
}

static inline uint8_t plan_flags(const struct PlanInput *input, uint32_t entry) {
        return input->flags ? input->flags[entry] : 0;
}

int want_init(struct PlanWork *work);
void want_done(struct PlanWork *work);
/* Marks in the plan what of the series in hand is wanted at each destination and not there yet. */
int want_series(struct PlanWork *work, uint32_t series);
