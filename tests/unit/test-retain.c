/* SPDX-License-Identifier: MIT */
#include "lib/retain.h"

#include <stdio.h>

#include "tests/set.h"
#include "tests/test.h"
#include "tests/zones.h"

#define N_ITEMS_MAX 100

/* Local times as text, newest first, to items. */
static size_t items_of(const struct Zone *zone, const char *const *times, struct RetainItem *items) {
        size_t n = 0;

        for (; times[n]; n++) {
                struct Civil civil;

                calendar_from_usec(zone_utc(), test_usec(times[n]), &civil);
                items[n] = (struct RetainItem){.time_usec = calendar_to_usec(zone, &civil)};
        }
        return n;
}

/* A letter for each rule that keeps the item, "-" for none. */
static const char *letters(uint32_t kept_by) {
        static const char names[] = "FLhdwmyWHDKMYnftsx"; /* in the order of the bits */
        static char buf[8][32];
        static unsigned next;
        char *p = buf[next++ % ELEMENTSOF(buf)], *begin = p;

        for (unsigned bit = 0; bit < ELEMENTSOF(names) - 1; bit++)
                if (kept_by & 1u << bit)
                        *p++ = names[bit];
        if (p == begin)
                *p++ = '-';
        *p = '\0';
        return begin;
}

struct Case {
        const char *label, *zone, *now;
        struct {
                enum PolicyRule rule;
                uint32_t count;
                struct Span span;
        } rules[5];
        const char *times[12], *kept[12];
};

#define COUNT(r, n)                                                                                                    \
        { .rule = POLICY_KEEP_##r, .count = n }
#define SPAN(r, ...)                                                                                                   \
        {                                                                                                              \
                .rule = POLICY_KEEP_##r, .span = { __VA_ARGS__ }                                                       \
        }

static const struct Case cases[] = {
        {"no rules keep everything", "UTC", "2026-11-20 12:00:00", {}, {"2026-11-20", "1999-01-01"}, {"n", "n"}},
        {"KeepFor is at most",
         "UTC",
         "2026-11-20 12:00:00",
         {SPAN(FOR, .days = 3)},
         {"2026-11-20", "2026-11-17 12:00:00", "2026-11-17 11:59:59"},
         {"F", "F", "-"}},
        {"KeepFor of nothing",
         "UTC",
         "2026-11-20 12:00:00",
         {SPAN(FOR)},
         {"2026-11-20 12:00:00", "2026-11-20"},
         {"F", "-"}},
        {"KeepLast counts backups",
         "UTC",
         "2026-11-20 12:00:00",
         {COUNT(LAST, 2)},
         {"2026-11-20", "2026-11-19", "2026-11-18"},
         {"L", "L", "-"}},
        {"equal times",
         "UTC",
         "2026-11-20 12:00:00",
         {COUNT(LAST, 2), COUNT(DAILY, 2)},
         {"2026-11-20", "2026-11-20", "2026-11-20", "2026-11-19"},
         {"Ld", "L", "-", "d"}},
        {"the newest of each day",
         "UTC",
         "2026-11-20 12:00:00",
         {COUNT(DAILY, 2)},
         {"2026-11-20 02:00:00", "2026-11-20 01:00:00", "2026-11-10 02:00:00", "2026-11-10 01:00:00", "2026-11-09"},
         {"d", "-", "d", "-", "-"}},
        {"without a limit",
         "UTC",
         "2026-11-20 12:00:00",
         {COUNT(MONTHLY, POLICY_ALL)},
         {"2026-11-20", "2026-11-19", "2026-10-10", "1969-10-10", "1969-10-09"},
         {"m", "-", "m", "m", "-"}},
        {"hours, weeks and years",
         "UTC",
         "2026-11-20 12:00:00",
         {COUNT(HOURLY, 2), COUNT(WEEKLY, 2), COUNT(YEARLY, 2)},
         {"2026-11-20 10:10:00", "2026-11-20 10:00:00", "2026-11-20 09:00:00", "2026-11-15", "2026-11-14",
          "2025-01-01"},
         {"hwy", "-", "h", "w", "-", "y"}},
        {"a week over the turn of the year",
         "UTC",
         "2027-01-05 12:00:00",
         {COUNT(WEEKLY, 3)},
         {"2027-01-04", "2027-01-03", "2027-01-01", "2026-12-31", "2026-12-28", "2026-12-27"},
         {"w", "w", "-", "-", "-", "w"}},
        {"leap days",
         "UTC",
         "2024-03-02 12:00:00",
         {COUNT(DAILY, 3), COUNT(MONTHLY, 2)},
         {"2024-03-01", "2024-02-29 01:00:00", "2024-02-29", "2024-02-28"},
         {"dm", "dm", "-", "d"}},
        {"a day of 25 hours is one",
         "Europe/Berlin",
         "2026-10-27 00:00:00",
         {COUNT(DAILY, 2)},
         {"2026-10-25 23:59:59", "2026-10-25 02:30:00", "2026-10-25", "2026-10-24 23:59:59"},
         {"d", "-", "-", "d"}},
        {"a day of 23 hours is one",
         "Europe/Berlin",
         "2026-03-30 00:00:00",
         {COUNT(DAILY, 2)},
         {"2026-03-29 23:59:59", "2026-03-29 03:00:00", "2026-03-29", "2026-03-28 23:59:59"},
         {"d", "-", "-", "d"}},
        {"three days by the clock, 73 hours",
         "Europe/Berlin",
         "2026-10-26 12:00:00",
         {SPAN(FOR, .days = 3)},
         {"2026-10-23 12:00:00", "2026-10-23 11:59:59"},
         {"F", "-"}},
        {"72 hours are 72 hours",
         "Europe/Berlin",
         "2026-10-26 12:00:00",
         {SPAN(FOR, .usec = 72 * USEC_PER_HOUR)},
         {"2026-10-23 13:00:00", "2026-10-23 12:59:59"},
         {"F", "-"}},
        {"far from UTC",
         "Pacific/Kiritimati",
         "2026-11-20 12:00:00",
         {COUNT(DAILY, 2)},
         {"2026-11-20", "2026-11-19 23:59:59", "2026-11-19"},
         {"d", "d", "-"}},
        {"and on its other side",
         "Etc/GMT+12",
         "2026-11-20 12:00:00",
         {COUNT(DAILY, 2)},
         {"2026-11-20", "2026-11-19 23:59:59", "2026-11-19"},
         {"d", "d", "-"}},
        {"before 1970",
         "UTC",
         "2026-11-20 12:00:00",
         {COUNT(DAILY, 3), COUNT(YEARLY, 9)},
         {"1970-01-01", "1969-12-31 23:59:59", "1969-12-31", "1901-01-01"},
         {"dy", "dy", "-", "dy"}},
        {"KeepWithin counts from the newest",
         "UTC",
         "2036-11-20 12:00:00",
         {SPAN(WITHIN, .days = 1)},
         {"2026-11-20", "2026-11-19", "2026-11-18 23:59:59"},
         {"W", "W", "-"}},
        {"KeepWithin of nothing",
         "UTC",
         "2026-11-20 12:00:00",
         {SPAN(WITHIN)},
         {"2026-11-20", "2026-11-19"},
         {"W", "-"}},
        {"the newest per period within a span",
         "UTC",
         "2026-11-20 12:00:00",
         {SPAN(WITHIN_HOURLY, .usec = USEC_PER_HOUR), SPAN(WITHIN_DAILY, .days = 2), SPAN(WITHIN_WEEKLY, .days = 7),
          SPAN(WITHIN_MONTHLY, .months = 2), SPAN(WITHIN_YEARLY, .years = 1)},
         {"2026-11-20 10:10:00", "2026-11-20 10:00:00", "2026-11-20 09:10:00", "2026-11-18 10:10:00",
          "2026-11-18 10:09:00", "2026-11-13 10:10:00", "2026-10-30", "2026-09-20", "2025-11-20 10:10:00",
          "2025-01-01"},
         {"HDKMY", "-", "H", "D", "-", "K", "M", "-", "Y", "-"}},
        {"infinity",
         "UTC",
         "2026-11-20 12:00:00",
         {SPAN(WITHIN_YEARLY, .usec = USEC_INFINITY)},
         {"2026-11-20", "2025-11-20", "1999-01-01"},
         {"Y", "Y", "Y"}},
        {"the future counts for nothing",
         "UTC",
         "2026-11-20 12:00:00",
         {COUNT(LAST, 1), COUNT(DAILY, 1), SPAN(WITHIN, .days = 1), SPAN(FOR, .days = 3)},
         {"2030-01-01", "2026-11-21 12:00:01", "2026-11-21 12:00:00", "2026-11-20 12:00:00", "2026-11-20 11:59:59"},
         {"f", "f", "FLdW", "FW", "F"}},
        {"all in the future", "UTC", "2026-11-20 12:00:00", {SPAN(WITHIN, .days = 1)}, {"2030-01-01"}, {"f"}},
};

static const struct Policy *policy_of(const struct Case *c) {
        static struct Policy policy;

        policy = (struct Policy){};
        for (size_t i = 0; i < ELEMENTSOF(c->rules); i++) {
                const struct Span *span = &c->rules[i].span;

                /* An empty slot is KeepFor=0s only in the case that is about it. */
                if (c->rules[i].rule == POLICY_KEEP_FOR && span_usec(span) == 0 &&
                    !(i == 0 && strstr(c->label, "KeepFor of nothing")))
                        continue;
                policy.rules |= 1u << c->rules[i].rule;
                policy.count[c->rules[i].rule] = c->rules[i].count;
                policy.span[c->rules[i].rule] = *span;
        }
        return &policy;
}

START_TEST(tables) {
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(zone_freep) struct Zone *zone = test_zone(cases[i].zone);
                struct RetainItem items[N_ITEMS_MAX], now[1];
                size_t n = items_of(zone, cases[i].times, items);
                int64_t next;

                items_of(zone, (const char *[]){cases[i].now, NULL}, now);
                retain_apply(policy_of(&cases[i]), zone, now[0].time_usec, USEC_PER_DAY, items, n, &next);
                for (size_t j = 0; j < n; j++)
                        ck_assert_msg(streq(letters(items[j].kept_by), cases[i].kept[j]), "%s: %s is %s and not %s",
                                      cases[i].label, cases[i].times[j], letters(items[j].kept_by), cases[i].kept[j]);
                ck_assert_int_gt(next, now[0].time_usec);
        }
}
END_TEST

/*
 * Daily 23:30 in Berlin from 1 January to 8 March 2026, none on 14 to 16 February, one more on 8 March at 10:00; the
 * last 2, daily 5, weekly 3, monthly 2. restic keeps these nine, for these reasons.
 */
START_TEST(nine_of_sixty_five) {
        static const struct {
                const char *time, *kept;
        } expected[] = {
                {"2026-03-08 23:30:00", "Ldwm"}, {"2026-03-08 10:00:00", "L"}, {"2026-03-07 23:30:00", "d"},
                {"2026-03-06 23:30:00", "d"},    {"2026-03-05 23:30:00", "d"}, {"2026-03-04 23:30:00", "d"},
                {"2026-03-01 23:30:00", "w"},    {"2026-02-28 23:30:00", "m"}, {"2026-02-22 23:30:00", "w"},
        };
        _cleanup_(zone_freep) struct Zone *berlin = test_zone("Europe/Berlin");
        struct RetainItem items[N_ITEMS_MAX];
        struct Policy policy = {};
        size_t n = 0, n_kept = 0;
        int64_t next;

        policy.rules =
                1 << POLICY_KEEP_LAST | 1 << POLICY_KEEP_DAILY | 1 << POLICY_KEEP_WEEKLY | 1 << POLICY_KEEP_MONTHLY;
        policy.count[POLICY_KEEP_LAST] = 2;
        policy.count[POLICY_KEEP_DAILY] = 5;
        policy.count[POLICY_KEEP_WEEKLY] = 3;
        policy.count[POLICY_KEEP_MONTHLY] = 2;
        for (int64_t day = zone_days(2026, 3, 8); day >= zone_days(2026, 1, 1); day--) {
                if (day >= zone_days(2026, 2, 14) && day <= zone_days(2026, 2, 16))
                        continue;
                for (int late = 1; late >= (day == zone_days(2026, 3, 8) ? 0 : 1); late--) {
                        struct Civil civil;

                        calendar_from_usec(zone_utc(), day * USEC_PER_DAY, &civil);
                        civil.hour = late ? 23 : 10;
                        civil.minute = late ? 30 : 0;
                        items[n++] = (struct RetainItem){.time_usec = calendar_to_usec(berlin, &civil)};
                }
        }
        ck_assert_uint_eq(n, 65);
        retain_apply(&policy, berlin, test_usec("2026-03-09 07:00:00"), USEC_PER_DAY, items, n, &next);
        for (size_t i = 0; i < n; i++) {
                char buf[CALENDAR_TEXT_MAX];

                if (items[i].kept_by == 0)
                        continue;
                ck_assert_uint_lt(n_kept, ELEMENTSOF(expected));
                ck_assert_str_eq(calendar_format_local(berlin, items[i].time_usec, buf), expected[n_kept].time);
                ck_assert_str_eq(letters(items[i].kept_by), expected[n_kept].kept);
                n_kept++;
        }
        ck_assert_uint_eq(n_kept, 9);
        ck_assert_int_eq(next, USEC_INFINITY);
}
END_TEST

START_TEST(states_beside_the_rules) {
        struct RetainItem items[] = {
                {.time_usec = 300, .settling = true},
                {.time_usec = 200, .settling = true},
                {.no_time = true},
                {.time_usec = 100},
        };
        struct Policy policy = {.rules = 1 << POLICY_KEEP_LAST, .count[POLICY_KEEP_LAST] = 1};
        int64_t next;

        retain_apply(&policy, zone_utc(), 1000, 0, items, ELEMENTSOF(items), &next);
        ck_assert_str_eq(letters(items[0].kept_by), "s");
        ck_assert_str_eq(letters(items[1].kept_by), "s");
        ck_assert_str_eq(letters(items[2].kept_by), "t");
        ck_assert_str_eq(letters(items[3].kept_by), "L");
        retain_apply(&policy, zone_utc(), 1000, 0, items, 0, &next);
        ck_assert_int_eq(next, USEC_INFINITY);
        for (enum PolicyRule rule = 0; rule < _POLICY_RULE_MAX; rule++)
                ck_assert_int_eq(strncmp(policy_rule_name(rule), "Keep", 4), 0);
}
END_TEST

START_TEST(says_when_it_changes) {
        struct Policy policy = {.rules = 1 << POLICY_KEEP_FOR, .span[POLICY_KEEP_FOR] = {.usec = 100}};
        struct RetainItem items[] = {{.time_usec = 1000}, {.time_usec = 130}, {.time_usec = 120}, {.time_usec = 10}};
        int64_t next;

        retain_apply(&policy, zone_utc(), 200, 50, items, ELEMENTSOF(items), &next);
        ck_assert_int_eq(next, 221); /* 120 is then 101 old */
        retain_apply(&policy, zone_utc(), 221, 50, items, ELEMENTSOF(items), &next);
        ck_assert_int_eq(next, 231);
        retain_apply(&policy, zone_utc(), 231, 50, items, ELEMENTSOF(items), &next);
        ck_assert_int_eq(next, 950); /* the future is there */
        retain_apply(&policy, zone_utc(), 950, 50, items, ELEMENTSOF(items), &next);
        ck_assert_int_eq(next, 1101);
        retain_apply(&policy, zone_utc(), 1101, 50, items, ELEMENTSOF(items), &next);
        ck_assert_int_eq(next, USEC_INFINITY);
}
END_TEST

int main(void) {
        return test_run("retain", (const TTest *[]){
                                          tables,
                                          nine_of_sixty_five,
                                          states_beside_the_rules,
                                          says_when_it_changes,
                                          NULL,
                                  });
}
