/* SPDX-License-Identifier: MIT */
#include "lib/span.h"

#include "tests/test.h"

#define Y 31557600

static bool equal(const struct Span *a, const struct Span *b) {
        return a->years == b->years && a->months == b->months && a->days == b->days && a->usec == b->usec;
}

START_TEST(parses_spans) {
        const struct {
                const char *text;
                int r;
                struct Span span;
        } cases[] = {
                {"3d", 0, {.days = 3}},
                {"  3 d ", 0, {.days = 3}},
                {"2w", 0, {.days = 14}},
                {"1y 6month", 0, {.years = 1, .months = 6}},
                {"1y6month3d2h", 0, {.years = 1, .months = 6, .days = 3, .usec = 2 * USEC_PER_HOUR}},
                {"1h30min", 0, {.usec = 90 * USEC_PER_MINUTE}},
                {"90min\t1s", 0, {.usec = 5401 * USEC_PER_SEC}},
                {"1us 1usec 1ms 1msec", 0, {.usec = 2002}},
                {"1s 1sec 1second 1seconds", 0, {.usec = 4 * USEC_PER_SEC}},
                {"1min 1minute 1minutes", 0, {.usec = 3 * USEC_PER_MINUTE}},
                {"1h 1hr 1hour 1hours", 0, {.usec = 4 * USEC_PER_HOUR}},
                {"1d 1day 1days 1week 1weeks", 0, {.days = 17}},
                {"1month 1months 1y 1yr 1year 1years", 0, {.months = 2, .years = 4}},
                {"0s", 0, {}},
                {"infinity", 0, {.usec = USEC_INFINITY}},
                {" infinity ", 0, {.usec = USEC_INFINITY}},
                {"2147483647y", 0, {.years = INT32_MAX}},
                {"9223372036854775806us", 0, {.usec = INT64_MAX - 1}},
                {"", SPAN_E_EMPTY, {}},
                {"  ", SPAN_E_EMPTY, {}},
                {"3", SPAN_E_NO_UNIT, {}},
                {"0", SPAN_E_NO_UNIT, {}},
                {"3 ", SPAN_E_NO_UNIT, {}},
                {"3d 4", SPAN_E_NO_UNIT, {}},
                {"3-d", SPAN_E_NO_UNIT, {}},
                {"3.5h", SPAN_E_NO_UNIT, {}},
                {"3m", SPAN_E_BARE_M, {}},
                {"1h 3m", SPAN_E_BARE_M, {}},
                {"3M", SPAN_E_UNIT, {}},
                {"3D", SPAN_E_UNIT, {}},
                {"3fortnights", SPAN_E_UNIT, {}},
                {"3infinity", SPAN_E_UNIT, {}},
                {"d", SPAN_E_SYNTAX, {}},
                {"-3d", SPAN_E_SYNTAX, {}},
                {"+3d", SPAN_E_SYNTAX, {}},
                {"3d,4h", SPAN_E_SYNTAX, {}},
                {"infinity 3d", SPAN_E_SYNTAX, {}},
                {"infinit", SPAN_E_SYNTAX, {}},
                {"\xff", SPAN_E_SYNTAX, {}},
                {"2147483648y", SPAN_E_RANGE, {}},
                {"2147483647d 1d", SPAN_E_RANGE, {}},
                {"9223372036854775807us", SPAN_E_RANGE, {}},
                {"9223372036854775808us", SPAN_E_RANGE, {}},
                {"92233720368547758070us", SPAN_E_RANGE, {}},
                {"9223372036854775807h", SPAN_E_RANGE, {}},
                {"9223372036854775807w", SPAN_E_RANGE, {}},
                {"9223372036854775807d 1d", SPAN_E_RANGE, {}},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct Span span = {};

                assert_row(span_parse(cases[i].text, &span) == cases[i].r, cases[i].text);
                assert_row(equal(&span, &cases[i].span), cases[i].text);
        }
}
END_TEST

START_TEST(formats_spans_that_parse_back) {
        static const struct {
                struct Span span;
                const char *text;
        } cases[] = {
                {{}, "0s"},
                {{.days = 3}, "3d"},
                {{.years = 1, .months = 6, .days = 3, .usec = 2 * USEC_PER_HOUR + 1}, "1y 6month 3d 2h 1us"},
                {{.usec = 90 * USEC_PER_MINUTE + USEC_PER_SEC}, "1h 30min 1s"},
                {{.usec = USEC_INFINITY}, "infinity"},
                {{INT32_MAX, INT32_MAX, INT32_MAX, INT64_MAX - 1},
                 "2147483647y 2147483647month 2147483647d 2562047788h 54s 775806us"},
        };
        char buf[SPAN_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct Span span;

                ck_assert_str_eq(span_format(&cases[i].span, buf), cases[i].text);
                ck_assert_int_eq(span_parse(buf, &span), 0);
                ck_assert(equal(&span, &cases[i].span));
        }
}
END_TEST

START_TEST(lengths_saturate) {
        ck_assert_int_eq(span_usec(&(struct Span){.days = 1, .usec = 1}), USEC_PER_DAY + 1);
        ck_assert_int_eq(span_usec(&(struct Span){.months = 12}), span_usec(&(struct Span){.years = 1}));
        ck_assert_int_eq(span_usec(&(struct Span){.years = 1}), Y * USEC_PER_SEC);
        ck_assert_int_eq(span_usec(&(struct Span){.usec = USEC_INFINITY}), USEC_INFINITY);
        ck_assert_int_eq(span_usec(&(struct Span){.years = INT32_MAX}), USEC_INFINITY);
        ck_assert_int_eq(span_usec(&(struct Span){.years = 200000, .days = INT32_MAX}), USEC_INFINITY);
        ck_assert(span_is_infinite(&(struct Span){.usec = USEC_INFINITY}));
}
END_TEST

START_TEST(parses_sizes) {
        static const struct {
                const char *text;
                int r;
                uint64_t bytes;
        } cases[] = {
                {"0", 0, 0},
                {"512", 0, 512},
                {"512B", 0, 512},
                {" 64K ", 0, 65536},
                {"50M", 0, UINT64_C(50) << 20},
                {"50 MiB", 0, UINT64_C(50) << 20},
                {"50MB", 0, UINT64_C(50) << 20},
                {"1G", 0, UINT64_C(1) << 30},
                {"1T", 0, UINT64_C(1) << 40},
                {"8191P", 0, UINT64_C(8191) << 50},
                {"", SPAN_E_EMPTY, 0},
                {"K", SPAN_E_SYNTAX, 0},
                {"-1", SPAN_E_SYNTAX, 0},
                {"1.5G", SPAN_E_UNIT, 0},
                {"1k", SPAN_E_UNIT, 0},
                {"1E", SPAN_E_UNIT, 0},
                {"1KK", SPAN_E_UNIT, 0},
                {"1iB", SPAN_E_UNIT, 0},
                {"8192P", SPAN_E_RANGE, 0},
                {"9223372036854775808", SPAN_E_RANGE, 0},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t bytes = 0;

                assert_row(size_parse(cases[i].text, &bytes) == cases[i].r, cases[i].text);
                assert_row(bytes == cases[i].bytes, cases[i].text);
        }
}
END_TEST

START_TEST(errors_have_a_cure) {
        for (int error = SPAN_E_EMPTY; error <= SPAN_E_RANGE; error++) {
                ck_assert_uint_gt(strlen(span_error_text(error)), 20);
                ck_assert_uint_gt(strlen(size_error_text(error)), 20);
        }
        ck_assert_ptr_nonnull(strstr(span_error_text(SPAN_E_BARE_M), "min or month"));
}
END_TEST

START_TEST(formats_for_people) {
        static const struct {
                int64_t usec;
                const char *text;
        } ages[] = {
                {0, "0s"},
                {USEC_PER_SEC - 1, "0s"},
                {59 * USEC_PER_SEC, "59s"},
                {60 * USEC_PER_SEC, "1min"},
                {3599 * USEC_PER_SEC, "59min"},
                {USEC_PER_HOUR, "1h"},
                {USEC_PER_DAY - 1, "23h"},
                {USEC_PER_DAY, "1d"},
                {700 * USEC_PER_DAY, "700d"},
                {2 * Y * USEC_PER_SEC, "2y"},
                {-2 * USEC_PER_HOUR, "-2h"},
                {-1, "0s"},
                {INT64_MAX, "292271y"},
                {INT64_MIN, "-292271y"},
        };
        static const struct {
                uint64_t bytes;
                const char *text;
        } sizes[] = {
                {0, "0B"},           {1023, "1023B"}, {1024, "1.0K"},     {1536, "1.5K"},
                {10239, "9.9K"},     {10240, "10K"},  {1048575, "1023K"}, {UINT64_C(3) << 29, "1.5G"},
                {UINT64_MAX, "15E"},
        };
        char buf[SPAN_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTSOF(ages); i++)
                ck_assert_str_eq(age_format(ages[i].usec, buf), ages[i].text);
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++)
                ck_assert_str_eq(size_format(sizes[i].bytes, buf), sizes[i].text);
}
END_TEST

int main(void) {
        return test_run("span", (const TTest *[]){
                                        parses_spans,
                                        formats_spans_that_parse_back,
                                        lengths_saturate,
                                        parses_sizes,
                                        errors_have_a_cure,
                                        formats_for_people,
                                        NULL,
                                });
}
