/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Two clocks read at once: the one that a person or the network sets, and the one
 * that only counts on since the boot. Of two such readings it can be told whether
 * the first was set in between; across a boot, only whether it went back.
 */

#include "lib/base.h"

#define CLOCK_BOOT_SIZE 16

struct Clock {
        int64_t usec;
        uint8_t boot[CLOCK_BOOT_SIZE];
        int64_t boottime_usec;
};

enum ClockChange {
        CLOCK_RUNS,
        CLOCK_WENT_BACK,
        CLOCK_JUMPED_AHEAD, /* by more than a day */
};

enum ClockChange clock_compare(const struct Clock *last, const struct Clock *now) _pure_;
