/* SPDX-License-Identifier: MIT */
#include "lib/hold.h"

#define MASS_MIN 3

const char *hold_name(enum Hold hold) {
        static const char *const names[_HOLD_MAX] = {
                [HOLD_SOURCE] = "source", [HOLD_UNCOPIED] = "uncopied", [HOLD_NEWEST] = "newest",
                [HOLD_STALE] = "stale",   [HOLD_MASS] = "mass",
        };

        return names[hold];
}

const char *hold_reason(enum Hold hold) {
        static const char *const reasons[_HOLD_MAX] = {
                [HOLD_SOURCE] = "a part of the source could not be read",
                [HOLD_UNCOPIED] = "a destination that wants a copy has none",
                [HOLD_NEWEST] = "among the newest of its series, which MinKeep= protects",
                [HOLD_STALE] = "its series got nothing fresh for ExpectEvery=",
                [HOLD_MASS] = "more than RemoveMax= of the set would go at once",
        };

        return reasons[hold];
}

const char *hold_cure(enum Hold hold) {
        static const char *const cures[_HOLD_MAX] = {
                [HOLD_SOURCE] = "make the directories named above readable",
                [HOLD_UNCOPIED] = "the copy lifts it, or RemoveUncopied=yes",
                [HOLD_NEWEST] = "newer backups lift it, or a smaller MinKeep=",
                [HOLD_STALE] = "a fresh backup lifts it, or an empty ExpectEvery=",
                [HOLD_MASS] = "look through what is held, then raise RemoveMax=",
        };

        return cures[hold];
}

bool hold_is_stale(int64_t newest_usec, int64_t now_usec, int64_t expect_every_usec) {
        return sub_saturated(now_usec, newest_usec) > expect_every_usec;
}

bool hold_is_mass(size_t n_removals, size_t n_backups, unsigned percent) {
        return n_removals >= MASS_MIN && (uint64_t)n_removals * 100 > (uint64_t)n_backups * percent;
}
