/* SPDX-License-Identifier: MIT */
#include "lib/name.h"

#include "tests/test.h"
#include "tests/unit/name-table.h"

/* What must hold of every answer, whatever the name; the copy is as long as the name, so that ASan sees more. */
static void parse_checked(const char *name, size_t n, bool is_directory, struct Name *ret) {
        _cleanup_(freep) char *copy = malloc(MAX(n, (size_t)1)), *series = malloc(NAME_SERIES_MAX(n));
        struct Name parsed;

        ck_assert_ptr_nonnull(copy);
        ck_assert_ptr_nonnull(series);
        memcpy(copy, name, n);
        if (is_directory)
                name_parse_directory(copy, n, &parsed);
        else
                name_parse(copy, n, &parsed);
        ck_assert_uint_le(parsed.n_holes, NAME_HOLES_MAX);
        for (unsigned i = 0; i < parsed.n_holes; i++) {
                ck_assert_uint_lt(parsed.holes[i].from, parsed.holes[i].to);
                ck_assert_uint_le(parsed.holes[i].to, n);
                if (i > 0)
                        ck_assert_uint_gt(parsed.holes[i].from, parsed.holes[i - 1].to);
        }
        if (parsed.is_dated) {
                ck_assert_uint_gt(parsed.n_holes, 0);
                ck_assert(calendar_is_valid(&parsed.time.civil));
        }
        ck_assert_uint_le(name_series(copy, n, &parsed, series), NAME_SERIES_MAX(n));
        *ret = parsed;
}

static void assert_series(const char *name, size_t n, const struct Name *parsed, const char *series) {
        char buf[1024];

        ck_assert_uint_lt(n, sizeof(buf) / 2);
        buf[name_series(name, n, parsed, buf)] = '\0';
        ck_assert_msg(streq(buf, series), "%s: the series is %s, not %s", name, buf, series);
}

START_TEST(parses_real_names) {
        char buf[NAME_TIME_TEXT_MAX];
        unsigned n_dated = 0;

        for (size_t i = 0; i < ELEMENTSOF(name_rows); i++) {
                const struct NameRow *row = &name_rows[i];
                const size_t n = strlen(row->name);
                struct Name name;

                parse_checked(row->name, n, false, &name);
                assert_series(row->name, n, &name, row->series);
                ck_assert_msg(streq(name_time_text(&name, buf), row->time), "%s: the time is %s, not %s", row->name,
                              name_time_text(&name, buf), row->time);
                n_dated += name.is_dated;
        }
        ck_assert_uint_ge(n_dated, 180);
        ck_assert_uint_ge(ELEMENTSOF(name_rows) - n_dated, 40);
}
END_TEST

START_TEST(bears_every_part_of_a_name) {
        struct Name name;

        for (size_t i = 0; i < ELEMENTSOF(name_rows); i++) {
                const size_t n = strlen(name_rows[i].name);

                for (size_t k = 0; k <= n; k++) {
                        parse_checked(name_rows[i].name, k, false, &name);
                        parse_checked(name_rows[i].name + k, n - k, false, &name);
                        parse_checked(name_rows[i].name, k, true, &name);
                }
        }
}
END_TEST

/* What a year or so of nightly names has in common: one series, and no other's. */
START_TEST(keeps_a_series_together) {
        static const char *const formats[] = {
                "db-%1$02d-%2$02d-%3$04d.sql",
                "db-%2$02d-%1$02d-%3$04d_0304.sql",
                "db.%1$02d.%2$02d.%3$04d.sql",
                "backup-%2$02d.%1$02d.%3$04d_03-04-05_user.tar.gz",
                "db-%3$04d-%2$02d-%1$02d.sql",
                "db-%3$04d%2$02d%1$02d-%1$02d%2$02d.sql",
                "%3$04d-%2$02d-%1$02d_x_%1$02d-%2$02d-%3$04d.sql",
                "%1$02d-%2$02d-%3$04d_x_%2$02d-%1$02d-%3$04d.sql",
                "log-%3$04d%2$02d%1$02d%1$02d.gz",
        };

        for (size_t f = 0; f < ELEMENTSOF(formats); f++) {
                char first[256] = "";

                for (int year = 1970; year < 2099; year += 43)
                        for (int month = 1; month <= 12; month++)
                                for (int day = 1; day <= 23; day++) {
                                        char text[128], series[256];
                                        struct Name name;
                                        int n;

                                        if (f == ELEMENTSOF(formats) - 1 && year != 2013)
                                                continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                                        n = snprintf(text, sizeof(text), formats[f], day, month, year);
#pragma GCC diagnostic pop
                                        parse_checked(text, n, false, &name);
                                        series[name_series(text, n, &name, series)] = '\0';
                                        if (!*first)
                                                strcpy(first, series);
                                        ck_assert_ptr_nonnull(strchr(series, '*'));
                                        ck_assert_str_eq(series, first);
                                }
        }
}
END_TEST

START_TEST(keeps_series_apart) {
        static const char *const pairs[][2] = {
                {"a*", "a\\*"},
                {"a-20261120", "a-*"},
                {"a-20261120", "a-\\*"},
                {"*-20261120", "20261120-20261120"},
                {"a\\-20261120", "a-20261120"},
        };

        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
                char series[2][256];

                for (unsigned k = 0; k < 2; k++) {
                        const size_t n = strlen(pairs[i][k]);
                        struct Name name;

                        parse_checked(pairs[i][k], n, false, &name);
                        series[k][name_series(pairs[i][k], n, &name, series[k])] = '\0';
                }
                ck_assert_str_ne(series[0], series[1]);
        }
}
END_TEST

START_TEST(bears_long_names) {
        static const char *const tails[] = {"-2026-11-20", "-20261120", "_2026-11-20_03-04-05", "-Nov-20-2026"};
        _cleanup_(freep) char *huge = malloc(UINT16_MAX + 1);
        struct Name name;
        char text[256];

        for (size_t i = 0; i < ELEMENTSOF(tails); i++) {
                const size_t n = strlen(tails[i]);

                memset(text, 'x', 255);
                memcpy(text + 255 - n, tails[i], n);
                parse_checked(text, 255, false, &name);
                ck_assert_uint_eq(name.n_holes, 1);
                ck_assert_uint_eq(name.holes[0].from, 255 - n + 1);
                ck_assert_uint_eq(name.holes[0].to, 255);
                memcpy(text, tails[i], n);
                memset(text + n, '*', 255 - n);
                parse_checked(text, 255, false, &name);
                ck_assert_uint_eq(name.n_holes, 1);
        }
        memset(text, '1', 255);
        parse_checked(text, 255, false, &name);
        ck_assert(!name.is_dated);
        memset(text, 'a', 255);
        memcpy(text + 120, "20261120", 8);
        parse_checked(text, 255, false, &name);
        ck_assert(name.is_dated);
        memset(text, 'a', 255);
        memcpy(text + 240, "20261120", 8);
        parse_checked(text, 255, false, &name);
        ck_assert(name.is_dated);

        /* Longer than offsets go: no name. */
        ck_assert_ptr_nonnull(huge);
        memset(huge, 'x', UINT16_MAX + 1);
        memcpy(huge, "20261120", 8);
        parse_checked(huge, UINT16_MAX, false, &name);
        ck_assert(name.is_dated);
        parse_checked(huge, UINT16_MAX + 1, false, &name);
        ck_assert(!name.is_dated);
        parse_checked(huge, UINT16_MAX, true, &name);
        ck_assert(name.is_dated);
        parse_checked(huge, UINT16_MAX + 1, true, &name);
        ck_assert(!name.is_dated);
}
END_TEST

START_TEST(parses_directories) {
        static const struct NameRow rows[] = {
                {"", "", "-"},
                {"db", "db", "-"},
                {"2026/11/20", "*/*/*", "2026-11-20"},
                {"db/2026/11/20/full", "db/*/*/*/full", "2026-11-20"},
                {"2026-11/20", "*/*", "2026-11-20"},
                {"2026.11/20", "*/*", "2026-11-20"},
                {"202611/20", "*/*", "2026-11-20"},
                {"2026/2026_11/2026_11_20", "*/*/*", "2026-11-20"},
                {"2026/20261120", "*/*", "2026-11-20"},
                {"db/FULL-2026-11-20_03-04", "db/FULL-*", "2026-11-20T03:04:00"},
                {"db/2026-11-20/", "db/*/", "2026-11-20"},
                {"//2026//", "//*//", "2026-00-00"},
                {"2026", "*", "2026-00-00"},
                {"2026/11", "*/*", "2026-11-00"},
                {"2026/12", "*/*", "2026-12-00"},
                {"2026-11", "*", "2026-11-00"},
                {"202611", "*", "2026-11-00"},
                {"2026_11", "*", "2026-11-00"},
                {"db/2026_11/x", "db/*/x", "2026-11-00"},
                {"2026/x/2026-11", "*/x/*", "2026-11-00"},
                {"2026-11/x/2026", "*/x/*", "2026-11-00"},
                {"2025/x/2026", "2025/x/*", "2026-00-00"},
                {"2025-11/2026", "*/2026", "2025-11-00"},
                {"2025-11/2026-11", "2025-11/*", "2026-11-00"},
                {"2026/13", "*/13", "2026-00-00"},
                {"2026/00", "*/00", "2026-00-00"},
                {"2026/11/31", "*/*/31", "2026-11-00"},
                {"2026/11/00", "*/*/00", "2026-11-00"},
                {"2026/11/db/20", "*/*/db/20", "2026-11-00"},
                {"2026/11/20/03", "*/*/*/03", "2026-11-20"},
                {"11/20", "11/20", "-"},
                {"1969", "1969", "-"},
                {"2100/01/01", "2100/01/01", "-"},
                {"2026x", "2026x", "-"},
                {"2026+11", "2026+11", "-"},
                {"2026-1x", "2026-1x", "-"},
                {"2026-13", "2026-13", "-"},
                {"202613", "202613", "-"},
                {"8080", "8080", "-"},
                {"2026-11-19/2026-11-20", "2026-11-19/*", "2026-11-20"},
                {"2026-11-20/2026-11-20_0304", "*/*", "2026-11-20T03:04:00"},
                {"2026/11/20/db-2026-11-25", "*/*/20/db-*", "2026-11-25"},
                {"2025/11/db-2026-11-25", "2025/11/db-*", "2026-11-25"},
                {"2026/05/db-05-04-2026", "*/*/db-*", "2026-04-05~"},
                {"2026/04/db-05-04-2026", "*/*/db-*", "2026-04-05~"},
                {"2026/06/db-05-04-2026", "*/06/db-*", "2026-04-05~"},
                {"05-04-2026/2026-04-05", "*/*", "2026-04-05"},
                {"a*b/20261120", "a\\*b/*", "2026-11-20"},
                {"20261120/a/20261120/b/20261120/c/20261120/d/20261120/e/20261120/f/20261120/g/20261120/h/20261120",
                 "*/a/*/b/*/c/*/d/*/e/*/f/*/g/20261120/h/*", "2026-11-20"},
        };
        char buf[NAME_TIME_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const size_t n = strlen(rows[i].name);
                struct Name name, dated;
                const char *text;

                parse_checked(rows[i].name, n, true, &name);
                assert_series(rows[i].name, n, &name, rows[i].series);
                dated = name;
                dated.is_dated = name.n_holes > 0;
                text = name_time_text(&dated, buf);
                ck_assert_msg(streq(text, rows[i].time), "%s: the time is %s, not %s", rows[i].name, text,
                              rows[i].time);
                ck_assert_msg(name.is_dated == (name.n_holes > 0 && name.time.civil.day > 0), "%s", rows[i].name);
        }
}
END_TEST

START_TEST(knows_whether_a_directory_agrees) {
        static const struct {
                const char *directory, *file;
                bool agrees;
        } cases[] = {
                {"db", "db.sql", false},
                {"db", "db-2026-11-20.sql", false},
                {"2026-11-20", "db.sql", true},
                {"2026/11/20", "db.sql", true},
                {"2026/11", "db.sql", false},
                {"2026", "db.sql", false},
                {"2026-11-20", "db-2026-11-20.sql", true},
                {"2026-11-20", "db-2026-11-22.sql", true},
                {"2026-11-20", "db-2026-11-18.sql", true},
                {"2026-11-20", "db-2026-11-23.sql", false},
                {"2026-11-20", "db-2026-11-17.sql", false},
                {"2026-12-31_2359", "db-2027-01-01_0001.sql", true},
                {"2026/11", "db-2026-11-20.sql", true},
                {"2026/11", "db-2026-12-02.sql", true},
                {"2026/11", "db-2026-12-03.sql", false},
                {"2026/11", "db-2026-10-30.sql", true},
                {"2026/11", "db-2026-10-29.sql", false},
                {"2026/11", "db-2025-11-20.sql", false},
                {"2026/12", "db-2027-01-02.sql", true},
                {"2026/12", "db-2027-01-03.sql", false},
                {"2026/12", "db-2026-12-31.sql", true},
                {"2026", "db-2026-01-01.sql", true},
                {"2026", "db-2027-01-02.sql", true},
                {"2026", "db-2027-01-03.sql", false},
                {"2026", "db-2025-12-30.sql", true},
                {"2026/04", "db-05-04-2026.sql", true},
                {"2026/05", "db-05-04-2026.sql", true},
                {"2026/06", "db-05-04-2026.sql", false},
                {"2026-04-05", "db-05-04-2026.sql", true},
                {"2026-05-04", "db-05-04-2026.sql", true},
                {"2026-07-04", "db-05-04-2026.sql", false},
                {"05-04-2026", "db-04-05-2026.sql", true},
                {"05-04-2026", "db-06-04-2026.sql", true},
                {"2025/11/20", "1763607845.sql", true},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct Name directory, file;

                name_parse_directory(cases[i].directory, strlen(cases[i].directory), &directory);
                name_parse(cases[i].file, strlen(cases[i].file), &file);
                ck_assert_msg(name_directory_agrees(&directory, &file) == cases[i].agrees, "%s/%s", cases[i].directory,
                              cases[i].file);
        }
}
END_TEST

/* An hour east of Greenwich, always: RFC 8536's header, one type of local time, its name; twice; a rule. */
static struct Zone *zone_of_an_hour(void) {
        static const char block[54] = {
                'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4, [46] = 0x0e, [47] = 0x10, [50] = '+', '0', '1',
        };
        static const char footer[] = "\n<+01>-1\n";
        char data[2 * sizeof(block) + sizeof(footer) - 1];
        struct Zone *zone = NULL;

        memcpy(data, block, sizeof(block));
        memcpy(data + sizeof(block), block, sizeof(block));
        memcpy(data + 2 * sizeof(block), footer, sizeof(footer) - 1);
        ck_assert_int_eq(zone_new_from_tzif(data, sizeof(data), &zone), 0);
        return zone;
}

START_TEST(tells_the_moment) {
        static const struct {
                const char *name, *hint, *moment;
        } cases[] = {
                {"db-2026-11-20_03-04-05", "20261120", "2026-11-20T02:04:05Z"},
                {"db-2026-11-20", "20261120", "2026-11-19T23:00:00Z"},
                {"db-2026-11-20T03:04:05Z", "20261120", "2026-11-20T03:04:05Z"},
                {"db-2026-11-20T03:04:05.5+0200", "20261120", "2026-11-20T02:04:05Z"},
                {"db-2026-11-20T03:04:05.500+0200", "20261120", "2026-11-20T01:04:05.500000Z"},
                {"db-2026-11-20T03:04:05,123456", "20261120", "2026-11-20T02:04:05.123456Z"},
                {"db-2026-11-20T03:04:05-0500", "20261120", "2026-11-20T08:04:05Z"},
                {"1763607845", "20261120", "2025-11-20T03:04:05Z"},
                {"db-05-04-2026", "20260406", "2026-04-04T23:00:00Z"},
                {"db-05-04-2026", "20260503", "2026-05-03T23:00:00Z"},
                {"db-05-04-2026", "19700101", "2026-04-04T23:00:00Z"},
                {"db-05-04-2026", "20990101", "2026-05-03T23:00:00Z"},
                {"backup-04.05.2026_03-04-05_user.tar", "20260406", "2026-04-05T02:04:05Z"},
                {"backup-04.05.2026_03-04-05_user.tar", "20260506", "2026-05-04T02:04:05Z"},
        };
        _cleanup_(zone_freep) struct Zone *zone = zone_of_an_hour();

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char buf[CALENDAR_TEXT_MAX];
                struct Name name, hint;
                int64_t usec;

                name_parse(cases[i].name, strlen(cases[i].name), &name);
                name_parse(cases[i].hint, strlen(cases[i].hint), &hint);
                usec = name_time_usec(&name.time, zone, name_time_usec(&hint.time, zone_utc(), 0));
                calendar_format_rfc3339(zone_utc(), usec, buf);
                ck_assert_msg(streq(buf, cases[i].moment), "%s: %s, not %s", cases[i].name, buf, cases[i].moment);
        }
}
END_TEST

START_TEST(bears_any_hint) {
        struct Name name;

        name_parse("05-04-2026", 10, &name);
        ck_assert_int_lt(name_time_usec(&name.time, zone_utc(), INT64_MIN),
                         name_time_usec(&name.time, zone_utc(), INT64_MAX));
}
END_TEST

START_TEST(knows_companions) {
        static const struct {
                const char *name;
                size_t n;
                bool by_stem;
        } cases[] = {
                {"x.sql.gz.sha256", 8, false},
                {"x.sql.gz.sha512", 8, false},
                {"x.md5", 1, false},
                {"x.sig", 1, false},
                {"x.asc", 1, false},
                {"x.log", 1, true},
                {"x.vma.zst.notes", 9, true},
                {"x.meta", 1, false},
                {"x.json", 1, false},
                {"x.sha256.asc", 8, false},
                {".md5", 0, false},
                {".notes", 0, false},
                {"x.sql.gz", 0, false},
                {"x.SHA256", 0, false},
                {"xmd5", 0, false},
                {"x.md5x", 0, false},
                {"", 0, false},
                {"log", 0, false},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                bool by_stem = !cases[i].by_stem;

                assert_row(name_companion(cases[i].name, strlen(cases[i].name), &by_stem) == cases[i].n, cases[i].name);
                assert_row(by_stem == (cases[i].n > 0 ? cases[i].by_stem : !cases[i].by_stem), cases[i].name);
        }
}
END_TEST

/* Each once, none the end of another, and name_companion() knows the same. */
START_TEST(tells_the_endings_of_companions) {
        static const struct {
                const char *ending;
                bool by_stem;
        } expected[] = {
                {".sha256", false}, {".sha512", false}, {".md5", false},  {".sig", false},  {".asc", false},
                {".log", true},     {".notes", true},   {".meta", false}, {".json", false},
        };
        bool by_stem, other;
        const char *ending;
        size_t n = 0;

        for (; (ending = name_companion_ending(n, &by_stem)); n++) {
                char name[32] = "x.sql";
                size_t n_matches = 0;

                strcat(name, ending);
                ck_assert_uint_eq(name_companion(name, strlen(name), &other), 5);
                assert_row(other == by_stem, ending);
                for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                        n_matches += streq(expected[i].ending, ending) && expected[i].by_stem == by_stem;
                assert_row(n_matches == 1, ending);
                for (size_t i = 0; i < n; i++) {
                        const char *earlier = name_companion_ending(i, &other);
                        size_t n_earlier = strlen(earlier), n_ending = strlen(ending);

                        assert_row(!streq(ending + n_ending - MIN(n_ending, n_earlier), earlier), ending);
                        assert_row(!streq(earlier + n_earlier - MIN(n_ending, n_earlier), ending), ending);
                }
        }
        ck_assert_uint_eq(n, ELEMENTSOF(expected));
        by_stem = true;
        ck_assert_ptr_null(name_companion_ending(n + 1, &by_stem));
        ck_assert_ptr_null(name_companion_ending(SIZE_MAX, &by_stem));
        ck_assert(by_stem);
}
END_TEST

START_TEST(knows_stems) {
        static const struct {
                const char *name;
                size_t n;
        } cases[] = {
                {"vzdump-1.vma.zst", 8},
                {"vzdump-1.log", 8},
                {"x.tar.gz", 1},
                {"x", 1},
                {"", 0},
                {".bashrc", 7},
                {".x.gz", 2},
                {"x.", 2},
                {"x..gz", 2},
                {"x.7z", 1},
                {"x.001", 5},
                {"x.gz.1", 6},
                {"x.2026.gz", 6},
                {"x.dump", 1},
                {"x.backup", 8},
                {"x.t-r", 5},
                {"a.b.c.d", 1},
                {"x.sql gz", 8},
                {"gz", 2},
                {".gz", 3},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_row(name_stem(cases[i].name, strlen(cases[i].name)) == cases[i].n, cases[i].name);
}
END_TEST

int main(void) {
        return test_run("name",
                        (const TTest *[]){parses_real_names, bears_every_part_of_a_name, keeps_a_series_together,
                                          keeps_series_apart, bears_long_names, parses_directories,
                                          knows_whether_a_directory_agrees, tells_the_moment, bears_any_hint,
                                          knows_companions, tells_the_endings_of_companions, knows_stems, NULL});
}
