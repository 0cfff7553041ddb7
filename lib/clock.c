/* SPDX-License-Identifier: MIT */
#include "lib/clock.h"

/* So far is a clock set back by those who set it a little all the time. */
#define BACK_TOLERANCE_USEC USEC_PER_MINUTE
#define AHEAD_TOLERANCE_USEC USEC_PER_DAY

enum ClockChange clock_compare(const struct Clock *last, const struct Clock *now) {
        int64_t passed_usec = sub_saturated(now->usec, last->usec);

        if (passed_usec < -BACK_TOLERANCE_USEC)
                return CLOCK_WENT_BACK;
        if (memcmp(last->boot, now->boot, sizeof(now->boot)) != 0)
                return CLOCK_RUNS;
        return passed_usec > add_saturated(sub_saturated(now->boottime_usec, last->boottime_usec), AHEAD_TOLERANCE_USEC)
                       ? CLOCK_JUMPED_AHEAD
                       : CLOCK_RUNS;
}
