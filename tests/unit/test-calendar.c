/* SPDX-License-Identifier: MIT */
#include "lib/calendar.h"

#include <stdio.h>
#include <time.h>

#include "tests/test.h"
#include "tests/zones.h"

static int64_t usec_of(const struct Zone *zone, const char *text) {
        struct Civil civil = {};
        int year;

        ck_assert_int_eq(sscanf(text, "%d-%hhu-%hhu %hhu:%hhu:%hhu", &year, &civil.month, &civil.day, &civil.hour,
                                &civil.minute, &civil.second),
                         6);
        civil.year = year;
        ck_assert(calendar_is_valid(&civil));
        return calendar_to_usec(zone, &civil);
}

static const char *const zones[] = {
        "UTC",
        "Europe/Berlin",
        "Europe/Dublin", /* winter is the exception, and its summer time negative */
        "America/New_York",
        "America/Sao_Paulo",
        "America/Nuuk",        /* moved on the day before */
        "Australia/Lord_Howe", /* by half an hour */
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Asia/Gaza",
        "Asia/Tokyo",
        "Africa/Casablanca",
        "Africa/Monrovia",
        "Antarctica/Troll", /* by two hours */
        "Pacific/Apia",     /* skipped a day */
        "Pacific/Kiritimati",
        "Pacific/Kwajalein",
        "Etc/GMT+12",
        "Etc/GMT-14",
        "EST5EDT",
};

/* Random moments from the year 10 to the year 4000, many of them near now, in all the zones. */
START_TEST(agrees_with_libc) {
        uint64_t random = 88172645463325252;

        for (size_t z = 0; z < ELEMENTSOF(zones); z++) {
                _cleanup_(zone_freep) struct Zone *zone = test_zone(zones[z]);

                setenv("TZ", zones[z], 1);
                tzset();
                for (unsigned i = 0; i < 20000; i++) {
                        char expected[64], got[64];
                        int64_t sec, iso_year;
                        struct Civil civil;
                        struct tm tm;
                        int week;

                        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
                        sec = i % 3 ? (int64_t)(random % 8000000000) - 3000000000
                                    : (int64_t)(random % 125000000000) - 61000000000;
                        ck_assert_ptr_nonnull(localtime_r(&(time_t){sec}, &tm));
                        strftime(expected, sizeof(expected), "%Y-%m-%d %H:%M:%S %G-%V-%u", &tm);
                        calendar_from_usec(zone, sec * USEC_PER_SEC + (int64_t)(random % 1000000), &civil);
                        calendar_iso_week(civil.year, civil.month, civil.day, &iso_year, &week);
                        snprintf(got, sizeof(got), "%lld-%02u-%02u %02u:%02u:%02u %lld-%02d-%d", (long long)civil.year,
                                 civil.month, civil.day, civil.hour, civil.minute, civil.second, (long long)iso_year,
                                 week, calendar_weekday(civil.year, civil.month, civil.day));
                        ck_assert_msg(streq(expected, got), "%s, %lld: libc says %s, we %s", zones[z], (long long)sec,
                                      expected, got);
                        ck_assert_int_eq(zone_offset(zone, sec), tm.tm_gmtoff);

                        /* And back: the same moment, or the first of two that the clock shows alike. */
                        int64_t back = calendar_to_usec(zone, &civil) / USEC_PER_SEC;

                        ck_assert(back == sec || (back < sec && zone_offset(zone, back) > zone_offset(zone, sec)));
                }
        }
        unsetenv("TZ");
        tzset();
}
END_TEST

START_TEST(clocks_that_are_moved) {
        static const struct {
                const char *zone, *local, *utc;
        } cases[] = {
                {"Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29 00:59:59"},
                {"Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29 01:30:00"}, /* never shown */
                {"Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29 01:00:00"},
                {"Europe/Berlin", "2026-10-25 01:59:59", "2026-10-24 23:59:59"},
                {"Europe/Berlin", "2026-10-25 02:30:00", "2026-10-25 00:30:00"}, /* shown twice: the first */
                {"Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25 02:00:00"},
                {"Europe/Berlin", "2060-07-01 12:00:00", "2060-07-01 10:00:00"}, /* beyond the file's table */
                {"Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04 14:45:00"},
                {"Pacific/Apia", "2011-12-29 23:59:59", "2011-12-30 09:59:59"},
                {"Pacific/Apia", "2011-12-31 00:00:00", "2011-12-30 10:00:00"},
                {"Pacific/Kiritimati", "2026-01-01 00:00:00", "2025-12-31 10:00:00"},
                {"Asia/Kathmandu", "2026-01-01 05:45:00", "2026-01-01 00:00:00"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(zone_freep) struct Zone *zone = test_zone(cases[i].zone);

                assert_row(usec_of(zone, cases[i].local) == usec_of(zone_utc(), cases[i].utc), cases[i].local);
        }
}
END_TEST

START_TEST(subtracts_by_the_wall_clock) {
        static const struct {
                const char *zone, *from;
                struct Span span;
                const char *to;
        } cases[] = {
                {"UTC", "2026-03-31 12:00:00", {.months = 1}, "2026-03-03 12:00:00"},
                {"UTC", "2024-03-31 12:00:00", {.months = 1}, "2024-03-02 12:00:00"},
                {"UTC", "2024-02-29 12:00:00", {.years = 1}, "2023-03-01 12:00:00"},
                {"UTC", "2026-01-15 12:00:00", {.months = 14}, "2024-11-15 12:00:00"},
                {"UTC", "2026-01-01 00:00:00", {.days = 1, .usec = USEC_PER_HOUR}, "2025-12-30 23:00:00"},
                {"UTC", "1970-01-01 00:00:00", {.days = 1}, "1969-12-31 00:00:00"},
                {"UTC", "2000-03-01 00:00:00", {.years = 400}, "1600-03-01 00:00:00"},
                {"Europe/Berlin", "2026-03-29 12:00:00", {.days = 1}, "2026-03-28 12:00:00"},
                {"Europe/Berlin", "2026-03-29 12:00:00", {.usec = 24 * USEC_PER_HOUR}, "2026-03-28 11:00:00"},
                {"Europe/Berlin", "2026-10-25 12:00:00", {.days = 1}, "2026-10-24 12:00:00"},
                {"Europe/Berlin", "2026-10-25 12:00:00", {.usec = 24 * USEC_PER_HOUR}, "2026-10-24 13:00:00"},
                {"Pacific/Apia", "2012-01-01 12:00:00", {.days = 3}, "2011-12-29 12:00:00"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(zone_freep) struct Zone *zone = test_zone(cases[i].zone);

                assert_row(calendar_subtract(zone, usec_of(zone, cases[i].from), &cases[i].span) ==
                                   usec_of(zone, cases[i].to),
                           cases[i].from);
        }
        ck_assert_int_eq(calendar_subtract(zone_utc(), 7, &(struct Span){.usec = USEC_INFINITY}), INT64_MIN);
        ck_assert_int_eq(calendar_subtract(zone_utc(), 7, &(struct Span){.days = 1}), 7 - USEC_PER_DAY);
}
END_TEST

START_TEST(adds_by_the_wall_clock) {
        static const struct {
                const char *zone, *from;
                struct Span span;
                const char *to;
        } cases[] = {
                {"UTC", "2026-01-31 10:00:00", {.months = 1}, "2026-02-28 10:00:00"},
                {"UTC", "2028-01-30 10:00:00", {.months = 1}, "2028-02-29 10:00:00"},
                {"UTC", "2026-01-28 10:00:00", {.months = 1}, "2026-02-28 10:00:00"},
                {"UTC", "2026-10-31 10:00:00", {.months = 4}, "2027-02-28 10:00:00"},
                {"UTC", "2028-02-29 10:00:00", {.years = 1}, "2029-02-28 10:00:00"},
                {"UTC", "2026-12-31 23:59:00", {.months = 1}, "2027-01-31 23:59:00"},
                {"UTC", "2026-01-31 10:00:00", {.months = 1, .days = 2, .usec = USEC_PER_HOUR}, "2026-03-02 11:00:00"},
                {"Europe/Berlin", "2026-03-28 10:00:00", {.days = 1}, "2026-03-29 10:00:00"}, /* 23 hours */
                {"Europe/Berlin", "2026-10-24 10:00:00", {.days = 1}, "2026-10-25 10:00:00"}, /* 25 hours */
                {"Europe/Berlin", "2026-03-28 02:30:00", {.days = 1}, "2026-03-29 03:30:00"}, /* never read */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(zone_freep) struct Zone *zone = test_zone(cases[i].zone);

                assert_row(calendar_add(zone, usec_of(zone, cases[i].from), &cases[i].span) ==
                                   usec_of(zone, cases[i].to),
                           cases[i].from);
        }
        ck_assert_int_eq(calendar_add(zone_utc(), 0, &(struct Span){.usec = USEC_INFINITY}), USEC_INFINITY);
        ck_assert_int_eq(calendar_add(zone_utc(), INT64_MAX, &(struct Span){.days = 1}), USEC_INFINITY);
}
END_TEST

/* Of two backups a day or more apart, the older never lasts longer, a change of the clocks aside. */
START_TEST(adds_in_order) {
        const struct Span spans[] = {{.months = 1}, {.months = 1, .days = 2}, {.years = 1, .usec = 7}, {.months = 11}};
        uint64_t random = 42;

        for (size_t z = 0; z < ELEMENTSOF(zones); z++) {
                _cleanup_(zone_freep) struct Zone *zone = test_zone(zones[z]);

                for (unsigned i = 0; i < 4000; i++) {
                        const struct Span *span = &spans[i % ELEMENTSOF(spans)];
                        int64_t usec;

                        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
                        usec = (int64_t)(random % 6000000000) * USEC_PER_SEC - 1000000000 * USEC_PER_SEC;
                        ck_assert_msg(calendar_add(zone, usec - USEC_PER_DAY, span) <=
                                              calendar_add(zone, usec, span) + 2 * USEC_PER_HOUR,
                                      "%s, %lld, span %zu", zones[z], (long long)usec, i % ELEMENTSOF(spans));
                }
        }
}
END_TEST

START_TEST(periods_are_the_calendars) {
        static const struct {
                const char *zone, *a, *b;
                unsigned same; /* bit 1 << enum CalendarPeriod */
        } cases[] = {
                {"UTC", "2026-11-20 03:00:00", "2026-11-20 03:59:59", 0x1f},
                {"UTC", "2026-11-20 03:59:59", "2026-11-20 04:00:00", 0x1e},
                {"UTC", "2026-11-20 23:59:59", "2026-11-21 00:00:00", 0x1c},
                {"UTC", "2026-11-22 23:59:59", "2026-11-23 00:00:00", 0x18}, /* Sunday, Monday */
                {"UTC", "2026-11-30 12:00:00", "2026-12-01 12:00:00", 0x14},
                {"UTC", "2026-12-31 12:00:00", "2027-01-01 12:00:00",
                 0x04}, /* one ISO week over the turn of the year */
                {"UTC", "2027-01-03 12:00:00", "2027-01-04 12:00:00", 0x18},
                {"UTC", "2026-01-01 12:00:00", "2026-12-31 12:00:00", 0x10},
                {"UTC", "2024-02-28 12:00:00", "2024-02-29 12:00:00", 0x1c},
                {"UTC", "1969-12-31 23:59:59", "1970-01-01 00:00:00", 0x04},
                {"UTC", "1969-12-29 00:00:00", "1970-01-04 23:59:59", 0x04},
                {"UTC", "1969-12-28 23:59:59", "1969-12-29 00:00:00", 0x18},
                {"Europe/Berlin", "2026-10-25 00:00:00", "2026-10-25 23:59:59", 0x1e}, /* 25 hours */
                {"Europe/Berlin", "2026-03-29 00:00:00", "2026-03-29 23:59:59", 0x1e}, /* 23 hours */
                {"Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29 03:00:00", 0x1e},
                {"Pacific/Kiritimati", "2026-12-31 23:59:59", "2027-01-01 00:00:00", 0x04},
        };
        _cleanup_(zone_freep) struct Zone *berlin = test_zone("Europe/Berlin");
        int64_t first = usec_of(berlin, "2026-10-25 02:30:00");

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(zone_freep) struct Zone *zone = test_zone(cases[i].zone);
                int64_t a = usec_of(zone, cases[i].a), b = usec_of(zone, cases[i].b), of_a[_CALENDAR_PERIOD_MAX];

                calendar_periods(zone, a, of_a);
                for (enum CalendarPeriod period = 0; period < _CALENDAR_PERIOD_MAX; period++) {
                        assert_row((calendar_period(zone, a, period) == calendar_period(zone, b, period)) ==
                                           (bool)(cases[i].same & 1u << period),
                                   cases[i].a);
                        assert_row(calendar_period(zone, a, period) == of_a[period], cases[i].a);
                }
        }
        /* The hour that comes twice is one. */
        ck_assert_int_eq(calendar_period(berlin, first, CALENDAR_HOUR),
                         calendar_period(berlin, first + USEC_PER_HOUR, CALENDAR_HOUR));
        ck_assert_int_eq(calendar_period(berlin, first, _CALENDAR_PERIOD_MAX), 0);
}
END_TEST

START_TEST(knows_what_is_a_date) {
        static const struct {
                struct Civil civil;
                bool valid;
        } cases[] = {
                {{2026, 11, 20, 23, 59, 59}, true},  {{2024, 2, 29, 0, 0, 0}, true},
                {{2026, 2, 29, 0, 0, 0}, false},     {{1900, 2, 29, 0, 0, 0}, false},
                {{2000, 2, 29, 0, 0, 0}, true},      {{2026, 4, 31, 0, 0, 0}, false},
                {{2026, 12, 31, 0, 0, 60}, true},    {{2026, 13, 1, 0, 0, 0}, false},
                {{2026, 0, 1, 0, 0, 0}, false},      {{2026, 1, 0, 0, 0, 0}, false},
                {{2026, 1, 1, 24, 0, 0}, false},     {{2026, 1, 1, 0, 60, 0}, false},
                {{2026, 1, 1, 0, 0, 61}, false},     {{INT64_MAX, 1, 1, 0, 0, 0}, false},
                {{INT64_MIN, 1, 1, 0, 0, 0}, false},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                ck_assert_msg(calendar_is_valid(&cases[i].civil) == cases[i].valid, "row %zu", i);
}
END_TEST

START_TEST(bears_every_number) {
        static const int64_t extremes[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
        static const struct Span spans[] = {
                {.usec = 1},
                {.usec = INT64_MAX - 1},
                {.years = INT32_MAX, .months = INT32_MAX, .days = INT32_MAX, .usec = INT64_MAX - 1},
                {.years = INT32_MAX},
                {.days = INT32_MAX},
                {.months = 1},
        };
        char buf[CALENDAR_TEXT_MAX];

        for (size_t z = 0; z < ELEMENTSOF(zones); z++) {
                _cleanup_(zone_freep) struct Zone *zone = test_zone(zones[z]);

                for (size_t i = 0; i < ELEMENTSOF(extremes); i++) {
                        ck_assert_ptr_nonnull(calendar_format_rfc3339(zone, extremes[i], buf));
                        for (size_t s = 0; s < ELEMENTSOF(spans); s++) {
                                ck_assert_int_le(calendar_subtract(zone, extremes[i], &spans[s]), extremes[i]);
                                ck_assert_int_ge(calendar_add(zone, extremes[i], &spans[s]), extremes[i]);
                        }
                }
        }
        ck_assert_int_eq(calendar_to_usec(zone_utc(), &(struct Civil){INT64_MAX, 1, 1, 0, 0, 0}), INT64_MAX);
        ck_assert_int_eq(calendar_to_usec(zone_utc(), &(struct Civil){INT64_MIN, 1, 1, 0, 0, 0}), INT64_MIN);
        ck_assert_int_eq(calendar_to_usec(zone_utc(), &(struct Civil){290000, 1, 1, 0, 0, 0}) > 0, true);
        ck_assert_int_eq(calendar_subtract(zone_utc(), INT64_MIN, &(struct Span){.years = 3000}), INT64_MIN);
}
END_TEST

START_TEST(formats) {
        _cleanup_(zone_freep) struct Zone *berlin = test_zone("Europe/Berlin"),
                                          *monrovia = test_zone("Africa/Monrovia");
        const int64_t usec = usec_of(zone_utc(), "2026-11-20 03:04:05");
        char buf[CALENDAR_TEXT_MAX];

        ck_assert_str_eq(calendar_format_rfc3339(zone_utc(), usec, buf), "2026-11-20T03:04:05Z");
        ck_assert_str_eq(calendar_format_rfc3339(berlin, usec, buf), "2026-11-20T04:04:05+01:00");
        ck_assert_str_eq(calendar_format_rfc3339(berlin, usec + 70, buf), "2026-11-20T04:04:05.000070+01:00");
        ck_assert_str_eq(calendar_format_local(berlin, usec, buf), "2026-11-20 04:04:05");
        ck_assert_str_eq(calendar_format_local(zone_utc(), -1, buf), "1969-12-31 23:59:59");
        ck_assert_str_eq(calendar_format_rfc3339(zone_utc(), -1, buf), "1969-12-31T23:59:59.999999Z");
        ck_assert_str_eq(calendar_format_rfc3339(monrovia, 0, buf), "1969-12-31T23:15:30-00:44");
}
END_TEST

/* A version 2 file without transitions, whose footer is the text. */
static int zone_of_footer(const char *footer, size_t n, struct Zone **ret) {
        char data[512] = "TZif2";
        size_t size = 44;

        data[39] = 1; /* one type */
        data[43] = 4; /* "UTC" */
        size += 6 + 4;
        memcpy(data + size, data, 44);
        size += 44 + 6 + 4;
        memcpy(data + size, footer, n);
        return zone_new_from_tzif(data, size + n, ret);
}

START_TEST(reads_the_rules_that_go_on) {
        static const struct {
                const char *text;
                bool valid;
                int32_t january, july;
        } cases[] = {
                {"\n\n", true, 0, 0},
                {"\nCET-1\n", true, 3600, 3600},
                {"\nEST5EDT,M3.2.0,M11.1.0\n", true, -18000, -14400},
                {"\nCET-1CEST,M3.5.0,M10.5.0/3\n", true, 3600, 7200},
                {"\n<+1030>-10:30<+11>-11,M10.1.0,M4.1.0\n", true, 39600, 37800},
                {"\nIST-1GMT0,M10.5.0,M3.5.0/1\n", true, 0, 3600},
                {"\nAAA3BBB,J60/0,J300/-167:59:59\n", true, -10800, -7200},
                {"\nAAA3BBB,59,299/+2:30\n", true, -10800, -7200},
                {"\nAAA3BBB2:30:15,0/0,J365/25\n", true, -9015, -9015},
                {"\n", false, 0, 0},
                {"CET-1\n", false, 0, 0},
                {"\nCET-1", false, 0, 0},
                {"\nCE-1\n", false, 0, 0},
                {"\n<CET-1\n", false, 0, 0},
                {"\nCET\n", false, 0, 0},
                {"\nCET25\n", false, 0, 0},
                {"\nCET-1:60\n", false, 0, 0},
                {"\nCET-1:\n", false, 0, 0},
                {"\nCET-1:00:60\n", false, 0, 0},
                {"\nCET-1CEST\n", false, 0, 0},
                {"\nCET-1CEST,\n", false, 0, 0},
                {"\nCET-1CEST25,M3.5.0,M10.5.0\n", false, 0, 0},
                {"\nCET-1CEST-,M3.5.0,M10.5.0\n", false, 0, 0},
                {"\nCET-1CEST,M3.5.0\n", false, 0, 0},
                {"\nCET-1CEST,M0.5.0,M10.5.0\n", false, 0, 0},
                {"\nCET-1CEST,M13.5.0,M10.5.0\n", false, 0, 0},
                {"\nCET-1CEST,M3.0.0,M10.5.0\n", false, 0, 0},
                {"\nCET-1CEST,M3.5.7,M10.5.0\n", false, 0, 0},
                {"\nCET-1CEST,M3-5.0,M10.5.0\n", false, 0, 0},
                {"\nCET-1CEST,M3.5-0,M10.5.0\n", false, 0, 0},
                {"\nCET-1CEST,J0,M10.5.0\n", false, 0, 0},
                {"\nCET-1CEST,366,M10.5.0\n", false, 0, 0},
                {"\nCET-1CEST,M3.5.0/168,M10.5.0\n", false, 0, 0},
                {"\nCET-1CEST,M3.5.0,M10.5.0x\n", false, 0, 0},
        };
        struct Zone *zone;
        char longest[200];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(zone_freep) struct Zone *made = NULL;
                int r = zone_of_footer(cases[i].text, strlen(cases[i].text), &made);

                assert_row(r == (cases[i].valid ? 0 : ZONE_E_INVALID), cases[i].text);
                if (r != 0)
                        continue;
                assert_row(zone_offset(made, usec_of(zone_utc(), "2026-01-15 12:00:00") / USEC_PER_SEC) ==
                                   cases[i].january,
                           cases[i].text);
                assert_row(zone_offset(made, usec_of(zone_utc(), "2024-07-15 12:00:00") / USEC_PER_SEC) ==
                                   cases[i].july,
                           cases[i].text);
        }
        memset(longest, 'A', sizeof(longest));
        longest[0] = longest[199] = '\n';
        ck_assert_int_eq(zone_of_footer(longest, 200, &zone), ZONE_E_INVALID);
        ck_assert_int_eq(zone_of_footer("\nCET-1\0\n", 8, &zone), ZONE_E_INVALID);
}
END_TEST

/* A version 1 file of one transition and one type; each row breaks one byte of it. */
START_TEST(refuses_broken_files) {
        static const struct {
                size_t at;
                char byte;
        } breaks[] = {
                {0, 'x'}, {28, 1}, {30, 1}, {34, 0x7f}, {32, 1}, {38, 2},        {39, 0},    {39, 2},
                {22, 1},  {26, 1}, {40, 1}, {43, 99},   {48, 1}, {48 + 1, 0x7f}, {49, -128},
        };
        char data[64] = "TZif";
        struct Zone *zone;

        data[35] = 1; /* transitions */
        data[39] = 1; /* types */
        data[43] = 4;
        ck_assert_int_eq(zone_new_from_tzif(data, 44 + 4 + 1 + 6 + 4, &zone), 0);
        ck_assert_int_eq(zone_offset(zone, -1), 0);
        ck_assert_int_eq(zone_offset(zone, 1), 0);
        zone_free(zone);
        for (size_t i = 0; i < ELEMENTSOF(breaks); i++) {
                char broken[64];

                memcpy(broken, data, sizeof(broken));
                broken[breaks[i].at] = breaks[i].byte;
                ck_assert_msg(zone_new_from_tzif(broken, 44 + 4 + 1 + 6 + 4, &zone) == ZONE_E_INVALID, "row %zu", i);
        }
        for (size_t n = 0; n < 44 + 4 + 1 + 6 + 4; n++)
                ck_assert_int_eq(zone_new_from_tzif(data, n, &zone), ZONE_E_INVALID);

        /* Two transitions at one moment. */
        data[35] = 2;
        ck_assert_int_eq(zone_new_from_tzif(data, sizeof(data), &zone), ZONE_E_INVALID);
        /* A second block that is none. */
        data[35] = 1;
        data[4] = '2';
        ck_assert_int_eq(zone_new_from_tzif(data, sizeof(data), &zone), ZONE_E_INVALID);
        ck_assert_ptr_null(zone_free((struct Zone *)zone_utc()));
        ck_assert_ptr_null(zone_free(NULL));
}
END_TEST

static int make_zone(void *userdata) {
        _cleanup_(zone_freep) struct Zone *zone = NULL;

        (void)userdata;
        return zone_of_footer("\n\n", 2, &zone);
}

START_TEST(allocations_fail) {
        test_each_allocation_fails(make_zone, NULL);
}
END_TEST

int main(void) {
        return test_run("calendar", (const TTest *[]){
                                            agrees_with_libc,
                                            clocks_that_are_moved,
                                            subtracts_by_the_wall_clock,
                                            adds_by_the_wall_clock,
                                            adds_in_order,
                                            periods_are_the_calendars,
                                            knows_what_is_a_date,
                                            bears_every_number,
                                            formats,
                                            reads_the_rules_that_go_on,
                                            refuses_broken_files,
                                            allocations_fail,
                                            NULL,
                                    });
}
