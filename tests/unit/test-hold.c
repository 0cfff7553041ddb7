/* SPDX-License-Identifier: MIT */
#include "lib/hold.h"

#include "tests/test.h"

START_TEST(every_hold_has_its_words) {
        for (enum Hold hold = 0; hold < _HOLD_MAX; hold++) {
                ck_assert_ptr_nonnull(hold_name(hold));
                ck_assert_ptr_nonnull(hold_reason(hold));
                ck_assert_ptr_nonnull(hold_cure(hold));
                ck_assert_int_eq(hold_is_released_by_set(hold), strstr(hold_cure(hold), "=") &&
                                                                        !*(strrchr(hold_cure(hold), '=') + 1) &&
                                                                        strstr(hold_cure(hold), "--release="));
        }
        ck_assert_str_eq(hold_name(HOLD_UNCOPIED), "uncopied");
}
END_TEST

START_TEST(stale_is_beyond_what_was_expected) {
        const struct {
                int64_t newest, now, expect_every;
                bool stale;
        } cases[] = {
                {0, 26, 26, false},
                {0, 27, 26, true},
                {0, 0, 0, false},
                {0, 1, 0, true},
                {100, 0, 26, false},
                {0, INT64_MAX, USEC_INFINITY, false},
                {INT64_MIN, INT64_MAX, USEC_INFINITY, false},
                {INT64_MIN, 0, 1, true},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                ck_assert_msg(hold_is_stale(cases[i].newest, cases[i].now, cases[i].expect_every) == cases[i].stale,
                              "row %zu", i);
}
END_TEST

START_TEST(mass_is_over_the_share_and_at_least_three) {
        const struct {
                size_t n_removals, n_backups;
                unsigned percent;
                bool mass;
        } cases[] = {
                {0, 0, 50, false},    {0, 10, 0, false},   {2, 2, 50, false},
                {2, 2, 0, false},     {3, 3, 50, true},    {3, 3, 100, false},
                {3, 6, 50, false},    {4, 6, 50, true},    {3, 1000, 0, true},
                {50, 100, 50, false}, {51, 100, 50, true}, {SIZE_MAX / 100, SIZE_MAX / 100, 99, true},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                ck_assert_msg(hold_is_mass(cases[i].n_removals, 0, cases[i].n_backups, cases[i].percent) ==
                                      cases[i].mass,
                              "row %zu", i);
}
END_TEST

int main(void) {
        return test_run("hold", (const TTest *[]){
                                        every_hold_has_its_words,
                                        stale_is_beyond_what_was_expected,
                                        mass_is_over_the_share_and_at_least_three,
                                        NULL,
                                });
}
