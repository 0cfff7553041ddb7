/* SPDX-License-Identifier: MIT */
#include "lib/hours.h"

#include "tests/set.h"
#include "tests/test.h"

START_TEST(what_is_no_range_is_refused) {
        const struct {
                const char *text;
                int r;
        } cases[] = {
                {"02:00-06:00", 0},
                {"22:30-04:00", 0},
                {"00:00-24:00", 0},
                {"24:00-01:00", HOURS_E_EMPTY},
                {"02:00-02:00", HOURS_E_EMPTY},
                {"2:00-06:00", HOURS_E_SYNTAX},
                {"02:00", HOURS_E_SYNTAX},
                {"02:00-", HOURS_E_SYNTAX},
                {"02:60-03:00", HOURS_E_SYNTAX},
                {"02:00-24:01", HOURS_E_SYNTAX},
                {"02:00-06:00x", HOURS_E_SYNTAX},
                {"02:00_06:00", HOURS_E_SYNTAX},
                {"a2:00-06:00", HOURS_E_SYNTAX},
                {"", HOURS_E_SYNTAX},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct Hours hours = {};

                ck_assert_msg(hours_add(&hours, cases[i].text) == cases[i].r, "%s", cases[i].text);
                ck_assert_uint_eq(hours.n, cases[i].r == 0);
                if (cases[i].r != 0)
                        ck_assert_ptr_nonnull(hours_error_text(cases[i].r));
        }
}
END_TEST

START_TEST(there_are_not_too_many) {
        struct Hours hours = {};

        for (unsigned i = 0; i < HOURS_MAX; i++)
                ck_assert_int_eq(hours_add(&hours, "01:00-02:00"), 0);
        ck_assert_int_eq(hours_add(&hours, "01:00-02:00"), HOURS_E_TOO_MANY);
        ck_assert_ptr_nonnull(hours_error_text(HOURS_E_TOO_MANY));
}
END_TEST

START_TEST(the_next_is_found) {
        const struct {
                const char *hours[2];
                const char *now, *next;
        } cases[] = {
                {{}, "2026-11-20 12:00:00", "2026-11-20 12:00:00"},
                {{"02:00-06:00"}, "2026-11-20 01:59:59", "2026-11-20 02:00:00"},
                {{"02:00-06:00"}, "2026-11-20 02:00:00", "2026-11-20 02:00:00"},
                {{"02:00-06:00"}, "2026-11-20 05:59:59", "2026-11-20 05:59:59"},
                {{"02:00-06:00"}, "2026-11-20 06:00:00", "2026-11-21 02:00:00"},
                {{"22:00-04:00"}, "2026-11-20 23:00:00", "2026-11-20 23:00:00"},
                {{"22:00-04:00"}, "2026-11-20 03:59:59", "2026-11-20 03:59:59"},
                {{"22:00-04:00"}, "2026-11-20 04:00:00", "2026-11-20 22:00:00"},
                {{"02:00-03:00", "13:00-14:00"}, "2026-11-20 12:00:00", "2026-11-20 13:00:00"},
                {{"13:00-14:00", "02:00-03:00"}, "2026-11-20 14:00:00", "2026-11-21 02:00:00"},
                {{"00:00-24:00"}, "2026-12-31 23:59:59", "2026-12-31 23:59:59"},
                {{"00:00-00:01"}, "2026-12-31 23:59:59", "2027-01-01 00:00:00"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct Hours hours = {};

                for (size_t k = 0; k < 2 && cases[i].hours[k]; k++)
                        ck_assert_int_eq(hours_add(&hours, cases[i].hours[k]), 0);
                ck_assert_msg(hours_next(&hours, zone_utc(), test_usec(cases[i].now)) == test_usec(cases[i].next),
                              "row %zu", i);
        }
}
END_TEST

int main(void) {
        return test_run("hours", (const TTest *[]){
                                         what_is_no_range_is_refused,
                                         there_are_not_too_many,
                                         the_next_is_found,
                                         NULL,
                                 });
}
