/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One series, its rules and the present moment in; for every backup, which
 * rules keep it; and when that answer next changes by time alone.
 *
 * restic 0.14's model: the series is walked once, newest first; every rule
 * counts by itself; one backup may satisfy several; empty periods do not count.
 * A backup that no rule keeps is due. Whether it may go is hold's question.
 */

#include "lib/base.h"
#include "lib/calendar.h"
#include "lib/policy.h"

/* What keeps a backup: bit 1 << enum PolicyRule, and beside the rules: */
enum {
        RETAIN_NO_RULES = 1 << _POLICY_RULE_MAX,       /* the policy has none: everything is kept */
        RETAIN_FUTURE = 1 << (_POLICY_RULE_MAX + 1),   /* dated in the future beyond the tolerance */
        RETAIN_NO_TIME = 1 << (_POLICY_RULE_MAX + 2),  /* the moment to count from is unknown */
        RETAIN_SETTLING = 1 << (_POLICY_RULE_MAX + 3), /* still being written, as far as we know */
};

struct RetainItem {
        int64_t time_usec;
        bool no_time;     /* in: time_usec means nothing; kept, and counted by no rule */
        bool settling;    /* in: kept whatever the rules say, and counted by them like any other */
        uint32_t kept_by; /* out: 0 is due */
};

/*
 * Items come newest first (those without a time anywhere). *ret_next_usec is the first moment after now at which
 * the same items would get another answer, USEC_INFINITY if time alone will not change it.
 */
void retain_apply(const struct Policy *policy, const struct Zone *zone, int64_t now_usec, int64_t future_tolerance_usec,
                  struct RetainItem *items, size_t n_items, int64_t *ret_next_usec);

/* Dated so far ahead of now that it is kept, reported, and counts neither as newest nor for MinKeep. */
static inline bool retain_is_future(int64_t time_usec, int64_t now_usec, int64_t future_tolerance_usec) {
        return time_usec > add_saturated(now_usec, future_tolerance_usec);
}
