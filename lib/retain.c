/* SPDX-License-Identifier: MIT */
#include "lib/retain.h"

/*
 * The walk is restic 0.14's. Where product and restic part, we keep more: a
 * backup that is exactly KeepWithin= older than the newest is kept ("at most"),
 * where restic wants it to be younger; and what is dated in the future, or may
 * still be being written, takes no part, where restic lets it fill the places of
 * what is whole.
 */

#define COUNTED (((UINT32_C(1) << 5) - 1) << POLICY_KEEP_HOURLY)
#define WITHIN_PERIOD (((UINT32_C(1) << 5) - 1) << POLICY_KEEP_WITHIN_HOURLY)

/* A series in the course of its walk. */
struct Walk {
        const struct Policy *policy;
        const struct Zone *zone;
        int64_t now_usec;
        int64_t next_usec;                      /* when KEEP_FOR first lets one of them go */
        int64_t within_since[_POLICY_RULE_MAX]; /* KEEP_WITHIN… keeps what is not before it */
        uint32_t left[_POLICY_RULE_MAX];        /* how many places the counted rules still have */
        int64_t last_period[_POLICY_RULE_MAX];  /* whose newest the rule has */
        uint32_t has_period;                    /* bit 1 << rule: the rule has one */
};

static const struct RetainItem *newest_present(const struct RetainItem *items, size_t n_items) {
        for (size_t i = 0; i < n_items; i++)
                if (!items[i].no_time && !(items[i].kept_by & (RETAIN_FUTURE | RETAIN_SETTLING)))
                        return &items[i];
        return NULL;
}

static void walk_init(struct Walk *walk, const struct Policy *policy, const struct Zone *zone, int64_t now_usec,
                      int64_t newest_usec) {
        *walk = (struct Walk){.policy = policy, .zone = zone, .now_usec = now_usec, .next_usec = USEC_INFINITY};
        for (enum PolicyRule rule = POLICY_KEEP_WITHIN; rule < _POLICY_RULE_MAX; rule++)
                if (policy_has(policy, rule))
                        walk->within_since[rule] = calendar_subtract(zone, newest_usec, &policy->span[rule]);
        memcpy(walk->left, policy->count, sizeof(walk->left));
}

/* The rule keeps the newest of each period; true if that is this one. */
static bool is_first_of_period(struct Walk *walk, enum PolicyRule rule, int64_t period) {
        if (walk->has_period & UINT32_C(1) << rule && walk->last_period[rule] == period)
                return false;
        walk->has_period |= UINT32_C(1) << rule;
        walk->last_period[rule] = period;
        return true;
}

static bool take_place(struct Walk *walk, enum PolicyRule rule) {
        if (walk->left[rule] == 0)
                return false;
        if (walk->left[rule] != POLICY_ALL)
                walk->left[rule]--;
        return true;
}

static uint32_t keep_by_period(struct Walk *walk, int64_t usec) {
        int64_t periods[_CALENDAR_PERIOD_MAX];
        uint32_t kept_by = 0;

        calendar_periods(walk->zone, usec, periods);
        for (enum CalendarPeriod period = 0; period < _CALENDAR_PERIOD_MAX; period++) {
                enum PolicyRule counted = POLICY_KEEP_HOURLY + period, within = POLICY_KEEP_WITHIN_HOURLY + period;

                if (policy_has(walk->policy, counted) && walk->left[counted] > 0 &&
                    is_first_of_period(walk, counted, periods[period]) && take_place(walk, counted))
                        kept_by |= UINT32_C(1) << counted;
                if (policy_has(walk->policy, within) && usec >= walk->within_since[within] &&
                    is_first_of_period(walk, within, periods[period]))
                        kept_by |= UINT32_C(1) << within;
        }
        return kept_by;
}

/* Counted forward from the backup and not back from now: once over, it is over, whatever months and clocks do. */
static bool is_kept_for(struct Walk *walk, int64_t usec) {
        int64_t until = calendar_add(walk->zone, usec, &walk->policy->span[POLICY_KEEP_FOR]);

        if (until < walk->now_usec)
                return false;
        walk->next_usec = MIN(walk->next_usec, add_saturated(until, 1));
        return true;
}

static uint32_t keep_by_rules(struct Walk *walk, int64_t usec) {
        const struct Policy *policy = walk->policy;
        uint32_t kept_by = 0;

        if (policy->rules == 0)
                return RETAIN_NO_RULES;
        if (policy_has(policy, POLICY_KEEP_FOR) && is_kept_for(walk, usec))
                kept_by |= UINT32_C(1) << POLICY_KEEP_FOR;
        if (policy_has(policy, POLICY_KEEP_LAST) && take_place(walk, POLICY_KEEP_LAST))
                kept_by |= UINT32_C(1) << POLICY_KEEP_LAST;
        if (policy_has(policy, POLICY_KEEP_WITHIN) && usec >= walk->within_since[POLICY_KEEP_WITHIN])
                kept_by |= UINT32_C(1) << POLICY_KEEP_WITHIN;
        if (policy->rules & (COUNTED | WITHIN_PERIOD))
                kept_by |= keep_by_period(walk, usec);
        return kept_by;
}

void retain_apply(const struct Policy *policy, const struct Zone *zone, int64_t now_usec, int64_t future_tolerance_usec,
                  struct RetainItem *items, size_t n_items, int64_t *ret_next_usec) {
        const struct RetainItem *newest;
        int64_t next_usec = USEC_INFINITY;
        struct Walk walk;

        for (size_t i = 0; i < n_items; i++) {
                items[i].kept_by = items[i].settling ? RETAIN_SETTLING : 0;
                if (items[i].no_time)
                        items[i].kept_by |= RETAIN_NO_TIME;
                else if (retain_is_future(items[i].time_usec, now_usec, future_tolerance_usec)) {
                        items[i].kept_by |= RETAIN_FUTURE;
                        next_usec = MIN(next_usec, sub_saturated(items[i].time_usec, future_tolerance_usec));
                }
        }
        newest = newest_present(items, n_items);
        walk_init(&walk, policy, zone, now_usec, newest ? newest->time_usec : now_usec);

        for (size_t i = 0; i < n_items; i++) {
                if (items[i].kept_by & (RETAIN_NO_TIME | RETAIN_FUTURE | RETAIN_SETTLING))
                        continue;
                items[i].kept_by |= keep_by_rules(&walk, items[i].time_usec);
        }
        *ret_next_usec = MIN(next_usec, walk.next_usec);
}
