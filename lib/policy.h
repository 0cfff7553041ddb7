/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The rules of retention as numbers: what Keep…= and MinKeep= say. Read by
 * config, applied by retain.
 */

#include "lib/base.h"
#include "lib/calendar.h"
#include "lib/span.h"

enum PolicyRule {
        POLICY_KEEP_FOR,
        POLICY_KEEP_LAST,
        POLICY_KEEP_HOURLY, /* from here in the order of enum CalendarPeriod */
        POLICY_KEEP_DAILY,
        POLICY_KEEP_WEEKLY,
        POLICY_KEEP_MONTHLY,
        POLICY_KEEP_YEARLY,
        POLICY_KEEP_WITHIN,
        POLICY_KEEP_WITHIN_HOURLY, /* likewise */
        POLICY_KEEP_WITHIN_DAILY,
        POLICY_KEEP_WITHIN_WEEKLY,
        POLICY_KEEP_WITHIN_MONTHLY,
        POLICY_KEEP_WITHIN_YEARLY,
        _POLICY_RULE_MAX,
};

#define POLICY_ALL UINT32_MAX /* a count without a limit */

struct Policy {
        uint32_t rules;                     /* bit 1 << enum PolicyRule: the rule is there; none: keep everything */
        uint32_t count[_POLICY_RULE_MAX];   /* of POLICY_KEEP_LAST … POLICY_KEEP_YEARLY */
        struct Span span[_POLICY_RULE_MAX]; /* of POLICY_KEEP_FOR and POLICY_KEEP_WITHIN… */
        uint32_t min_keep;
};

static inline bool policy_has(const struct Policy *policy, enum PolicyRule rule) {
        return policy->rules & (UINT32_C(1) << rule);
}

/* The rule's key in the configuration, which is also its name in a reason: "KeepDaily". */
static inline const char *policy_rule_name(enum PolicyRule rule) {
        static const char *const names[_POLICY_RULE_MAX] = {
                [POLICY_KEEP_FOR] = "KeepFor",
                [POLICY_KEEP_LAST] = "KeepLast",
                [POLICY_KEEP_HOURLY] = "KeepHourly",
                [POLICY_KEEP_DAILY] = "KeepDaily",
                [POLICY_KEEP_WEEKLY] = "KeepWeekly",
                [POLICY_KEEP_MONTHLY] = "KeepMonthly",
                [POLICY_KEEP_YEARLY] = "KeepYearly",
                [POLICY_KEEP_WITHIN] = "KeepWithin",
                [POLICY_KEEP_WITHIN_HOURLY] = "KeepWithinHourly",
                [POLICY_KEEP_WITHIN_DAILY] = "KeepWithinDaily",
                [POLICY_KEEP_WITHIN_WEEKLY] = "KeepWithinWeekly",
                [POLICY_KEEP_WITHIN_MONTHLY] = "KeepWithinMonthly",
                [POLICY_KEEP_WITHIN_YEARLY] = "KeepWithinYearly",
        };

        return names[rule];
}
