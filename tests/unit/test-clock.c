/* SPDX-License-Identifier: MIT */
#include "lib/clock.h"

#include "tests/test.h"

#define DAY USEC_PER_DAY
#define MINUTE USEC_PER_MINUTE

START_TEST(tells_whether_it_was_set) {
        const struct {
                struct Clock last, now;
                enum ClockChange change;
        } cases[] = {
                {{0, "a", 0}, {0, "a", 0}, CLOCK_RUNS},
                {{0, "a", 0}, {9 * DAY, "a", 9 * DAY}, CLOCK_RUNS},
                {{0, "a", 0}, {-MINUTE, "a", 0}, CLOCK_RUNS},
                {{0, "a", 0}, {-MINUTE - 1, "a", 0}, CLOCK_WENT_BACK},
                {{0, "a", 0}, {-MINUTE - 1, "a", DAY}, CLOCK_WENT_BACK},
                {{0, "a", 0}, {DAY, "a", 0}, CLOCK_RUNS},
                {{0, "a", 0}, {DAY + 1, "a", 0}, CLOCK_JUMPED_AHEAD},
                {{0, "a", 7}, {DAY + 1, "a", 8}, CLOCK_RUNS},
                {{0, "a", 0}, {9 * DAY, "a", 8 * DAY - 1}, CLOCK_JUMPED_AHEAD},
                /* It was off in between: nobody knows for how long. */
                {{0, "a", 0}, {9 * DAY, "b", 0}, CLOCK_RUNS},
                {{9 * DAY, "a", 0}, {0, "b", 0}, CLOCK_WENT_BACK},
                {{INT64_MIN, "a", INT64_MAX}, {INT64_MAX, "a", INT64_MIN}, CLOCK_JUMPED_AHEAD},
                {{INT64_MAX, "a", INT64_MIN}, {INT64_MIN, "a", INT64_MAX}, CLOCK_WENT_BACK},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                ck_assert_msg(clock_compare(&cases[i].last, &cases[i].now) == cases[i].change, "row %zu", i);
}
END_TEST

int main(void) {
        return test_run("clock", (const TTest *[]){tells_whether_it_was_set, NULL});
}
