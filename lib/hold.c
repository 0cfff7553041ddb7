/* SPDX-License-Identifier: MIT */
#include "lib/hold.h"

#define MASS_MIN 3

const char *hold_name(enum Hold hold) {
        static const char *const names[_HOLD_MAX] = {
                [HOLD_SOURCE] = "source",   [HOLD_UNCOPIED] = "uncopied", [HOLD_NEWEST] = "newest",
                [HOLD_STALE] = "stale",     [HOLD_MASS] = "mass",         [HOLD_CLOCK] = "clock",
                [HOLD_CHANGED] = "changed", [HOLD_SUSPECT] = "suspect",
        };

        return names[hold];
}

const char *hold_reason(enum Hold hold) {
        static const char *const reasons[_HOLD_MAX] = {
                [HOLD_SOURCE] = "a part of the source could not be read, or it is not as it was",
                [HOLD_UNCOPIED] = "a destination that wants a copy has none",
                [HOLD_NEWEST] = "among the newest of its series, which MinKeep= protects",
                [HOLD_STALE] = "its series got nothing fresh for ExpectEvery=",
                [HOLD_MASS] = "more than RemoveMax= of the set would go, with what went in the past hour",
                [HOLD_CLOCK] = "the clock is behind what was recorded last, or jumped ahead",
                [HOLD_CHANGED] = "its content changed after it was copied",
                [HOLD_SUSPECT] = "its content is not what its digest says",
        };

        return reasons[hold];
}

const char *hold_cure(enum Hold hold) {
        static const char *const cures[_HOLD_MAX] = {
                [HOLD_SOURCE] = "make it readable; or if it is right as it is: retaind --once --release=",
                [HOLD_UNCOPIED] = "the copy lifts it, or RemoveUncopied=yes",
                [HOLD_NEWEST] = "newer backups lift it, or a smaller MinKeep=",
                [HOLD_STALE] = "a fresh backup lifts it, or an empty ExpectEvery=",
                [HOLD_MASS] = "look through what is held, then: retaind --once --release",
                [HOLD_CLOCK] = "set the clock; or if it is right: retaind --once --release=",
                [HOLD_CHANGED] = "look at both contents; OnChange=version takes it for a new version",
                [HOLD_SUSPECT] = "compare it with its copies, and remove what is bad by hand",
        };

        return cures[hold];
}

bool hold_is_released_by_set(enum Hold hold) {
        return hold == HOLD_SOURCE || hold == HOLD_CLOCK;
}

bool hold_is_stale(int64_t newest_usec, int64_t now_usec, int64_t expect_every_usec) {
        return sub_saturated(now_usec, newest_usec) > expect_every_usec;
}

bool hold_is_mass(size_t n_removals, size_t n_removed, size_t n_backups, unsigned percent) {
        uint64_t n = (uint64_t)n_removals + n_removed;

        return n_removals > 0 && n >= MASS_MIN && n * 100 > ((uint64_t)n_backups + n_removed) * percent;
}
