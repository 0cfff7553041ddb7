/* SPDX-License-Identifier: MIT */

/* problem and suggest: what a person gets to read when something is wrong. */

#include "lib/problem.h"
#include "lib/suggest.h"
#include "tests/test.h"

#include <limits.h>
#include <stdio.h>

static void assert_line(const struct Problems *problems, size_t i, const char *expected) {
        _cleanup_(freep) char *line = NULL;

        ck_assert_int_eq(problems_format_line(problems, i, &line), 0);
        ck_assert_str_eq(line, expected);
}

START_TEST(test_format) {
        static const struct {
                enum ProblemSeverity severity;
                const char *file;
                unsigned line;
                const char *expected;
        } rows[] = {
                {PROBLEM_ERROR, "a.conf", 7, "a.conf:7: error: text"},
                {PROBLEM_WARNING, "a.conf", 7, "a.conf:7: warning: text"},
                {PROBLEM_ERROR, "command line", 0, "command line: error: text"},
                {PROBLEM_ERROR, NULL, 0, "error: text"},
                {PROBLEM_ERROR, "a\nb", UINT_MAX, "a\\x0ab:4294967295: error: text"},
        };
        struct Problems problems = {};

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                ck_assert_int_eq(problems_add(&problems, rows[i].severity, rows[i].file, rows[i].line, "%s", "text"),
                                 0);
                assert_line(&problems, i, rows[i].expected);
        }
        ck_assert_uint_eq(problems_n_lines(&problems), ELEMENTSOF(rows));
        ck_assert_uint_eq(problems.n_errors, ELEMENTSOF(rows) - 1);
        problems_done(&problems);
        ck_assert_uint_eq(problems_n_lines(&problems), 0);
}
END_TEST

START_TEST(test_escape) {
        static const struct {
                const char *text, *expected;
        } rows[] = {
                {"plain ~", "plain ~"},
                {"a\tb\r\n\x1b[31m\x7f", "a\\x09b\\x0d\\x0a\\x1b[31m\\x7f"},
                {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xbe", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xbe"},
                {"latin \xe9", "latin \\xe9"},
                {"cut \xe2\x82", "cut \\xe2\\x82"},
                {"broken \xe2z\xac", "broken \\xe2z\\xac"},
                {"stray \x80\xbf", "stray \\x80\\xbf"},
                {"overlong \xc0\xaf \xe0\x80\xaf \xf0\x80\x80\xaf", "overlong \\xc0\\xaf \\xe0\\x80\\xaf "
                                                                    "\\xf0\\x80\\x80\\xaf"},
                {"c1 \xc2\x9b", "c1 \\xc2\\x9b"},
                {"surrogate \xed\xa0\x80", "surrogate \\xed\\xa0\\x80"},
                {"beyond \xf4\x90\x80\x80 \xf8\x88\x80\x80\x80", "beyond \\xf4\\x90\\x80\\x80 "
                                                                 "\\xf8\\x88\\x80\\x80\\x80"},
                {"mark \xef\xbb\xbf", "mark \\xef\\xbb\\xbf"},
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct Problems problems = {};

                ck_assert_int_eq(problems_add(&problems, PROBLEM_ERROR, NULL, 0, "%s", rows[i].text), 0);
                ck_assert_str_eq(problems.items[0].message, rows[i].expected);
                problems_done(&problems);
        }
}
END_TEST

START_TEST(test_long_text) {
        struct Problems problems = {};
        char text[PROBLEM_TEXT_MAX + 2];

        memset(text, 'x', sizeof(text));
        text[PROBLEM_TEXT_MAX] = '\0';
        ck_assert_int_eq(problems_add(&problems, PROBLEM_ERROR, NULL, 0, "%s", text), 0);
        ck_assert_str_eq(problems.items[0].message, text);

        text[PROBLEM_TEXT_MAX] = 'x';
        text[PROBLEM_TEXT_MAX + 1] = '\0';
        ck_assert_int_eq(problems_add(&problems, PROBLEM_ERROR, NULL, 0, "%s", text), 0);
        ck_assert_uint_eq(strlen(problems.items[1].message), PROBLEM_TEXT_MAX + strlen("..."));
        ck_assert_str_eq(problems.items[1].message + PROBLEM_TEXT_MAX - 1, "x...");
        problems_done(&problems);
}
END_TEST

START_TEST(test_bounded) {
        struct Problems problems = {};

        for (size_t i = 0; i < PROBLEMS_MAX; i++)
                ck_assert_int_eq(problems_add(&problems, PROBLEM_WARNING, "f", (unsigned)i + 1, "n %zu", i), 0);
        ck_assert_uint_eq(problems_n_lines(&problems), PROBLEMS_MAX);
        assert_line(&problems, PROBLEMS_MAX - 1, "f:1000: warning: n 999");

        for (size_t i = 0; i < 7; i++)
                ck_assert_int_eq(problems_add(&problems, PROBLEM_ERROR, "f", 0, "more"), 0);
        ck_assert_uint_eq(problems_n_lines(&problems), PROBLEMS_MAX + 1);
        assert_line(&problems, PROBLEMS_MAX, "and 7 more problems");
        /* An error counts even where it is not listed. */
        ck_assert_uint_eq(problems.n_errors, 7);
        problems_done(&problems);
}
END_TEST

START_TEST(test_distance) {
        static const struct {
                const char *a, *b;
                unsigned expected;
        } rows[] = {
                {"", "", 0},
                {"", "abc", 3},
                {"abc", "", 3},
                {"KeepDaily", "KeepDaily", 0},
                {"keepdaily", "KEEPDAILY", 0},
                {"KeepDayly", "KeepDaily", 1},
                {"KeepDialy", "KeepDaily", 1},
                {"Sorce", "Source", 1},
                {"Sourcee", "Source", 1},
                {"kitten", "sitting", 3},
                {"ab", "ba", 1},
                {"1234567890123456789012345678901234567890123456789012345678901234", "", 64},
                {"12345678901234567890123456789012345678901234567890123456789012345", "", UINT_MAX},
                {"", "12345678901234567890123456789012345678901234567890123456789012345", UINT_MAX},
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                ck_assert_msg(suggest_distance(rows[i].a, rows[i].b) == rows[i].expected, "%s, %s: %u", rows[i].a,
                              rows[i].b, suggest_distance(rows[i].a, rows[i].b));
}
END_TEST

START_TEST(test_suggest) {
        static const struct {
                const char *word, *expected;
        } rows[] = {
                {"KeepDayly", "KeepDaily"},
                {"KeepWekly", "KeepWeekly"},
                {"To", "To"},
                {"Tp", "To"},
                {"xy", NULL},
                {"", NULL},
                {"Tooo", "To"},
                {"Something", NULL},
                {"KeepXxxly", "KeepDaily"},
                {"T", "To"},
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct Suggestion suggestion = {.word = rows[i].word};

                suggest_consider(&suggestion, "KeepDaily");
                suggest_consider(&suggestion, "KeepWeekly");
                suggest_consider(&suggestion, "To");
                suggest_consider(&suggestion, "KeepDaili");
                ck_assert_pstr_eq(suggestion.best, rows[i].expected);
        }
}
END_TEST

int main(void) {
        return test_run("problem", (const TTest *[]){test_format, test_escape, test_long_text, test_bounded,
                                                     test_distance, test_suggest, NULL});
}
