/* SPDX-License-Identifier: MIT */

/*
 * Retention on random histories against a slow and obvious model, and against
 * what must be true of any policy.
 *
 * The model knows nothing of a walk: for each rule it makes the list of the
 * periods that have a backup, newest first, takes the first N of them, and looks
 * for each one's newest backup.
 *
 * RETAIND_TEST_ROUNDS histories (10,000), from the seed RETAIND_TEST_SEED.
 */

#include <stdio.h>

#include "lib/retain.h"
#include "tests/test.h"
#include "tests/zones.h"

#define N_ITEMS_MAX 60
#define ROUNDS_DEFAULT 10000

struct History {
        const struct Zone *zone;
        struct Policy policy;
        int64_t now, tolerance;
        struct RetainItem items[N_ITEMS_MAX];
        size_t n;
};

static uint64_t random_state;

static uint64_t random_below(uint64_t n) {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return random_state % n;
}

static struct Span random_span(void) {
        switch (random_below(5)) {
        case 0:
                return (struct Span){.usec = (int64_t)random_below(100) * USEC_PER_HOUR};
        case 1:
                return (struct Span){.days = (int32_t)random_below(60)};
        case 2:
                return (struct Span){.months = (int32_t)random_below(14), .days = (int32_t)random_below(3)};
        case 3:
                return (struct Span){.years = (int32_t)random_below(3), .usec = (int64_t)random_below(USEC_PER_DAY)};
        default:
                return (struct Span){.usec = random_below(4) == 0 ? USEC_INFINITY : USEC_PER_DAY};
        }
}

static int compare(const void *pa, const void *pb) {
        const struct RetainItem *a = pa, *b = pb;

        return a->time_usec > b->time_usec ? -1 : a->time_usec < b->time_usec;
}

static void make_history(struct History *h, struct Zone *const *zones, size_t n_zones) {
        /* Histories of minutes to decades, with regular ones among them, around changes of the clocks and 1970. */
        static const int64_t steps[] = {USEC_PER_MINUTE, 20 * USEC_PER_MINUTE, USEC_PER_HOUR,     5 * USEC_PER_HOUR,
                                        USEC_PER_DAY,    7 * USEC_PER_DAY,     30 * USEC_PER_DAY, 300 * USEC_PER_DAY};
        int64_t step = steps[random_below(ELEMENTSOF(steps))], t;
        bool regular = random_below(3) == 0;

        *h = (struct History){.zone = zones[random_below(n_zones)], .tolerance = USEC_PER_DAY};
        h->n = random_below(N_ITEMS_MAX + 1);
        h->now = (int64_t)random_below(4000000000) * USEC_PER_SEC - 400000000 * USEC_PER_SEC;
        t = h->now +
            (random_below(4) == 0 ? (int64_t)random_below(4 * USEC_PER_DAY) : -(int64_t)random_below(USEC_PER_DAY));
        for (size_t i = 0; i < h->n; i++) {
                h->items[i] = (struct RetainItem){.time_usec = t, .settling = random_below(30) == 0};
                t -= regular ? step : random_below(6) == 0 ? 0 : (int64_t)random_below(2 * (uint64_t)step);
        }
        qsort(h->items, h->n, sizeof(h->items[0]), compare);
        for (enum PolicyRule rule = 0; rule < _POLICY_RULE_MAX; rule++) {
                if (random_below(4) != 0)
                        continue;
                h->policy.rules |= 1u << rule;
                h->policy.count[rule] = random_below(9) == 0 ? POLICY_ALL : 1 + (uint32_t)random_below(12);
                h->policy.span[rule] = random_span();
        }
}

/* "2026-11-20 03" and the like: what a person would compare. */
static void period_text(const struct History *h, int64_t usec, enum CalendarPeriod period, char buf[static 64]) {
        int64_t year;
        struct Civil c;
        int week;

        calendar_from_usec(h->zone, usec, &c);
        calendar_iso_week(c.year, c.month, c.day, &year, &week);
        switch (period) {
        case CALENDAR_HOUR:
                snprintf(buf, 64, "%lld-%u-%u %u", (long long)c.year, c.month, c.day, c.hour);
                break;
        case CALENDAR_DAY:
                snprintf(buf, 64, "%lld-%u-%u", (long long)c.year, c.month, c.day);
                break;
        case CALENDAR_WEEK:
                snprintf(buf, 64, "%lld-W%d", (long long)year, week);
                break;
        case CALENDAR_MONTH:
                snprintf(buf, 64, "%lld-%u", (long long)c.year, c.month);
                break;
        case CALENDAR_YEAR:
        case _CALENDAR_PERIOD_MAX:
                snprintf(buf, 64, "%lld", (long long)c.year);
                break;
        }
}

static bool is_future(const struct History *h, size_t i) {
        return h->items[i].time_usec > h->now + h->tolerance;
}

/* Dated in the future, or perhaps still being written: the rules do not see it. */
static bool is_out(const struct History *h, size_t i) {
        return is_future(h, i) || h->items[i].settling;
}

/* Marks the newest of each of the first limit periods that have a backup, of those not before since. */
static void model_periods(const struct History *h, enum CalendarPeriod period, uint32_t limit, int64_t since,
                          uint32_t bit, uint32_t *kept_by) {
        char seen[N_ITEMS_MAX][64];
        uint32_t n_seen = 0;

        for (size_t i = 0; i < h->n; i++) {
                bool known = false;
                char text[64];

                if (is_out(h, i) || h->items[i].time_usec < since)
                        continue;
                period_text(h, h->items[i].time_usec, period, text);
                for (uint32_t j = 0; j < n_seen; j++)
                        known = known || streq(seen[j], text);
                if (known || n_seen >= limit)
                        continue;
                strcpy(seen[n_seen++], text);
                kept_by[i] |= bit;
        }
}

static void model(const struct History *h, uint32_t *kept_by) {
        int64_t newest = 0;
        size_t first = 0;

        while (first < h->n && is_out(h, first))
                first++;
        if (first < h->n)
                newest = h->items[first].time_usec;
        for (size_t i = 0; i < h->n; i++) {
                kept_by[i] = (h->items[i].settling ? RETAIN_SETTLING : 0) | (is_future(h, i) ? RETAIN_FUTURE : 0);
                if (!is_out(h, i) && h->policy.rules == 0)
                        kept_by[i] |= RETAIN_NO_RULES;
        }
        for (enum PolicyRule rule = 0; rule < _POLICY_RULE_MAX; rule++) {
                const struct Span *span = &h->policy.span[rule];
                uint32_t bit = 1u << rule, n_last = 0;

                if (!policy_has(&h->policy, rule))
                        continue;
                if (rule == POLICY_KEEP_FOR) {
                        for (size_t i = 0; i < h->n; i++)
                                if (!is_out(h, i) && h->now <= calendar_add(h->zone, h->items[i].time_usec, span))
                                        kept_by[i] |= bit;
                } else if (rule == POLICY_KEEP_WITHIN) {
                        int64_t since = calendar_subtract(h->zone, newest, span);

                        for (size_t i = 0; i < h->n; i++)
                                if (!is_out(h, i) && h->items[i].time_usec >= since)
                                        kept_by[i] |= bit;
                } else if (rule == POLICY_KEEP_LAST) {
                        for (size_t i = 0; i < h->n; i++)
                                if (!is_out(h, i) && n_last++ < h->policy.count[rule])
                                        kept_by[i] |= bit;
                } else if (rule < POLICY_KEEP_WITHIN)
                        model_periods(h, rule - POLICY_KEEP_HOURLY, h->policy.count[rule], INT64_MIN, bit, kept_by);
                else
                        model_periods(h, rule - POLICY_KEEP_WITHIN_HOURLY, UINT32_MAX,
                                      calendar_subtract(h->zone, newest, span), bit, kept_by);
        }
}

static int64_t apply(struct History *h) {
        int64_t next;

        retain_apply(&h->policy, h->zone, h->now, h->tolerance, h->items, h->n, &next);
        return next;
}

static bool same(const struct History *a, const struct History *b) {
        for (size_t i = 0; i < a->n; i++)
                if (a->items[i].kept_by != b->items[i].kept_by)
                        return false;
        return true;
}

static unsigned long setting(const char *name, unsigned long fallback) {
        const char *text = getenv(name);

        return text && *text ? strtoul(text, NULL, 10) : fallback;
}

static void each_history(void (*check)(struct History *)) {
        static const char *const names[] = {"UTC",
                                            "Europe/Berlin",
                                            "America/New_York",
                                            "Australia/Lord_Howe",
                                            "Pacific/Apia",
                                            "Pacific/Kiritimati",
                                            "Etc/GMT+12",
                                            "Asia/Kathmandu",
                                            "Africa/Casablanca"};
        unsigned long rounds = setting("RETAIND_TEST_ROUNDS", ROUNDS_DEFAULT);
        struct Zone *zones[ELEMENTSOF(names)];

        random_state = setting("RETAIND_TEST_SEED", 20261120);
        fprintf(stderr, "# %lu histories from the seed %llu\n", rounds, (unsigned long long)random_state);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                zones[i] = test_zone(names[i]);
        for (unsigned long i = 0; i < rounds; i++) {
                struct History h;

                make_history(&h, zones, ELEMENTSOF(zones));
                check(&h);
        }
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                zone_free(zones[i]);
}

static void check_model(struct History *h) {
        uint32_t expected[N_ITEMS_MAX];

        model(h, expected);
        apply(h);
        for (size_t i = 0; i < h->n; i++)
                if (h->items[i].kept_by != expected[i])
                        ck_abort_msg("item %zu of %zu at %lld, now %lld, rules %#x: %#x, the model says %#x", i, h->n,
                                     (long long)h->items[i].time_usec, (long long)h->now, h->policy.rules,
                                     h->items[i].kept_by, expected[i]);
}

START_TEST(as_the_model) {
        each_history(check_model);
}
END_TEST

static void check_more_rules(struct History *h) {
        enum PolicyRule rule = (enum PolicyRule)random_below(_POLICY_RULE_MAX);
        struct History more = *h;

        if (h->policy.rules == 0 || policy_has(&h->policy, rule))
                return;
        more.policy.rules |= 1u << rule;
        more.policy.count[rule] = 1 + (uint32_t)random_below(5);
        more.policy.span[rule] = random_span();
        apply(h);
        apply(&more);
        for (size_t i = 0; i < h->n; i++)
                ck_assert((more.items[i].kept_by & ~(1u << rule)) == h->items[i].kept_by);
}

START_TEST(one_more_rule_removes_nothing) {
        each_history(check_more_rules);
}
END_TEST

static void check_newest(struct History *h) {
        const uint32_t spans = 1u << POLICY_KEEP_FOR;

        if (!(h->policy.rules & ~spans))
                return;
        apply(h);
        for (size_t i = 0; i < h->n; i++)
                if (!is_future(h, i)) {
                        ck_assert(h->items[i].kept_by != 0);
                        return;
                }
}

START_TEST(the_newest_stays) {
        each_history(check_newest);
}
END_TEST

/* Nothing changes before that moment, and something does at it. */
static void check_next(struct History *h) {
        int64_t next = apply(h);
        struct History later = *h;

        if (next == USEC_INFINITY)
                later.now = h->now + (int64_t)random_below(4000) * USEC_PER_DAY;
        else {
                ck_assert_int_gt(next, h->now);
                later.now = next;
                apply(&later);
                ck_assert(!same(h, &later));
                later.now = random_below(2) ? next - 1 : h->now + (int64_t)random_below((uint64_t)(next - h->now));
        }
        apply(&later);
        ck_assert(same(h, &later));
}

START_TEST(the_next_change_is_exact) {
        each_history(check_next);
}
END_TEST

int main(void) {
        return test_run("retain-model", (const TTest *[]){
                                                as_the_model,
                                                one_more_rule_removes_nothing,
                                                the_newest_stays,
                                                the_next_change_is_exact,
                                                NULL,
                                        });
}
