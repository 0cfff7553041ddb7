/* SPDX-License-Identifier: MIT */
#include "lib/name.h"

#include "tests/test.h"
#include "tests/unit/name-table.h"

START_TEST(matches) {
        static const struct {
                const char *pattern, *name, *series, *time; /* series NULL: does not match */
        } cases[] = {
                {"db-%Y-%m-%d.sql", "db-2026-11-20.sql", "db-*.sql", "2026-11-20"},
                {"db-%F.sql", "db-2026-11-20.sql", "db-*.sql", "2026-11-20"},
                {"db-%F.sql", "db-2026-11-20.sql.gz", NULL, NULL},
                {"db-%F.sql", "xdb-2026-11-20.sql", NULL, NULL},
                {"db-%F.sql", "db-2026-11-2", NULL, NULL},
                {"db-%F.sql", "db-2026-02-30.sql", NULL, NULL},
                {"db-%F.sql", "", NULL, NULL},
                {"%F", "2026-11-20", "*", "2026-11-20"},
                {"-%F-", "-2026-11-20-", "-*-", "2026-11-20"},
                {"%Hh%F", "03h2026-11-20", "*h*", "2026-11-20T03:00:00"},
                {"%H1%F", "0312026-11-20", "*1*", "2026-11-20T03:00:00"},
                {"%H--%F", "03--2026-11-20", "*--*", "2026-11-20T03:00:00"},
                {"%*-%F", "x-2026-11-20", "*-*", "2026-11-20"},
                {"%F_%T", "2026-11-20_03:04:05", "*", "2026-11-20T03:04:05"},
                {"%F_%R", "2026-11-20_03:04", "*", "2026-11-20T03:04:00"},
                {"%Y%m%d%H%M%S", "20261120030405", "*", "2026-11-20T03:04:05"},
                {"%Y%m%d-%H", "20261120-24", NULL, NULL},
                {"%y%m%d", "261120", "*", "2026-11-20"},
                {"%y%m%d", "681120", "*", "2068-11-20"},
                {"%y%m%d", "691120", "*", "1969-11-20"},
                {"%Y%m", "202611", "*", "2026-11-01"},
                {"full-%Y.tar", "full-2026.tar", "full-*.tar", "2026-01-01"},
                {"%Y", "0000", NULL, NULL},
                {"%Y-%j", "2026-324", "*", "2026-11-20"},
                {"%Y-%j", "2024-366", "*", "2024-12-31"},
                {"%Y-%j", "2026-366", NULL, NULL},
                {"%Y-%j", "2026-000", NULL, NULL},
                {"%d.%m.%Y", "05.04.2026", "*", "2026-04-05"},
                {"%m.%d.%Y", "04.05.2026", "*", "2026-04-05"},
                {"%b-%d-%Y", "nov-20-2026", "*", "2026-11-20"},
                {"%B%d%Y", "November202026", "*", "2026-11-20"},
                {"%h%d%Y", "SEP202026", "*", "2026-09-20"},
                {"%d%b%Y", "20Smarch2026", NULL, NULL},
                {"%d%b%Y", "20No2026", NULL, NULL},
                {"%d%b%Y", "20Octo2026", NULL, NULL},
                {"%b%a%d%Y", "MayFri202026", "*", "2026-05-20"},
                {"%e.%m.%Y", " 5.04.2026", "*", "2026-04-05"},
                {"%e.%m.%Y", "5.04.2026", "*", "2026-04-05"},
                {"%e.%m.%Y", "15.04.2026", "*", "2026-04-15"},
                {"%e.%m.%Y", "35.04.2026", NULL, NULL},
                {"%e.%m.%Y", " .04.2026", NULL, NULL},
                {"%G-W%V-%u", "2026-W47-5", "*-W*", "2026-11-20"},
                {"%G-W%V", "2026-W47", "*-W*", "2026-11-16"},
                {"%G-W%V", "2020-W53", "*-W*", "2020-12-28"},
                {"%G-W%V", "2025-W53", NULL, NULL},
                {"%G-W%V-%a", "2025-W01-Mon", "*-W*", "2024-12-30"},
                {"%G-W%V-%u", "2026-W47-8", NULL, NULL},
                {"%F-w%V-%A", "2026-11-20-w12-Monday", "*-w*", "2026-11-20"},
                {"%F-%A", "2026-11-20-Moonday", NULL, NULL},
                {"%F-%I%M%p", "2026-11-20-0304PM", "*", "2026-11-20T15:04:00"},
                {"%F-%I%M%p", "2026-11-20-1204am", "*", "2026-11-20T00:04:00"},
                {"%F-%I%M%p", "2026-11-20-1204pm", "*", "2026-11-20T12:04:00"},
                {"%F-%I%M%p", "2026-11-20-1304PM", NULL, NULL},
                {"%F-%I%M%p", "2026-11-20-0304xm", NULL, NULL},
                {"%F-%I%M%p", "2026-11-20-0304px", NULL, NULL},
                {"%F-%T.%f", "2026-11-20-03:04:05.123456", "*", "2026-11-20T03:04:05.123456"},
                {"%F-%T.%f", "2026-11-20-03:04:05.5", "*", "2026-11-20T03:04:05.500000"},
                {"%F-%T.%N", "2026-11-20-03:04:05.123456789", "*", "2026-11-20T03:04:05.123456"},
                {"%F-%T.%N", "2026-11-20-03:04:05.1234567890", NULL, NULL},
                {"%F-%T.%f", "2026-11-20-03:04:05.", NULL, NULL},
                {"%FT%T%z", "2026-11-20T03:04:05+0100", "*", "2026-11-20T03:04:05+3600"},
                {"%FT%T%z", "2026-11-20T03:04:05-05:00", "*", "2026-11-20T03:04:05-18000"},
                {"%FT%T%z", "2026-11-20T03:04:05Z", "*", "2026-11-20T03:04:05Z"},
                {"%FT%T%z", "2026-11-20T03:04:05", NULL, NULL},
                {"%FT%T%z", "2026-11-20T03:04:05+2500", NULL, NULL},
                {"%FT%T%Z", "2026-11-20T03:04:05CEST", "*", "2026-11-20T03:04:05"},
                {"%FT%T%Z", "2026-11-20T03:04:05UTC", "*", "2026-11-20T03:04:05Z"},
                {"%FT%T%Z", "2026-11-20T03:04:05GMT", "*", "2026-11-20T03:04:05Z"},
                {"%FT%T%Z", "2026-11-20T03:04:05Z", "*", "2026-11-20T03:04:05Z"},
                {"%FT%T%Z", "2026-11-20T03:04:05A", "*", "2026-11-20T03:04:05"},
                {"%FT%T%Z", "2026-11-20T03:04:05EST", "*", "2026-11-20T03:04:05"},
                {"%FT%T%Z", "2026-11-20T03:04:05", NULL, NULL},
                {"b-%s.tar", "b-1763607845.tar", "b-*.tar", "2025-11-20T03:04:05Z"},
                {"b-%s.%f", "b-1763607845.25", "b-*", "2025-11-20T03:04:05.250000Z"},
                {"b-%s.tar", "b-999999999.tar", "b-*.tar", "2001-09-09T01:46:39Z"},
                {"b-%s.tar", "b-99999999.tar", NULL, NULL},
                {"b-%s.tar", "b-17636078450.tar", NULL, NULL},
                {"100%%-%F", "100%-2026-11-20", "100%-*", "2026-11-20"},

                {"%*-%F.sql", "host17-2026-11-20.sql", "*-*.sql", "2026-11-20"},
                {"*-%F.sql", "host17-2026-11-20.sql", "host17-*.sql", "2026-11-20"},
                {"*%F*", "a2026-11-20b", "a*b", "2026-11-20"},
                {"%*%F%*", "a2026-11-20b", "*", "2026-11-20"},
                {"%*%F%*", "2026-11-20", "*", "2026-11-20"},
                {"*-%F", "a-2025-01-01-2026-11-20", "a-2025-01-01-*", "2026-11-20"},
                {"*-%F-*", "a-2025-01-01-2026-11-20", "a-*-2026-11-20", "2025-01-01"},
                {"*-%F*.sql", "a-2026-11-20.sql.sql", "a-*.sql.sql", "2026-11-20"},
                {"db%*-%F", "db-2026-11-20", "db*-*", "2026-11-20"},
                {"db%*-%F", "db42-2026-11-20", "db*-*", "2026-11-20"},
                {"%F%**%*", "2026-11-20abc", "*", "2026-11-20"},
                {"%F%**", "2026-11-20", "*", "2026-11-20"},
                {"%F-%*-*", "2026-11-20-a-b", "*-*-b", "2026-11-20"},
                {"%F-*-%*", "2026-11-20-a-b", "*-a-*", "2026-11-20"},
                {"*%Y%m%d*", "db120261120", "db1*", "2026-11-20"},
                {"*-%F", "2026-11-20", NULL, NULL},
                {"%F-*x", "2026-11-20-y", NULL, NULL},
                {"*-%F.*-x", "a-2026-11-20.y", NULL, NULL},
                {"*-%F", "a*b\\c-2026-11-20", "a\\*b\\\\c-*", "2026-11-20"},
                {"%s_%*_gitlab_backup.tar", "1763607845_2025_11_20_17.5.2-ee_gitlab_backup.tar",
                 "*_*_gitlab_backup.tar", "2025-11-20T03:04:05Z"},
                {"caf\xc3\xa9-%F", "caf\xc3\xa9-2026-11-20", "caf\xc3\xa9-*", "2026-11-20"},
                {"%Y%*a%*b%*c%*d%*e%*f%*g%*", "2026abcdefg", "*a*b*c*d*e*f*g*", "2026-01-01"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(name_pattern_freep) struct NamePattern *pattern = NULL;
                const size_t n = strlen(cases[i].name);
                char series[256], time[NAME_TIME_TEXT_MAX];
                const char *problem = "";
                struct Name name;

                ck_assert_msg(name_pattern_new(cases[i].pattern, &pattern, &problem) == 0, "%s: %s", cases[i].pattern,
                              problem);
                if (!name_pattern_match(pattern, cases[i].name, n, &name)) {
                        ck_assert_msg(!cases[i].series, "%s does not match %s", cases[i].name, cases[i].pattern);
                        continue;
                }
                series[name_series(cases[i].name, n, &name, series)] = '\0';
                ck_assert_msg(cases[i].series, "%s matches %s", cases[i].name, cases[i].pattern);
                ck_assert_msg(streq(series, cases[i].series), "%s, %s: %s, not %s", cases[i].pattern, cases[i].name,
                              series, cases[i].series);
                ck_assert_msg(streq(name_time_text(&name, time), cases[i].time), "%s, %s: %s, not %s", cases[i].pattern,
                              cases[i].name, name_time_text(&name, time), cases[i].time);
        }
}
END_TEST

START_TEST(refuses) {
        static const struct {
                const char *pattern, *problem; /* a part of it */
        } cases[] = {
                {"", "no date"},
                {"db.sql", "no date"},
                {"db-*", "no date"},
                {"%H%M", "no date"},
                {"%m-%d", "no date"},
                {"%G", "no date"},
                {"%V", "no date"},
                {"%j", "no date"},
                {"%Y-%d", "without a month"},
                {"%y", "%y alone"},
                {"%y-%H", "%y alone"},
                {"a/%F", "not a path"},
                {"%F/", "not a path"},
                {"%D", "%m-%d-%y"},
                {"%F\n", "control"},
                {"%F\x7f", "control"},
                {"%F\x01", "control"},
                {"%F%", "at the end"},
                {"%F%Q", "%Q"},
                {"%F%q", "%q"},
                {"%F%U", "%U"},
                {"%c", "%c"},
                {"%-d.%m.%Y", "no flags"},
                {"%_d", "no flags"},
                {"%^b", "no flags"},
                {"%#b", "no flags"},
                {"%F%3N", "no flags"},
                {"%F%!", "no letter"},
                {"%F% ", "no letter"},
                {"%F%\xc3\xa9", "no letter"},
                {"%F %Y", "twice"},
                {"%Y%y%m", "twice"},
                {"%F%b", "twice"},
                {"%F%F", "twice"},
                {"%F%j", "twice"},
                {"%Y%j%m", "twice"},
                {"%Y%j%d", "twice"},
                {"%F%H%I%p", "twice"},
                {"%F%T%R", "twice"},
                {"%F%T%f%N", "twice"},
                {"%F%z%Z", "twice"},
                {"%F%s", "twice"},
                {"%s%F", "%s says it all"},
                {"%F%I", "go together"},
                {"%F%H%p", "go together"},
                {"%F%M", "need the hour"},
                {"%Y-%M-%d", "without a month"},
                {"%F%H%S", "the minutes"},
                {"%F%H%M%f", "the seconds"},
                {"%Y%*a%*b%*c%*d%*e%*f%*g%*h%*", "more than 8"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct NamePattern *pattern = NULL;
                const char *problem = NULL;

                ck_assert_msg(name_pattern_new(cases[i].pattern, &pattern, &problem) == NAME_E_PATTERN, "%s",
                              cases[i].pattern);
                ck_assert_msg(strstr(problem, cases[i].problem), "%s: %s", cases[i].pattern, problem);
                ck_assert_ptr_null(pattern);
        }
}
END_TEST

/* Every byte behind a percent sign has an answer; what is refused by its letter is named by it. */
START_TEST(answers_every_code) {
        unsigned n_known = 0;

        for (int c = 1; c < 256; c++) {
                const char text[] = {'%', (char)c, '\0'};
                struct NamePattern *pattern = NULL;
                const char *problem = "";
                int r = name_pattern_new(text, &pattern, &problem);

                if (strstr(problem, "unknown code"))
                        ck_assert_msg(strstr(problem, text), "%s: %s", text, problem);
                else
                        n_known += ascii_is_alpha((char)c);
                ck_assert(r == 0 || r == NAME_E_PATTERN);
                name_pattern_free(pattern);
        }
        ck_assert_uint_eq(n_known, strlen("YymbBhdejGVuaAHIpMSfNszZFTRD"));
}
END_TEST

START_TEST(knows_limits) {
        _cleanup_(name_pattern_freep) struct NamePattern *pattern = NULL;
        struct Name name = {.n_holes = 7};
        const char *problem = NULL;
        char text[512];

        memset(text, 'x', sizeof(text));
        memcpy(text, "%F", 2);
        text[256] = '\0';
        ck_assert_int_eq(name_pattern_new(text, &pattern, &problem), NAME_E_PATTERN);
        ck_assert_ptr_nonnull(strstr(problem, "255"));
        text[255] = '\0';
        ck_assert_int_eq(name_pattern_new(text, &pattern, &problem), 0);
        memset(text, 'x', sizeof(text));
        memcpy(text, "2026-11-20", 10);
        ck_assert(!name_pattern_match(pattern, text, 255, &name));
        ck_assert(!name_pattern_match(pattern, text, 263, &name));
        ck_assert_uint_eq(name.n_holes, 7);
        pattern = name_pattern_free(pattern);

        ck_assert_int_eq(name_pattern_new("*%F*", &pattern, &problem), 0);
        ck_assert(name_pattern_match(pattern, text, 255, &name));
        ck_assert(!name_pattern_match(pattern, text, 256, &name));
        pattern = name_pattern_free(pattern);

        /* As many elements as there can be. */
        text[0] = '\0';
        strcpy(text, "%F%T");
        for (size_t n = strlen(text); n < 255; n++)
                strcpy(text + n, n % 2 ? "*" : "x");
        ck_assert_int_eq(name_pattern_new(text, &pattern, &problem), 0);
        ck_assert_ptr_null(name_pattern_free(NULL));
}
END_TEST

/* What would take for ever by trying every way: wildcards, and a last letter that is not there. */
START_TEST(is_not_exponential) {
        _cleanup_(name_pattern_freep) struct NamePattern *pattern = NULL;
        const char *problem = NULL;
        char text[256], name[255];
        struct Name parsed;

        strcpy(text, "%Y");
        for (size_t n = 2; n + 2 < 255; n += 2)
                strcpy(text + n, "*a");
        strcat(text, "b");
        ck_assert_int_eq(name_pattern_new(text, &pattern, &problem), 0);
        memset(name, 'a', sizeof(name));
        memcpy(name, "2026", 4);
        for (unsigned i = 0; i < 1000; i++)
                ck_assert(!name_pattern_match(pattern, name, sizeof(name), &parsed));
}
END_TEST

static int make_pattern(void *userdata) {
        struct NamePattern *pattern = NULL;
        const char *problem;
        int r = name_pattern_new(userdata, &pattern, &problem);

        name_pattern_free(pattern);
        return r;
}

START_TEST(allocations_fail) {
        char text[] = "db-%F.sql";

        test_each_allocation_fails(make_pattern, text);
}
END_TEST

int main(void) {
        return test_run("name-pattern", (const TTest *[]){matches, refuses, answers_every_code, knows_limits,
                                                          is_not_exponential, allocations_fail, NULL});
}
